//! Who is behind a number or a LID.

use serde_json::{Value, json};
use simulator::Incoming;

use crate::messages::log;
use crate::world::{FRIEND, World};

const GROUP: &str = "120363000000000001@g.us";

#[tokio::test(flavor = "multi_thread")]
async fn the_author_in_a_group_is_a_person_with_a_number_and_a_name() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "a todos").in_group(GROUP).named("Ana")).unwrap();
    world
        .simulator
        .incoming(Incoming::text("5491199998888", "¿quién?").in_group(GROUP).phone_unknown().named("Sol"))
        .unwrap();
    let items = log(&world, 2).await;
    let author = |body: &str| {
        items.iter().find(|item| item["body"] == body).and_then(|item| item["author"].as_str()).unwrap().to_owned()
    };
    let (ana, sol) = (author("a todos"), author("¿quién?"));
    let known = json!({
        "ok": true, "phone": FRIEND, "lid": ana, "name": null, "pushname": "Ana", "verified_name": null,
        "business": false, "blocked": false, "me": false,
    });
    for id in [&*ana, FRIEND, "+54%209%2011%202233-4455", &format!("{FRIEND}@c.us")] {
        let (status, mut found) = world.get(&format!("/contacts/{id}")).await;
        assert!(found.as_object_mut().unwrap().remove("as_of").is_some());
        assert_eq!((status, found), (200, known.clone()), "{id}");
    }
    let (status, stranger) = world.get(&format!("/contacts/{sol}")).await;
    assert_eq!((status, &stranger["phone"], &stranger["pushname"]), (200, &Value::Null, &json!("Sol")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_the_page_does_not_know_is_looked_up() {
    let mut world = World::ready().await;
    let (written, known) = ("5491122334455", "541122334455");
    let lid = world.simulator.add_person(known).unwrap();
    let (status, found) = world.get(&format!("/contacts/{written}")).await;
    assert_eq!((status, &found["phone"], &found["lid"]), (200, &json!(known), &json!(lid)), "{found}");
    for (id, status, code) in [
        ("5491100000000", 404, "CONTACT_NOT_FOUND"),
        ("999999999999999@lid", 404, "CONTACT_NOT_FOUND"),
        (GROUP, 400, "INVALID_NUMBER"),
        ("ana", 400, "INVALID_NUMBER"),
    ] {
        let (answered, refused) = world.get(&format!("/contacts/{id}")).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{id}: {refused}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_business_says_of_itself_is_told_to_who_asks_for_it() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let path = format!("/contacts/{FRIEND}?business=true");
    let (status, nobody) = world.get(&path).await;
    assert_eq!((status, nobody.get("business_profile")), (200, Some(&Value::Null)), "{nobody}");
    let set =
        |profile: Value| world.simulator.faults(|faults| drop(faults.businesses.insert(FRIEND.to_owned(), profile)));
    set(json!({}));
    assert_eq!(world.get(&path).await.1["business_profile"], Value::Null, "a business that says nothing");
    set(json!({
        "address": "Av. Corrientes 1234", "description": "Flores", "email": "ana@example.com",
        "websites": ["https://example.com/"], "categories": [["1", "Florist"]], "latitude": -34.6, "longitude": -58.4,
        "timezone": "America/Argentina/Buenos_Aires",
        "hours": [
            { "day": "mon", "mode": "specific_hours", "open": 540, "close": 1440 },
            { "day": "sat", "mode": "appointment_only" }, { "day": "sun", "mode": "open_24h" },
            { "day": "xmas", "mode": "open_24h" },
        ],
    }));
    let (status, found) = world.get(&path).await;
    assert_eq!((status, &found["phone"]), (200, &json!(FRIEND)), "{found}");
    let profile = json!({
        "address": "Av. Corrientes 1234", "description": "Flores", "email": "ana@example.com",
        "websites": ["https://example.com/"], "categories": ["Florist"], "latitude": -34.6, "longitude": -58.4,
        "timezone": "America/Argentina/Buenos_Aires",
        "hours": [
            { "day": "monday", "mode": "specific_hours", "opens": "09:00", "closes": "24:00" },
            { "day": "saturday", "mode": "appointment_only", "opens": null, "closes": null },
            { "day": "sunday", "mode": "open_24h", "opens": null, "closes": null },
        ],
    });
    assert_eq!(found["business_profile"], profile);
    assert_eq!(world.get(&format!("/contacts/{FRIEND}")).await.1.get("business_profile"), None);
    assert_eq!(world.get(&format!("/contacts/{FRIEND}?business=1")).await.1["code"], "INVALID_PARAMETER");
    set(json!({ "refuse": 500 }));
    assert_eq!(world.get(&path).await.1["code"], "WHATSAPP_ERROR");
    // Each is a look-up, of which a minute has so many.
    set(json!({ "email": "ana@example.com" }));
    let mut last = world.get(&path).await;
    for _ in 0..30 {
        last = world.get(&path).await;
    }
    assert_eq!((last.0, &last.1["code"]), (429, &json!("RATE_LIMITED")));
    world.stop().await;
}
