//! The folder of the profile becomes unusable, and is mended.

use super::*;

const WHY: &str = "TOKENS_DIR cannot hold the login, because its disk is full.";

fn unusable() -> Bench {
    let mut bench = Bench::new(policy(), true);
    bench.give(Input::Connect);
    bench.browser = false;
    bench.give(Input::ProfileUnusable(WHY.to_owned()));
    bench
}

fn looked(trouble: Option<&str>) -> Input {
    Input::ProfileLooked(trouble.map(str::to_owned))
}

#[test]
fn a_folder_that_cannot_be_used_is_told_at_once_and_tried_again_once_it_is_mended() {
    let mut bench = unusable();
    let view = bench.machine.view();
    assert_eq!((view.state, view.reason), (State::Error, Some(Reason::BrowserLaunchFailed)));
    assert_eq!((view.detail.as_str(), view.attempts), (WHY, 0));
    let records = |bench: &Bench| bench.done.iter().filter(|effect| matches!(effect, Effect::Record(_))).count();
    let before = records(&bench);
    for _ in 0..200 {
        assert_eq!(bench.wait(5 * S, true), [Effect::LookAtProfile]);
        assert_eq!(bench.give(looked(Some(WHY))), []);
    }
    assert_eq!(records(&bench), before, "nobody is told again of what has not changed");
    assert_eq!(bench.wait(5 * S, true), [Effect::LookAtProfile]);
    assert!(bench.give(looked(None)).contains(&Effect::Launch));
    assert_eq!(bench.state(), State::Init);
}

#[test]
fn while_a_browser_runs_the_trouble_is_told_and_nothing_is_done() {
    let mut bench = Bench::ready();
    let looks = bench.wait(30 * S, true).into_iter().filter(|effect| *effect == Effect::LookAtProfile).count();
    assert_eq!(looks, 1);
    assert_eq!(bench.give(looked(Some(WHY))), []);
    assert_eq!((bench.state(), bench.machine.view().detail.as_str()), (State::Ready, WHY));
    assert!(bench.machine.view().line_up, "messages go on");
    assert!(bench.wait(5 * S, true).contains(&Effect::LookAtProfile), "it is looked at more often now");
    bench.give(looked(None));
    assert_eq!((bench.state(), bench.machine.view().detail.as_str()), (State::Ready, ""));
}

#[test]
fn what_has_another_reason_is_not_tried_because_the_folder_is_mended() {
    let mut bench = unusable();
    bench.give(Input::Disconnect(Reason::Operator));
    assert_eq!(bench.give(looked(None)), []);
    assert_eq!(bench.told(), (State::Disconnected, Some(Reason::Operator)));

    let mut bench = Bench::ready();
    bench.give(looked(Some(WHY)));
    bench.page(ban(true, Some(3600)));
    bench.closed();
    bench.give(looked(None));
    assert_eq!(bench.told(), (State::Error, Some(Reason::AccountBlocked)));
}
