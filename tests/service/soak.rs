//! The service killed again and again under a stream of messages. `SOAK_ROUNDS` says how often (`make soak`), and
//! `SOAK_SEED` at which moments.

use std::collections::HashMap;
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use simulator::{Incoming, Options};

use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn log(process: &Process) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let page = process.get(&format!("/messages?limit=1000&after={after}")).await;
        let found = page["items"].as_array().unwrap();
        if found.is_empty() {
            return items;
        }
        items.extend(found.iter().cloned());
        after = page["next"].as_str().unwrap().to_owned();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_service_dies_the_log_ends_up_whole_and_in_order_with_each_message_once() {
    let (rounds, seed) = (number("SOAK_ROUNDS", 4), number("SOAK_SEED", 1));
    let mut random = SmallRng::seed_from_u64(seed);
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    let people = [FRIEND, "5491155554444", "5491166665555"];
    let mut sent: HashMap<&str, Vec<String>> = HashMap::new();
    for round in 0..rounds {
        // Some of it while the service is up, some while it is dead, some while it starts.
        for n in 0..random.random_range(20..80) {
            let from = people[random.random_range(0..people.len())];
            let id = world.simulator.incoming(Incoming::text(from, format!("{round}.{n}"))).unwrap();
            sent.entry(from).or_default().push(id);
            // The stream's own pace: what comes at once is another test.
            tokio::time::sleep(Duration::from_millis(random.random_range(0..8))).await;
        }
        process.signal(Signal::SIGKILL);
        process.exit();
        process = Process::started(&world);
        if random.random_bool(0.7) {
            process.reaches("READY");
        }
    }
    let total: usize = sent.values().map(Vec::len).sum();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let mut items = log(&process).await;
    while items.len() < total {
        assert!(tokio::time::Instant::now() < deadline, "seed {seed}: {} of {total} in the log", items.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
        items = log(&process).await;
    }
    for (from, ids) in sent {
        let logged = items.iter().filter(|i| i["phone"] == from);
        let logged: Vec<_> = logged.map(|i| i["id"].as_str().unwrap()).collect();
        let differs = logged.iter().zip(&ids).position(|(logged, sent)| logged != sent);
        assert!(logged == ids, "seed {seed}: {} logged of {}, in order up to {differs:?}", logged.len(), ids.len());
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
