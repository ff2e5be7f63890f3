//! Counts the work that needs the running browser, such as a send. A planned restart of the browser waits until there is no
//! such work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the work that is under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<AtomicUsize>);

/// A piece of work that is under way until this is dropped.
#[derive(Debug)]
pub struct Working(Arc<AtomicUsize>);

impl Activity {
    #[must_use]
    pub fn begin(&self) -> Working {
        self.0.fetch_add(1, Ordering::SeqCst);
        Working(Arc::clone(&self.0))
    }

    pub fn is_quiet(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quiet_once_the_last_work_is_over() {
        let activity = Activity::default();
        let (first, second) = (activity.begin(), activity.clone().begin());
        drop(first);
        assert!(!activity.is_quiet());
        drop(second);
        assert!(activity.is_quiet());
    }
}
