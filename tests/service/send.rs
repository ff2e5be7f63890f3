//! Sending, and each way in which it can be refused.

use std::time::{Duration, Instant};

use serde_json::json;
use session_manager::domain::state::State;
use simulator::{Incoming, SendFault, SendStep, ServerFault};

use crate::world::{DEADLINE, FRIEND, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_sent_once_and_said_to_be_only_when_the_server_has_it() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let (status, sent) = world.send("+54 9 11 2233-4455", "hola, ¿qué tal? 👋").await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!((&sent["ok"], &sent["status"], &sent["to"]), (&json!(true), &json!("SENT"), &json!(FRIEND)));
    assert_eq!(sent["chat_id"], json!(lid), "it goes where the chat lives");
    assert!(sent["ack"].as_i64().unwrap() >= 1);
    let record = world.simulator.record();
    let received = record.message(sent["message_id"].as_str().unwrap()).unwrap();
    assert_eq!((received.body.as_str(), received.count), ("hola, ¿qué tal? 👋", 1));
    // Sending by chat id works too, and a second message goes into the same chat.
    assert_eq!(world.send(&lid, "otra vez").await.0, 200);
    assert_eq!(world.simulator.record().received.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_on_whatsapp_is_refused() {
    let mut world = World::ready().await;
    let (status, refused) = world.send("5491100000000", "hola").await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("NOT_ON_WHATSAPP")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_can_be_looked_up_and_not_too_often() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let (status, found) = world.get("/numbers/+54%209%2011%202233-4455").await;
    assert_eq!((status, &found["exists"], &found["chat_id"]), (200, &json!(true), &json!(lid)), "{found}");
    assert_eq!(found["number"], json!(FRIEND));
    let (_, absent) = world.get("/numbers/5491100000000").await;
    assert_eq!((&absent["exists"], &absent["chat_id"]), (&json!(false), &json!(null)));
    assert_eq!(world.get("/numbers/12").await.0, 400);
    let mut last = 200;
    for _ in 0..40 {
        last = world.get(&format!("/numbers/{FRIEND}")).await.0;
    }
    assert_eq!(last, 429);
    world.stop().await;
}

/// WhatsApp knows this person by the form without the 9, and the number was written with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_whatsapp_knows_in_its_second_form_is_reached_and_found_by_either() {
    let mut world = World::ready().await;
    let (written, known) = ("5491122334455", "541122334455");
    world.simulator.add_person(known).unwrap();
    let (status, sent) = world.send(&format!("+{written}"), "hola").await;
    assert_eq!((status, &sent["to"]), (200, &json!(known)), "{sent}");
    let (_, found) = world.get(&format!("/numbers/{written}")).await;
    assert_eq!((&found["exists"], &found["number"], &found["to"]), (&json!(true), &json!(written), &json!(known)));
    world.simulator.incoming(Incoming::text(known, "aquí estoy")).unwrap();
    for chat in [written, known, "5491122334455@c.us"] {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let (_, page) = world.get(&format!("/messages?chat={chat}")).await;
            if page["items"].as_array().unwrap().len() == 2 {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{chat}: {page}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let (status, denied) = world.send("5491100000000", "hola").await;
    assert_eq!((status, denied["code"].as_str()), (400, Some("NOT_ON_WHATSAPP")), "neither form is known");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_throws_is_an_error_and_nothing_left() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.send = SendFault::Throw);
    world.simulator.heard(Duration::from_secs(10)).await.unwrap();
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (500, Some("WHATSAPP_ERROR")));
    assert!(world.simulator.record().received.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_servers_ack_a_send_is_unconfirmed_in_time_and_names_its_id() {
    for hang in [true, false] {
        let mut world = World::new(simulator::Options::fast()).await;
        world.set("SEND_TIMEOUT", "2s").start().await;
        world.link().await;
        world.simulator.add_person(FRIEND).unwrap();
        world.simulator.faults(|faults| {
            if hang {
                faults.send = SendFault::Hang;
            } else {
                faults.server = ServerFault::NeverAck;
            }
        });
        world.simulator.heard(Duration::from_secs(10)).await.unwrap();
        let asked = Instant::now();
        let (status, answer) = world.send(FRIEND, "hola").await;
        assert_eq!((status, answer["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{answer}");
        assert!(answer["message_id"].as_str().unwrap().starts_with("true_"));
        assert!(asked.elapsed() >= Duration::from_secs(2), "it was given its time");
        assert_eq!(world.simulator.record().received.len(), usize::from(!hang));
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_without_an_answer_says_that_the_session_is_ready_and_nothing_left() {
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("SEND_TIMEOUT", "2s").start().await;
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.hold = Some(SendStep::Exists));
    world.simulator.heard(Duration::from_secs(10)).await.unwrap();
    let response =
        world.request("POST", "/send").json(&json!({ "number": FRIEND, "message": "x" })).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "5"));
    let refused: serde_json::Value = response.json().await.unwrap();
    assert_eq!((refused["code"].as_str(), refused["state"].as_str()), (Some("SEND_UNAVAILABLE"), Some("READY")));
    assert!(
        refused["message"].as_str().unwrap().contains("did not answer when the recipient was looked up"),
        "{refused}"
    );
    assert!(world.simulator.record().received.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ack_that_comes_late_but_in_time_makes_it_a_success() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    world.simulator.heard(Duration::from_secs(10)).await.unwrap();
    let acked_later = async {
        let record = world.simulator.wait_until("the message", DEADLINE, |r| !r.received.is_empty()).await;
        world.simulator.set_ack(&record.unwrap().received[0].key, 1).unwrap();
    };
    let ((status, sent), ()) = tokio::join!(world.send(FRIEND, "hola"), acked_later);
    assert_eq!((status, sent["ack"].as_i64()), (200, Some(1)), "{sent}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_ready_does_not_send_and_says_when_to_try_again() {
    let mut world = World::started().await;
    world.until(State::QrRequired).await;
    let response =
        world.request("POST", "/send").json(&json!({ "number": FRIEND, "message": "x" })).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!((body["code"].as_str(), body["state"].as_str()), (Some("SESSION_NOT_READY"), Some("QR_REQUIRED")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modes_that_do_not_send() {
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("SEND_MODE", "dry-run").set("ALLOWED_CLIENTE_IDS", "51, 52").start().await;
    world.link().await;
    let (status, sent) = world.send(FRIEND, "hola").await;
    assert_eq!((status, &sent["dry_run"]), (200, &json!(true)), "{sent}");
    let other = json!({ "number": FRIEND, "message": "x", "cliente_id": 7 });
    let (status, refused) = world.post("/send", other).await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("CLIENTE_NOT_ALLOWED")));
    world.stop().await;

    world.set("SEND_MODE", "off").start().await;
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (403, Some("SEND_DISABLED")), "in any state");
    assert!(world.simulator.record().received.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_all_arrive_once() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let texts: Vec<_> = (0..10).map(|n| format!("mensaje {n}")).collect();
    let mut sends = tokio::task::JoinSet::new();
    for text in texts.clone() {
        let request = world.request("POST", "/send").json(&json!({ "number": FRIEND, "message": text }));
        sends.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    assert!(sends.join_all().await.iter().all(|status| *status == 200));
    let record = world.simulator.record();
    let mut bodies: Vec<_> = record.received.iter().map(|message| message.body.clone()).collect();
    bodies.sort();
    assert_eq!(bodies, texts);
    world.stop().await;
}
