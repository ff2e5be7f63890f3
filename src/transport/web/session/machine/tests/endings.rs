//! A login that is refused, used elsewhere, or ended; and a connection that only seems to be up.

use super::*;

fn status(level: Level) -> PageEvent {
    PageEvent::Status(level)
}

/// The connection is lost, and each attempt of the page to reconnect is refused after a moment of being connected.
fn refused_once(bench: &mut Bench, why: PageEvent) {
    let lost = Level { synced: true, caught_up: true, ..level(SocketState::Opening, true) };
    bench.page(status(lost.clone()));
    bench.wait(S, true);
    bench.page(status(level(SocketState::Connected, true)));
    bench.page(why);
    bench.wait(S / 5, true);
    bench.page(status(lost));
}

#[test]
fn a_line_that_shows_for_a_moment_is_not_believed() {
    let mut bench = Bench::new(policy(), true);
    bench.give(Input::Connect);
    bench.launched();
    bench.page(status(level(SocketState::Connected, true)));
    bench.wait(S, true);
    assert_eq!(bench.state(), State::Authenticated);
    bench.wait(S, true);
    assert_eq!(bench.state(), State::Ready);
    assert!(bench.machine.view().line_up);
    bench.page(status(Level { stream: StreamState::Disconnected, ..level(SocketState::Connected, true) }));
    assert!(bench.state() == State::Ready && !bench.machine.view().line_up, "no sends at once, the state has a grace");
    bench.page(status(level(SocketState::Connected, true)));
    assert!(!bench.machine.view().line_up, "nor before the line has held again");
    bench.wait(2 * S, true);
    assert!(bench.machine.view().line_up);
}

#[test]
fn a_login_that_is_refused_again_and_again_is_not_ready_and_says_why() {
    let mut bench = Bench::ready();
    for _ in 0..20 {
        refused_once(&mut bench, PageEvent::Unavailable {});
        assert_eq!(bench.told(), (State::Reconnecting, Some(Reason::ServiceUnavailable)));
        let effects = bench.wait(40 * S, true);
        assert!(!effects.iter().any(|e| matches!(e, Effect::Reload | Effect::Close)), "the page tries by itself");
    }
    bench.level(SocketState::Connected, true);
    assert_eq!(bench.told(), (State::Ready, None));
}

#[test]
fn a_ban_is_waited_out_and_then_tried_by_itself() {
    let mut bench = Bench::ready();
    refused_once(&mut bench, ban(true, Some(3600)));
    let view = bench.machine.view();
    assert_eq!((view.state, view.reason), (State::Error, Some(Reason::AccountBlocked)));
    assert_eq!(view.ban.and_then(|ban| ban.code), Some(101));
    assert!(view.detail.contains("101"), "{}", view.detail);
    bench.closed();
    assert!(!bench.wait(3500 * S, true).contains(&Effect::Launch));
    assert!(bench.wait(200 * S, true).contains(&Effect::Launch));
    bench.launched();
    bench.level(SocketState::Connected, true);
    bench.page(ban(false, None));
    assert!(bench.machine.view().ban.is_none() && bench.state() == State::Ready);
}

#[test]
fn a_page_too_old_loads_itself_again_only_so_often() {
    let mut bench = Bench::ready();
    for _ in 0..4 {
        for _ in 0..5 {
            refused_once(&mut bench, PageEvent::Outdated {});
            assert_ne!(bench.state(), State::Ready);
            assert_eq!(bench.machine.view().reason, Some(Reason::VersionDeprecated));
            bench.page(hello());
        }
        bench.closed();
        if bench.state() != State::Error {
            bench.wait(40 * S, true);
            bench.launched();
        }
    }
    assert_eq!(bench.told(), (State::Error, Some(Reason::VersionDeprecated)));
    assert!(bench.wait(301 * S, true).contains(&Effect::Launch), "the server may relent");
}

#[test]
fn a_pinned_page_that_is_called_too_old_is_told_with_its_setting() {
    for pinned in [true, false] {
        let mut bench = Bench::new(Policy { pinned, ..policy() }, true);
        bench.give(Input::Connect);
        bench.launched();
        bench.level(SocketState::Opening, true);
        bench.page(PageEvent::Outdated {});
        let view = bench.machine.view();
        assert_eq!((view.reason, view.pinned), (Some(Reason::VersionDeprecated), pinned));
        assert_eq!(view.detail.contains("WHATSAPP_WEB_HTML"), pinned, "{}", view.detail);
    }
}

#[test]
fn a_login_used_elsewhere_is_a_conflict_and_only_the_operator_takes_it_back() {
    let gone = Level { comms: Some(false), stream: StreamState::Disconnected, ..level(SocketState::Connected, true) };
    let mut bench = Bench::ready();
    bench.page(status(gone.clone()));
    bench.wait(19 * S, true);
    assert_eq!(bench.state(), State::Reconnecting, "something may still explain it");
    let effects = bench.wait(2 * S, true);
    assert_eq!(bench.told(), (State::Disconnected, Some(Reason::Conflict)));
    assert!(!effects.contains(&Effect::Reload), "that would take it back");
    bench.closed();
    assert!(!bench.wait(7200 * S, true).contains(&Effect::Launch));
    assert!(bench.give(Input::Connect).contains(&Effect::Launch));

    let mut bench = Bench::ready();
    bench.page(status(gone.clone()));
    bench.wait(300 * S, false);
    assert_eq!(bench.state(), State::Reconnecting, "a network that is down explains it");
    bench.page(status(Level { mutex: Some(false), ..gone }));
    assert_eq!(
        bench.told(),
        (State::Disconnected, Some(Reason::Conflict)),
        "another tab took it, which is known at once"
    );
}

#[test]
fn a_loop_that_has_ended_needs_another_document_unless_the_login_is_used_elsewhere() {
    let lost = Level { synced: true, caught_up: true, ..level(SocketState::Opening, true) };
    let mut bench = Bench::ready();
    bench.page(status(lost.clone()));
    assert!(bench.wait(61 * S, true).contains(&Effect::Reconnect));
    assert!(bench.give(Input::LoopEnded).contains(&Effect::Reload));

    let mut bench = Bench::ready();
    bench.page(status(Level { comms: Some(false), ..lost }));
    assert!(!bench.give(Input::LoopEnded).contains(&Effect::Reload));
}

#[test]
fn an_account_that_was_locked_says_so_in_whatsapps_words() {
    let mut bench = Bench::ready();
    bench.page(logout());
    bench.page(after_logout(Some(3)));
    let view = bench.machine.view();
    assert_eq!((view.state, view.reason), (State::Disconnected, Some(Reason::AccountBlocked)));
    assert!(view.detail.contains("Your account is locked"), "{}", view.detail);
    assert!(bench.level(SocketState::Unpaired, false).contains(&Effect::Close));
}

#[test]
fn a_logout_that_has_begun_is_given_the_time_to_clear_the_storage() {
    let mut bench = Bench::ready();
    bench.page(PageEvent::Leaving {});
    assert_eq!(bench.told(), (State::Disconnected, Some(Reason::LoggedOut)));
    // The page forgets its account before it has deleted its databases.
    bench.page(status(level(SocketState::Connected, false)));
    assert!(!bench.done.contains(&Effect::Close));
    bench.page(PageEvent::Logout { reason: None, told: None });
    bench.page(after_logout(None));
    assert!(bench.level(SocketState::Opening, false).contains(&Effect::Close));
}

#[test]
fn a_first_sync_that_moves_is_no_stall_and_one_that_repeats_itself_is() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("a"));
    let behind = Level { synced: true, caught_up: false, ..level(SocketState::Connected, true) };
    bench.page(status(behind));
    for done in 0..40 {
        bench.page(progress(done));
        bench.wait(30 * S, true);
        assert_eq!(bench.state(), State::Authenticated);
        assert_eq!(bench.machine.view().progress.and_then(|moved| moved.done), Some(done));
    }
    let mut effects = Vec::new();
    for _ in 0..10 {
        bench.page(progress(39));
        effects.extend(bench.wait(30 * S, true));
    }
    assert!(effects.contains(&Effect::Close));
}

#[test]
fn a_backlog_that_the_page_takes_in_after_it_loaded_itself_is_catching_up() {
    let mut bench = Bench::ready();
    bench.level(SocketState::Opening, true);
    bench.wait(10 * S, true);
    assert_eq!(bench.state(), State::Reconnecting);
    bench.page(hello());
    let connected = level(SocketState::Connected, true);
    bench.page(status(Level { stream: StreamState::Disconnected, synced: false, caught_up: false, ..connected }));
    bench.page(progress(1));
    assert_eq!(bench.state(), State::Authenticated);
    assert_eq!(bench.machine.view().progress.and_then(|moved| moved.done), Some(1));
    bench.level(SocketState::Connected, true);
    assert_eq!(bench.state(), State::Ready);
}

#[test]
fn the_page_has_its_own_windows_after_a_link() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(status(Level { synced: false, ..level(SocketState::Connected, true) }));
    assert!(!bench.wait(195 * S, true).contains(&Effect::Close), "it unlinks itself after 180 s");
    assert!(bench.wait(10 * S, true).contains(&Effect::Close));
}

#[test]
fn documents_that_the_page_loads_by_itself_are_no_crash_but_bounded() {
    let mut bench = Bench::ready();
    for _ in 0..3 {
        bench.page(hello());
        bench.page(status(Level { synced: true, caught_up: false, ..level(SocketState::Connected, true) }));
        bench.wait(10 * S, true);
        assert_eq!((bench.state(), bench.machine.view().attempts), (State::Authenticated, 0));
    }
    let mut closed = false;
    for _ in 0..10 {
        closed |= bench.page(hello()).contains(&Effect::Close);
    }
    assert!(closed);
}

#[test]
fn sends_that_nobody_acknowledges_put_the_line_in_doubt() {
    let mut bench = Bench::ready();
    assert!(bench.give(Input::SendsUnconfirmed).contains(&Effect::Reload));
    assert_eq!(bench.told(), (State::Reconnecting, Some(Reason::SendsUnconfirmed)));
}

#[test]
fn another_secret_under_the_same_ref_is_the_same_code() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("ref,a,b,secret,1"));
    bench.page(code("https://wa.me/settings/linked_devices#ref,a,b,other,1"));
    let shown = bench.machine.view().code.unwrap();
    assert!(shown.attempt == 1 && shown.text.reveal().contains("other"));
    bench.page(PageEvent::Code { code: Some(Secret::new("next,a,b,c,1")), source: String::new(), ttl_ms: Some(5000) });
    let shown = bench.machine.view().code.unwrap();
    assert_eq!((shown.attempt, shown.expires_at.as_millis()), (2, 5000));
}
