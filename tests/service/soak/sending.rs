//! The service dies in the middle of a send with a key: a retry returns the same message, or sends it for the first
//! time.

use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use simulator::{Options, Received, SendStep, ServerFault};

use super::{rounds, seed};
use crate::once::ask;
use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, browsers, eventually};

/// The moment at which the service dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The page is at this step of the send.
    Page(SendStep),
    /// The server has the message and has not acknowledged it.
    Unacked,
    /// As before, and the page has forgotten the message.
    Forgotten,
    /// This long after the request: between any two steps, or after the last.
    After(Duration),
}

/// The result that a retry with the key must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Sent,
    /// As far as anybody can know, the message may have left. This many copies did.
    Unconfirmed(usize),
    /// Sent if the message left, unconfirmed if it did not.
    AsItWent,
}

/// Every moment that the test can wait for.
const MOMENTS: [(Moment, End); 6] = [
    // Nothing was stored, so the retry sends.
    (Moment::Page(SendStep::Exists), End::Sent),
    (Moment::Page(SendStep::NewId), End::Sent),
    // The page had the message, as far as anybody can know.
    (Moment::Page(SendStep::Add), End::Unconfirmed(0)),
    // The page itself sends the message that it holds.
    (Moment::Page(SendStep::Transmit), End::Sent),
    (Moment::Unacked, End::Sent),
    (Moment::Forgotten, End::Unconfirmed(1)),
];

/// A send on the simulator takes half of this, from the request to the answer.
const LONGEST_US: u64 = 60_000;

fn copies(world: &World, body: &str) -> Vec<Received> {
    world.simulator.record().received.into_iter().filter(|message| message.body == body).collect()
}

/// Requests a send and kills the service at the given moment.
async fn killed(world: &World, process: Process, body: &str, moment: Moment) {
    let simulator = &world.simulator;
    simulator.faults(|faults| match moment {
        Moment::Page(step) => faults.hold = Some(step),
        Moment::Unacked | Moment::Forgotten => faults.server = ServerFault::NeverAck,
        Moment::After(_) => {}
    });
    simulator.heard(DEADLINE).await.unwrap();
    let answer = tokio::spawn(ask(&process, body, body));
    match moment {
        Moment::Page(step) => {
            simulator.wait_until("the step", DEADLINE, |record| record.reached(step)).await.unwrap();
        }
        Moment::Unacked | Moment::Forgotten => {
            let left = |message: &Received| message.body == body;
            simulator.wait_until("the message", DEADLINE, |record| record.received.iter().any(left)).await.unwrap();
        }
        Moment::After(span) => tokio::time::sleep(span).await,
    }
    if let Moment::Forgotten = moment {
        simulator.forget(&copies(world, body)[0].key);
        simulator.heard(DEADLINE).await.unwrap();
    }
    process.signal(Signal::SIGKILL);
    process.exit();
    // The browser ends a moment after the service: a page that is held must not go on meanwhile.
    eventually("the end of the browser", || browsers(&world.profile()).is_empty()).await;
    let (status, said) = answer.await.unwrap();
    // The answer may have come before the death; then it is binding.
    let is_early = matches!(moment, Moment::After(_)) && status == 200;
    assert!(status == 0 || is_early, "{moment:?}: {status} {said}");
    simulator.faults(|faults| *faults = simulator::Faults::default());
}

/// Retries until the answer is the required one.
async fn retried(world: &World, process: &Process, body: &str, end: End) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (status, said) = ask(process, body, body).await;
        let copies = copies(world, body);
        assert!(copies.len() <= 1, "{body} is there {} times", copies.len());
        assert!(copies.iter().all(|copy| said["message_id"] == *copy.key), "{body} left under another id: {said}");
        if status == 200 && copies.len() == 1 && matches!(end, End::Sent | End::AsItWent) {
            return said;
        }
        assert_eq!((status, said["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{body}, {end:?}: {said}");
        match end {
            End::Unconfirmed(left) => {
                assert_eq!(copies.len(), left, "{body}");
                return said;
            }
            End::AsItWent if copies.is_empty() => return said,
            // The page itself sends the message that it holds, and the server acknowledges it.
            End::Sent | End::AsItWent => {}
        }
        assert!(tokio::time::Instant::now() < deadline, "{body} was never settled: {said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_service_dies_a_key_is_one_message_at_most_and_never_said_to_have_failed() {
    let seed = seed();
    let mut random = SmallRng::seed_from_u64(seed);
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.add_person(FRIEND).unwrap();
    let mut keys = Vec::new();
    for n in 0..rounds().max(MOMENTS.len() as u64) {
        let waited_for = MOMENTS.get(usize::try_from(n).unwrap());
        let (moment, end) = waited_for.copied().unwrap_or_else(|| {
            (Moment::After(Duration::from_micros(random.random_range(0..LONGEST_US))), End::AsItWent)
        });
        let body = format!("{n} of seed {seed}");
        killed(&world, process, &body, moment).await;
        process = Process::started(&world);
        process.reaches("READY");
        let said = retried(&world, &process, &body, end).await;
        keys.push((body, end, said["message_id"].clone()));
    }
    // Messages with an unknown outcome may have left since then.
    for (body, end, id) in keys {
        assert_eq!(retried(&world, &process, &body, end).await["message_id"], id);
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
