//! Meta's JSON, as far as the service reads it. Unknown fields are ignored.

use serde::Deserialize;
use serde_json::Value;

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    pub error: GraphError,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct GraphError {
    #[serde(default)]
    pub code: i64,
    #[serde(default)]
    pub message: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub error_data: Option<ErrorData>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ErrorData {
    #[serde(default)]
    pub details: String,
}

impl GraphError {
    /// Meta's own words: the details where there are some.
    pub(super) fn words(&self) -> &str {
        let details = self.error_data.as_ref().map(|data| data.details.as_str()).unwrap_or_default();
        [details, &self.message, &self.title].into_iter().find(|words| !words.is_empty()).unwrap_or("no reason given")
    }
}

/// The answer to a message.
#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    #[serde(default)]
    pub contacts: Vec<TakenContact>,
    #[serde(default)]
    pub messages: Vec<TakenMessage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TakenContact {
    #[serde(default)]
    pub wa_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TakenMessage {
    pub id: String,
}

/// The answer to an upload.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub id: String,
}

/// Where a received file is.
#[derive(Debug, Deserialize)]
pub(super) struct MediaPlace {
    pub url: String,
}

/// The number that sends.
#[derive(Debug, Deserialize)]
pub(super) struct PhoneNumber {
    #[serde(default)]
    pub display_phone_number: Option<String>,
    #[serde(default)]
    pub verified_name: Option<String>,
    #[serde(default)]
    pub quality_rating: Option<String>,
}

/// A request of the webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Notification {
    #[serde(default)]
    pub entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    #[serde(default)]
    pub changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub field: String,
    #[serde(default)]
    pub value: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Messaging {
    #[serde(default)]
    pub metadata: Metadata,
    #[serde(default)]
    pub contacts: Vec<Contact>,
    #[serde(default)]
    pub messages: Vec<Value>,
    #[serde(default)]
    pub message_echoes: Vec<Value>,
    #[serde(default)]
    pub statuses: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub phone_number_id: String,
    #[serde(default)]
    pub display_phone_number: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Contact {
    #[serde(default)]
    pub wa_id: Option<String>,
    #[serde(default)]
    pub user_id: Option<String>,
    #[serde(default)]
    pub profile: Option<Profile>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Profile {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub username: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub id: String,
    /// The phone digits; absent for people who show a user name in place of their number.
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub from_user_id: Option<String>,
    /// Only of messages that were sent by the account itself.
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub to_user_id: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    pub timestamp: u64,
    #[serde(default, rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub context: Option<Context>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Context {
    #[serde(default)]
    pub id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct File {
    pub id: String,
    #[serde(default)]
    pub mime_type: Option<String>,
    /// Base64 of the SHA-256.
    #[serde(default)]
    pub sha256: Option<String>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default)]
    pub filename: Option<String>,
    #[serde(default)]
    pub voice: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct StatusReport {
    pub id: String,
    pub status: String,
    #[serde(default)]
    pub recipient_id: Option<String>,
    #[serde(default)]
    pub biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    pub errors: Vec<GraphError>,
    #[serde(default)]
    pub pricing: Option<Pricing>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pricing {
    #[serde(default)]
    pub billable: Option<bool>,
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    #[serde(default)]
    pub category: String,
}

/// Meta writes times as texts.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().unwrap_or_default(),
        value => value.as_u64().unwrap_or_default(),
    })
}
