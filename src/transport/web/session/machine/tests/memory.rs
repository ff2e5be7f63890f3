//! The planned restart of a browser that uses too much memory.

use proptest::prelude::*;

use super::*;

const MAX: u64 = 500 << 20;

fn bench() -> Bench {
    let mut bench = Bench::new(Policy { memory_max: Some(MAX), ..policy() }, true);
    bench.give(Input::Connect);
    ready(&mut bench);
    bench
}

fn ready(bench: &mut Bench) {
    bench.launched();
    bench.level(SocketState::Connected, true);
    assert_eq!(bench.state(), State::Ready);
}

fn measured(bytes: u64, quiet: bool) -> Input {
    Input::MemoryMeasured { bytes, quiet }
}

/// How often the memory is measured within a span.
fn looks(bench: &mut Bench, span: Duration) -> usize {
    bench.wait(span, true).into_iter().filter(|effect| *effect == Effect::MeasureMemory).count()
}

#[test]
fn a_browser_over_the_limit_is_closed_and_started_again_at_once() {
    let mut bench = bench();
    assert_eq!(looks(&mut bench, 59 * S), 0, "what was missed is being read");
    assert_eq!(looks(&mut bench, S), 1);
    assert_eq!(bench.give(measured(MAX, true)), [], "exactly the limit is allowed");
    assert_eq!(looks(&mut bench, 60 * S), 1);
    let effects = bench.give(measured(MAX + (100 << 20), true));
    assert!(effects.contains(&Effect::Close), "{effects:?}");
    let view = bench.machine.view();
    assert_eq!((view.state, view.reason, view.attempts), (State::Reconnecting, Some(Reason::BrowserRecycled), 0));
    assert!(view.detail.contains("600 MB") && view.detail.contains("500 MB"), "{}", view.detail);
    bench.closed();
    assert!(bench.browser, "started again without a pause");
    ready(&mut bench);
    assert_eq!(bench.machine.view().attempts, 0);
}

#[test]
fn a_moment_in_which_something_is_under_way_is_waited_out() {
    let mut bench = bench();
    bench.wait(60 * S, true);
    for _ in 0..20 {
        assert_eq!(bench.give(measured(2 * MAX, false)), []);
        assert_eq!(looks(&mut bench, 10 * S), 1, "a quiet moment is looked for often");
    }
    assert!(bench.give(measured(2 * MAX, true)).contains(&Effect::Close));
}

#[test]
fn a_connection_that_was_just_lost_is_left_to_its_own_recovery() {
    let mut bench = bench();
    bench.level(SocketState::Opening, true);
    assert_eq!(bench.give(measured(2 * MAX, true)), []);
    assert_eq!(bench.state(), State::Ready);
}

#[test]
fn without_a_limit_nothing_is_measured() {
    let mut bench = Bench::ready();
    assert_eq!(looks(&mut bench, 3600 * S), 0);
    assert_eq!(bench.give(measured(u64::MAX, true)), []);
}

proptest! {
    /// Whatever is measured and whenever: only a quiet, READY session over its limit loses its browser, and at most
    /// once in ten minutes.
    #[test]
    fn a_restart_is_rare_and_never_in_the_way(steps in proptest::collection::vec((0..2000u64, any::<bool>(), 1..400u64), 1..60)) {
        let mut bench = bench();
        let mut last: Option<Duration> = None;
        for (megabytes, quiet, seconds) in steps {
            bench.wait(Duration::from_secs(seconds), true);
            let effects = bench.give(measured(megabytes << 20, quiet));
            let is_due = quiet && megabytes > 500 && last.is_none_or(|at| bench.mono >= at + 600 * S);
            prop_assert_eq!(effects.contains(&Effect::Close), is_due, "{:?}", effects);
            if is_due {
                last = Some(bench.mono);
                bench.closed();
                ready(&mut bench);
            }
        }
    }
}
