//! `GET /numbers/{number}`: whether a number is on WhatsApp. Asking too often is what scrapers do.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::domain::address::PhoneNumber;
use crate::domain::state::State as SessionState;
use crate::transport::web::session::SessionError;

use crate::http::App;
use crate::http::docs::requests;
use crate::http::error::ApiError;

/// Nobody knows WhatsApp's own limit; a person checks a few numbers a minute.
const PER_MINUTE: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// When the last minute's numbers were asked for.
#[derive(Debug, Default)]
pub struct Lookups(Mutex<VecDeque<Instant>>);

impl Lookups {
    /// Takes one of the minute's lookups; else how long until the next is free.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        match taken.front() {
            Some(first) if taken.len() >= PER_MINUTE => {
                Err(MINUTE.saturating_sub(now.saturating_duration_since(*first)))
            }
            _ => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Lookup {
    ok: bool,
    /// As it was asked for.
    number: PhoneNumber,
    /// The number that is on WhatsApp: another form of it, where its country has two.
    to: Option<PhoneNumber>,
    /// Whether it is on WhatsApp.
    exists: bool,
    chat_id: Option<String>,
    /// `user@lid`, where WhatsApp tells it.
    lid: Option<String>,
}

/// Whether a number is on WhatsApp
///
/// At most 30 a minute. Where a country has two forms of a number (Argentina, Mexico, Brazil), the second is asked for after
/// WhatsApp denied the first.
#[utoipa::path(
    get,
    path = "/numbers/{number}",
    operation_id = "number",
    tag = "messages",
    params(("number" = inline(requests::NumberText), Path,
        description = "7 to 15 digits with the country, as people write them.")),
    responses((status = 200, body = Lookup)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn number(State(app): State<App>, Path(number): Path<String>) -> Result<Json<Lookup>, ApiError> {
    let number = PhoneNumber::parse(&number)
        .map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("number {error}.")))?;
    let forms = std::iter::once(number.clone()).chain(number.second_form());
    for form in forms {
        let (chat_id, lid) = look_up(&app, &form).await?;
        if chat_id.is_some() {
            return Ok(Json(Lookup { ok: true, number, to: Some(form), exists: true, chat_id, lid }));
        }
    }
    Ok(Json(Lookup { ok: true, number, to: None, exists: false, chat_id: None, lid: None }))
}

/// The chat and the LID of a number, as far as there are any.
async fn look_up(app: &App, number: &PhoneNumber) -> Result<(Option<String>, Option<String>), ApiError> {
    app.lookups.take(Instant::now()).map_err(|wait| {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let message = format!("At most {PER_MINUTE} numbers a minute can be looked up.");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).retry_after(seconds)
    })?;
    let page = app.session.page(SessionState::Ready)?;
    let found = page.exists(number).await.map_err(SessionError::from)?;
    Ok((found.chat_id, found.lid))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    #[test]
    fn a_minute_has_so_many_lookups_and_no_more() {
        let (lookups, start) = (Lookups::default(), Instant::now());
        for n in 0..PER_MINUTE {
            assert!(lookups.take(start + Duration::from_secs(n as u64)).is_ok());
        }
        assert_eq!(lookups.take(start + Duration::from_secs(40)), Err(Duration::from_secs(20)));
        assert!(lookups.take(start + MINUTE).is_ok());
        assert!(lookups.take(start + MINUTE).is_err());
    }

    static ALLOWED: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/numbers/{number}", "number"));

    proptest! {
        #[test]
        fn the_document_allows_the_numbers_that_are_read(text in "[ +()0-9-]{0,24}|[+0-9.\u{200e}\u{2011}\u{a0}\u{ff11}-]{7,24}|[tT]el:[+ ]?[0-9]{6,16}|[0-9]{6,16}|\\PC{0,9}") {
            prop_assert_eq!(ALLOWED.holds_text(&text), PhoneNumber::parse(&text).is_ok());
        }
    }
}
