//! `GET /messages`: the durable log.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::address::ChatId;
use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::message::{Ack, Media, MessageId};
use crate::domain::time::Timestamp;

use super::App;
use super::error::ApiError;

/// Entries in one answer, unless `limit` says fewer or more.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

/// An entry as callers see it: one form for `/messages` and for everything that tells of messages.
#[derive(Serialize)]
struct Item<'a> {
    cursor: String,
    id: &'a MessageId,
    direction: Direction,
    chat_id: &'a str,
    phone: Option<&'a str>,
    author: Option<&'a str>,
    name: Option<&'a str>,
    r#type: &'a str,
    body: &'a str,
    media: Option<&'a Media>,
    quoted_id: Option<&'a str>,
    timestamp: Timestamp,
    received_at: Timestamp,
    recovered: bool,
    ack: Ack,
    ack_history: Vec<Value>,
    edited_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl<'a> Item<'a> {
    fn new(cursor: u64, message: &'a LoggedMessage) -> Self {
        Self {
            cursor: cursor.to_string(),
            id: &message.id,
            direction: message.direction,
            chat_id: &message.chat,
            phone: message.phone.as_deref(),
            author: message.author.as_deref(),
            name: message.name.as_deref(),
            r#type: &message.kind,
            body: message.body.reveal(),
            media: message.media.as_ref(),
            quoted_id: message.quoted.as_deref(),
            timestamp: message.timestamp,
            received_at: message.received_at,
            recovered: message.recovered,
            ack: message.ack,
            ack_history: message.acks.iter().map(|(ack, at)| json!({ "ack": ack, "at": at })).collect(),
            edited_at: message.edited_at,
            revoked_at: message.revoked_at,
        }
    }
}

pub async fn list(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let (after, limit) = (cursor(&query)?, limit(&query)?);
    let page = app.inbound.page(after, limit, direction(&query)?, chat(&query)?).await?;
    let items: Vec<_> = page.items.iter().map(|entry| Item::new(entry.cursor, &entry.message)).collect();
    Ok(Json(json!({ "ok": true, "items": items, "next": page.next.to_string() })))
}

pub async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let entry = app.inbound.message(MessageId::new(id)).await?.ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "MESSAGE_NOT_FOUND", "No message of this id is in the log.")
    })?;
    let mut answer = json!(Item::new(entry.cursor, &entry.message));
    answer["ok"] = json!(true);
    Ok(Json(answer))
}

fn wrong(name: &str, allowed: &str) -> ApiError {
    ApiError::bad_request("INVALID_PARAMETER", format!("{name} must be {allowed}."))
}

fn cursor(query: &HashMap<String, String>) -> Result<u64, ApiError> {
    let Some(after) = query.get("after").filter(|after| !after.is_empty()) else { return Ok(0) };
    after.parse().map_err(|_| wrong("after", "the `next` of an earlier answer"))
}

fn limit(query: &HashMap<String, String>) -> Result<usize, ApiError> {
    let Some(limit) = query.get("limit") else { return Ok(LIMIT) };
    let limit = limit.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| wrong("limit", &format!("a whole number, 1 to {LIMIT_MAX}")))
}

fn direction(query: &HashMap<String, String>) -> Result<Option<Direction>, ApiError> {
    match query.get("direction").map(String::as_str) {
        None | Some("all") => Ok(None),
        Some("in") => Ok(Some(Direction::In)),
        Some("out") => Ok(Some(Direction::Out)),
        Some(_) => Err(wrong("direction", "in, out or all")),
    }
}

/// A chat id as it is, a number by its digits.
fn chat(query: &HashMap<String, String>) -> Result<Option<String>, ApiError> {
    let Some(chat) = query.get("chat") else { return Ok(None) };
    let id =
        ChatId::parse_recipient(chat).map_err(|error| wrong("chat", &format!("a number or chat id; it {error}")))?;
    Ok(Some(if chat.contains('@') { id.to_string() } else { id.user().to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn parameters_are_read_or_named() {
        assert_eq!(cursor(&query(&[("after", "7")])).ok(), Some(7));
        assert_eq!(cursor(&query(&[])).ok(), Some(0));
        assert_eq!(chat(&query(&[("chat", "+54 9 11 2233-4455")])).ok().flatten().as_deref(), Some("5491122334455"));
        for (name, value) in
            [("after", "x"), ("after", "-1"), ("limit", "0"), ("limit", "1001"), ("direction", "up"), ("chat", "a")]
        {
            let query = query(&[(name, value)]);
            let wrong = cursor(&query).is_err()
                || limit(&query).is_err()
                || direction(&query).is_err()
                || chat(&query).is_err();
            assert!(wrong, "{name}={value}");
        }
    }
}
