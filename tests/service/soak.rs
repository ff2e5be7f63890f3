//! Processes are killed with -9 at random moments, again and again. `SOAK_ROUNDS` sets how often (`make soak`), and
//! `SOAK_SEED` which process dies at which moments, as far as a test can choose that.

mod receiving;
mod sending;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::process::Process;
use crate::world::{World, browsers, family};

/// A browser that dies repeatedly is started again after up to 30 s, and Chrome's start takes 10 s on a loaded
/// machine.
const RECOVERY: Duration = Duration::from_secs(90);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

pub fn rounds() -> u64 {
    number("SOAK_ROUNDS", 10)
}

pub fn seed() -> u64 {
    number("SOAK_SEED", 1)
}

/// The process that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Service,
    /// The browser's main process; its other processes notice.
    Browser,
    /// All processes of the browser at once.
    BrowserTree,
    Renderer,
    /// The receiver of webhooks; it comes back after the stream.
    Receiver,
}

/// The service dies as often as its browser in all ways together.
const VICTIMS: [Victim; 7] = [
    Victim::Service,
    Victim::Service,
    Victim::Service,
    Victim::Browser,
    Victim::BrowserTree,
    Victim::Renderer,
    Victim::Receiver,
];

impl Victim {
    /// The processes of a victim; None if there is none at the moment.
    fn pids(self, world: &World, process: &Process) -> Option<Vec<i32>> {
        let browser = || browsers(&world.profile()).first().copied();
        let pids = match self {
            Self::Service => vec![process.pid()],
            Self::Browser => vec![browser()?],
            Self::BrowserTree => family(browser()?, ""),
            Self::Renderer => family(browser()?, "--type=renderer"),
            // The receiver has no process of its own.
            Self::Receiver => return None,
        };
        Some(pids).filter(|pids| !pids.is_empty())
    }

    /// Kills the victim, or the service if the victim does not run; returns what was killed. A dead service is started
    /// again.
    fn dies(self, world: &World, process: &mut Process) -> Death {
        let Some(pids) = self.pids(world, process).filter(|_| self != Self::Service) else {
            let pids = HashSet::from([process.pid()]);
            process.is_replaced(world);
            return Death { victim: Self::Service, pids };
        };
        // This fails if the process has ended meanwhile, which is just as good.
        for pid in &pids {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        Death { victim: self, pids: pids.into_iter().collect() }
    }
}

struct Death {
    victim: Victim,
    pids: HashSet<i32>,
}

impl Death {
    /// Waits until every killed process has a successor, the session is READY and missed messages have been fetched.
    /// If every run of the service ended before that, the log would fall behind for good.
    async fn is_recovered_from(&self, world: &World, process: &mut Process) {
        process.listens();
        let deadline = Instant::now() + RECOVERY;
        loop {
            let status = process.get("/status").await;
            let state = &status["state"];
            // A store that is found damaged at the start would be set aside, which shows here.
            assert!(*state != "READY" || status["can_send_messages"] == true, "{status}: {:#?}", process.warnings());
            let renderers = Victim::Renderer.pids(world, process).unwrap_or_default();
            let has_all = *state == "READY" && status["reconciling"] == false;
            if has_all && !renderers.is_empty() && renderers.iter().all(|pid| !self.pids.contains(pid)) {
                return;
            }
            assert!(Instant::now() < deadline, "{state} after the death of the {:?}", self.victim);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
