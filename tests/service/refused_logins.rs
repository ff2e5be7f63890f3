//! Logins that WhatsApp's server refuses, that are used elsewhere, or that end: each is noticed, named, and handled
//! its own way.

use std::time::Duration;

use serde_json::{Value, json};
use session_manager::domain::state::{Reason, State};
use simulator::LoginRefusal;

use crate::world::World;

/// A session that is READY before the server refuses every login.
async fn refused(refusal: LoginRefusal) -> World {
    let world = World::ready().await;
    world.simulator.faults(|faults| faults.login = Some(refusal));
    world
}

async fn status(world: &World) -> Value {
    world.get("/status").await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_unavailable_is_waited_for() {
    let mut world = refused(LoginRefusal::of(503)).await;
    world.until_session("the reason", |s| s.reason == Some(Reason::ServiceUnavailable)).await;
    let told = status(&world).await;
    assert_eq!((&told["state"], &told["can_send_messages"]), (&"RECONNECTING".into(), &false.into()));
    world.simulator.faults(|faults| faults.login = None);
    world.until(State::Ready).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_is_named_with_its_end_and_not_tried_before_it() {
    let refusal =
        LoginRefusal { code: Some(101), expire: Some(3), message: Some("spam".to_owned()), ..LoginRefusal::of(402) };
    let mut world = refused(refusal).await;
    let session = world.until(State::Error).await;
    assert_eq!(session.reason, Some(Reason::AccountBlocked));
    assert!(session.detail.contains("101") && session.detail.contains("spam"), "{}", session.detail);
    let ban = &status(&world).await["limits"]["ban"];
    assert!(ban["code"] == 101 && ban["until"].is_string(), "{ban}");
    let tries = world.simulator.record().connections.len();
    world.simulator.faults(|faults| faults.login = None);
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().connections.len(), tries + 1, "one login, after its end");
    assert!(status(&world).await["limits"]["ban"].is_null());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_too_old_is_named_although_it_loads_itself_again_each_time() {
    let mut world = refused(LoginRefusal::of(405)).await;
    world.until_session("the reason", |s| s.reason == Some(Reason::VersionDeprecated)).await;
    world.simulator.faults(|faults| faults.login = None);
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().links.len(), 1, "no second link");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_locked_says_so_in_whatsapps_words() {
    let words = LoginRefusal {
        header: Some("Your account is locked".to_owned()),
        subtext: Some("Open WhatsApp on the phone".to_owned()),
        ..LoginRefusal::of(403)
    };
    let mut world = refused(words).await;
    let session = world.until_session("the reason", |s| s.reason == Some(Reason::AccountBlocked)).await;
    assert!(session.detail.contains("Your account is locked Open WhatsApp"), "{}", session.detail);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_another_machine_uses_is_a_conflict_without_any_word_of_the_page() {
    let mut world = World::ready().await;
    assert_eq!(world.simulator.conflict(), 1);
    let session = world.until(State::Disconnected).await;
    assert_eq!(session.reason, Some(Reason::Conflict));
    assert_eq!(world.simulator.record().pages.len(), 1, "nothing was loaded again: that would take it back");
    world.post("/connect", json!({})).await;
    world.until(State::Ready).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_another_tab_took_is_known_at_once() {
    let mut world = World::ready().await;
    world.simulator.second_tab();
    let session = world.until(State::Disconnected).await;
    assert_eq!(session.reason, Some(Reason::Conflict));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlinking_of_ours_reaches_whatsapp_before_the_login_is_removed() {
    let mut world = World::ready().await;
    let (code, answer) = world.post("/logout", json!({})).await;
    assert_eq!((code, &answer["reason"]), (200, &"LOGGED_OUT".into()), "{answer}");
    let record = world.simulator.record();
    assert_eq!((record.logouts.len(), record.devices.len()), (1, 0));
    tokio::time::timeout(Duration::from_secs(20), world.until(State::Disconnected)).await.unwrap();
    world.stop().await;
}
