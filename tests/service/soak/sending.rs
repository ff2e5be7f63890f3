//! The service dies in the middle of a send with a key: a retry returns the same message, or sends it for the first
//! time.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use simulator::{Options, Received, SendStep, ServerFault};

use super::{rounds, seed};
use crate::once::ask_for;
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

/// A send on the simulator takes half of this, from the request to the answer; with a file it takes longer.
const LONGEST_US: u64 = 60_000;
const LONGEST_WITH_FILE_US: u64 = 200_000;
/// How long the server takes for an upload: many of the random moments are in it.
const UPLOAD_MS: u64 = 50;

/// What is sent: a text, or a document with the text as its caption.
struct Sent {
    text: String,
    has_file: bool,
}

impl Sent {
    fn file(&self) -> Vec<u8> {
        self.text.repeat(1000).into_bytes()
    }

    fn body(&self) -> Value {
        let mut body = json!({ "number": FRIEND, "message": self.text });
        if self.has_file {
            body["media"] = json!({ "data": STANDARD.encode(self.file()), "kind": "document" });
        }
        body
    }

    /// The messages at the server that say this; a file among them is whole.
    fn copies(&self, world: &World) -> Vec<Received> {
        let says =
            |message: &Received| message.body == self.text || message.fields.get("caption") == Some(&json!(self.text));
        let copies: Vec<_> = world.simulator.record().received.into_iter().filter(says).collect();
        for copy in copies.iter().filter(|_| self.has_file) {
            assert!(copy.file.as_ref().is_some_and(|file| file.bytes == self.file()), "{:?}", copy.fields);
        }
        copies
    }
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.text, if self.has_file { " with a file" } else { "" })
    }
}

/// Requests a send and kills the service at the given moment.
async fn killed(world: &World, process: Process, sent: &Sent, moment: Moment) {
    let simulator = &world.simulator;
    simulator.faults(|faults| match moment {
        Moment::Page(step) => faults.hold = Some(step),
        Moment::Unacked | Moment::Forgotten => faults.server = ServerFault::NeverAck,
        Moment::After(_) => {}
    });
    simulator.faults(|faults| faults.slow_upload_ms = UPLOAD_MS);
    simulator.heard(DEADLINE).await.unwrap();
    let answer = tokio::spawn(ask_for(&process, &sent.text, &sent.body()));
    match moment {
        Moment::Page(step) => {
            simulator.wait_until("the step", DEADLINE, |record| record.reached(step)).await.unwrap();
        }
        Moment::Unacked | Moment::Forgotten => {
            eventually("the message", || !sent.copies(world).is_empty()).await;
        }
        Moment::After(span) => tokio::time::sleep(span).await,
    }
    if let Moment::Forgotten = moment {
        simulator.forget(&sent.copies(world)[0].key);
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
async fn retried(world: &World, process: &Process, sent: &Sent, end: End) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (status, said) = ask_for(process, &sent.text, &sent.body()).await;
        let copies = sent.copies(world);
        assert!(copies.len() <= 1, "{sent} is there {} times", copies.len());
        assert!(copies.iter().all(|copy| said["message_id"] == *copy.key), "{sent} left under another id: {said}");
        if status == 200 && copies.len() == 1 && matches!(end, End::Sent | End::AsItWent) {
            return said;
        }
        assert_eq!((status, said["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{sent}, {end:?}: {said}");
        match end {
            End::Unconfirmed(left) => {
                assert_eq!(copies.len(), left, "{sent}");
                return said;
            }
            End::AsItWent if copies.is_empty() => return said,
            // The page itself sends the message that it holds, and the server acknowledges it.
            End::Sent | End::AsItWent => {}
        }
        assert!(tokio::time::Instant::now() < deadline, "{sent} was never settled: {said}");
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
    // Each moment with a text, and with a file; the number is looked up once only.
    let waited_for: Vec<_> =
        MOMENTS.iter().map(|moment| (moment, false)).chain(MOMENTS[1..].iter().map(|moment| (moment, true))).collect();
    for n in 0..rounds().max(waited_for.len() as u64) {
        let (waited_for, has_file) = match waited_for.get(usize::try_from(n).unwrap()) {
            Some((moment, has_file)) => (Some(*moment), *has_file),
            None => (None, random.random()),
        };
        let longest = if has_file { LONGEST_WITH_FILE_US } else { LONGEST_US };
        let (moment, end) = waited_for
            .copied()
            .unwrap_or_else(|| (Moment::After(Duration::from_micros(random.random_range(0..longest))), End::AsItWent));
        let sent = Sent { text: format!("{n} of seed {seed}"), has_file };
        killed(&world, process, &sent, moment).await;
        process = Process::started(&world);
        process.reaches("READY");
        let said = retried(&world, &process, &sent, end).await;
        keys.push((sent, end, said["message_id"].clone()));
    }
    // Messages with an unknown outcome may have left since then.
    for (sent, end, id) in keys {
        assert_eq!(retried(&world, &process, &sent, end).await["message_id"], id);
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
