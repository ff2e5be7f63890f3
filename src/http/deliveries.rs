//! `/deliveries/dead`: what targets refused for good, seen and tried again.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde_json::{Value, json};

use crate::delivery::Replayed;
use crate::domain::letter::{Letter, LetterId, Stage};

use super::App;
use super::error::ApiError;
use super::messages::{limit, wrong};

/// When a replay that found its target busy is worth another try, in seconds: a target is waited for 15 s at most.
const BUSY: u32 = 15;

pub async fn dead(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let after = query.get("after").filter(|after| !after.is_empty());
    let after = after.map(|after| after.parse().map_err(|()| wrong("after", "the `next` of an earlier answer")));
    let letters = app.deliveries.dead(after.transpose()?, limit(&query)?).await?;
    let next = letters.last().map(|(id, _)| id.to_string()).or_else(|| query.get("after").cloned());
    let mut items = Vec::with_capacity(letters.len());
    for (id, letter) in &letters {
        items.push(item(&app, id, letter).await?);
    }
    Ok(Json(json!({ "ok": true, "items": items, "next": next })))
}

async fn item(app: &App, id: &LetterId, letter: &Letter) -> Result<Value, ApiError> {
    let event = app.inbound.event(letter.event).await?;
    let event = event.as_ref();
    Ok(json!({
        "id": id.to_string(),
        "target": id.target,
        "event_id": event.map(|event| event.id()),
        "type": event.map(|event| event.kind()),
        "message_id": event.and_then(|event| event.message()).map(|message| &message.id),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "at": letter.at,
        "replaying": letter.stage == Stage::Again,
    }))
}

pub async fn replay(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let unknown =
        || ApiError::new(StatusCode::NOT_FOUND, "DEAD_LETTER_NOT_FOUND", "There is no dead letter of this id.");
    let letter: LetterId = id.parse().map_err(|()| unknown())?;
    match app.deliveries.replay(letter).await? {
        Replayed::OnItsWay => Ok(Json(json!({ "ok": true, "success": true, "id": id, "status": "QUEUED" }))),
        Replayed::Unknown => Err(unknown()),
        Replayed::Busy => Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "DELIVERY_BUSY",
            "The target of this letter is being waited for; try again in a few seconds.",
        )
        .retry_after(BUSY)),
        Replayed::NoTarget => Err(ApiError::new(
            StatusCode::CONFLICT,
            "TARGET_NOT_CONFIGURED",
            "The target of this letter is not among the settings any more: add it and try again.",
        )),
    }
}
