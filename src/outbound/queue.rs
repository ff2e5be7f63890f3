//! The queue in which sends wait: one task owns it and calls each send when its turn has come. `pacing` makes the
//! decisions.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::Rng;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::pacing::{Limits, Pacing, Refusal, Today};
use crate::domain::time::{Clock, Timestamp};
use crate::host::config;
use crate::host::tasks::Tasks;

/// Room for orders to the task; each takes the task a microsecond.
const ORDERS: usize = 64;

type Waiter = oneshot::Sender<Result<Turn, Refusal>>;

enum Order {
    Join {
        latest: Instant,
        tell: Waiter,
    },
    /// A turn was not used, or not completely.
    Back {
        gone: Duration,
        day: u64,
        asked: bool,
    },
}

/// Cheap to clone; the task ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Queue {
    orders: mpsc::Sender<Order>,
    waiting: Arc<AtomicUsize>,
}

/// The right to send one message now. When it is dropped, the unused part of it is given back.
#[derive(Debug)]
pub(super) struct Turn {
    gone: Duration,
    day: u64,
    asked: bool,
    left: bool,
    back: mpsc::WeakSender<Order>,
}

impl Turn {
    /// WhatsApp is asked about the recipient: the token is spent, whatever the answer is.
    pub(super) fn asks(&mut self) {
        self.asked = true;
    }

    /// The message leaves.
    pub(super) fn leaves(&mut self) {
        self.left = true;
    }

    /// Nothing left of it after all, so it does not count for the day.
    pub(super) fn was_refused(&mut self) {
        self.left = false;
    }

    /// The day that the message counts for.
    pub(super) fn day(&self) -> u64 {
        self.day
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.left
            && let Some(back) = self.back.upgrade()
        {
            // If the channel is full, the turn counts as used: that only makes the service slower.
            let _ = back.try_send(Order::Back { gone: self.gone, day: self.day, asked: self.asked });
        }
    }
}

impl Queue {
    pub(super) fn start(settings: &config::Send, today: Today, clock: Arc<dyn Clock>, tasks: &Tasks) -> Self {
        let (orders, received) = mpsc::channel(ORDERS);
        let limits =
            Limits { per_minute: settings.rate_per_minute, per_day: settings.daily_max, in_line: settings.queue_max };
        let task = Task {
            started: Instant::now(),
            pacing: Pacing::new(limits, today),
            pause: settings.pause.clone(),
            clock,
            back: orders.downgrade(),
        };
        tasks.spawn("queue of sends", task.run(received));
        Self { orders, waiting: Arc::default() }
    }

    /// Waits for the turn, which comes by `latest` or is refused at once. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// None if the task has ended.
    pub(super) async fn turn(&self, latest: Instant) -> Result<Turn, Option<Refusal>> {
        let _counted = Counted::new(&self.waiting);
        let (tell, told) = oneshot::channel();
        self.orders.send(Order::Join { latest, tell }).await.map_err(|_| None)?;
        told.await.map_err(|_| None)?.map_err(Some)
    }

    /// How many sends wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The number of the day (UTC) since the epoch.
pub(super) fn day_of(now: Timestamp) -> u64 {
    now.as_millis() / DAY_MS
}

/// The rest of the day.
pub(super) fn until_tomorrow(now: Timestamp) -> Duration {
    Duration::from_millis(DAY_MS - now.as_millis() % DAY_MS)
}

struct Task {
    started: Instant,
    pacing: Pacing<Waiter>,
    pause: RangeInclusive<Duration>,
    clock: Arc<dyn Clock>,
    back: mpsc::WeakSender<Order>,
}

impl Task {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            self.pacing.retain(|waiter| !waiter.is_closed());
            self.serve();
            let next = self.pacing.next_turn().map(|turn| self.started + turn);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
                // The second waiter may have an earlier turn than the first one had.
                () = hung_up(self.pacing.first()), if next.is_some() => {}
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Join { latest, tell } => {
                // A waiter that has just hung up does not count against a newcomer.
                self.pacing.retain(|waiter| !waiter.is_closed());
                let latest = latest.saturating_duration_since(self.started);
                let pause = rand::rng().random_range(self.pause.clone());
                let day = day_of(self.clock.now());
                if let Err((tell, refusal)) = self.pacing.join(tell, pause, self.started.elapsed(), latest, day) {
                    let _ = tell.send(Err(refusal));
                }
            }
            Order::Back { gone, day, asked } => {
                self.pacing.not_sent(day);
                if !asked {
                    self.pacing.give_back(gone);
                }
            }
        }
    }

    fn serve(&mut self) {
        let (gone, day) = (self.started.elapsed(), day_of(self.clock.now()));
        while let Some(waiter) = self.pacing.serve(gone, day) {
            // If the waiter is gone, the turn is dropped and gives itself back.
            let _ = waiter.send(Ok(Turn { gone, day, asked: false, left: false, back: self.back.clone() }));
        }
    }
}

async fn hung_up(waiter: Option<&mut Waiter>) {
    match waiter {
        Some(waiter) => waiter.closed().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::time::SystemClock;
    use crate::host::config::Config;

    fn queue(settings: &[(&str, &str)]) -> Queue {
        let settings: std::collections::BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Queue::start(
            &Config::read(&settings).unwrap().send,
            Today::default(),
            Arc::new(SystemClock),
            &crate::host::tasks::set().0,
        )
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(40)
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_one_pause_after_another() {
        let queue = queue(&[("SEND_PAUSE_MS", "2000")]);
        let began = Instant::now();
        for expected in [0, 2, 4] {
            queue.turn(soon()).await.unwrap().leaves();
            assert_eq!(began.elapsed().as_secs(), expected);
        }
        assert_eq!(queue.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_hangs_up_gives_the_place_back() {
        let queue = queue(&[("SEND_PAUSE_MS", "3000"), ("SEND_QUEUE_MAX", "1")]);
        queue.turn(soon()).await.unwrap().leaves();
        let began = Instant::now();
        let gone = tokio::time::timeout(Duration::from_secs(1), queue.turn(soon())).await;
        assert!(gone.is_err());
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.turn(soon()).await.map(|mut turn| turn.leaves()) }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(queue.waiting(), 1);
        assert!(matches!(queue.turn(soon()).await, Err(Some(Refusal::LineFull(_)))));
        waiting.await.unwrap().unwrap();
        assert_eq!(began.elapsed().as_secs(), 3, "it did not wait for the one who left");
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_was_not_used_slows_nobody_down() {
        let queue = queue(&[("SEND_PAUSE_MS", "0"), ("SEND_RATE_PER_MINUTE", "1"), ("SEND_DAILY_MAX", "1")]);
        drop(queue.turn(soon()).await.unwrap());
        queue.turn(soon()).await.unwrap().leaves();
        assert_eq!(queue.turn(soon()).await.unwrap_err(), Some(Refusal::DayFull));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_hung_up_do_not_count_against_a_newcomer() {
        let queue = queue(&[("SEND_PAUSE_MS", "3000"), ("SEND_QUEUE_MAX", "2")]);
        queue.turn(soon()).await.unwrap().leaves();
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.turn(soon()).await.map(|mut turn| turn.leaves()) }
        });
        tokio::task::yield_now().await;
        let mut second = Box::pin(queue.turn(soon()));
        assert!(futures_util::poll!(&mut second).is_pending());
        tokio::task::yield_now().await;
        // The task does not run between these two lines.
        drop(second);
        assert!(!matches!(queue.turn(soon()).await, Err(Some(Refusal::LineFull(_)))));
        waiting.await.unwrap().unwrap();
    }
}
