//! The adapter's answers to calls, and what its refusals mean.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::group::GroupFailure;
use crate::transport::web::browser::CallError;

#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page no longer has a module that the call needs; the text names the modules.
    #[error("the page lacks {0}")]
    Missing(String),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("nobody but its admins can write to this chat, or this account is no longer in it: {0}")]
    ChatReadOnly(String),
    #[error("this account has blocked the contact")]
    ContactBlocked,
    #[error("the page is not waiting for a phone")]
    NotWaiting,
    #[error("a pairing code is being asked for already")]
    PairingBusy,
    #[error("WhatsApp gives no more pairing codes for now")]
    PairingLimited,
    #[error("the phone's WhatsApp is too old for pairing codes")]
    PhoneAppTooOld,
    #[error("WhatsApp does not take this number")]
    InvalidNumber,
    /// The page's connection loop has ended: only a new document can connect again.
    #[error("the page has stopped connecting")]
    LoopEnded,
    #[error("the page does not hold the message")]
    MessageAbsent,
    #[error(transparent)]
    Group(GroupFailure),
    /// The page does not fetch the part of it that has this module.
    #[error("the page does not load {0}")]
    NotAvailable(String),
    #[error("the person has no picture, or hides it")]
    NoPicture,
    #[error("the page does not have the chat")]
    ChatAbsent,
    #[error("no further chat can be pinned: {0}")]
    PinLimit(String),
    /// WhatsApp does not allow this with this message: the text says why.
    #[error("not possible with this message: {0}")]
    NotPossible(String),
    /// The page's state did not show in time what was asked for: it may still follow.
    #[error("the page's state does not show it: {0}")]
    Unconfirmed(String),
    #[error("somebody whom the text mentions is not on WhatsApp: {0}")]
    MentionUnknown(String),
    #[error("WhatsApp no longer has the file: {0}")]
    MediaGone(String),
    /// The message has no file, or not what is needed to fetch it, as a message whose file opens once.
    #[error("the file cannot be fetched here: {0}")]
    MediaNotHere(String),
    #[error("the file is not the one that the message announces: {0}")]
    MediaBroken(String),
    /// A limit, the network, or a host that does not answer.
    #[error("the file cannot be fetched now: {0}")]
    MediaLater(String),
    #[error("the file is too large: {0}")]
    MediaTooLarge(String),
    /// WhatsApp's applications do not show a file of this type as what it is to be sent as.
    #[error("the file is of another type: {0}")]
    MediaType(String),
    /// Nothing was sent: an upload is visible to nobody.
    #[error("the file could not be uploaded: {0}")]
    MediaUploadFailed(String),
    /// The page answered with a refusal.
    #[error("the page refused: {0}")]
    Refused(String),
    /// No answer came: it is unknown whether the action happened.
    #[error("the page did not answer: {0}")]
    Lost(#[from] CallError),
}

/// The adapter's answer to a call.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

pub(super) fn read<T: DeserializeOwned>(answer: Value) -> Result<T, PageError> {
    let answer: Answer = serde_json::from_value(answer).map_err(CallError::from)?;
    if answer.ok {
        return Ok(serde_json::from_value(answer.value).map_err(CallError::from)?);
    }
    Err(refusal(&answer.code, answer.message))
}

/// What a code of the adapter means.
pub(super) fn refusal(code: &str, message: String) -> PageError {
    match code {
        "MISSING" => PageError::Missing(message),
        "NOT_ON_WHATSAPP" => PageError::NotOnWhatsApp,
        "CHAT_READ_ONLY" => PageError::ChatReadOnly(message),
        "CONTACT_BLOCKED" => PageError::ContactBlocked,
        "NOT_WAITING" => PageError::NotWaiting,
        "BUSY" => PageError::PairingBusy,
        "RATE_LIMITED" => PageError::PairingLimited,
        "PHONE_APP_TOO_OLD" => PageError::PhoneAppTooOld,
        "INVALID_NUMBER" => PageError::InvalidNumber,
        "LOOP_ENDED" => PageError::LoopEnded,
        "MESSAGE_ABSENT" => PageError::MessageAbsent,
        "CHAT_ABSENT" => PageError::ChatAbsent,
        "NO_PICTURE" => PageError::NoPicture,
        "PIN_LIMIT" => PageError::PinLimit(message),
        "NOT_POSSIBLE" => PageError::NotPossible(message),
        "UNCONFIRMED" => PageError::Unconfirmed(message),
        "GROUP_ABSENT" => PageError::Group(GroupFailure::Absent(message)),
        "GROUP_NOT_ADMIN" => PageError::Group(GroupFailure::NotAdmin(message)),
        "GROUP_REFUSED" => PageError::Group(GroupFailure::Refused(message.parse().unwrap_or_default())),
        "INVITE_UNKNOWN" => PageError::Group(GroupFailure::NoInvite(message)),
        "NOT_AVAILABLE" => PageError::NotAvailable(message),
        "MENTION_UNKNOWN" => PageError::MentionUnknown(message),
        "MEDIA_GONE" => PageError::MediaGone(message),
        "MEDIA_NOT_HERE" => PageError::MediaNotHere(message),
        "MEDIA_BROKEN" => PageError::MediaBroken(message),
        "MEDIA_LATER" => PageError::MediaLater(message),
        "MEDIA_TOO_LARGE" => PageError::MediaTooLarge(message),
        "MEDIA_TYPE" => PageError::MediaType(message),
        "MEDIA_UPLOAD_FAILED" => PageError::MediaUploadFailed(message),
        _ => PageError::Refused(message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Prepared;
    use super::*;

    #[test]
    fn each_refusal_keeps_its_kind() {
        let refused = |code: &str| read::<Value>(json!({ "ok": false, "code": code, "message": "why" }));
        assert!(matches!(refused("MISSING"), Err(PageError::Missing(modules)) if modules == "why"));
        assert!(matches!(refused("NOT_ON_WHATSAPP"), Err(PageError::NotOnWhatsApp)));
        assert!(matches!(refused("NOT_WAITING"), Err(PageError::NotWaiting)));
        assert!(matches!(refused("MESSAGE_ABSENT"), Err(PageError::MessageAbsent)));
        assert!(matches!(refused("MEDIA_GONE"), Err(PageError::MediaGone(_))));
        assert!(matches!(refused("MEDIA_NOT_HERE"), Err(PageError::MediaNotHere(_))));
        assert!(matches!(refused("MEDIA_BROKEN"), Err(PageError::MediaBroken(_))));
        assert!(matches!(refused("MEDIA_LATER"), Err(PageError::MediaLater(_))));
        assert!(matches!(refused("anything"), Err(PageError::Refused(_))));
        assert!(matches!(read::<Value>(json!("rubbish")), Err(PageError::Lost(_))));
    }

    #[test]
    fn a_prepared_send_is_read_whole() {
        let value = json!({ "message_id": "true_1@lid_AB", "raw_id": "AB", "chat_id": "1@lid" });
        let read: Result<Prepared, _> = read(json!({ "ok": true, "value": value }));
        assert_eq!(read.ok().map(|p| p.raw_id), Some("AB".to_owned()));
    }
}
