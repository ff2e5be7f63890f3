//! What is told of the token and the number, where Meta shows the number and takes no message.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::graph::GraphFault;

use super::{until, until_ready, world};
use crate::world::{FRIEND, World};

async fn ready(world: &World) -> (u16, Value) {
    let (status, ready) = world.get("/health/ready").await;
    (status, ready["code"].clone())
}

async fn accepted(world: &World) -> bool {
    let metrics = world.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
    metrics.contains("session_manager_cloud_token_accepted 1")
}

async fn refused(world: &World) {
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (503, Some("CLOUD_UNAUTHORIZED")), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_see_the_number_and_not_send_is_not_good() {
    let (graph, mut world) = world().await;
    world.tune = |timings| {
        timings.cloud_look_again = Duration::from_millis(50);
        timings.cloud_refused = Duration::from_secs(3600);
    };
    world.start().await;
    until_ready(&world).await;
    graph.forbid_sending(Some(10));
    refused(&world).await;
    let (before, calls) = (graph.looks(), graph.calls().len());
    until("three looks", || async { graph.looks() >= before + 3 }).await;
    assert_eq!((ready(&world).await, accepted(&world).await), ((503, json!("CLOUD_UNAUTHORIZED")), false));
    refused(&world).await;
    assert!(!graph.calls()[calls..].iter().any(|call| call.starts_with("POST")), "Meta is asked once");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_not_send_is_tried_again_after_a_pause() {
    let (graph, mut world) = world().await;
    world.tune = |timings| {
        timings.cloud_look_again = Duration::from_millis(50);
        timings.cloud_refused = Duration::from_millis(200);
    };
    world.start().await;
    for code in [10, 200, 131_005] {
        until_ready(&world).await;
        graph.forbid_sending(Some(code));
        refused(&world).await;
    }
    graph.forbid_sending(None);
    until_ready(&world).await;
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    assert!(accepted(&world).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_says_nothing_of_the_token() {
    let (graph, mut world) = world().await;
    world.tune = |timings| {
        timings.cloud_look_again = Duration::from_millis(50);
        timings.cloud_refused = Duration::from_secs(3600);
    };
    world.start().await;
    until_ready(&world).await;
    graph.fault(GraphFault::Proxy(403));
    refused(&world).await;
    until_ready(&world).await;
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_meta_has_banned_or_not_registered_is_told() {
    let (graph, mut world) = world().await;
    world.tune = |timings| {
        timings.cloud_look = Duration::from_millis(50);
        timings.cloud_look_again = Duration::from_millis(50);
    };
    world.start().await;
    until_ready(&world).await;
    for status in ["BANNED", "PENDING"] {
        graph.set_status(status);
        until(status, || async { ready(&world).await == (503, json!("SEND_UNAVAILABLE")) }).await;
        assert_eq!(world.get("/status").await.1["recommended_action"], "CHECK_SERVER");
        graph.set_status("FLAGGED");
        until_ready(&world).await;
    }
    world.stop().await;
}
