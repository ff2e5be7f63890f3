//! In the middle of a send with a key: asked again, it is the one message it was, or the first.

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

/// When the service dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The page is at this step.
    Page(SendStep),
    /// The server has the message and has not acknowledged it.
    Unacked,
    /// As before, and the page has forgotten the message.
    Forgotten,
    /// So long after it was asked: between any two steps, and after the last.
    After(Duration),
}

/// What the key must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Sent,
    /// For all that can be known it may have left. So many did.
    Unconfirmed(usize),
    /// Sent if it left, unconfirmed if it did not.
    AsItWent,
}

/// Every moment that can be waited for.
const MOMENTS: [(Moment, End); 6] = [
    // Nothing was kept, so it is sent anew.
    (Moment::Page(SendStep::Exists), End::Sent),
    (Moment::Page(SendStep::NewId), End::Sent),
    // The page had it, as far as can be known.
    (Moment::Page(SendStep::Add), End::Unconfirmed(0)),
    // The page sends by itself what it has.
    (Moment::Page(SendStep::Transmit), End::Sent),
    (Moment::Unacked, End::Sent),
    (Moment::Forgotten, End::Unconfirmed(1)),
];

/// A send on the simulator, from the request to the answer, takes half of it.
const LONGEST_US: u64 = 60_000;

fn copies(world: &World, body: &str) -> Vec<Received> {
    world.simulator.record().received.into_iter().filter(|message| message.body == body).collect()
}

/// Asks for a send and kills the service at its moment.
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
    // The browser goes a moment after the service: a page that is held must not go on meanwhile.
    eventually("the end of the browser", || browsers(&world.profile()).is_empty()).await;
    let (status, said) = answer.await.unwrap();
    // It may have been faster than its death, and then it is bound by what it said.
    let is_early = matches!(moment, Moment::After(_)) && status == 200;
    assert!(status == 0 || is_early, "{moment:?}: {status} {said}");
    simulator.faults(|faults| *faults = simulator::Faults::default());
}

/// Asks again, until the answer is the one there must be.
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
            // What the page has it sends by itself, and the server acknowledges it.
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
    // What nobody knew of may have left since then.
    for (body, end, id) in keys {
        assert_eq!(retried(&world, &process, &body, end).await["message_id"], id);
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
