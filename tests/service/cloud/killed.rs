//! The service dies in the middle of a send by the Cloud API: each key is one message at most, and none that was taken is
//! called failed. `SOAK_ROUNDS` sets how often (`make soak`).

use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use simulator::graph::{Graph, GraphFault, GraphMessage};

use super::until;
use crate::once::ask;
use crate::process::Process;
use crate::world::World;

/// A send on the stand-in takes a part of this, from the request to the answer.
const LONGEST_US: u64 = 25_000;

fn copies(graph: &Graph, body: &str) -> Vec<GraphMessage> {
    graph.messages().into_iter().filter(|message| message.body["text"]["body"] == body).collect()
}

async fn started(world: &World) -> Process {
    let mut process = Process::spawn(world);
    process.listens();
    process
}

/// The answer of a retry.
async fn retried(graph: &Graph, process: &Process, body: &str) -> (u16, Value) {
    let before = copies(graph, body).len();
    let (status, said) = ask(process, body, body).await;
    let copies = copies(graph, body);
    assert!(copies.len() <= 1, "{body} is there {} times", copies.len());
    match status {
        200 => assert_eq!(said["message_id"], *copies[0].id, "{body}: {said}"),
        504 => assert_eq!(said["code"], "SEND_UNCONFIRMED", "{body}: {said}"),
        _ => panic!("{body}, of which {before} was taken, is called {status} {said}"),
    }
    (status, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_service_dies_a_key_is_one_message_at_most_and_none_that_was_taken_is_called_failed() {
    let (rounds, seed) = (crate::soak::rounds(), crate::soak::seed());
    let mut random = SmallRng::seed_from_u64(seed);
    let (graph, mut world) = super::world().await;
    world.set("SEND_TIMEOUT", "3s");
    let mut process = started(&world).await;
    for n in 0..rounds {
        let body = format!("{n} of seed {seed}");
        let is_held = random.random_bool(0.3);
        if is_held {
            graph.fault(GraphFault::Hang);
        }
        let answer = tokio::spawn(ask(&process, &body, &body));
        if is_held {
            until("the message", || async { !copies(&graph, &body).is_empty() }).await;
        } else {
            tokio::time::sleep(Duration::from_micros(random.random_range(0..LONGEST_US))).await;
        }
        process.signal(Signal::SIGKILL);
        process.exit();
        let (early, said) = answer.await.unwrap();
        assert!(early == 0 || early == 200, "{body}: {early} {said}");
        process = started(&world).await;
        let (status, _) = retried(&graph, &process, &body).await;
        if let (504, [message]) = (status, copies(&graph, &body).as_slice()) {
            // Meta tells of it once or again, before or after the next death, and maybe in the wrong order.
            let webhook = format!("{}/cloud/webhook", process.url());
            if random.random_bool(0.3) {
                assert_eq!(graph.tell(&webhook, &graph.status(message, "failed")).await.unwrap(), 200);
            }
            let status = ["sent", "delivered", "read"][random.random_range(0..3)];
            assert_eq!(graph.tell(&webhook, &graph.status(message, status)).await.unwrap(), 200);
            if random.random_bool(0.3) {
                process.signal(Signal::SIGKILL);
                process.exit();
                process = started(&world).await;
            }
            assert_eq!(retried(&graph, &process, &body).await.0, 200, "{body} was reported");
        }
    }
    for n in 0..rounds {
        retried(&graph, &process, &format!("{n} of seed {seed}")).await;
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
