//! `/deliveries/dead`: lists dead letters, and has them delivered again.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::delivery::{Replayed, ReplayedAll};
use crate::domain::dead_letter::{self, DeadLetterId};
use crate::domain::event::Event;

use super::messages::{limit, wrong};
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
use crate::http::wire::deliveries::{AllQueued, DeadLetter, DeadLetters, Queued};

/// `Retry-After` in seconds of a replay whose target is busy: as long as an attempt at a target usually takes.
const BUSY: u32 = 15;

/// What targets refused for good
///
/// By target and age.
#[utoipa::path(
    get,
    path = "/deliveries/dead",
    operation_id = "deadLetters",
    tag = "deliveries",
    params(
        ("after" = Option<String>, Query, pattern = r"^[a-z0-9-]+\.[0-9]{1,19}$",
            description = "The `next` of an earlier answer."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
    ),
    responses((status = 200, body = DeadLetters)),
    extensions(("x-errors" = json!(["INVALID_PARAMETER", "CONTRADICTION", "STORE_UNAVAILABLE"]))),
)]
pub async fn dead(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let query = parameters(query.as_deref(), &["after", "limit"])?;
    let composing = app.composers.place().await;
    let after = given(&query, "after");
    let after = after.map(|after| after.parse().map_err(|()| wrong("after", "the `next` of an earlier answer")));
    let letters = app.deliveries.dead(after.transpose()?, limit(&query)?).await?;
    let next = letters.last().map(|(id, _)| id.to_string()).or_else(|| given(&query, "after").map(str::to_owned));
    let mut items = Vec::with_capacity(letters.len());
    for (id, letter) in &letters {
        items.push(item(&app, id, letter).await?);
    }
    Ok((composing, Json(DeadLetters { ok: true, items, next })).into_response())
}

async fn item(app: &App, id: &DeadLetterId, letter: &dead_letter::DeadLetter) -> Result<DeadLetter, ApiError> {
    let event = app.journal.event(letter.event).await?;
    let event = event.as_ref();
    Ok(DeadLetter {
        id: id.to_string(),
        target: id.target.clone(),
        event_id: event.map(Event::id),
        r#type: event.map(Event::kind),
        message_id: event.and_then(Event::message).map(|message| (&message.id).into()),
        reason: letter.reason.clone(),
        attempts: letter.attempts,
        at: letter.at.into(),
        replaying: letter.stage == dead_letter::Stage::Again,
    })
}

/// Have a dead letter tried again
#[utoipa::path(
    post,
    path = "/deliveries/dead/{id}/replay",
    operation_id = "replay",
    tag = "deliveries",
    params(("id" = String, Path, pattern = r"^[a-z0-9-]+\.[0-9]{1,19}$", description = "The `id` of a dead letter.")),
    responses((status = 200, body = Queued)),
    extensions(("x-errors" = json!(["DEAD_LETTER_NOT_FOUND", "TARGET_NOT_CONFIGURED", "DELIVERY_BUSY", "STORE_UNAVAILABLE"]))),
)]
pub async fn replay(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Queued>, ApiError> {
    let unknown =
        || ApiError::new(StatusCode::NOT_FOUND, "DEAD_LETTER_NOT_FOUND", "There is no dead letter of this id.");
    let letter: DeadLetterId = id.parse().map_err(|()| unknown())?;
    match app.deliveries.replay(letter).await? {
        Replayed::OnItsWay => Ok(Json(Queued { ok: true, success: true, id, status: "QUEUED" })),
        Replayed::Unknown => Err(unknown()),
        Replayed::Busy => Err(busy()),
        Replayed::NoTarget => Err(not_configured()),
    }
}

/// Have all dead letters of a target tried again
///
/// In their order. New events are delivered meanwhile.
#[utoipa::path(
    post,
    path = "/deliveries/dead/replay",
    operation_id = "replayAll",
    tag = "deliveries",
    params(("target" = String, Query, pattern = "^[a-z0-9-]+$", description = "The name of a target, as `deliveries` in `GET /status` has it.")),
    responses((status = 200, body = AllQueued)),
    extensions(("x-errors" = json!(["INVALID_PARAMETER", "CONTRADICTION", "TARGET_NOT_CONFIGURED", "DELIVERY_BUSY"]))),
)]
pub async fn replay_all(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Json<AllQueued>, ApiError> {
    let query = parameters(query.as_deref(), &["target"])?;
    let target = given(&query, "target").ok_or_else(|| wrong("target", "the name of a target of deliveries"))?;
    match app.deliveries.replay_all(target).await {
        ReplayedAll::OnTheirWay(count) => {
            Ok(Json(AllQueued { ok: true, success: true, target: target.to_owned(), replaying: count }))
        }
        ReplayedAll::NoTarget => Err(not_configured()),
        ReplayedAll::Busy => Err(busy()),
    }
}

fn busy() -> ApiError {
    let message = "The target is being waited for; try again in a few seconds.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "DELIVERY_BUSY", message).retry_after(BUSY)
}

fn not_configured() -> ApiError {
    let message = "This target is not among the settings: add it and try again.";
    ApiError::new(StatusCode::CONFLICT, "TARGET_NOT_CONFIGURED", message)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static ALLOWED: LazyLock<[Allowed; 2]> = LazyLock::new(|| {
        [("/deliveries/dead", "after"), ("/deliveries/dead/{id}/replay", "id")]
            .map(|(path, name)| Allowed::parameter(path, name))
    });

    proptest! {
        #[test]
        fn the_document_allows_the_ids_that_are_read(text in "[a-z0-9A_.-]{0,9}\\.[0-9]{0,21}|\\PC{1,9}") {
            let is_read = text.parse::<DeadLetterId>().is_ok();
            for allowed in &*ALLOWED {
                prop_assert_eq!(allowed.holds_text(&text), is_read);
            }
        }
    }
}
