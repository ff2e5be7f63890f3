use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const DAY: u64 = 20_000;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn pacing(per_minute: usize, per_day: u32, in_line: usize) -> Pacing<u32> {
    Pacing::new(Limits { per_minute, per_day, in_line }, Today::default())
}

#[test]
fn the_token_after_the_last_comes_a_minute_after_the_first() {
    let mut pacing = pacing(2, 0, 10);
    for (who, at) in [(0, s(1)), (1, s(5))] {
        assert_eq!(pacing.join(who, Duration::ZERO, at, at, DAY), Ok(()));
        assert_eq!(pacing.serve(at, DAY), Some(who));
    }
    assert_eq!(pacing.join(2, Duration::ZERO, s(6), s(40), DAY), Err((2, Refusal::TooLate(s(21)))));
    assert_eq!(pacing.join(3, Duration::ZERO, s(27), s(61), DAY), Ok(()), "after what the refusal said");
    assert_eq!((pacing.serve(s(60), DAY), pacing.serve(s(61), DAY)), (None, Some(3)));
}

#[test]
fn a_full_line_refuses_and_a_place_in_it_can_be_given_up() {
    let mut pacing = pacing(0, 0, 1);
    assert_eq!(pacing.join(0, s(2), s(0), s(9), DAY), Ok(()));
    assert_eq!(pacing.serve(s(0), DAY), Some(0));
    assert_eq!(pacing.join(1, s(2), s(1), s(9), DAY), Ok(()));
    assert_eq!(pacing.join(2, s(2), s(1), s(9), DAY), Err((2, Refusal::LineFull(s(1)))));
    pacing.retain(|who| *who != 1);
    assert_eq!(pacing.join(3, s(2), s(1), s(9), DAY), Ok(()));
    assert_eq!(pacing.next_turn(), Some(s(2)));
}

#[test]
fn a_day_that_is_full_ends_at_midnight_and_what_did_not_leave_does_not_count() {
    let mut pacing = pacing(0, 1, 10);
    let join = |pacing: &mut Pacing<u32>, day| pacing.join(0, Duration::ZERO, s(0), s(9), day).map_err(|e| e.1);
    assert_eq!(join(&mut pacing, DAY), Ok(()));
    assert_eq!(join(&mut pacing, DAY), Err(Refusal::DayFull), "the one in line counts");
    assert_eq!(pacing.serve(s(0), DAY), Some(0));
    assert_eq!(join(&mut pacing, DAY), Err(Refusal::DayFull));
    pacing.not_sent(DAY);
    assert_eq!(join(&mut pacing, DAY), Ok(()));
    assert_eq!(pacing.serve(s(0), DAY), Some(0));
    assert_eq!(join(&mut pacing, DAY - 1), Err(Refusal::DayFull), "a clock set back is no new day");
    assert_eq!(join(&mut pacing, DAY + 1), Ok(()));
}

#[derive(Clone, Debug)]
enum Step {
    Join { pause_ms: u64, budget_ms: u64 },
    HangUp { nth: usize },
    GiveBack,
    Pass { ms: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_000_u64, 0..120_000_u64).prop_map(|(pause_ms, budget_ms)| Step::Join { pause_ms, budget_ms }),
        1 => (0..8_usize).prop_map(|nth| Step::HangUp { nth }),
        1 => Just(Step::GiveBack),
        2 => (0..40_000_u64).prop_map(|ms| Step::Pass { ms }),
    ];
    proptest::collection::vec(step, 1..120)
}

/// Does what the queue's task does: serves in time everyone whose turn comes before `until`.
fn pass(pacing: &mut Pacing<u32>, now: &mut Duration, until: Duration, gone: &mut Vec<(u32, Duration)>) {
    while let Some(turn) = pacing.next_turn().filter(|turn| *turn <= until) {
        *now = turn.max(*now);
        gone.extend(pacing.serve(*now, DAY).map(|who| (who, *now)));
    }
    *now = until;
}

proptest! {
    #[test]
    fn never_faster_than_allowed_and_never_later_than_promised(
        per_minute in 0..6_usize,
        in_line in 1..8_usize,
        steps in steps(),
    ) {
        let mut pacing = pacing(per_minute, 0, in_line);
        let (mut now, mut next, mut gone) = (s(0), 0, Vec::new());
        // The waiters: their pause and the time that was promised.
        let mut promised: BTreeMap<u32, (Duration, Duration)> = BTreeMap::new();
        let (mut left, mut returned) = (Vec::new(), Vec::new());
        for step in steps {
            let until = now;
            pass(&mut pacing, &mut now, until, &mut gone);
            match step {
                Step::Join { pause_ms, budget_ms } => {
                    let (pause, latest) = (Duration::from_millis(pause_ms), now + Duration::from_millis(budget_ms));
                    next += 1;
                    match pacing.join(next, pause, now, latest, DAY) {
                        Ok(()) => drop(promised.insert(next, (pause, latest))),
                        Err((_, Refusal::TooLate(wait) | Refusal::LineFull(wait))) => prop_assert!(!wait.is_zero()),
                        Err((_, Refusal::DayFull)) => prop_assert!(false, "there is no daily cap"),
                    }
                }
                Step::HangUp { nth } => {
                    let waiting = promised.keys().filter(|who| !left.contains(*who) && !gone.iter().any(|(one, _)| one == *who));
                    let Some(who) = waiting.copied().nth(nth) else { continue };
                    pacing.retain(|one| *one != who);
                    left.push(who);
                }
                Step::GiveBack => {
                    let Some((who, at)) = gone.last().copied().filter(|(who, _)| !returned.contains(who)) else { continue };
                    pacing.give_back(at);
                    returned.push(who);
                }
                Step::Pass { ms } => {
                    let until = now + Duration::from_millis(ms);
                    pass(&mut pacing, &mut now, until, &mut gone);
                }
            }
        }
        pass(&mut pacing, &mut now, Duration::from_secs(100_000), &mut gone);

        let order: Vec<_> = gone.iter().map(|(who, _)| *who).collect();
        let expected: Vec<_> = promised.keys().filter(|who| !left.contains(*who)).copied().collect();
        prop_assert_eq!(order, expected, "everyone, in order");
        for (who, at) in &gone {
            prop_assert!(*at <= promised[who].1, "{} was promised {:?} and went {:?}", who, promised[who].1, at);
        }
        let counted: Vec<_> = gone.iter().filter(|(who, _)| !returned.contains(who)).collect();
        for pair in gone.windows(2) {
            prop_assert!(pair[1].1 >= pair[0].1 + promised[&pair[1].0].0, "without its pause");
        }
        if per_minute > 0 {
            for window in counted.windows(per_minute + 1) {
                prop_assert!(window[per_minute].1 >= window[0].1 + MINUTE, "more than {} in a minute", per_minute);
            }
        }
    }
}
