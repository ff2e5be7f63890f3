#![allow(clippy::unwrap_used)]

mod bench;
mod endings;
mod memory;
mod profile;
mod random;
mod regressions;

use crate::domain::secret::Secret;
use crate::transport::web::whatsapp::{Level, Missing, PageEvent, PairingEvent, SocketState, StreamState, Surface};

use super::*;
use bench::*;

#[test]
fn a_first_link_goes_through_every_state_in_order() {
    let mut bench = Bench::new(policy(), false);
    assert!(!bench.machine.view().initialized);
    bench.give(Input::Connect);
    bench.launched();
    bench.level(SocketState::Unpaired, false);
    assert_eq!(bench.told(), (State::QrRequired, None));
    assert!(bench.machine.view().code.is_none(), "the page asks for a phone seconds before it has a code");
    bench.page(code("a"));
    bench.page(code("b"));
    let shown = bench.machine.view().code.unwrap();
    assert_eq!((shown.attempt, shown.expires_at.as_millis()), (2, 20_000));
    assert!(bench.level(SocketState::Opening, true).contains(&Effect::RememberLink(true)));
    assert_eq!(bench.state(), State::Authenticated);
    assert!(bench.machine.view().code.is_none());
    bench.level(SocketState::Connected, true);
    assert_eq!(bench.state(), State::Ready);
}

#[test]
fn a_connected_page_that_is_not_synced_or_not_heard_is_not_ready() {
    for (synced, subscribed) in [(false, true), (true, false)] {
        let mut bench = Bench::new(policy(), true);
        bench.give(Input::Connect);
        bench.launched();
        bench.page(PageEvent::Status(Level { synced, subscribed, ..level(SocketState::Connected, true) }));
        assert_eq!(bench.state(), State::Authenticated);
        let effects = bench.wait(140 * S, true);
        assert_eq!(bench.told(), (State::Reconnecting, Some(Reason::SyncStalled)));
        assert!(effects.contains(&Effect::Close));
    }
}

#[test]
fn connecting_again_changes_nothing() {
    let mut bench = Bench::ready();
    assert_eq!(bench.give(Input::Connect), []);
    assert!(bench.machine.view().active);
}

#[test]
fn codes_that_ran_out_are_asked_for_again_until_the_limit() {
    let mut bench = Bench::new(Policy { qr_max_attempts: 2, ..policy() }, false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.page(code("a"));
    assert!(bench.level(SocketState::UnpairedIdle, false).contains(&Effect::RefreshCode));
    bench.page(code("b"));
    assert_eq!(bench.level(SocketState::UnpairedIdle, false).last(), Some(&Effect::Close));
    assert_eq!(bench.told(), (State::Disconnected, Some(Reason::QrNotScanned)));
}

#[test]
fn a_pairing_code_in_use_is_not_ended_by_a_new_series() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    bench.give(Input::PairingCodeGiven);
    assert!(!bench.level(SocketState::UnpairedIdle, false).contains(&Effect::RefreshCode));
    assert!(!bench.wait(179 * S, true).contains(&Effect::RefreshCode));
    assert!(bench.wait(2 * S, true).contains(&Effect::QrAgain));
    assert_eq!(bench.give(Input::PairingCodeDropped), [], "none is in use");
    bench.give(Input::PairingCodeGiven);
    assert!(bench.give(Input::PairingCodeDropped).contains(&Effect::QrAgain));
}

#[test]
fn a_code_that_does_not_come_is_asked_for_and_then_the_browser_is_replaced() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.launched().level(SocketState::Unpaired, false);
    let asked = bench.wait(119 * S, true).into_iter().filter(|effect| *effect == Effect::RefreshCode).count();
    assert_eq!(asked, 3, "every half minute");
    assert!(bench.wait(2 * S, true).contains(&Effect::Close));
    assert_eq!(bench.told(), (State::Init, Some(Reason::SyncStalled)));
}

#[test]
fn a_socket_that_comes_back_within_the_grace_is_nobodys_business() {
    let mut bench = Bench::ready();
    bench.level(SocketState::Opening, true);
    bench.wait(4 * S, true);
    assert_eq!(bench.state(), State::Ready);
    bench.level(SocketState::Connected, true);
    bench.wait(60 * S, true);
    assert_eq!(bench.state(), State::Ready);
}

#[test]
fn a_lost_socket_escalates_with_the_network_up() {
    let mut bench = Bench::ready();
    bench.level(SocketState::Opening, true);
    bench.wait(6 * S, true);
    assert_eq!(bench.told(), (State::Reconnecting, Some(Reason::NetworkLost)));
    let looks = [Effect::Beat, Effect::LookAtProfile];
    let steps = |effects: Vec<Effect>| effects.into_iter().filter(|e| !looks.contains(e)).collect::<Vec<_>>();
    assert_eq!(steps(bench.wait(55 * S, true)), [Effect::Reconnect]);
    assert_eq!(steps(bench.wait(120 * S, true)), [Effect::Reload, Effect::Probe]);
    bench.page(hello());
    bench.level(SocketState::Opening, true);
    assert!(bench.wait(120 * S, true).contains(&Effect::Close));
    assert_eq!(bench.machine.view().attempts, 1);
}

#[test]
fn a_network_that_is_down_is_waited_for_however_long_it_takes() {
    for browser_knows in [true, false] {
        let mut bench = Bench::ready();
        bench.page(PageEvent::Status(Level { online: !browser_knows, ..level(SocketState::Opening, true) }));
        let effects = bench.wait(3600 * S, false);
        assert!(!effects.iter().any(|e| matches!(e, Effect::Reload | Effect::Close | Effect::Launch)), "{effects:?}");
        assert_eq!(bench.state(), State::Reconnecting);
        bench.level(SocketState::Connected, true);
        assert_eq!(bench.state(), State::Ready);
    }
}

#[test]
fn a_page_that_cannot_be_loaded_is_tried_again_for_ever_and_says_why() {
    let mut bench = Bench::new(policy(), false);
    bench.give(Input::Connect);
    bench.give(Input::Launched);
    for tries in 1..10 {
        bench.give(Input::LoadFailed { why: Some("net::ERR_NAME_NOT_RESOLVED".to_owned()) });
        bench.give(Input::LoadFailed { why: None });
        let view = bench.machine.view();
        assert_eq!((view.state, view.reason, view.attempts), (State::Init, Some(Reason::PageLoadFailed), tries));
        assert!(view.detail.contains("ERR_NAME_NOT_RESOLVED"));
        assert!(bench.wait(40 * S, true).contains(&Effect::Load));
    }
}

#[test]
fn a_browser_that_keeps_crashing_ends_in_error_and_is_tried_again_later() {
    let mut bench = Bench::ready();
    for _ in 0..4 {
        bench.browser = false;
        bench.give(Input::BrowserGone { how: "signal 9".to_owned() });
        bench.wait(40 * S, true);
        if bench.state() != State::Error {
            bench.launched();
        }
    }
    assert_eq!(bench.told(), (State::Error, Some(Reason::BrowserCrashed)));
    assert!(bench.wait(300 * S, true).contains(&Effect::Launch));
    assert_eq!((bench.state(), bench.machine.view().attempts), (State::Init, 0));
}

#[test]
fn an_attempt_that_reaches_ready_is_not_a_failed_one_but_their_rate_is_bounded() {
    let mut bench = Bench::ready();
    for n in 0..11 {
        bench.browser = false;
        bench.give(Input::BrowserGone { how: "signal 9".to_owned() });
        if n == 10 {
            break;
        }
        assert_eq!((bench.state(), bench.machine.view().attempts), (State::Reconnecting, 1), "{n}");
        bench.wait(2 * S, true);
        bench.launched();
        bench.level(SocketState::Connected, true);
        assert_eq!((bench.state(), bench.machine.view().attempts), (State::Ready, 0), "{n}");
        bench.wait(20 * S, true);
    }
    let view = bench.machine.view();
    assert_eq!((view.state, view.reason), (State::Error, Some(Reason::BrowserCrashed)));
    assert!(view.detail.contains("10 times in 10 minutes"), "{}", view.detail);
    assert!(bench.wait(301 * S, true).contains(&Effect::Launch), "it is tried again by itself");
}

#[test]
fn a_renderer_that_crashes_again_within_a_minute_gets_a_new_browser() {
    let mut bench = Bench::ready();
    for (pause, is_reloaded) in [(0, true), (30, false), (90, true)] {
        bench.wait(pause * S, true);
        let effects = bench.give(Input::PageCrashed);
        assert_eq!(effects.contains(&Effect::Reload), is_reloaded, "{pause} {effects:?}");
        if is_reloaded {
            bench.page(hello());
        } else {
            bench.closed();
            bench.wait(5 * S, true);
            bench.launched();
        }
        bench.level(SocketState::Connected, true);
        assert_eq!(bench.state(), State::Ready);
    }
}

#[test]
fn a_page_that_crashes_again_gets_a_new_browser() {
    let mut bench = Bench::ready();
    assert!(bench.give(Input::PageCrashed).contains(&Effect::Reload));
    assert!(bench.give(Input::PageCrashed).contains(&Effect::Close));
}

#[test]
fn two_heartbeats_missed_in_a_row_mean_a_hung_page() {
    let mut bench = Bench::ready();
    bench.give(Input::Beat { answered: false });
    bench.give(Input::Beat { answered: true });
    bench.give(Input::Beat { answered: false });
    assert_eq!(bench.state(), State::Ready);
    bench.give(Input::Beat { answered: false });
    assert_eq!(bench.told(), (State::Reconnecting, Some(Reason::PageUnresponsive)));
}

#[test]
fn an_unlinking_by_the_phone_lets_the_page_clear_up_and_then_closes() {
    let mut bench = Bench::ready();
    assert!(bench.page(logout()).contains(&Effect::RememberLink(false)));
    assert_eq!(bench.told(), (State::Disconnected, Some(Reason::LoggedOut)));
    assert!(!bench.done.contains(&Effect::Close));
    bench.page(hello());
    assert!(bench.level(SocketState::Unpaired, false).contains(&Effect::Close));
    bench.closed();
    assert!(bench.machine.is_at_rest());
}

#[test]
fn a_login_unlinked_while_the_service_was_down_asks_for_a_phone_and_says_why() {
    let mut bench = Bench::new(policy(), true);
    bench.give(Input::Connect);
    bench.launched();
    bench.level(SocketState::Opening, true);
    bench.page(logout());
    bench.level(SocketState::Opening, true);
    bench.page(hello());
    bench.level(SocketState::Unpaired, false);
    assert_eq!(bench.told(), (State::QrRequired, Some(Reason::LoggedOut)));
}

#[test]
fn what_needs_a_person_is_looked_at_again_hourly() {
    let surface = Surface {
        settled: true,
        loader: true,
        missing: vec![Missing { name: "socket".into(), breaks: "session".into(), modules: vec!["WAWebX".into()] }],
    };
    let cases = [
        (PageEvent::Refused {}, Reason::BrowserRefused),
        (PageEvent::Surface(surface), Reason::SurfaceChanged),
        (PageEvent::Status(level(SocketState::TosBlock, true)), Reason::AccountBlocked),
        (PageEvent::Status(level(SocketState::ProxyBlock, true)), Reason::ProxyBlocked),
    ];
    for (event, reason) in cases {
        let mut bench = Bench::new(policy(), true);
        bench.give(Input::Connect);
        bench.launched().page(event);
        assert_eq!(bench.told(), (State::Error, Some(reason)));
        bench.closed();
        let hourly = reason != Reason::AccountBlocked;
        assert_eq!(bench.wait(3599 * S, true), []);
        assert_eq!(bench.wait(2 * S, true).contains(&Effect::Launch), hourly, "looked at again in an hour");
        if !hourly {
            bench.give(Input::Connect);
        }
        assert_eq!(bench.state(), State::Init);
    }
}

#[test]
fn a_connect_while_the_browser_closes_or_starts_is_not_lost() {
    let mut bench = Bench::ready();
    bench.give(Input::Disconnect(Reason::Operator));
    bench.give(Input::Connect);
    bench.closed();
    assert!(bench.browser && bench.state() == State::Init);
    assert!(bench.give(Input::Disconnect(Reason::Operator)).contains(&Effect::Close), "called off while it started");
    bench.closed();
    assert!(bench.machine.is_at_rest());
}
