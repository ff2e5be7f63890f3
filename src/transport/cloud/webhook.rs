//! What Meta tells: verified by its signature, and parsed into what the log and those who wait for acks understand.
//!
//! Meta tells at least once and in any order. A part that cannot be read is left out, so that Meta does not repeat the others
//! for days.

mod received;

use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::shapes::Contact;
use crate::domain::message::{Ack, MessageId, PageMessage, Reaction};
use crate::domain::secret::Secret;

/// The largest body: Meta's limit is 3 MB.
pub const BODY_MAX: usize = 3 << 20;

/// One thing that Meta tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Message(Box<Heard>),
    /// A message as it is after an edit, under the id of the message that was edited.
    Edited(Box<Heard>),
    /// A message was deleted for everybody; under the id of that message.
    Revoked(Box<PageMessage>),
    Reacted(Box<Reaction>),
    Status(Status),
}

/// A message that somebody wrote, or that was written in the business app on the phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub message: PageMessage,
    /// The phone digits of the account's own number.
    pub account: Option<String>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub id: MessageId,
    pub ack: Ack,
    /// Meta's number for a failure.
    pub code: Option<i64>,
    /// The service's own reference, if the service sent the message.
    pub reference: Option<MessageId>,
    pub phone: Option<String>,
    /// The category that Meta bills, if it bills the message.
    pub billed: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is no notification of Meta's")]
pub struct NotANotification;

/// Whether Meta's question at the webhook's set-up has the right token.
pub fn is_verified(verify_token: &Secret, given: &str) -> bool {
    given.as_bytes().ct_eq(verify_token.reveal().as_bytes()).into()
}

/// Whether `X-Hub-Signature-256` is the signature of the body's very bytes.
pub fn is_signed(app_secret: &Secret, signature: &str, body: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.reveal().as_bytes()) else { return false };
    mac.update(body);
    let wanted: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let given = signature.trim().strip_prefix("sha256=").unwrap_or_default().to_ascii_lowercase();
    given.as_bytes().ct_eq(wanted.as_bytes()).into()
}

/// What a request of the webhook tells of the number with this id; other numbers of the business are left out.
///
/// # Errors
/// The body is no JSON of Meta's.
pub fn parse(body: &[u8], phone_number_id: &str) -> Result<Vec<Told>, NotANotification> {
    let notification: Value = serde_json::from_slice(body).map_err(|_| NotANotification)?;
    let mut told = Vec::new();
    for change in list(&notification["entry"]).iter().flat_map(|entry| list(&entry["changes"])) {
        let value = &change["value"];
        let is_of_messages = matches!(change["field"].as_str(), Some("messages" | "smb_message_echoes"));
        if !is_of_messages || value["metadata"]["phone_number_id"].as_str() != Some(phone_number_id) {
            continue;
        }
        let account = value["metadata"]["display_phone_number"].as_str().map(digits);
        let account = account.filter(|digits| !digits.is_empty());
        let contacts: Vec<_> =
            list(&value["contacts"]).iter().filter_map(|one| Contact::deserialize(one).ok()).collect();
        for message in list(&value["messages"]) {
            told.extend(received::message(message, &contacts, account.as_deref(), false));
        }
        for echo in list(&value["message_echoes"]) {
            told.extend(received::message(echo, &contacts, account.as_deref(), true));
        }
        told.extend(list(&value["statuses"]).iter().filter_map(status).map(Told::Status));
    }
    Ok(told)
}

/// The elements of a list; none of what is no list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Read field by field: one that is not as documented does not hide what became of the message.
fn status(report: &Value) -> Option<Status> {
    let text = |name: &str| report[name].as_str();
    let ack = match text("status")? {
        "sent" => Ack::SERVER,
        "delivered" => Ack::new(2),
        "read" => Ack::new(3),
        "played" => Ack::new(4),
        "failed" => Ack::FAILED,
        // Deleted by the recipient, warnings: no ack.
        _ => return None,
    };
    let is_phone = |phone: &&str| !phone.is_empty() && phone.bytes().all(|byte| byte.is_ascii_digit());
    let pricing = &report["pricing"];
    let is_billed = match pricing["type"].as_str() {
        Some(kind) => kind == "regular",
        None => pricing["billable"].as_bool() != Some(false),
    };
    let category = pricing["category"].as_str().filter(|category| is_billed && is_category(category));
    Some(Status {
        id: MessageId::new(text("id")?),
        ack,
        code: list(&report["errors"]).first().and_then(|error| error["code"].as_i64()),
        reference: text("biz_opaque_callback_data").map(MessageId::new).filter(MessageId::is_reference),
        phone: text("recipient_id").filter(is_phone).map(str::to_owned),
        billed: category.map(str::to_owned),
    })
}

/// A label of a metric: Meta's words are of this form.
fn is_category(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests;
