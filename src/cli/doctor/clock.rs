//! The clock: codes, certificates and the times of messages depend on it.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use tokio::process::Command;

use super::Finding;

const CHECK: &str = "clock";
/// systemd answers over D-Bus within milliseconds.
const DEADLINE: Duration = Duration::from_secs(2);
/// 2026-01-01: this program did not exist before, so an earlier clock is wrong.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);
/// Differences up to this are ignored: the host gives whole seconds, and its answer takes some time.
const NOISE_S: u64 = 5;
/// With a larger difference, codes that live 20 s are shown as expired.
const TOLERATED_S: u64 = 20;
const REMEDY: &str = "set it and keep it so: timedatectl set-ntp true";

/// `ahead_ms`: by how much the clock of the page's host is ahead of this machine's.
pub(super) async fn check(ahead_ms: Option<i64>) -> Finding {
    let synchronised = if ahead_ms.is_none() { synchronised().await } else { None };
    judge(SystemTime::now(), ahead_ms, synchronised)
}

fn judge(now: SystemTime, ahead_ms: Option<i64>, synchronised: Option<bool>) -> Finding {
    let shown = humantime::format_rfc3339_seconds(now);
    if now < SystemTime::UNIX_EPOCH + EARLIEST {
        return Finding::failure(CHECK, format!("it says {shown}, which is past"), REMEDY);
    }
    let Some(ahead) = ahead_ms else {
        return match synchronised {
            Some(true) => Finding::ok(CHECK, format!("{shown}, kept by the system")),
            Some(false) => Finding::warning(CHECK, format!("{shown}, and nothing keeps it right"), REMEDY),
            None => Finding::skipped(CHECK, format!("{shown}; there is nothing to compare it with")),
        };
    };
    let off = ahead.unsigned_abs() / 1000;
    let side = if ahead > 0 { "behind" } else { "ahead of" };
    let detail = format!("{shown}, {off} s {side} the page's host");
    if off <= NOISE_S {
        Finding::ok(CHECK, format!("{shown}, as the page's host has it"))
    } else if off <= TOLERATED_S {
        Finding::warning(CHECK, detail, REMEDY)
    } else {
        Finding::failure(CHECK, detail, REMEDY)
    }
}

/// Whether systemd synchronises the clock; None if that cannot be found out.
async fn synchronised() -> Option<bool> {
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let answer = tokio::time::timeout(DEADLINE, command.output()).await.ok()?.ok()?;
    match answer.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn the_clock_is_judged_by_how_far_it_is_off() {
        let now = SystemTime::UNIX_EPOCH + EARLIEST + Duration::from_secs(1);
        let off = |ahead| judge(now, Some(ahead), None).status;
        assert_eq!(
            [off(0), off(-5900), off(6000), off(-20_000)].map(|status| status == Status::Ok),
            [true, true, false, false]
        );
        assert_eq!((off(6000), off(-21_000), off(3_600_000)), (Status::Warning, Status::Failure, Status::Failure));
        assert!(judge(now, Some(60_000), None).detail.contains("60 s behind"));
        let alone = |synchronised| judge(now, None, synchronised).status;
        assert_eq!(
            (alone(Some(true)), alone(Some(false)), alone(None)),
            (Status::Ok, Status::Warning, Status::Skipped)
        );
        assert_eq!(judge(SystemTime::UNIX_EPOCH, None, Some(true)).status, Status::Failure);
    }
}
