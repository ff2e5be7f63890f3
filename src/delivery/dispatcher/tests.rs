//! The real dispatcher between a target and a ledger that fail and crash as the test says, on a paused clock.

#![allow(clippy::unwrap_used)]

mod manners;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::domain::dead_letter::DeadLetterId;
use crate::domain::event::{LogId, What};
use crate::domain::log::EventPage;
use crate::domain::log::LoggedMessage;
use crate::domain::log::tests::page_message;
use crate::domain::time::{SystemClock, Timestamp};

fn later(reason: &str) -> Outcome {
    Outcome::Retry { reason: reason.to_owned(), after: None, cause: Cause::Unclear }
}

/// The fate of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Taken,
    Refused,
    /// Every delivery of this event fails.
    Poison,
    /// The phone number becomes known after so many seconds.
    UnknownNumber(u64),
    NotWanted,
}

#[derive(Default)]
struct State {
    fates: Vec<Fate>,
    /// Seconds of the clock during which everything fails.
    down: Vec<std::ops::Range<u64>>,
    position: u64,
    letters: BTreeMap<u64, DeadLetter>,
    taken: Vec<u64>,
    /// Retention removed the log up to this place.
    gone: u64,
    /// How many more writes and deliveries happen before the process dies, and whether the last one still takes
    /// effect.
    crash: Option<(usize, bool)>,
}

#[derive(Clone)]
struct World {
    state: Arc<Mutex<State>>,
    newest: watch::Sender<u64>,
    crashed: CancellationToken,
    started: Instant,
    parallel: usize,
    /// The events belong to so many chats in turn.
    chats: u64,
}

impl World {
    fn new(fates: Vec<Fate>) -> Self {
        let newest = watch::Sender::new(fates.len() as u64);
        let state = Arc::new(Mutex::new(State { fates, ..State::default() }));
        Self { state, newest, crashed: CancellationToken::new(), started: Instant::now(), parallel: 1, chats: 1 }
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn chat(&self, cursor: u64) -> u64 {
        cursor % self.chats
    }

    fn fate(&self, cursor: u64) -> Fate {
        self.state.lock().unwrap().fates[usize::try_from(cursor).unwrap() - 1]
    }

    /// Makes the step, unless the process dies of it: then this never returns.
    async fn step<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let done = {
            let mut state = self.state.lock().unwrap();
            match state.crash {
                Some((0, true)) => {
                    act(&mut state);
                    None
                }
                Some((0, false)) => None,
                Some((left, effect)) => {
                    state.crash = Some((left - 1, effect));
                    Some(act(&mut state))
                }
                None => Some(act(&mut state)),
            }
        };
        match done {
            Some(done) => done,
            None => {
                self.crashed.cancel();
                std::future::pending().await
            }
        }
    }

    fn event(&self, cursor: u64) -> Event {
        let mut page = page_message(&format!("m{cursor}"), "hola");
        let known = match self.fate(cursor) {
            Fate::UnknownNumber(after) => self.now() >= after,
            _ => true,
        };
        page.chat = format!("{}@lid", self.chat(cursor));
        page.phone = known.then(|| "5491122334455".to_owned());
        let message = LoggedMessage::from_page(page, Timestamp::from_millis(0), false).unwrap();
        Event { log: LogId(1), cursor, at: message.received_at, what: What::Message(Box::new(message)) }
    }
}

impl Ledger for World {
    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    async fn events(&self, after: u64, limit: usize) -> Result<EventPage, StoreError> {
        let end = (after + limit as u64).min(*self.newest.borrow());
        Ok(EventPage { items: (after + 1..=end).map(|cursor| self.event(cursor)).collect(), next: end })
    }

    async fn event(&self, cursor: u64) -> Result<Option<Event>, StoreError> {
        let is_there = cursor > self.state.lock().unwrap().gone;
        Ok(is_there.then(|| self.event(cursor)))
    }

    async fn advance(&self, _: String, position: u64, aside: Option<DeadLetter>) -> Result<(), StoreError> {
        let write = move |state: &mut State| {
            state.position = state.position.max(position);
            state.letters.extend(aside.map(|letter| (letter.event, letter)));
        };
        self.step(write).await;
        Ok(())
    }

    async fn keep_letters(&self, _: String, letters: Vec<DeadLetter>) -> Result<(), StoreError> {
        self.step(|state| state.letters.extend(letters.into_iter().map(|letter| (letter.event, letter)))).await;
        Ok(())
    }

    async fn drop_letter(&self, id: DeadLetterId) -> Result<(), StoreError> {
        self.step(|state| state.letters.remove(&id.event)).await;
        Ok(())
    }
}

impl Target for World {
    fn wants(&self, event: &Event, _: Timestamp) -> Wants {
        match self.fate(event.cursor) {
            Fate::NotWanted => Wants::No,
            Fate::UnknownNumber(_) if event.message().is_some_and(|message| message.phone.is_none()) => {
                Wants::WithPhone
            }
            _ => Wants::Yes,
        }
    }

    async fn deliver(&self, event: &Event) -> Outcome {
        if self.parallel > 1 {
            tokio::time::sleep(Duration::from_millis(event.cursor * 7 % 5)).await;
        }
        let (fate, now) = (self.fate(event.cursor), self.now());
        let take = |state: &mut State| {
            let down = state.down.iter().any(|span| span.contains(&now));
            match fate {
                Fate::Poison => later("poison"),
                _ if down => later("down"),
                Fate::Refused => Outcome::Refused("refused".to_owned()),
                _ => {
                    state.taken.push(event.cursor);
                    Outcome::Delivered
                }
            }
        };
        self.step(take).await
    }
}

/// Starts a dispatcher on what the world has stored.
fn start(world: &mut World) -> (JoinHandle<()>, mpsc::Sender<Replay>, CancellationToken) {
    world.crashed = CancellationToken::new();
    let (position, letters) = {
        let state = world.state.lock().unwrap();
        (state.position, state.letters.values().cloned().collect())
    };
    let (replay, replays) = mpsc::channel(8);
    let parts = parts(world.clone(), world, position, letters, replays);
    let stop = parts.stop.clone();
    (tokio::spawn(run(parts)), replay, stop)
}

fn parts<T>(
    target: T,
    world: &World,
    position: u64,
    letters: Vec<DeadLetter>,
    replays: mpsc::Receiver<Replay>,
) -> Parts<T, World> {
    Parts {
        parallel: world.parallel,
        limits: Limits { timeouts: 5, give_up: Duration::from_secs(72 * 3600) },
        name: "target".to_owned(),
        address: String::new(),
        target: Arc::new(target),
        ledger: world.clone(),
        position,
        letters,
        clock: Arc::new(SystemClock),
        backoff: Backoff { first: Duration::from_secs(1), max: Duration::from_secs(300), jitter: 0.5..=1.0 },
        patience: Duration::from_secs(60),
        unknown_numbers: mpsc::channel(8).0,
        replays,
        status: watch::Sender::new(TargetStatus::default()),
        stop: CancellationToken::new(),
    }
}

/// Lets the dispatcher run until nothing more can happen: longer than any pause, and than any target here is down.
async fn play(world: &mut World) -> mpsc::Sender<Replay> {
    loop {
        let (task, replay, stop) = start(world);
        let quiet = tokio::time::sleep(Duration::from_secs(4 * 3600));
        tokio::select! {
            () = quiet => {
                stop.cancel();
                tokio::select! {
                    ended = task => ended.unwrap(),
                    () = world.crashed.clone().cancelled_owned() => {}
                }
                return replay;
            }
            () = world.crashed.clone().cancelled_owned() => {
                task.abort();
                world.state.lock().unwrap().crash = None;
            }
        }
    }
}

fn dead(world: &World) -> Vec<u64> {
    let state = world.state.lock().unwrap();
    state.letters.values().filter(|letter| letter.stage == Stage::Dead).map(|letter| letter.event).collect()
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_down_for_an_hour_gets_everything_in_order_once_afterwards() {
    let mut world = World::new(vec![Fate::Taken; 500]);
    world.state.lock().unwrap().down.push(0..3600);
    play(&mut world).await;
    assert_eq!(world.state.lock().unwrap().taken, (1..=500).collect::<Vec<_>>());
    assert_eq!((dead(&world), world.state.lock().unwrap().position), (vec![], 500));
}

#[tokio::test(start_paused = true)]
async fn poison_goes_aside_and_the_others_pass() {
    let mut world =
        World::new(vec![Fate::Taken, Fate::Poison, Fate::UnknownNumber(u64::MAX), Fate::Refused, Fate::Taken]);
    play(&mut world).await;
    assert_eq!(world.state.lock().unwrap().taken, [1, 5]);
    assert_eq!(dead(&world), [2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_alone_is_waited_for() {
    let mut world = World::new(vec![Fate::Taken, Fate::Poison]);
    play(&mut world).await;
    assert_eq!(
        (dead(&world), world.state.lock().unwrap().position),
        (vec![], 1),
        "nothing tells it from a target that is down"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_goes_out_when_it_is_asked_for() {
    let mut world = World::new(vec![Fate::Refused, Fate::Taken]);
    play(&mut world).await;
    assert_eq!(dead(&world), [1]);
    world.state.lock().unwrap().fates[0] = Fate::Taken;
    let (task, replay, stop) = start(&mut world);
    let (found, answer) = oneshot::channel();
    replay.send(Replay::One(1, found)).await.unwrap();
    assert!(answer.await.unwrap());
    let (found, answer) = oneshot::channel();
    replay.send(Replay::One(2, found)).await.unwrap();
    assert!(!answer.await.unwrap(), "that one was delivered");
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(world.state.lock().unwrap().taken, [2, 1]);
    assert!(world.state.lock().unwrap().letters.is_empty());
}

#[tokio::test(start_paused = true)]
async fn all_dead_letters_go_out_in_order_when_they_are_asked_for() {
    let mut world = World::new(vec![Fate::Refused; 40]);
    play(&mut world).await;
    assert_eq!(dead(&world).len(), 40);
    world.state.lock().unwrap().fates.fill(Fate::Taken);
    let (task, replay, stop) = start(&mut world);
    let (count, answer) = oneshot::channel();
    replay.send(Replay::All(count)).await.unwrap();
    assert_eq!(answer.await.unwrap(), 40);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (count, answer) = oneshot::channel();
    replay.send(Replay::All(count)).await.unwrap();
    assert_eq!(answer.await.unwrap(), 0, "they are delivered");
    stop.cancel();
    task.await.unwrap();
    assert_eq!(world.state.lock().unwrap().taken, (1..=40).collect::<Vec<_>>());
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Taken),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Poison),
        1 => (0..90u64).prop_map(Fate::UnknownNumber),
        2 => Just(Fate::NotWanted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever fails and whenever the process dies: each wanted event is taken or becomes a dead letter, in order.
    #[test]
    fn nothing_is_lost_and_no_more_is_doubled_than_crashes_explain(
        fates in proptest::collection::vec(fate(), 1..100),
        down in proptest::collection::vec((0..4000u64, 1..2000u64), 0..3),
        crashes in proptest::collection::vec((0..60usize, any::<bool>()), 0..5),
        parallel in prop_oneof![Just(1usize), Just(4)],
        chats in 1..6u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (taken, dead, position) = runtime.block_on(async {
            let mut world = World { parallel, chats, ..World::new(fates.clone()) };
            world.state.lock().unwrap().down = down.iter().map(|(from, span)| *from..from + span).collect();
            for crash in &crashes {
                world.state.lock().unwrap().crash = Some(*crash);
                play(&mut world).await;
            }
            play(&mut world).await;
            let state = world.state.lock().unwrap();
            let given_up = state.letters.values().filter(|letter| letter.stage == Stage::Dead);
            let dead: BTreeSet<u64> = given_up.map(|letter| letter.event).collect();
            (state.taken.clone(), dead, state.position)
        });
        let last = (1..).zip(&fates).filter(|(_, fate)| **fate != Fate::NotWanted).map(|(n, _)| n).max();
        for (cursor, fate) in (1..).zip(&fates) {
            let (was_taken, is_dead) = (taken.contains(&cursor), dead.contains(&cursor));
            match fate {
                Fate::Taken => prop_assert!(was_taken && !is_dead, "{cursor}"),
                Fate::Refused => prop_assert!(is_dead && !was_taken, "{cursor}"),
                // The last event may still wait: only an event behind it could show that it is poison.
                Fate::Poison => prop_assert!(!was_taken && (is_dead || position < cursor), "{cursor} {last:?}"),
                Fate::UnknownNumber(_) => prop_assert!(was_taken != is_dead, "{cursor}"),
                Fate::NotWanted => prop_assert!(!was_taken && !is_dead, "{cursor}"),
            }
        }
        let distinct: BTreeSet<_> = taken.iter().collect();
        if crashes.is_empty() {
            prop_assert_eq!(distinct.len(), taken.len(), "without a crash each goes out once");
        }
        // In order, or in order within each chat, except for events that waited for a number, and repeated deliveries.
        let mut seen = BTreeSet::new();
        let plain = taken.iter().copied().filter(|cursor| fates[usize::try_from(*cursor).unwrap() - 1] == Fate::Taken);
        let first: Vec<_> = plain.filter(|cursor| seen.insert(*cursor)).collect();
        for chat in 0..chats {
            let of_chat = first.iter().filter(|cursor| parallel == 1 || *cursor % chats == chat);
            prop_assert!(of_chat.is_sorted(), "{first:?}");
        }
    }
}
