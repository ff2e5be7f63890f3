//! Those who want no further messages.

use serde::Serialize;
use utoipa::ToSchema;

use super::Timestamp;
use crate::domain::opt_out;

#[derive(Serialize, ToSchema)]
pub struct OptOuts {
    pub ok: bool,
    pub items: Vec<OptOut>,
    /// To be handed back as `after`; null at the end of the list.
    pub next: Option<String>,
}

/// Somebody who asked for no further messages.
#[derive(Serialize, ToSchema)]
pub struct OptOut {
    /// The phone digits where they are known, else the id of the chat.
    pub id: String,
    pub at: Timestamp,
}

impl From<opt_out::OptOut> for OptOut {
    fn from(opt_out: opt_out::OptOut) -> Self {
        let opt_out::OptOut { id, at } = opt_out;
        Self { id, at: at.into() }
    }
}

/// Somebody is written to again.
#[derive(Serialize, ToSchema)]
pub struct TakenBack {
    pub ok: bool,
    pub success: bool,
    /// As it was asked for.
    pub id: String,
}
