//! The bodies of requests. Only their schemas are used: the fields are read one by one, each with an error of its own.
#![expect(dead_code, reason = "only the schemas are used")]

use utoipa::ToSchema;

#[derive(ToSchema)]
pub struct LogOut {
    /// Removes the stored login also where WhatsApp cannot be told.
    force: Option<bool>,
}

#[derive(ToSchema)]
pub struct LinkByNumber {
    /// The account's own, with the country; `+`, spaces and dashes may stand between.
    phone_number: TextOrNumber,
}

/// One of `number` and `to` is wanted.
#[derive(ToSchema)]
#[schema(as = SendRequest)]
pub struct Send {
    /// A phone number with the country (`+`, spaces, dashes and parentheses may stand between), or a chat id
    /// `…@c.us`, `…@lid`, `…@g.us`.
    number: Option<TextOrNumber>,
    /// The same, by another name.
    to: Option<TextOrNumber>,
    #[schema(min_length = 1, max_length = 65_536)]
    message: String,
    /// Whom it is billed to: kept with the message. At most 64 characters.
    cliente_id: Option<TextOrNumber>,
    /// Where the header `Idempotency-Key` is not sent.
    #[schema(min_length = 1, max_length = 255)]
    idempotency_key: Option<String>,
}

/// Such as `"51"` or `51`.
#[derive(ToSchema)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(u64),
}
