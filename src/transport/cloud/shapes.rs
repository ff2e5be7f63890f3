//! Meta's JSON, as far as the service reads it. Unknown fields are ignored.

use serde::Deserialize;
use serde_json::Value;

/// Why Meta refuses something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct GraphError {
    pub code: i64,
    pub subcode: Option<i64>,
    /// Meta's own words: the details where there are some.
    pub message: String,
}

impl GraphError {
    /// The error in the body of a refusal; None if it has no number, as that of a server between Meta and the service.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = &body["error"];
        let words = [&error["error_data"]["details"], &error["message"], &error["title"]];
        let message = words.into_iter().filter_map(Value::as_str).find(|words| !words.is_empty());
        let (code, subcode) = (error["code"].as_i64()?, error["error_subcode"].as_i64());
        Some(Self { code, subcode, message: message.unwrap_or("no reason given").to_owned() })
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

impl Taken {
    /// The number under which WhatsApp knows the recipient.
    pub(super) fn phone(&self) -> Option<String> {
        let is_phone = |text: &&String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        self.contacts.iter().filter_map(|contact| contact.wa_id.as_ref()).find(is_phone).cloned()
    }
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
    #[serde(default)]
    pub status: Option<String>,
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

/// Meta writes times as texts.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().unwrap_or_default(),
        value => value.as_u64().unwrap_or_default(),
    })
}
