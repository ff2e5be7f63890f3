//! `/metrics`: which series it contains, and which data it must not contain.

use serde_json::json;
use simulator::Incoming;

use crate::receiver::{Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World};
use simulator::Options;

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_targets_there_are_metrics_all_the_same() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let answer = world.request("GET", "/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert_eq!(value(&text, "session_manager_state{state=\"DISCONNECTED\"}"), Some(1.0), "{text}");
    assert!(!text.contains("target="), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_an_operator_watches_is_there_and_nothing_private() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url());
    world.tune = |timings| timings.profile_size = std::time::Duration::from_millis(100);
    world.start().await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "un secreto")).unwrap();
    receiver.until("the message", |taken| messages(taken).len() == 1).await;
    assert_eq!(world.send(FRIEND, "otro secreto").await.0, 200);
    assert_eq!(world.post("/send", json!({ "number": FRIEND })).await.0, 400);
    receiver.until("both", |taken| messages(taken).len() == 2).await;
    // Acks follow the messages for a while, and each is in the backlog until it is delivered. The profile is measured
    // before the browser has written anything into it, and again.
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let text = loop {
        let answer = world.request("GET", "/metrics").send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
        let text = answer.text().await.unwrap();
        let taken = |line: &str| line.starts_with("session_manager_delivery_backlog{") && line.ends_with(" 0");
        let has_caches = value(&text, "session_manager_profile_bytes{part=\"caches\"}").is_some_and(|size| size > 0.0);
        if text.lines().any(taken) && has_caches {
            break text;
        }
        assert!(tokio::time::Instant::now() < deadline, "the backlog stays, or the profile has no size: {text}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let target = text.split("target=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for (series, wanted) in [
        ("session_manager_state{state=\"READY\"}".to_owned(), 1.0),
        ("session_manager_state{state=\"INIT\"}".to_owned(), 0.0),
        ("session_manager_sends_total{outcome=\"sent\"}".to_owned(), 1.0),
        ("session_manager_messages_total{direction=\"in\"}".to_owned(), 1.0),
        ("session_manager_messages_total{direction=\"out\"}".to_owned(), 1.0),
        ("session_manager_send_queue".to_owned(), 0.0),
        ("session_manager_http_connections{state=\"busy\"}".to_owned(), 1.0),
        ("session_manager_http_connections_closed_total".to_owned(), 0.0),
        (format!("session_manager_dead_letters{{target=\"{target}\"}}"), 0.0),
        (format!("session_manager_delivery_backlog{{target=\"{target}\"}}"), 0.0),
        (
            "session_manager_http_request_duration_seconds_count{method=\"POST\",route=\"/send\",status=\"400\"}"
                .to_owned(),
            1.0,
        ),
    ] {
        assert_eq!(value(&text, &series), Some(wanted), "{series} in {text}");
    }
    for series in [
        "session_manager_browser_memory_bytes",
        "session_manager_profile_bytes{part=\"caches\"}",
        "session_manager_profile_bytes{part=\"login\"}",
        "session_manager_browser_processes",
        "session_manager_uptime_seconds",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
    ] {
        assert!(value(&text, series).is_some_and(|value| value > 0.0), "{series} in {text}");
    }
    // In whole seconds: a test that ran alone may have used less than one second so far.
    assert!(value(&text, "process_cpu_seconds_total").is_some(), "{text}");
    assert_eq!(value(&text, "session_manager_log_lines_dropped_total"), Some(0.0), "{text}");
    assert!(!text.contains("secreto") && !text.contains(FRIEND) && !text.contains(&receiver.address.to_string()));
    world.stop().await;
}
