//! What is known of a message that this service sends: table `origins`, and a part of the message in the log.

use serde::{Deserialize, Serialize};

use crate::domain::log::Origin;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredOrigin {
    cliente_id: Option<String>,
}

impl From<Origin> for StoredOrigin {
    fn from(origin: Origin) -> Self {
        let Origin { cliente_id } = origin;
        Self { cliente_id }
    }
}

impl From<StoredOrigin> for Origin {
    fn from(stored: StoredOrigin) -> Self {
        let StoredOrigin { cliente_id } = stored;
        Self { cliente_id }
    }
}
