//! Under a stream of messages: the log ends up with exactly the messages that the simulated server delivered.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use nix::sys::signal::Signal;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use simulator::{Incoming, Options};

use super::{Death, RECOVERY, VICTIMS, Victim, rounds, seed};
use crate::process::{Process, link};
use crate::receiver::{Received, Receiver, messages};
use crate::world::{FRIEND, World};

/// The last person's messages arrive undecrypted.
const PEOPLE: [&str; 4] = [FRIEND, "5491155554444", "5491166665555", SEALED];
const SEALED: &str = "5491177776666";
/// How far WhatsApp's clock advances in a round: a long run takes long for WhatsApp too, and history is read from a
/// time on.
const ROUND_S: u64 = 60;

/// All sent messages, by sender, in order.
type Sent = BTreeMap<&'static str, Vec<String>>;

/// The stream of one round, in the middle of which a process dies.
async fn round(
    world: &World,
    process: &mut Process,
    receiver: &Receiver,
    random: &mut SmallRng,
    t: u64,
    sent: &mut Sent,
) -> Option<Death> {
    let count = random.random_range(20..60);
    let (dies_at, victim) = (random.random_range(0..count), *VICTIMS.choose(random).unwrap());
    let mut death = None;
    for n in 0..count {
        if n == dies_at {
            match victim {
                Victim::Receiver => receiver.dies(),
                _ => death = Some(victim.dies(world, process)),
            }
        }
        let from = *PEOPLE.choose(random).unwrap();
        let message = Incoming::text(from, format!("{t}.{n}")).at(t);
        let message = if from == SEALED { message.ciphertext(random.random_range(1..200)) } else { message };
        sent.entry(from).or_default().push(world.simulator.incoming(message).unwrap());
        // The pace of the stream: messages that come all at once are another test.
        tokio::time::sleep(Duration::from_millis(random.random_range(0..8))).await;
    }
    if victim == Victim::Receiver {
        receiver.comes_back();
    }
    death
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_the_log_ends_up_whole_and_in_order_with_each_message_once() {
    let (rounds, seed) = (rounds(), seed());
    let mut random = SmallRng::seed_from_u64(seed);
    let mut world = World::new(Options::fast()).await;
    let receiver = Receiver::start().await;
    world.set("MAX_RECONNECTION_ATTEMPTS", "1000").set("WEBHOOK_URLS", &receiver.url());
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    let linked = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut sent = Sent::new();
    for n in 0..rounds {
        let death = round(&world, &mut process, &receiver, &mut random, linked + n * ROUND_S, &mut sent).await;
        // Without the wait, the next process dies during the recovery from this death.
        let waits = n + 1 == rounds || random.random_bool(0.7);
        if let Some(death) = death.filter(|_| waits) {
            death.is_recovered_from(&world, &mut process).await;
        }
    }
    process.listens();
    let items = process.logged(sent.values().map(Vec::len).sum(), RECOVERY).await;
    let sealed: Vec<_> = items.iter().filter(|item| item["type"] != "chat").collect();
    assert!(sealed.is_empty(), "seed {seed}: never seen to open: {sealed:#?}");
    // An event that was being delivered during a death is delivered twice, under the same id.
    let wanted: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    let distinct = |taken: &[Received]| {
        let mut seen = HashSet::new();
        taken.iter().filter(|one| seen.insert(one.id.clone())).cloned().collect::<Vec<_>>()
    };
    let taken = receiver.until("the whole log", |taken| messages(&distinct(taken)).len() >= wanted.len()).await;
    assert!(messages(&distinct(&taken)) == wanted, "seed {seed}: the webhook was told otherwise than the log has it");
    for (from, mut ids) in sent {
        let logged = items.iter().filter(|item| item["phone"] == from);
        let mut logged: Vec<_> = logged.map(|item| item["id"].as_str().unwrap()).collect();
        if from == SEALED {
            // These messages become news when they open.
            ids.sort_unstable();
            logged.sort_unstable();
        }
        let differs = logged.iter().zip(&ids).position(|(logged, sent)| logged != sent);
        assert!(logged == ids, "seed {seed}: {} logged of {}, the same up to {differs:?}", logged.len(), ids.len());
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
