//! `GET /contacts/{id}`: who is behind a number or a LID.

use axum::Json;
use axum::extract::{Path, RawQuery, State};

use crate::domain::address::ChatId;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::{flag, parameters};
use crate::http::wire::business::BusinessProfile;
use crate::http::wire::contacts::Contact;
use crate::http::wire::requests;

/// Who is behind a number or a LID
///
/// In groups WhatsApp names people by a LID (`author`), which does not reveal the number. The answer has the number, the LID
/// and the names that WhatsApp Web knows. It comes from the page's memory; only a number whose LID the page does not know is
/// looked up at WhatsApp, and that counts as a look-up of `/numbers`.
///
/// With `business=true` WhatsApp's server is asked what a business says of itself: that is another look-up.
#[utoipa::path(
    get,
    path = "/contacts/{id}",
    operation_id = "contact",
    tag = "people",
    params(
        ("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`."),
        ("business" = Option<bool>, Query, description = "With `business_profile`: address, description, email, websites, categories and hours."),
    ),
    responses((status = 200, body = Contact)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "INVALID_PARAMETER", "CONTRADICTION", "CONTACT_NOT_FOUND", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn contact(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Contact>, ApiError> {
    let with_business = flag(&parameters(query.as_deref(), &["business"])?, "business")?;
    let id = ChatId::parse_recipient(&id)
        .map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("number {error}.")))?;
    let mut found = Contact::from(app.directory.contact(&id).await?);
    if with_business {
        found.business_profile = Some(app.directory.business(&id).await?.map(BusinessProfile::from));
    }
    Ok(Json(found))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::domain::address::Server;
    use crate::http::docs::allowed::Allowed;

    use super::*;

    static ALLOWED: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/contacts/{id}", "id"));

    proptest! {
        #[test]
        fn the_document_allows_the_ids_that_are_read(text in "[ +()0-9-]{0,24}|[0-9]{6,16}(:[0-9]{1,6})?(@(c.us|s.whatsapp.net|lid|g.us))?|[0-9-]{1,33}@(lid|g.us)|\\PC{0,9}") {
            let is_read = ChatId::parse_recipient(&text).is_ok_and(|id| id.server() != Server::Group);
            prop_assert_eq!(ALLOWED.holds_text(&text), is_read);
        }
    }
}
