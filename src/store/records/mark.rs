//! The facts about the log that are more than a number: table `marks`.

use serde::{Deserialize, Serialize};

use crate::domain::message::MessageId;
use crate::store::marks::{Place, Relink};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredPlace {
    device: Option<String>,
    row: Option<(u64, String)>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredRelink {
    device: String,
    since: u64,
    until: u64,
}

impl From<Place> for StoredPlace {
    fn from(place: Place) -> Self {
        let Place { device, row } = place;
        Self { device, row: row.map(|(row, id)| (row, id.into_string())) }
    }
}

impl From<StoredPlace> for Place {
    fn from(stored: StoredPlace) -> Self {
        let StoredPlace { device, row } = stored;
        Self { device, row: row.map(|(row, id)| (row, MessageId::new(id))) }
    }
}

impl From<Relink> for StoredRelink {
    fn from(relink: Relink) -> Self {
        let Relink { device, since, until } = relink;
        Self { device, since, until }
    }
}

impl From<StoredRelink> for Relink {
    fn from(stored: StoredRelink) -> Self {
        let StoredRelink { device, since, until } = stored;
        Self { device, since, until }
    }
}
