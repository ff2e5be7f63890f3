//! What is posted to `WEBHOOK_URLS`.

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::http::wire::Event;

#[derive(OpenApi)]
#[openapi(paths(event))]
struct Hooks;

/// An event, posted to every address of `WEBHOOK_URLS`
///
/// In order for each address, at least once: the same `webhook-id` is the same event. Any 2xx takes it; 400, 413, 415 and
/// 422 make a dead letter at the second try; everything else, silence too, is tried again with growing pauses. Signed by
/// the Standard Webhooks scheme where `WEBHOOK_SECRET` is set. `presence` is not told here.
#[utoipa::path(
    post,
    path = "event",
    operation_id = "event",
    tag = "deliveries",
    params(
        ("webhook-id" = String, Header, description = "The event's `id`."),
        ("webhook-timestamp" = u64, Header, description = "Of this attempt, in seconds since the epoch."),
        ("webhook-signature" = Option<String>, Header,
            description = "`v1,` and the HMAC-SHA256 of `id.timestamp.body`, in base64."),
    ),
    request_body = Event,
    responses((status = "2XX", description = "Taken.")),
)]
#[expect(dead_code, reason = "the receiver's side of a call that this service makes")]
fn event() {}

/// The section `webhooks` of the document.
pub(super) fn described() -> Value {
    json!(Hooks::openapi().paths)
}
