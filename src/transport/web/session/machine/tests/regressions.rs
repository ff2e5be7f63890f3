//! In each of these cases an earlier version got stuck, reported a wrong state, or gave up too early.

use super::*;

/// A linked session that was told to connect and whose page has just arrived.
fn arrived() -> Bench {
    let mut bench = Bench::new(policy(), true);
    bench.give(Input::Connect);
    bench.launched();
    bench
}

#[test]
fn a_server_that_fails_for_a_while_is_not_a_changed_surface() {
    let mut bench = arrived();
    let bare = || PageEvent::Surface(Surface { settled: true, loader: false, missing: vec![] });
    for _ in 0..20 {
        bench.page(PageEvent::Document { status: 503 });
        bench.page(bare());
        assert_eq!(bench.told(), (State::Init, Some(Reason::PageLoadFailed)));
        assert!(bench.wait(60 * S, true).contains(&Effect::Load));
        bench.page(hello());
    }
    // The document arrived without its scripts: the result is the same.
    bench.page(PageEvent::Document { status: 200 });
    bench.page(bare());
    assert_eq!(bench.told(), (State::Init, Some(Reason::PageLoadFailed)));
}

#[test]
fn ready_does_not_outlive_the_page_it_was_said_of() {
    let reloads: [fn(&mut Bench); 2] =
        [|bench| drop(bench.give(Input::ReportsLost)), |bench| drop(bench.page(hello()))];
    for reload in reloads {
        let mut bench = Bench::ready();
        reload(&mut bench);
        assert_eq!(bench.state(), State::Ready, "the page is given its grace");
        bench.wait(6 * S, true);
        assert_eq!(bench.state(), State::Reconnecting);
        bench.page(hello());
        bench.level(SocketState::Connected, true);
        assert_eq!(bench.state(), State::Ready);
    }
}

#[test]
fn ready_does_not_outlive_being_synced_and_heard() {
    for (synced, subscribed) in [(false, true), (true, false)] {
        let mut bench = Bench::ready();
        bench.page(PageEvent::Status(Level { synced, subscribed, ..level(SocketState::Connected, true) }));
        bench.wait(6 * S, true);
        assert_eq!(bench.state(), State::Authenticated, "the line is up, and not all is there");
        assert!(bench.wait(400 * S, true).contains(&Effect::Close), "and it does not stay there");
    }
}

#[test]
fn no_state_on_the_way_is_kept_for_ever() {
    use SocketState::{Opening, Pairing, Unknown, Unlaunched};
    for socket in [Opening, Pairing, Unknown, Unlaunched] {
        for paired in [true, false] {
            let mut bench = Bench::ready();
            bench.browser = false;
            bench.give(Input::BrowserGone { how: String::new() });
            bench.wait(2 * S, true);
            bench.launched();
            bench.level(socket, paired);
            assert!(bench.wait(400 * S, true).contains(&Effect::Close), "{socket:?} {paired}");
        }
    }
}

#[test]
fn going_back_and_forth_is_no_progress() {
    let mut bench = arrived();
    let mut closed = false;
    for turn in 0..10 {
        let socket = if turn % 2 == 0 { SocketState::Opening } else { SocketState::Unknown };
        bench.level(socket, true);
        closed = closed || bench.wait(30 * S, true).contains(&Effect::Close);
    }
    assert!(closed);
    assert_eq!(bench.machine.view().reason, Some(Reason::SyncStalled));
}

#[test]
fn reports_lost_again_right_after_a_reload_are_not_forgotten() {
    let mut bench = Bench::ready();
    assert!(bench.give(Input::ReportsLost).contains(&Effect::Reload));
    bench.page(hello());
    bench.level(SocketState::Connected, true);
    assert!(!bench.give(Input::ReportsLost).contains(&Effect::Reload), "not in a circle");
    assert!(bench.wait(61 * S, true).contains(&Effect::Reload));
}

#[test]
fn a_session_that_never_shows_a_code_runs_out_of_attempts() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    for _ in 0..4 {
        bench.launched().level(SocketState::Unpaired, false);
        bench.wait(125 * S, true);
        if bench.state() != State::Error {
            bench.closed();
            bench.wait(40 * S, true);
        }
    }
    assert_eq!(bench.told(), (State::Error, Some(Reason::SyncStalled)));
}

#[test]
fn a_code_that_nothing_follows_is_taken_off() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("a"));
    bench.wait(119 * S, true);
    assert!(bench.machine.view().code.is_some());
    let effects = bench.wait(70 * S, true);
    assert!(bench.machine.view().code.is_none() && effects.contains(&Effect::RefreshCode));
}

#[test]
fn a_code_that_comes_back_as_it_was_is_no_new_attempt() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("a"));
    bench.page(PageEvent::Code { code: None, source: String::new(), ttl_ms: None });
    assert!(bench.machine.view().code.is_none());
    bench.page(code("a"));
    assert_eq!(bench.machine.view().code.unwrap().attempt, 1);
}

#[test]
fn whoever_types_a_pairing_code_is_not_cut_off_by_the_limit_of_codes() {
    let mut bench = Bench::new(Policy { qr_max_attempts: 1, ..policy() }, false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("a"));
    bench.give(Input::PairingCodeGiven);
    bench.page(code("b"));
    assert_eq!(bench.state(), State::QrRequired);
}
