//! The tasks that the service needs: each runs until the service stops. If a task ends earlier, by a panic or not, the
//! service ends, and its supervisor starts it again.
//!
//! ```text
//! Tasks  spawns a task by name; every module has a clone    Ends  reports each end; its only owner stops the service
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// More than there are tasks, so that the report of an end never waits for room.
const ROOM: usize = 64;

/// Long enough for a busy machine to report a panic after the ends that it caused.
const CAUSE_WITHIN: Duration = Duration::from_secs(1);

/// The end of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub name: String,
    /// The task panicked, or was cancelled.
    pub broken: bool,
}

/// Spawns tasks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tasks {
    ended: mpsc::Sender<End>,
    running: Arc<Mutex<Vec<(String, AbortHandle)>>>,
}

/// Receives the end of each task.
#[derive(Debug)]
pub struct Ends {
    ended: mpsc::Receiver<End>,
    running: Arc<Mutex<Vec<(String, AbortHandle)>>>,
    seen: Vec<End>,
}

pub fn set() -> (Tasks, Ends) {
    let (tell, ended) = mpsc::channel(ROOM);
    let running = Arc::<Mutex<Vec<_>>>::default();
    (Tasks { ended: tell, running: Arc::clone(&running) }, Ends { ended, running, seen: Vec::new() })
}

impl Tasks {
    pub fn spawn(&self, name: impl Into<String>, task: impl Future<Output = ()> + Send + 'static) {
        let name = name.into();
        let running = tokio::spawn(task);
        let abort = running.abort_handle();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push((name.clone(), abort));
        let ended = self.ended.clone();
        // This task only waits and reports: nothing in it can panic.
        tokio::spawn(async move {
            let broken = running.await.is_err();
            // An error means that `Ends` was dropped: the service has stopped, and nobody needs to know of this end.
            let _ = ended.send(End { name, broken }).await;
        });
    }
}

impl Ends {
    /// The next end of a task. Cancel-safe.
    pub async fn next(&mut self) -> End {
        match self.ended.recv().await {
            Some(end) => {
                self.seen.push(end.clone());
                end
            }
            // All spawners are dropped, and the end of every task was reported.
            None => std::future::pending().await,
        }
    }

    /// The next end of a task, or the panic that caused it: a task that breaks closes its channels, so tasks that read
    /// from them end in order and may be reported first.
    pub async fn cause(&mut self) -> End {
        let first = self.next().await;
        let mut cause = first.clone();
        let deadline = Instant::now() + CAUSE_WITHIN;
        while !cause.broken {
            match tokio::time::timeout_at(deadline, self.next()).await {
                Ok(end) => cause = end,
                Err(_) => return first,
            }
        }
        cause
    }

    /// Waits for the ends of the tasks whose names have this prefix. False if a task is late or broken.
    pub async fn until(&mut self, prefix: &str, deadline: Instant) -> bool {
        let names = self.named(prefix);
        let is_over = |seen: &[End]| names.iter().all(|name| seen.iter().any(|end| end.name == *name));
        while !is_over(&self.seen) {
            if tokio::time::timeout_at(deadline, self.next()).await.is_err() {
                return false;
            }
        }
        !self.seen.iter().any(|end| names.contains(&end.name) && end.broken)
    }

    /// Cancels the tasks whose names have this prefix.
    pub fn abort(&self, prefix: &str) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().filter(|(name, _)| name.starts_with(prefix)).for_each(|(_, task)| task.abort());
    }

    /// Whether every task that has ended so far did so in order.
    pub fn in_order(&self) -> bool {
        !self.seen.iter().any(|end| end.broken)
    }

    #[cfg(test)]
    pub fn names(&self) -> Vec<String> {
        self.named("")
    }

    fn named(&self, prefix: &str) -> Vec<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_panic_is_heard_of_by_name_and_is_no_end_in_order() {
        let (tasks, mut ends) = set();
        tasks.spawn("waits", std::future::pending());
        tasks.spawn("breaks", async { panic!("on purpose") });
        assert_eq!(ends.next().await, End { name: "breaks".to_owned(), broken: true });
        assert!(!ends.until("breaks", soon()).await);
        assert!(!ends.until("waits", Instant::now()).await, "it goes on");
        ends.abort("waits");
        assert!(!ends.until("waits", soon()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_named_before_the_ends_that_it_caused() {
        let (tasks, mut ends) = set();
        tasks.spawn("follower", async {});
        tasks.spawn("breaks", async {
            tokio::time::sleep(CAUSE_WITHIN / 2).await;
            panic!("on purpose");
        });
        assert_eq!(ends.cause().await, End { name: "breaks".to_owned(), broken: true });
        tasks.spawn("first", async {});
        tasks.spawn("second", tokio::time::sleep(CAUSE_WITHIN / 2));
        assert_eq!(ends.cause().await, End { name: "first".to_owned(), broken: false }, "none of them broke");
    }

    #[tokio::test]
    async fn ends_in_order_are_waited_for_together() {
        let (tasks, mut ends) = set();
        for name in ["delivery: one", "delivery: two"] {
            tasks.spawn(name, async { tokio::task::yield_now().await });
        }
        assert!(ends.until("delivery", soon()).await);
        assert!(ends.until("delivery", Instant::now()).await, "also when they were heard of before");
        assert!(ends.until("nobody", Instant::now()).await);
    }
}
