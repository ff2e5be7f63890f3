#![allow(clippy::unwrap_used)]

use std::future::pending;

use proptest::prelude::*;

use super::*;

const LOCAL: &str = "127.0.0.1";

/// A connection and its task.
struct Opened {
    connection: Connection,
    task: AbortHandle,
}

impl Opened {
    fn is_closed(&self) -> bool {
        !self.connection.shared.open().entries.contains_key(&self.connection.id)
    }
}

fn connections(limit: usize, per_network: usize) -> Connections {
    Connections::new(Limits { connections: limit, per_network })
}

async fn try_open(connections: &Connections, peer: &str) -> Option<Opened> {
    let mut opened = None;
    let start = |connection| {
        let task = tokio::spawn(pending::<()>()).abort_handle();
        opened = Some(Opened { connection, task: task.clone() });
        task
    };
    connections.admit(peer.parse().unwrap(), start).await;
    opened
}

async fn open(connections: &Connections) -> Opened {
    try_open(connections, LOCAL).await.unwrap()
}

async fn seconds(n: u64) {
    tokio::time::advance(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn the_slowest_goes_first_then_the_longest_idle_and_a_busy_one_never() {
    let connections = connections(4, 4);
    let idle = open(&connections).await;
    assert!(idle.connection.begin());
    idle.connection.answered();
    let slow = open(&connections).await;
    let busy = open(&connections).await;
    assert!(busy.connection.begin());
    seconds(2).await;
    let half = open(&connections).await;
    assert!(half.connection.begin());
    half.connection.body_is_awaited();
    seconds(1).await;

    let first = open(&connections).await;
    assert!(slow.is_closed() && !idle.is_closed() && !half.is_closed(), "it waits for the longest time");
    tokio::task::yield_now().await;
    assert!(slow.task.is_finished());
    let second = open(&connections).await;
    assert!(half.is_closed() && !idle.is_closed(), "one that has shown that it is quick goes after the slow ones");
    let third = open(&connections).await;
    assert!(idle.is_closed() && !first.is_closed() && !second.is_closed(), "nobody is slow within a second");
    let _fourth = open(&connections).await;
    assert!(first.is_closed() && !second.is_closed() && !third.is_closed() && !busy.is_closed());
    assert_eq!(connections.count(), Count { busy: 1, waiting: 3, closed: 4 });
}

#[tokio::test(start_paused = true)]
async fn if_all_are_busy_the_next_one_waits_until_one_is_not() {
    let connections = connections(2, 2);
    let (one, other) = (open(&connections).await, open(&connections).await);
    assert!(one.connection.begin() && other.connection.begin());
    let waiting = open(&connections);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_secs(60), &mut waiting).await.is_err());
    other.connection.stalled(true);
    let third = waiting.await;
    assert!(other.is_closed() && !one.is_closed(), "who does not take an answer is slow");
    assert!(third.connection.begin());
    let waiting = open(&connections);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_secs(60), &mut waiting).await.is_err());
    drop(third);
    waiting.await;
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_on_a_connection_that_is_closed() {
    let connections = connections(1, 1);
    let first = open(&connections).await;
    let second = open(&connections).await;
    assert!(!first.connection.begin());
    first.connection.answered();
    drop(first);
    assert!(second.connection.begin());
    assert_eq!(connections.count(), Count { busy: 1, waiting: 0, closed: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_network_makes_room_of_its_own_and_loopback_has_no_such_limit() {
    let connections = connections(100, 2);
    let local: Vec<_> = [open(&connections).await, open(&connections).await, open(&connections).await].into();
    let neighbour = try_open(&connections, "192.0.2.8").await.unwrap();
    seconds(5).await;
    let first = try_open(&connections, "192.0.2.7").await.unwrap();
    let second = try_open(&connections, "::ffff:192.0.2.7").await.unwrap();
    assert!(first.connection.begin());
    let third = try_open(&connections, "192.0.2.7").await.unwrap();
    assert!(second.is_closed() && !first.is_closed() && !neighbour.is_closed());
    assert!(third.connection.begin());
    assert!(try_open(&connections, "192.0.2.7").await.is_none(), "the service works for both");
    assert!(local.iter().all(|one| !one.is_closed()));
    drop(first);
    assert!(try_open(&connections, "192.0.2.7").await.is_some());
}

#[test]
fn a_64_of_ipv6_is_one_network() {
    let network = |peer: &str| network_of(peer.parse().unwrap());
    assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:1:ffff::2"));
    assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
    assert_eq!((network("127.0.0.9"), network("::1"), network("::ffff:127.0.0.1")), (None, None, None));
}

#[tokio::test(start_paused = true)]
async fn slow_callers_that_hold_memory_are_closed_when_memory_is_wanted() {
    let connections = connections(10, 10);
    let [quick, slow, empty] = [open(&connections).await, open(&connections).await, open(&connections).await];
    for one in [&quick, &slow, &empty] {
        assert!(one.connection.begin());
        one.connection.body_is_awaited();
    }
    slow.connection.holds_memory(true);
    seconds(1).await;
    quick.connection.body_is_read();
    quick.connection.body_is_awaited();
    quick.connection.holds_memory(true);
    connections.close_slow_holders();
    assert!(slow.is_closed() && !quick.is_closed() && !empty.is_closed());
}

#[tokio::test(start_paused = true)]
async fn at_the_stop_those_who_wait_are_closed_and_the_others_are_not() {
    let connections = connections(10, 10);
    let [busy, waiting, late] = [open(&connections).await, open(&connections).await, open(&connections).await];
    assert!(busy.connection.begin());
    seconds(1).await;
    assert!(late.connection.begin());
    late.connection.answered();
    connections.close_waiting(GRACE);
    assert!(waiting.is_closed() && !late.is_closed() && !busy.is_closed());
    connections.close_waiting(Duration::ZERO);
    assert!(late.is_closed() && !busy.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_lack_of_room_is_over_a_minute_after_it_was_noticed_last() {
    let connections = connections(1, 1);
    let _first = open(&connections).await;
    let _second = open(&connections).await;
    let third = open(&connections).await;
    let times = || connections.0.open().shortage.times();
    assert_eq!(times(), 2);
    drop(third);
    seconds(59).await;
    drop(open(&connections).await);
    assert_eq!(times(), 2);
    seconds(1).await;
    drop(open(&connections).await);
    assert_eq!(times(), 0);
}

#[test]
fn the_limit_leaves_descriptors_for_everything_else() {
    let within = |descriptors| Limits::within(descriptors).connections;
    assert_eq!((within(Limits::DESCRIPTORS), within(usize::MAX)), (CONNECTIONS, CONNECTIONS));
    assert_eq!((within(1024), within(256), within(0)), (512, 128, 1));
    assert!(Limits::within(1024).are_reduced() && !Limits::within(Limits::DESCRIPTORS).are_reduced());
}

proptest! {
    /// Whatever happens in whatever order, the sets hold exactly the connections that wait.
    #[test]
    fn the_sets_follow_the_entries(steps in prop::collection::vec((0..6_u8, 0..4_usize), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let connections = connections(3, 2);
            let mut all: Vec<Opened> = Vec::new();
            for (step, which) in steps {
                seconds(1).await;
                let peer = if which % 2 == 0 { "192.0.2.1" } else { LOCAL };
                let found = all.get(which % all.len().max(1));
                match (step, found) {
                    (0, _) => {
                        let opened = tokio::time::timeout(GRACE, try_open(&connections, peer)).await;
                        all.extend(opened.ok().flatten());
                    }
                    (1, Some(one)) => { one.connection.begin(); }
                    (2, Some(one)) => one.connection.body_is_awaited(),
                    (3, Some(one)) => one.connection.stalled(which > 1),
                    (4, Some(one)) => one.connection.answered(),
                    (5, Some(_)) => { all.swap_remove(which % all.len()); }
                    (_, _) => {}
                }
                let open = connections.0.open();
                let waiting = open.entries.values().filter(|entry| entry.wait().is_some()).count();
                let in_networks: usize = open.networks.values().map(|network| network.connections).sum();
                prop_assert_eq!(open.all.slow.len() + open.all.idle.len(), waiting);
                prop_assert!(open.entries.len() <= 3);
                prop_assert_eq!(in_networks, open.entries.values().filter(|entry| entry.network.is_some()).count());
            }
            Ok(())
        })?;
    }
}
