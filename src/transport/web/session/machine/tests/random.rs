//! Any sequence of events, in any order and at any time, keeps the rules.

use proptest::prelude::*;

use super::*;

/// Any event that can happen. The bench checks the rules after every step.
fn anything() -> impl Strategy<Value = u8> {
    0..41u8
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_sequence_of_events_breaks_the_rules(steps in proptest::collection::vec((anything(), 0..400u64), 1..80), linked: bool) {
        use SocketState::{Connected, Opening, Pairing, ProxyBlock, Unknown, Unlaunched, Unpaired, UnpairedIdle};
        let mut bench = Bench::new(Policy { memory_max: Some(1), ..policy() }, linked);
        let mut starting = false;
        for (step, seconds) in steps {
            let running = bench.browser && !starting;
            match step {
                0..=2 => drop(bench.give(Input::Connect)),
                3 => drop(bench.give(Input::Disconnect(Reason::Operator))),
                4..=6 if starting => drop(bench.give(Input::Launched)),
                7 if starting => {
                    bench.browser = false;
                    bench.give(Input::LaunchFailed { reason: Reason::BrowserLaunchFailed, detail: String::new() });
                }
                8 if starting => {
                    bench.browser = false;
                    bench.give(Input::LaunchFailed { reason: Reason::NoDisplay, detail: String::new() });
                }
                // The two ends of a browser: requested, or not.
                9 | 10 if running && bench.done.last() == Some(&Effect::Close) => bench.closed(),
                9 if running && bench.machine.live().is_some() => {
                    bench.browser = false;
                    bench.give(Input::BrowserGone { how: String::new() });
                }
                11 if running => drop(bench.give(Input::PageCrashed)),
                12 if running => drop(bench.give(Input::LoadFailed { why: None })),
                13 if running => drop(bench.give(Input::Beat { answered: false })),
                14 if running => drop(bench.page(logout())),
                15 if running => drop(bench.page(hello())),
                16 if running => drop(bench.page(code("x"))),
                17 if running => drop(bench.give(Input::ReportsLost)),
                18 if running => drop(bench.give(Input::PairingCodeGiven)),
                19..=25 if running => {
                    let sockets = [Connected, Opening, Unpaired, UnpairedIdle, Pairing, Unlaunched, Unknown, ProxyBlock];
                    let socket = sockets[usize::try_from(seconds).unwrap() % sockets.len()];
                    let stream = if seconds % 5 == 0 { StreamState::Disconnected } else { StreamState::Connected };
                    let (comms, mutex) = (Some(seconds % 11 != 0), Some(seconds % 13 != 0));
                    let caught_up = seconds % 7 != 0;
                    let level = level(socket, seconds % 3 != 0);
                    bench.page(PageEvent::Status(Level { stream, comms, mutex, caught_up, ..level }));
                }
                26 if running => drop(bench.page(PageEvent::Leaving {})),
                27 if running => drop(bench.page(PageEvent::Outdated {})),
                28 if running => drop(bench.page(PageEvent::Unavailable {})),
                29 if running => drop(bench.page(ban(seconds % 2 == 0, Some(seconds)))),
                30 if running => drop(bench.page(ban(true, None))),
                31 if running => drop(bench.give(Input::LoopEnded)),
                32 if running => drop(bench.give(Input::SendsUnconfirmed)),
                33 if running => drop(bench.page(progress(seconds))),
                34 if running => drop(bench.page(after_logout(i64::try_from(seconds % 5).ok()))),
                35 if running => drop(bench.page(PageEvent::Pairing { event: PairingEvent::Refresh })),
                36 => drop(bench.give(Input::ProfileLooked(None))),
                37 => drop(bench.give(Input::ProfileLooked(Some(String::new())))),
                38 if starting => {
                    bench.browser = false;
                    bench.give(Input::ProfileUnusable(String::new()));
                }
                39 => drop(bench.give(Input::MemoryMeasured { bytes: seconds, quiet: true })),
                40 => {
                    let before = bench.done.len();
                    bench.give(Input::MemoryMeasured { bytes: u64::MAX, quiet: false });
                    prop_assert_eq!(bench.done.len(), before, "something is under way");
                }
                _ => {}
            }
            bench.wait(Duration::from_secs(seconds), seconds % 2 == 0);
            if matches!(bench.machine.phase, Phase::Closing { .. }) {
                bench.closed();
            }
            starting = matches!(bench.machine.phase, Phase::Launching);
            prop_assert!(!bench.machine.is_at_rest() || !bench.browser);
        }
    }
}
