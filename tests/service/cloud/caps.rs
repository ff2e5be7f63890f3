//! The daily caps count what left: nothing that the Cloud API refused.

use serde_json::json;
use simulator::graph::GraphFault;

use super::{keyed, until_ready, world};
use crate::world::FRIEND;

const STRANGER: &str = "5491155554444";

async fn what_meta_refused_leaves_the_place_free(cap: &str) {
    let (graph, mut world) = world().await;
    graph.open_window(STRANGER);
    world.set(cap, "1").start().await;
    until_ready(&world).await;
    let refuse = |(status, code)| graph.fault(GraphFault::Refuse { status, code });
    for (n, refusal) in [(400, 131_047), (404, 132_001), (400, 131_026), (429, 130_429)].into_iter().enumerate() {
        refuse(refusal);
        let (status, refused) =
            if n % 2 == 0 { keyed(&world, "k", "hola").await } else { world.send(FRIEND, "hola").await };
        assert!(status >= 400 && refused["message"] != json!(null), "{cap}: {refused}");
        let cap_is_reached = refused["message"].as_str().unwrap_or_default().contains(cap);
        assert!(!cap_is_reached, "{refused}");
    }
    // Neither is it counted on the disk.
    world.stop().await;
    world.start().await;
    until_ready(&world).await;
    assert_eq!(keyed(&world, "k", "hola").await.0, 200, "{cap}");
    for _ in 0..2 {
        let (status, refused) = world.send(STRANGER, "hola").await;
        assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{cap}: {refused}");
        assert!(refused["message"].as_str().unwrap_or_default().contains(cap), "{refused}");
        world.stop().await;
        world.start().await;
        until_ready(&world).await;
    }
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refused_counts_against_no_daily_cap() {
    let caps = ["SEND_DAILY_MAX", "SEND_NEW_CONTACTS_DAILY_MAX"];
    futures_util::future::join_all(caps.map(what_meta_refused_leaves_the_place_free)).await;
}

/// Whether Meta took it is not known, so it counts.
#[tokio::test(flavor = "multi_thread")]
async fn what_meta_may_have_taken_counts() {
    let (graph, mut world) = world().await;
    world.tune = |timings| timings.dispatch = std::time::Duration::from_secs(1);
    world.set("SEND_DAILY_MAX", "1").set("SEND_TIMEOUT", "1s").start().await;
    until_ready(&world).await;
    graph.fault(GraphFault::Trouble);
    assert_eq!(keyed(&world, "k", "hola").await.0, 504);
    assert_eq!(world.send(FRIEND, "hola").await.0, 429);
    world.stop().await;
}
