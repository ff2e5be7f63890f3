//! Linking a phone, staying linked, being unlinked.

use serde_json::json;
use session_manager::domain::state::{Reason, State};
use simulator::Options;

use crate::world::{DEADLINE, World, browsers, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_link_by_code_and_a_restart_that_needs_none() {
    let mut world = World::started().await;
    world.until(State::QrRequired).await;
    let shown = world.until_session("a code", |session| session.code.is_some()).await;
    assert_eq!(shown.code.as_ref().unwrap().attempt, 1);
    world.link().await;
    let (_, status) = world.get("/status").await;
    assert_eq!(status["account"]["phone"], "5491150000001");
    assert_eq!(status["can_send_messages"], true);
    assert_eq!(status["qr_code_base64"], json!(null));

    world.stop().await;
    assert!(browsers(&world.profile()).is_empty());
    world.start().await;
    let mut snapshots = world.service.as_ref().unwrap().session().watch();
    let mut seen = vec![];
    while seen.last() != Some(&State::Ready) {
        let state = snapshots.borrow_and_update().state;
        seen.push(state);
        if state != State::Ready {
            tokio::time::timeout(DEADLINE, snapshots.changed()).await.unwrap().unwrap();
        }
    }
    assert!(!seen.contains(&State::QrRequired), "{seen:?}");
    assert_eq!(world.simulator.record().links.len(), 1);
    world.stop().await;
}

/// A slow page may show its code in the moment in which it is asked for a new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_can_be_scanned_is_not_replaced_because_it_came_late() {
    let mut world = World::started().await;
    world.until_session("a code", |session| session.code.is_some()).await;
    let code = world.simulator.code(DEADLINE).await.unwrap();
    let page = world.service.as_ref().unwrap().session().any_page().unwrap();
    page.refresh_code().await.unwrap();
    world.simulator.scan(&code).unwrap();
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().refs, 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_by_phone_number() {
    let mut world = World::started().await;
    let early = world.post("/pairing-code", json!({ "phone_number": "5491150000001" })).await;
    assert!(early.0 == 409 || world.snapshot().state == State::QrRequired, "{early:?}");
    world.until_session("a code", |session| session.code.is_some()).await;
    let (status, given) = world.post("/pairing-code", json!({ "phone_number": "+54 911 5000-0001" })).await;
    assert_eq!(status, 200, "{given}");
    let code = given["code"].as_str().unwrap();
    assert_eq!((code.len(), given["display"].as_str().unwrap().len()), (8, 9));
    world.simulator.enter_pairing_code(code).unwrap();
    world.until(State::Ready).await;
    let (status, refused) = world.post("/pairing-code", json!({ "phone_number": "5491150000001" })).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("NOT_WAITING_FOR_LINK")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_rotate_and_are_asked_for_again_when_they_run_out() {
    // Six codes in a row, then the page idles; the first lives 60 s and the others 20 s, scaled.
    let mut world = World::new(Options { code_scale: Some(0.02), ..Options::fast() }).await;
    world.start().await;
    let eighth = world.until_session("the eighth code", |s| s.code.as_ref().is_some_and(|c| c.attempt >= 8)).await;
    let code = eighth.code.as_ref().unwrap();
    assert!(code.expires_at > code.generated_at);
    assert_eq!(eighth.state, State::QrRequired);
    assert_eq!(world.simulator.record().pages.len(), 1, "the page was not loaded again for it");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_nobody_scans_end_it_where_a_limit_is_set() {
    let mut world = World::new(Options { code_scale: Some(0.02), ..Options::fast() }).await;
    world.set("QR_MAX_ATTEMPTS", "2").start().await;
    let session = world.until(State::Disconnected).await;
    // The session also begins in DISCONNECTED, so the reason decides.
    let session = if session.reason.is_none() {
        world.until_session("QR_NOT_SCANNED", |s| s.reason == Some(Reason::QrNotScanned)).await
    } else {
        session
    };
    assert_eq!(session.reason, Some(Reason::QrNotScanned));
    eventually("the browser to be gone", || browsers(&world.profile()).is_empty()).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlinking_by_the_phone_disconnects_and_the_next_connect_asks_for_a_phone() {
    let mut world = World::ready().await;
    world.simulator.unlink();
    let session = world.until(State::Disconnected).await;
    assert_eq!(session.reason, Some(Reason::LoggedOut));
    eventually("the browser to be gone", || browsers(&world.profile()).is_empty()).await;
    assert_eq!(world.post("/connect", json!({})).await.1["alreadyConnected"], false);
    world.until(State::QrRequired).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_unlinked_while_the_service_was_down_says_so() {
    let mut world = World::ready().await;
    world.stop().await;
    world.simulator.unlink();
    world.start().await;
    let session = world.until(State::QrRequired).await;
    assert_eq!(session.reason, Some(Reason::LoggedOut));
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_whatsapp_refuses_goes_back_to_the_code() {
    let mut world = World::started().await;
    world.simulator.faults(|faults| faults.refuse_link = true);
    world.until_session("a code", |session| session.code.is_some()).await;
    let code = world.simulator.code(DEADLINE).await.unwrap();
    world.simulator.scan(&code).unwrap();
    world.until_session("LOGIN_REFUSED", |s| s.reason == Some(Reason::LoginRefused)).await;
    world.simulator.faults(|faults| faults.refuse_link = false);
    world.until_session("a new code", |session| session.code.is_some()).await;
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_unlinks_the_device_and_removes_the_login() {
    let mut world = World::started().await;
    let (status, refused) = world.post("/logout", json!({})).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("NOT_CONNECTED")));
    world.link().await;
    let (status, answer) = world.post("/logout", json!({})).await;
    assert_eq!((status, answer["state"].as_str()), (200, Some("DISCONNECTED")), "{answer}");
    assert_eq!(world.snapshot().reason, Some(Reason::LoggedOut));
    assert_eq!(world.simulator.record().logouts.len(), 1);
    assert_eq!(std::fs::read_dir(world.profile()).unwrap().count(), 0, "the profile is empty");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_logout_removes_the_login_and_says_that_the_phone_still_lists_it() {
    let mut world = World::ready().await;
    assert_eq!(world.post("/disconnect", json!({})).await.0, 200);
    let (status, answer) = world.post("/logout", json!({ "force": true })).await;
    assert_eq!((status, &answer["phone_still_lists_device"]), (200, &json!(true)), "{answer}");
    assert_eq!(std::fs::read_dir(world.profile()).unwrap().count(), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_whatsapps_server_does_not_answer_says_that_the_phone_still_lists_the_device() {
    let mut world = World::ready().await;
    world.simulator.faults(|faults| faults.deaf_logout = true);
    let (status, answer) = world.post("/logout", json!({})).await;
    assert_eq!((status, &answer["phone_still_lists_device"]), (200, &json!(true)), "{answer}");
    let record = world.simulator.record();
    assert_eq!((record.logouts.len(), record.devices.len()), (0, 1), "the phone lists it");
    assert_eq!(std::fs::read_dir(world.profile()).unwrap().count(), 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnecting_keeps_the_login() {
    let mut world = World::ready().await;
    for _ in 0..2 {
        let (status, answer) = world.post("/disconnect", json!({})).await;
        assert_eq!((status, answer["state"].as_str()), (200, Some("DISCONNECTED")));
        assert!(browsers(&world.profile()).is_empty());
    }
    assert_eq!(world.snapshot().reason, Some(Reason::Operator));
    assert_eq!(world.post("/connect", json!({})).await.1["alreadyConnected"], false);
    assert_eq!(world.post("/connect", json!({})).await.1["alreadyConnected"], true);
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().links.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_stops_and_connecting_takes_the_session_back() {
    let mut world = World::ready().await;
    world.simulator.conflict();
    let session = world.until(State::Disconnected).await;
    assert_eq!(session.reason, Some(Reason::Conflict));
    world.post("/connect", json!({})).await;
    world.until(State::Ready).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_that_is_called_off_leaves_no_browser() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    for pause_ms in [0, 100, 300, 600] {
        world.post("/connect", json!({})).await;
        // Different moments of a launch; the exact moment does not matter, and there is no event for it.
        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
        assert_eq!(world.post("/disconnect", json!({})).await.0, 200);
        assert!(browsers(&world.profile()).is_empty(), "DISCONNECTED after {pause_ms} ms, and a browser runs");
    }
    world.post("/connect", json!({})).await;
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_logout_that_whatsapp_does_not_confirm_still_removes_the_login_in_order() {
    let mut world = World::ready().await;
    // The page hangs, so that it does not even start the logout.
    world.simulator.busy(std::time::Duration::from_secs(60));
    let hangs = |record: &simulator::Record| record.marks.iter().any(|mark| mark.name == "busy");
    world.simulator.wait_until("a page that hangs", DEADLINE, hangs).await.unwrap();
    let (status, answer) = world.post("/logout", json!({ "force": true })).await;
    assert_eq!((status, &answer["state"]), (200, &json!("DISCONNECTED")), "{answer}");
    assert_eq!(answer["phone_still_lists_device"], true);
    assert!(browsers(&world.profile()).is_empty());
    assert_eq!(std::fs::read_dir(world.profile()).unwrap().count(), 0);
    world.stop().await;
}
