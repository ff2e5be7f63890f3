//! The answer to Meta's webhook.

use serde::Serialize;
use utoipa::ToSchema;

/// What Meta told is stored.
#[derive(Serialize, ToSchema)]
#[schema(as = CloudNotificationTaken)]
pub struct Taken {
    pub ok: bool,
}
