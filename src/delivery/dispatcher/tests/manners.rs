//! How the dispatcher treats a target that is away, asks to be left alone, or is slow.

use super::*;

/// A target that records every call, and answers by the event's place.
#[derive(Clone)]
struct Odd {
    started: Instant,
    calls: Arc<Mutex<Vec<(Instant, u64)>>>,
    how: fn(u64) -> (Duration, Outcome),
    /// Until when an event is wanted.
    wanted: fn(u64) -> Duration,
    /// How it answers after it has taken its first event, by the time since then.
    after_first: Option<fn(Duration) -> Outcome>,
    first: Arc<Mutex<Option<Instant>>>,
}

impl Target for Odd {
    fn wants(&self, event: &Event, _: Timestamp) -> Wants {
        if self.started.elapsed() < (self.wanted)(event.cursor) { Wants::Yes } else { Wants::No }
    }

    async fn deliver(&self, event: &Event) -> Outcome {
        self.calls.lock().unwrap().push((Instant::now(), event.cursor));
        let (span, outcome) = (self.how)(event.cursor);
        tokio::time::sleep(span).await;
        let first = *self.first.lock().unwrap();
        if let Some((after_first, first)) = self.after_first.zip(first) {
            return after_first(first.elapsed());
        }
        if outcome == Outcome::Delivered {
            self.first.lock().unwrap().get_or_insert(Instant::now());
        }
        outcome
    }
}

impl Odd {
    fn new(how: fn(u64) -> (Duration, Outcome), wanted: fn(u64) -> Duration) -> Self {
        let (calls, first) = (Arc::default(), Arc::default());
        Self { started: Instant::now(), calls, how, wanted, after_first: None, first }
    }

    fn calls(&self) -> Vec<(Instant, u64)> {
        self.calls.lock().unwrap().clone()
    }

    /// Runs a dispatcher for the target while `act` runs.
    async fn serve(
        &self,
        world: &World,
        position: u64,
        letters: Vec<DeadLetter>,
        act: impl AsyncFnOnce(watch::Receiver<TargetStatus>),
    ) {
        let (_replay, replays) = mpsc::channel(8);
        let parts = parts(self.clone(), world, position, letters, replays);
        let (seen, stop) = (parts.status.subscribe(), parts.stop.clone());
        let task = tokio::spawn(run(parts));
        act(seen).await;
        stop.cancel();
        task.await.unwrap();
    }
}

fn always(_: u64) -> Duration {
    Duration::MAX
}

fn later_as(reason: &str, after: Option<Duration>, cause: Cause) -> Outcome {
    Outcome::Retry { reason: reason.to_owned(), after, cause }
}

#[tokio::test(start_paused = true)]
async fn one_that_asks_to_be_left_alone_is() {
    let world = World::new(vec![Fate::Taken; 20]);
    let how = |_| (Duration::ZERO, later_as("429", Some(Duration::from_secs(60)), Cause::Target));
    let target = Odd::new(how, always);
    target.serve(&world, 0, Vec::new(), async |_| tokio::time::sleep(Duration::from_secs(3600)).await).await;
    let calls = target.calls();
    assert!(
        calls.len() > 10 && calls.windows(2).all(|two| two[1].0 - two[0].0 >= Duration::from_secs(60)),
        "{calls:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn letters_that_fail_do_not_hold_up_the_log_and_die_again() {
    let world = World::new(vec![Fate::Taken; 40]);
    let how = |place| match place {
        1..=39 => (Duration::from_secs(15), later("timeout")),
        _ => (Duration::ZERO, Outcome::Delivered),
    };
    let target = Odd::new(how, always);
    let at = Timestamp::from_millis(0);
    let letter = |event| DeadLetter { event, stage: Stage::Again, reason: String::new(), attempts: 9, at };
    let letters = (1..=39).map(letter).collect();
    target
        .serve(&world, 39, letters, async |seen| {
            tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
            assert_eq!((seen.borrow().dead_letters, seen.borrow().backlog), (39, 0));
        })
        .await;
    let calls = target.calls();
    let head = calls.iter().position(|(_, place)| *place == 40);
    assert!(head.is_some_and(|calls| calls < 3), "{head:?}");
}

#[tokio::test(start_paused = true)]
async fn what_goes_out_of_date_does_not_make_a_target_that_is_down_look_new() {
    let world = World::new(vec![Fate::Taken; 180]);
    world.newest.send_replace(1);
    let down = |_| (Duration::ZERO, later("down"));
    let target = Odd::new(down, |place| Duration::from_secs(20 * place));
    target
        .serve(&world, 0, Vec::new(), async |seen| {
            let mut since = BTreeSet::new();
            for newest in 2..=180 {
                tokio::time::sleep(Duration::from_secs(20)).await;
                world.newest.send_replace(newest);
                since.extend(seen.borrow().failing_since.map(|at| at.as_millis()));
            }
            assert_eq!(since.len(), 1, "it has been failing since then");
        })
        .await;
    assert!(target.calls().len() < 60, "{} calls in an hour", target.calls().len());
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_the_number_of_one_chat_keeps_its_order() {
    let mut world = World::new(vec![Fate::UnknownNumber(3), Fate::UnknownNumber(3), Fate::Taken]);
    world.newest.send_replace(1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (task, _replay, stop) = start(&mut world);
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.newest.send_replace(2);
    tokio::time::sleep(Duration::from_millis(1900)).await;
    world.newest.send_replace(3);
    tokio::time::sleep(Duration::from_secs(10)).await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(world.state.lock().unwrap().taken, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_passed_behind_one_that_is_waited_for_is_not_told_again_by_the_next_start() {
    let mut world = World::new(vec![Fate::Poison, Fate::UnknownNumber(30)]);
    for _ in 0..3 {
        play(&mut world).await;
    }
    assert_eq!(world.state.lock().unwrap().taken, [2]);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_are_not_counted_for_longer_than_their_messages_are_kept() {
    let world = World::new(vec![Fate::Taken; 10]);
    world.newest.send_replace(5);
    let target = Odd::new(|_| (Duration::ZERO, Outcome::Delivered), always);
    let at = Timestamp::from_millis(0);
    let letter = |event| DeadLetter { event, stage: Stage::Dead, reason: String::new(), attempts: 9, at };
    target
        .serve(&world, 5, (1..=4).map(letter).collect(), async |mut seen| {
            seen.wait_for(|status| status.dead_letters == 4).await.unwrap();
            world.state.lock().unwrap().gone = 3;
            tokio::time::sleep(Duration::from_secs(3600)).await;
            world.newest.send_replace(6);
            seen.wait_for(|status| status.dead_letters == 1).await.unwrap();
        })
        .await;
}

/// The head times out, an event behind it passes, and then the target itself reports that it is down.
#[tokio::test(start_paused = true)]
async fn a_head_is_not_given_up_on_the_word_of_a_target_that_is_down() {
    let world = World::new(vec![Fate::Taken; 3]);
    let how = |place| match place {
        1 => (Duration::ZERO, later("timeout")),
        _ => (Duration::ZERO, Outcome::Delivered),
    };
    let mut target = Odd::new(how, always);
    // After the first delivery that passed, the target is down for a while, and then takes everything.
    target.after_first = Some(|elapsed: Duration| {
        if elapsed < Duration::from_secs(600) { later_as("503", None, Cause::Target) } else { Outcome::Delivered }
    });
    target
        .serve(&world, 0, Vec::new(), async |seen| {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            assert_eq!((seen.borrow().dead_letters, seen.borrow().backlog), (0, 0));
        })
        .await;
    let (calls, first) = (target.calls(), target.first.lock().unwrap().unwrap());
    let late = calls.iter().filter(|(at, _)| *at >= first + Duration::from_secs(600)).map(|(_, place)| *place);
    assert_eq!(late.collect::<Vec<_>>(), [1, 3], "what passed before is not delivered again");
}

#[tokio::test(start_paused = true)]
async fn a_chat_whose_turn_takes_long_holds_up_no_other_and_each_keeps_its_order() {
    // Chat 0 has the events 3, 6 and so on: each takes a second, and those of the others ten milliseconds.
    let world = World { parallel: 3, chats: 3, ..World::new(vec![Fate::Taken; 30]) };
    let how = |place| (Duration::from_millis(if place % 3 == 0 { 1000 } else { 10 }), Outcome::Delivered);
    let target = Odd::new(how, always);
    target
        .serve(&world, 0, Vec::new(), async |seen| {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(seen.borrow().backlog, 10, "what is delivered behind the slow one is not waited for");
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert_eq!((seen.borrow().delivered, seen.borrow().backlog), (30, 0));
        })
        .await;
    let calls = target.calls();
    for chat in 0..3 {
        let places: Vec<_> = calls.iter().map(|(_, place)| *place).filter(|place| place % 3 == chat).collect();
        assert!(places.len() == 10 && places.is_sorted(), "{places:?}");
    }
    assert_eq!(world.state.lock().unwrap().position, 30);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_what_is_under_way_land() {
    let world = World { parallel: 4, chats: 4, ..World::new(vec![Fate::Taken; 4]) };
    let target = Odd::new(|_| (Duration::from_millis(100), Outcome::Delivered), always);
    target.serve(&world, 0, Vec::new(), async |_| tokio::time::sleep(Duration::from_millis(50)).await).await;
    assert_eq!((target.calls().len(), world.state.lock().unwrap().position), (4, 4));
}

/// A receiver that works for 20 s before it answers, with a bot behind it that answers its customer each time.
#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_answered_in_time_is_sent_five_times_and_no_more() {
    let world = World::new(vec![Fate::Taken; 2]);
    let how = |place| match place {
        1 => (Duration::from_secs(15), later_as("it did not answer within 15s", None, Cause::Timeout)),
        _ => (Duration::ZERO, Outcome::Delivered),
    };
    let target = Odd::new(how, always);
    target
        .serve(&world, 0, Vec::new(), async |seen| {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            let status = seen.borrow().clone();
            assert_eq!((status.dead_letters, status.backlog, status.delivered, status.timeouts), (1, 0, 1, 5));
        })
        .await;
    let calls: Vec<_> = target.calls().into_iter().map(|(_, place)| place).collect();
    assert_eq!(calls, [1, 1, 1, 1, 1, 2]);
    let reason = world.state.lock().unwrap().letters[&1].reason.clone();
    assert_eq!(reason, "it did not answer within 15s, 5 times");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_refused_is_tried_once_more() {
    let world = World::new(vec![Fate::Taken; 2]);
    let refuses = |place| {
        (Duration::ZERO, if place == 1 { Outcome::Refused("it answers 422".to_owned()) } else { Outcome::Delivered })
    };
    let target = Odd::new(refuses, always);
    target.serve(&world, 0, Vec::new(), async |_| tokio::time::sleep(Duration::from_secs(60)).await).await;
    let calls: Vec<_> = target.calls().into_iter().map(|(_, place)| place).collect();
    assert_eq!(calls, [1, 1, 2]);
    assert_eq!(world.state.lock().unwrap().letters[&1].stage, Stage::Dead);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_away_is_waited_for_as_long_as_the_setting_says() {
    let world = World::new(vec![Fate::Taken; 2]);
    let how = |place| match place {
        1 => (Duration::ZERO, later_as("it answers 401", None, Cause::Target)),
        _ => (Duration::ZERO, Outcome::Delivered),
    };
    let target = Odd::new(how, always);
    target
        .serve(&world, 0, Vec::new(), async |seen| {
            tokio::time::sleep(Duration::from_secs(71 * 3600)).await;
            assert_eq!((seen.borrow().dead_letters, seen.borrow().backlog), (0, 2));
            tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
            assert_eq!((seen.borrow().dead_letters, seen.borrow().delivered), (1, 1));
        })
        .await;
    let reason = world.state.lock().unwrap().letters[&1].reason.clone();
    assert_eq!(reason, "it answers 401, and was not taken for 3days");
}
