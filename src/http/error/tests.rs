use super::*;

#[test]
fn every_send_error_has_the_contracts_code() {
    let cases = [
        (SendError::ClienteNotAllowed, 403, "CLIENTE_NOT_ALLOWED", false),
        (SendError::Disabled, 403, "SEND_DISABLED", false),
        (SendError::NotReady(State::Init), 503, "SESSION_NOT_READY", true),
        (SendError::Stopping, 503, "SESSION_NOT_READY", true),
        (SendError::Busy, 503, "SESSION_NOT_READY", true),
        (SendError::NoAnswer, 503, "SEND_UNAVAILABLE", true),
        (SendError::ChatReadOnly(String::new()), 403, "CHAT_READ_ONLY", false),
        (SendError::ContactBlocked, 403, "CONTACT_BLOCKED", false),
        (SendError::NewChatsRestricted { retry_after: Duration::ZERO }, 429, "NEW_CHATS_RESTRICTED", true),
        (SendError::Failed { message_id: MessageId::new("m"), cause: None }, 500, "WHATSAPP_ERROR", false),
        (SendError::RateLimited { why: "", retry_after: Duration::ZERO }, 429, "RATE_LIMITED", true),
        (SendError::Unavailable(String::new()), 503, "SEND_UNAVAILABLE", false),
        (SendError::KeyConflict, 422, "IDEMPOTENCY_CONFLICT", false),
        (SendError::NotOnWhatsApp, 400, "NOT_ON_WHATSAPP", false),
        (SendError::Refused(String::new()), 500, "WHATSAPP_ERROR", false),
        (SendError::EditNotPossible(String::new()), 409, "EDIT_NOT_POSSIBLE", false),
        (SendError::RevokeNotPossible(String::new()), 409, "REVOKE_NOT_POSSIBLE", false),
        (SendError::MessageAbsent, 404, "MESSAGE_NOT_FOUND", false),
        (SendError::ChatUnknown, 404, "CHAT_NOT_FOUND", false),
        (SendError::NotDone(String::new()), 500, "WHATSAPP_ERROR", false),
        (SendError::ActUnconfirmed { message_id: None }, 504, "SEND_UNCONFIRMED", false),
        (SendError::Unconfirmed { message_id: MessageId::new("m") }, 504, "SEND_UNCONFIRMED", false),
    ];
    for (error, status, code, retry) in cases {
        let api = ApiError::from(error);
        assert_eq!((api.status.as_u16(), api.code, api.retry_after.is_some()), (status, code, retry));
    }
}

#[test]
fn who_has_no_token_is_told_which_scheme_is_accepted() {
    let scheme = |status| {
        let response = ApiError::new(status, "X", "x").render(State::Ready);
        response.headers().get(header::WWW_AUTHENTICATE).cloned()
    };
    assert_eq!(scheme(StatusCode::UNAUTHORIZED), Some(HeaderValue::from_static("Bearer")));
    assert_eq!(scheme(StatusCode::FORBIDDEN), None);
}

#[test]
fn every_session_error_has_the_contracts_code() {
    let cases = [
        (SessionError::Busy, 503, "SESSION_NOT_READY"),
        (SessionError::Stopped, 503, "SESSION_NOT_READY"),
        (SessionError::NotReady(State::Init), 503, "SESSION_NOT_READY"),
        (SessionError::NotWaitingForLink(State::Ready), 409, "NOT_WAITING_FOR_LINK"),
        (SessionError::NotConnected, 409, "NOT_CONNECTED"),
        (SessionError::NotRemoved(std::io::Error::other("x")), 500, "LOGIN_NOT_REMOVED"),
        (SessionError::NotUnlinked, 500, "WHATSAPP_ERROR"),
        (SessionError::Refused(String::new()), 500, "WHATSAPP_ERROR"),
        (SessionError::NoAnswer(String::new()), 500, "WHATSAPP_ERROR"),
        (SessionError::PageLacks(String::new()), 503, "PAGE_UNAVAILABLE"),
        (SessionError::NotOnWhatsApp, 400, "NOT_ON_WHATSAPP"),
        (SessionError::ChatReadOnly(String::new()), 403, "CHAT_READ_ONLY"),
        (SessionError::ContactBlocked, 403, "CONTACT_BLOCKED"),
        (SessionError::PairingBusy, 409, "PAIRING_BUSY"),
        (SessionError::PairingLimited, 429, "RATE_LIMITED"),
        (SessionError::PhoneAppTooOld, 409, "PHONE_APP_TOO_OLD"),
        (SessionError::InvalidNumber, 400, "INVALID_NUMBER"),
        (SessionError::LoopEnded, 503, "SESSION_NOT_READY"),
    ];
    for (error, status, code) in cases {
        let api = ApiError::from(error);
        assert_eq!((api.status.as_u16(), api.code), (status, code));
        let passes = ["SESSION_NOT_READY", "RATE_LIMITED"].contains(&code);
        assert_eq!(api.retry_after.is_some(), passes, "{code}");
    }
}
