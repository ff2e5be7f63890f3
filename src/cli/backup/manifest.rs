//! `manifest.json` of a backup.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
use crate::http::VERSION;

use super::contents::{PROFILE, STORE};

/// Its name in the archive, after everything else.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The version of the archive's format that this program writes and reads.
const FORMAT: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    #[serde(with = "written")]
    pub(crate) made_at: Timestamp,
    /// The version that made it.
    pub(crate) session_manager: String,
    /// The Chrome that last used the profile.
    pub(crate) chrome: Option<String>,
    /// The format of the store in the backup; None if the store was left out.
    pub(crate) store_format: Option<u32>,
    /// Whether a phone was linked.
    pub(crate) linked: bool,
    pub(crate) files: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// In the archive, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// In hexadecimal digits.
    pub(crate) sha256: String,
}

/// A point in time as the manifest has it: ISO-8601 in UTC with milliseconds.
mod written {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Manifest {
    pub(super) fn new(now: SystemTime, linked: bool, chrome: Option<String>, with_store: bool) -> Self {
        Self {
            format: FORMAT,
            made_at: now.into(),
            session_manager: VERSION.to_owned(),
            chrome,
            store_format: with_store.then_some(migrations::CURRENT),
            linked,
            files: Vec::new(),
        }
    }

    /// Why this version cannot restore the backup, if it cannot.
    pub(crate) fn objection(&self) -> Option<String> {
        let made_by = format!(
            "it was made by session-manager {}: restore it with that version or a newer one",
            self.session_manager
        );
        if self.format != FORMAT {
            return Some(format!("its format is {} and this version knows {FORMAT}; {made_by}", self.format));
        }
        let store = self.store_format.filter(|format| *format > migrations::CURRENT)?;
        Some(format!(
            "its store may have format {store} and this version knows up to {}; {made_by}",
            migrations::CURRENT
        ))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether the backup has files of this part.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.files.iter().any(|file| file.path.split('/').next() == Some(part))
    }

    pub(crate) fn described(&self) -> &'static str {
        match (self.has(PROFILE), self.has(STORE), self.linked) {
            (true, true, true) => "the login and the store",
            (true, false, true) => "the login, without the store (messages and idempotency keys)",
            (_, true, false) => "a profile in which no phone was linked, and the store",
            (_, false, false) => "a profile in which no phone was linked, without the store",
            (false, ..) => "no profile",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_made_is_not_guessed_at() {
        let manifest = Manifest::new(SystemTime::now(), true, None, true);
        assert_eq!(manifest.objection(), None);
        let later = Manifest { format: FORMAT + 1, ..manifest.clone() };
        assert!(later.objection().is_some_and(|why| why.contains("session-manager 0.")));
        let store = Manifest { store_format: Some(migrations::CURRENT + 1), ..manifest };
        assert!(store.objection().is_some_and(|why| why.contains("store")));
    }
}
