//! `GET /messages`: the durable log. What is done to messages has files of its own.

pub mod acts;
pub mod forward;

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::domain::address::{ChatId, Server};
use crate::domain::log::{self, Direction, LogQuery, Span};
use crate::domain::message::MessageId;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::{flag, given, parameters};
use crate::http::wire::messages::{LoggedMessage, Messages, OneMessage, Receipt};
use crate::http::wire::requests;

/// Entries in one answer, unless `limit` says fewer or more.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1000;

const PARAMETERS: [&str; 6] = ["direction", "chat", "cliente_id", "after", "before", "limit"];

/// The durable log, oldest first
///
/// Without `after` and `before` it begins with the oldest message. `before=latest` gives the newest messages, and `previous`
/// leads back from there. Both parameters at once are refused.
#[utoipa::path(
    get,
    path = "/messages",
    operation_id = "messages",
    tag = "messages",
    params(
        ("direction" = inline(Option<requests::Ways>), Query, description = "`all` where it is not given."),
        ("chat" = inline(Option<requests::RecipientText>), Query, description = "A chat id, or a phone number."),
        ("cliente_id" = Option<String>, Query, description = "Those sent through `/send` for this client."),
        ("after" = Option<String>, Query, pattern = "^[0-9]{1,19}$", description = "The `next` of an earlier answer."),
        ("before" = Option<String>, Query, pattern = "^(latest|[0-9]{1,19})$",
            description = "The `previous` of an earlier answer, or `latest`: the messages before it, oldest first."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
    ),
    responses((status = 200, body = Messages)),
    extensions(("x-errors" = json!(["INVALID_PARAMETER", "CONTRADICTION", "STORE_UNAVAILABLE"]))),
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let query = parameters(query.as_deref(), &PARAMETERS)?;
    let wanted = LogQuery {
        span: span(&query)?,
        limit: limit(&query)?,
        direction: direction(&query)?,
        chats: chats(&query)?,
        cliente_id: given(&query, "cliente_id").map(str::to_owned),
    };
    let composing = app.composers.place().await;
    let page = app.journal.page(wanted).await?;
    let items = page.items.iter().map(|entry| LoggedMessage::new(entry.cursor, &entry.message)).collect();
    let previous = page.previous.map(|place| place.to_string());
    Ok((composing, Json(Messages { ok: true, items, next: page.next.to_string(), previous })).into_response())
}

/// One message of the log, and what became of it
///
/// With each person's present reaction and vote, the earlier texts of an edited message, and who deleted it for everybody.
/// How far it got is its `ack_history`; `receipts=true` asks WhatsApp Web how far it got with each of its receivers. A message
/// whose send by the Cloud API is not confirmed is found by the `message_id` of its 504: it has cursor 0, because it has no
/// place in the log yet.
#[utoipa::path(
    get,
    path = "/messages/{id}",
    operation_id = "message",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id, such as the `message_id` of `/send`."),
        ("receipts" = Option<bool>, Query, description = "With who has received, read and played it, and when."),
    ),
    responses((status = 200, body = OneMessage)),
    extensions(("x-errors" = json!([
        "MESSAGE_NOT_FOUND", "INVALID_PARAMETER", "CONTRADICTION", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
        "STORE_UNAVAILABLE",
    ]))),
)]
pub async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let with_receipts = flag(&parameters(query.as_deref(), &["receipts"])?, "receipts")?;
    let composing = app.composers.place().await;
    let entry = app.journal.message(MessageId::new(id)).await?.ok_or_else(no_message)?;
    let sum = app.journal.sum(entry.message.id.clone()).await?;
    let mut found = OneMessage::new(entry.cursor, &entry.message, &sum);
    if with_receipts {
        let receipts = app.directory.receipts(&entry.message).await?;
        found.receipts = Some(receipts.map(|people| people.into_iter().map(Receipt::from).collect()));
    }
    Ok((composing, Json(found)).into_response())
}

pub(super) fn no_message() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "MESSAGE_NOT_FOUND", "No message of this id is in the log.")
}

pub(super) fn wrong(name: &str, allowed: &str) -> ApiError {
    ApiError::bad_request("INVALID_PARAMETER", format!("{name} must be {allowed}."))
}

fn span(query: &HashMap<String, String>) -> Result<Span, ApiError> {
    match (given(query, "after"), given(query, "before")) {
        (None, None) => Ok(Span::default()),
        (Some(after), None) => {
            let place = log::place(after).ok_or_else(|| wrong("after", "the `next` of an earlier answer"))?;
            Ok(Span::After(place))
        }
        (None, Some("latest")) => Ok(Span::Before(u64::MAX)),
        (None, Some(before)) => {
            let place =
                log::place(before).ok_or_else(|| wrong("before", "`latest` or the `previous` of an earlier answer"))?;
            Ok(Span::Before(place))
        }
        (Some(_), Some(_)) => Err(ApiError::bad_request(
            "CONTRADICTION",
            "after and before contradict each other: after asks for newer messages, before for older ones; send one of them.",
        )),
    }
}

pub(super) fn limit(query: &HashMap<String, String>) -> Result<usize, ApiError> {
    let Some(limit) = given(query, "limit") else { return Ok(LIMIT) };
    let limit = log::place(limit).and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| wrong("limit", &format!("a whole number, 1 to {LIMIT_MAX}")))
}

fn direction(query: &HashMap<String, String>) -> Result<Option<Direction>, ApiError> {
    match given(query, "direction") {
        None | Some("all") => Ok(None),
        Some("in") => Ok(Some(Direction::In)),
        Some("out") => Ok(Some(Direction::Out)),
        Some(_) => Err(wrong("direction", "in, out or all")),
    }
}

/// A chat id as it is; a number by its digits, in both forms where its country has two: the conversation may be known by
/// either.
fn chats(query: &HashMap<String, String>) -> Result<Vec<String>, ApiError> {
    let Some(chat) = given(query, "chat") else { return Ok(Vec::new()) };
    let id =
        ChatId::parse_recipient(chat).map_err(|error| wrong("chat", &format!("a number or chat id; it {error}")))?;
    if id.server() != Server::Phone {
        return Ok(vec![id.to_string()]);
    }
    let forms = [Some(id.clone()), id.second_form()].into_iter().flatten();
    Ok(forms.flat_map(|form| [form.to_string(), form.user().to_owned()]).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    fn query(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn parameters_are_read_or_named() {
        assert_eq!(span(&query(&[("after", "7")])).ok(), Some(Span::After(7)));
        assert_eq!(span(&query(&[("before", "7")])).ok(), Some(Span::Before(7)));
        assert_eq!(span(&query(&[("before", "latest")])).ok(), Some(Span::Before(u64::MAX)));
        assert_eq!(span(&query(&[])).ok(), Some(Span::After(0)));
        assert!(span(&query(&[("after", "7"), ("before", "9")])).is_err());
        let both = ["5491122334455@c.us", "5491122334455", "541122334455@c.us", "541122334455"].map(str::to_owned);
        assert_eq!(chats(&query(&[("chat", "+54 9 11 2233-4455")])).ok(), Some(both.to_vec()));
        for (name, value) in [
            ("after", "x"),
            ("after", "-1"),
            ("before", "newest"),
            ("limit", "0"),
            ("limit", "1001"),
            ("direction", "up"),
            ("chat", "a"),
        ] {
            let query = query(&[(name, value)]);
            let wrong =
                span(&query).is_err() || limit(&query).is_err() || direction(&query).is_err() || chats(&query).is_err();
            assert!(wrong, "{name}={value}");
        }
    }

    #[test]
    fn an_empty_value_is_as_if_it_were_not_given() {
        let empty = query(&[("after", ""), ("before", ""), ("limit", ""), ("direction", ""), ("chat", "")]);
        assert_eq!((span(&empty).ok(), limit(&empty).ok()), (Some(Span::After(0)), Some(LIMIT)));
        assert_eq!((direction(&empty).ok(), chats(&empty).ok()), (Some(None), Some(Vec::new())));
    }

    const NAMES: [&str; 5] = ["direction", "chat", "after", "before", "limit"];
    static ALLOWED: LazyLock<[Allowed; 5]> = LazyLock::new(|| NAMES.map(|name| Allowed::parameter("/messages", name)));

    proptest! {
        #[test]
        fn the_document_allows_what_is_read(
            text in prop_oneof![
                "in|out|all|In|latest|Latest|", "[0-9]{0,22}", "[ +()0-9-]{0,24}", "[ 0-9-]{0,34}@(c\\.us|lid|g\\.us|x) ?", "\\PC{0,9}",
            ],
        ) {
            for (name, allowed) in NAMES.iter().zip(&*ALLOWED) {
                let query = query(&[(name, &text)]);
                let is_read = match *name {
                    "direction" => direction(&query).is_ok(),
                    "chat" => chats(&query).is_ok(),
                    "after" | "before" => span(&query).is_ok(),
                    _ => limit(&query).is_ok(),
                };
                prop_assert_eq!(allowed.holds_text(&text), is_read, "{}", name);
            }
        }
    }
}
