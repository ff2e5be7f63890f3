//! The open connections, and which of them the service closes if there is no room for another.
//!
//! ```text
//!            a head was read            the handler wants a body that has not arrived
//!   waiting ────────────────▶ busy ◀──────────────────────────────────────────────────▶ arriving
//!      ▲                       │
//!      └───────────────────────┘ the answer was handed over
//! ```
//!
//! A connection that is waiting or arriving waits for its caller, and so does one whose caller does not take an answer
//! (stalled). Of these the service closes the one that has waited for the longest time. It never closes a connection for
//! which it works: `/events`, `GET /qr?wait` and a send that waits for its turn are not slow callers.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::shortage::Shortage;

/// The most connections. A hub, pages and an operator use a handful; the rest is for slow callers, at 4 to 14 KiB each.
const CONNECTIONS: usize = 12_288;
/// The most connections from one address, except loopback, which all users of this machine share. A reverse proxy needs many.
const PER_NETWORK: usize = 1024;
/// Descriptors that are not for connections: the store, Chrome's pipes, 16 webhooks with 16 requests each.
const RESERVED: usize = 512;
/// A caller counts as slow after this time.
pub const GRACE: Duration = Duration::from_secs(1);

/// How many connections may be open at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connections: usize,
    /// From one IPv4 address, or one /64 of IPv6.
    pub per_network: usize,
}

impl Limits {
    /// The number of descriptors with which [`Self::within`] gives all connections.
    pub const DESCRIPTORS: usize = CONNECTIONS + RESERVED;

    /// As many as fit into the process's limit of descriptors.
    pub fn within(descriptors: usize) -> Self {
        let reserved = RESERVED.min(descriptors / 2);
        Self { connections: CONNECTIONS.min(descriptors - reserved).max(1), per_network: PER_NETWORK }
    }

    pub fn are_reduced(self) -> bool {
        self.connections < CONNECTIONS
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    limits: Limits,
    open: Mutex<Open>,
    /// Notified when a connection ends, or when one becomes slow and could be closed.
    changed: Notify,
}

#[derive(Default)]
struct Open {
    newest: u64,
    entries: HashMap<u64, Entry>,
    all: Waiting,
    networks: HashMap<IpAddr, Network>,
    shortage: Shortage,
    closed: u64,
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Connections for which the service works.
    pub busy: usize,
    /// Connections that wait for their callers.
    pub waiting: usize,
    /// Connections that were closed so far while they waited for their callers.
    pub closed: u64,
}

#[derive(Default)]
struct Network {
    connections: usize,
    waiting: Waiting,
}

struct Entry {
    network: Option<IpAddr>,
    phase: Phase,
    stalled: Option<Instant>,
    has_answered: bool,
    /// A long body or answer of this connection is in memory.
    holds_memory: bool,
    /// None between the admission and the start of the task.
    task: Option<AbortHandle>,
}

#[derive(Clone, Copy)]
enum Phase {
    Waiting(Instant),
    Busy,
    Arriving(Instant),
}

/// Connections that wait for their callers, each kind by the time at which the wait began.
#[derive(Default)]
struct Waiting {
    slow: BTreeSet<(Instant, u64)>,
    /// Those that have answered a request and wait for another one.
    idle: BTreeSet<(Instant, u64)>,
    /// Those of `slow` that hold memory.
    holding: BTreeSet<(Instant, u64)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Slow,
    Idle,
}

impl Waiting {
    fn set(&mut self, kind: Kind) -> &mut BTreeSet<(Instant, u64)> {
        match kind {
            Kind::Slow => &mut self.slow,
            Kind::Idle => &mut self.idle,
        }
    }

    /// The connection to close for another one: the slowest, else the one that has been idle for the longest time.
    fn first(&self, now: Instant) -> Option<u64> {
        let slowest = self.slow.first();
        let is_slow = |(since, _): &&(Instant, u64)| now.saturating_duration_since(*since) >= GRACE;
        slowest.filter(is_slow).or_else(|| self.idle.first()).or(slowest).map(|(_, id)| *id)
    }
}

impl Entry {
    /// What the connection waits for, and since when; None if the service works for it.
    fn wait(&self) -> Option<(Kind, Instant)> {
        match (self.stalled, self.phase) {
            (Some(since), _) | (None, Phase::Arriving(since)) => Some((Kind::Slow, since)),
            (None, Phase::Waiting(since)) if self.has_answered => Some((Kind::Idle, since)),
            (None, Phase::Waiting(since)) => Some((Kind::Slow, since)),
            (None, Phase::Busy) => None,
        }
    }
}

impl Open {
    /// Changes an entry and its places among those that wait. None if the connection was closed.
    fn change(&mut self, id: u64, change: impl FnOnce(&mut Entry)) -> Option<()> {
        let entry = self.entries.get_mut(&id)?;
        let before = (entry.wait(), entry.holds_memory);
        change(entry);
        let (network, after) = (entry.network, (entry.wait(), entry.holds_memory));
        self.move_to(id, network, before, after);
        Some(())
    }

    fn move_to(&mut self, id: u64, network: Option<IpAddr>, before: Rank, after: Rank) {
        let network = network.and_then(|network| self.networks.get_mut(&network));
        for waiting in [Some(&mut self.all), network.map(|network| &mut network.waiting)].into_iter().flatten() {
            if let Some((kind, since)) = before.0 {
                waiting.set(kind).remove(&(since, id));
                waiting.holding.remove(&(since, id));
            }
            if let Some((kind, since)) = after.0 {
                waiting.set(kind).insert((since, id));
                if after.1 && matches!(kind, Kind::Slow) {
                    waiting.holding.insert((since, id));
                }
            }
        }
    }

    fn add(&mut self, network: Option<IpAddr>, now: Instant) -> u64 {
        self.newest += 1;
        let id = self.newest;
        let entry = Entry {
            network,
            phase: Phase::Waiting(now),
            stalled: None,
            has_answered: false,
            holds_memory: false,
            task: None,
        };
        if let Some(network) = network {
            self.networks.entry(network).or_default().connections += 1;
        }
        let wait = entry.wait();
        self.entries.insert(id, entry);
        self.move_to(id, network, (None, false), (wait, false));
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.move_to(id, entry.network, (entry.wait(), entry.holds_memory), (None, false));
        if let Some(network) = entry.network
            && let Some(found) = self.networks.get_mut(&network)
        {
            found.connections -= 1;
            if found.connections == 0 {
                self.networks.remove(&network);
            }
        }
        Some(entry)
    }

    fn close(&mut self, id: u64) {
        self.closed += 1;
        if let Some(task) = self.remove(id).and_then(|entry| entry.task) {
            task.abort();
        }
    }
}

/// What an entry waits for, and whether it holds memory.
type Rank = (Option<(Kind, Instant)>, bool);

impl Connections {
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Shared { limits, open: Mutex::default(), changed: Notify::new() }))
    }

    /// Starts the task of a new connection, once there is room: for that the connection that has kept the service
    /// waiting for the longest time is closed. False if all connections of the caller's network are busy.
    pub async fn admit(&self, peer: IpAddr, start: impl FnOnce(Connection) -> AbortHandle) -> bool {
        let network = network_of(peer);
        loop {
            let changed = self.0.changed.notified();
            match self.try_admit(network) {
                Admission::Admitted(id) => {
                    let task = start(Connection { id, shared: Arc::clone(&self.0) });
                    if self.0.open().change(id, |entry| entry.task = Some(task.clone())).is_none() {
                        task.abort();
                    }
                    return true;
                }
                Admission::Refused => return false,
                Admission::Full => changed.await,
            }
        }
    }

    fn try_admit(&self, network: Option<IpAddr>) -> Admission {
        let now = Instant::now();
        let mut open = self.0.open();
        if let Some(own) = network.and_then(|network| open.networks.get(&network))
            && own.connections >= self.0.limits.per_network
        {
            let Some(id) = own.waiting.first(now) else { return Admission::Refused };
            open.close(id);
        } else if open.entries.len() >= self.0.limits.connections {
            let Some(id) = open.all.first(now) else { return Admission::Full };
            open.close(id);
            open.shortage.begins_or_goes_on(now, "all connections that this process may hold are open");
        } else {
            open.shortage.may_be_over(now);
        }
        Admission::Admitted(open.add(network, now))
    }

    /// Closes the connection that has kept the service waiting for the longest time, if there is one.
    pub fn close_one(&self, why: &'static str) {
        let now = Instant::now();
        let mut open = self.0.open();
        open.shortage.begins_or_goes_on(now, why);
        if let Some(id) = open.all.first(now) {
            open.close(id);
        }
    }

    /// Closes the connections that hold memory and whose callers are slow.
    pub fn close_slow_holders(&self) {
        let now = Instant::now();
        let mut open = self.0.open();
        let ids = longer_than(GRACE, &open.all.holding, now);
        if !ids.is_empty() {
            open.shortage.begins_or_goes_on(now, "there is no memory for another long body or answer");
        }
        ids.into_iter().for_each(|id| open.close(id));
    }

    /// Closes the connections that have waited for their callers for longer than `patience`.
    pub fn close_waiting(&self, patience: Duration) {
        let now = Instant::now();
        let mut open = self.0.open();
        let mut ids = longer_than(patience, &open.all.slow, now);
        ids.extend(longer_than(patience, &open.all.idle, now));
        ids.into_iter().for_each(|id| open.close(id));
    }

    pub fn count(&self) -> Count {
        let open = self.0.open();
        let waiting = open.all.slow.len() + open.all.idle.len();
        Count { busy: open.entries.len() - waiting, waiting, closed: open.closed }
    }
}

fn longer_than(patience: Duration, set: &BTreeSet<(Instant, u64)>, now: Instant) -> Vec<u64> {
    let waits = set.iter().take_while(|(since, _)| now.saturating_duration_since(*since) >= patience);
    waits.map(|(_, id)| *id).collect()
}

enum Admission {
    Admitted(u64),
    Refused,
    Full,
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection. Its entry ends when it is dropped.
pub struct Connection {
    id: u64,
    shared: Arc<Shared>,
}

impl Connection {
    /// A head was read. False if the connection is being closed: then nothing may be begun for it.
    pub fn begin(&self) -> bool {
        self.shared.open().change(self.id, |entry| entry.phase = Phase::Busy).is_some()
    }

    /// The handler waits for the rest of a body.
    pub fn body_is_awaited(&self) {
        self.set(Phase::Arriving(Instant::now()));
    }

    /// The handler has what it wants of the body.
    pub fn body_is_read(&self) {
        self.set(Phase::Busy);
    }

    /// The answer was handed over; another request may come.
    pub fn answered(&self) {
        let now = Instant::now();
        self.change(|entry| {
            entry.has_answered = true;
            entry.phase = Phase::Waiting(now);
        });
    }

    /// Whether the caller keeps the service waiting because it does not take an answer.
    pub fn stalled(&self, is_stalled: bool) {
        let now = Instant::now();
        self.change(|entry| {
            entry.stalled = is_stalled.then_some(now);
            if let Phase::Waiting(since) = &mut entry.phase {
                *since = now;
            }
        });
    }

    pub fn holds_memory(&self, holds: bool) {
        self.change(|entry| entry.holds_memory = holds);
    }

    fn set(&self, phase: Phase) {
        self.change(|entry| entry.phase = phase);
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        self.shared.open().change(self.id, change);
        self.shared.changed.notify_waiters();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.open().remove(self.id);
        self.shared.changed.notify_waiters();
    }
}

/// The network that shares a limit; None for loopback. One machine can have all addresses of a /64 of IPv6.
fn network_of(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        peer if peer.is_loopback() => None,
        IpAddr::V6(peer) => Some(Ipv6Addr::from_bits(peer.to_bits() & !u128::from(u64::MAX)).into()),
        peer => Some(peer),
    }
}

#[cfg(test)]
mod tests;
