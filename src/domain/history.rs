//! What became of a message: its earlier texts, and who deleted it.

use super::notice::Person;
use super::secret::Secret;
use super::time::Timestamp;

/// The most earlier texts of a message that are kept: WhatsApp accepts edits for 20 minutes.
const VERSIONS_MAX: usize = 20;
/// The most bytes that all earlier texts of a message may have together.
const BYTES_MAX: usize = 128 * 1024;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Oldest first.
    pub versions: Vec<Version>,
    pub revocation: Option<Revocation>,
}

/// A text that an edit replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub body: Secret,
    /// When the sender wrote this text, in milliseconds since the epoch; None of the first text.
    pub edited_ms: Option<u64>,
    /// When the service learned of the edit that replaced it, or of this text if that was later.
    pub at: Timestamp,
}

/// A deletion for everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Revocation {
    /// An admin of the group deleted somebody's message.
    pub by_admin: bool,
    /// Who deleted it, where the page says so.
    pub by: Option<Person>,
    /// By WhatsApp's clock.
    pub at: Option<Timestamp>,
}

impl History {
    /// Keeps a text that is not the present one. Edits arrive in any order.
    pub fn keep(&mut self, version: Version) {
        if self.versions.iter().any(|known| known.edited_ms == version.edited_ms) {
            return;
        }
        let place = self.versions.partition_point(|known| known.edited_ms < version.edited_ms);
        self.versions.insert(place, version);
        let size = |versions: &[Version]| versions.iter().map(|one| one.body.reveal().len()).sum::<usize>();
        while self.versions.len() > VERSIONS_MAX || size(&self.versions) > BYTES_MAX {
            self.versions.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(body: &str, edited_ms: Option<u64>) -> Version {
        Version { body: Secret::new(body), edited_ms, at: Timestamp::from_millis(0) }
    }

    #[test]
    fn texts_are_kept_in_the_order_in_which_they_were_written_and_within_bounds() {
        let mut history = History::default();
        for (body, edited_ms) in [("c", Some(3)), ("a", None), ("b", Some(2)), ("b", Some(2))] {
            history.keep(version(body, edited_ms));
        }
        let bodies: Vec<_> = history.versions.iter().map(|one| one.body.reveal()).collect();
        assert_eq!(bodies, ["a", "b", "c"]);
        let long = "x".repeat(50 * 1024);
        (10..20).for_each(|ms| history.keep(version(&long, Some(ms))));
        assert_eq!(history.versions.len(), 2);
        (100..200).for_each(|ms| history.keep(version("y", Some(ms))));
        assert_eq!(history.versions.len(), VERSIONS_MAX);
    }
}
