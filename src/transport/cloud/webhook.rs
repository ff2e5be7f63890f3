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

use super::shapes::{Messaging, Notification, StatusReport};
use crate::domain::message::{Ack, MessageId, PageMessage, Reaction};
use crate::domain::secret::Secret;

/// The largest body: Meta's limit is 3 MB.
pub const BODY_MAX: usize = 3 << 20;

/// One thing that Meta tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Message(Box<Heard>),
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
    let notification: Notification = serde_json::from_slice(body).map_err(|_| NotANotification)?;
    let mut told = Vec::new();
    for change in notification.entry.into_iter().flat_map(|entry| entry.changes) {
        if !matches!(change.field.as_str(), "messages" | "smb_message_echoes") {
            continue;
        }
        let Ok(value) = Messaging::deserialize(change.value) else {
            tracing::warn!(field = change.field, "a part of what Meta told could not be read");
            continue;
        };
        if value.metadata.phone_number_id != phone_number_id {
            continue;
        }
        let account = Some(digits(&value.metadata.display_phone_number)).filter(|digits| !digits.is_empty());
        for message in &value.messages {
            told.extend(received::message(message, &value.contacts, account.as_deref(), false));
        }
        for echo in &value.message_echoes {
            told.extend(received::message(echo, &value.contacts, account.as_deref(), true));
        }
        told.extend(value.statuses.into_iter().filter_map(status).map(Told::Status));
    }
    Ok(told)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn status(value: Value) -> Option<Status> {
    let report = StatusReport::deserialize(value).ok()?;
    let ack = match report.status.as_str() {
        "sent" => Ack::SERVER,
        "delivered" => Ack::new(2),
        "read" => Ack::new(3),
        "played" => Ack::new(4),
        "failed" => Ack::FAILED,
        // Deleted by the recipient, warnings: no ack.
        _ => return None,
    };
    let reference = report.biz_opaque_callback_data.map(MessageId::new).filter(MessageId::is_reference);
    let billed = report.pricing.filter(|pricing| match pricing.kind.as_deref() {
        Some(kind) => kind == "regular",
        None => pricing.billable != Some(false),
    });
    Some(Status {
        id: MessageId::new(report.id),
        ack,
        code: report.errors.first().map(|error| error.code),
        reference,
        phone: report.recipient_id.filter(|phone| !phone.is_empty() && phone.bytes().all(|byte| byte.is_ascii_digit())),
        billed: billed.map(|pricing| pricing.category).filter(|category| is_category(category)),
    })
}

/// A label of a metric: Meta's words are of this form.
fn is_category(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests;
