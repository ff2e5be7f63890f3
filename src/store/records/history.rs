//! The earlier texts of a message, and its deletion.

use serde::{Deserialize, Serialize};

use super::notice::StoredPerson;
use super::values::StoredTime;
use crate::domain::history::{Revocation, Version};
use crate::domain::secret::Secret;

#[derive(Serialize, Deserialize)]
pub(super) struct StoredVersion {
    body: String,
    edited_ms: Option<u64>,
    at: StoredTime,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredRevocation {
    by_admin: bool,
    by: Option<StoredPerson>,
    at: Option<StoredTime>,
}

impl From<Version> for StoredVersion {
    fn from(version: Version) -> Self {
        let Version { body, edited_ms, at } = version;
        Self { body: body.into_revealed(), edited_ms, at: at.into() }
    }
}

impl From<StoredVersion> for Version {
    fn from(stored: StoredVersion) -> Self {
        let StoredVersion { body, edited_ms, at } = stored;
        Self { body: Secret::new(body), edited_ms, at: at.into() }
    }
}

impl From<Revocation> for StoredRevocation {
    fn from(revocation: Revocation) -> Self {
        let Revocation { by_admin, by, at } = revocation;
        Self { by_admin, by: by.map(StoredPerson::from), at: at.map(StoredTime::from) }
    }
}

impl From<StoredRevocation> for Revocation {
    fn from(stored: StoredRevocation) -> Self {
        let StoredRevocation { by_admin, by, at } = stored;
        Self { by_admin, by: by.map(Into::into), at: at.map(Into::into) }
    }
}
