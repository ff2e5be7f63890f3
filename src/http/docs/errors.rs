//! Every code an error may have, and how the document says so.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Code, status, and an example of the sentence. Each handler names the codes it may answer with in `x-errors`.
pub(super) const CODES: [(&str, u16, &str); 83] = [
    ("MEDIA_PENDING", 202, "The file is being fetched; ask again in a few seconds."),
    ("BAD_REQUEST", 400, "The request could not be understood."),
    ("INVALID_JSON", 400, "The body must be a JSON object."),
    ("INVALID_FIELD", 400, "force must be true or false."),
    ("CONTRADICTION", 400, "number and to name different recipients: send one of them."),
    ("INVALID_PARAMETER", 400, "limit must be a whole number, 1 to 1000."),
    ("INVALID_NUMBER", 400, "number (or to) is missing."),
    ("INVALID_MESSAGE", 400, "message is blank."),
    ("INVALID_MEDIA", 400, "media needs one of id, url and data."),
    ("MEDIA_URL_REFUSED", 400, "media.url leads to an address that is private, of this machine or reserved"),
    ("INVALID_UNTIL", 400, "until must be in the future, and before May 2033."),
    ("INVALID_WAIT", 400, "wait must be a whole number of seconds, 0 to 60."),
    ("NOT_ON_WHATSAPP", 400, "the number is not on WhatsApp"),
    (
        "VIA_NOT_CONFIGURED",
        400,
        "via is cloud, and Meta's Cloud API is not configured: set CLOUD_API_TOKEN and the rest",
    ),
    (
        "TEMPLATE_INVALID",
        400,
        "the Cloud API refused the template: there is no approved template of this name (132001)",
    ),
    ("INVALID_NOTIFICATION", 400, "the body is no notification of Meta's"),
    ("UNAUTHORIZED", 401, "Send the token as `Authorization: Bearer …` or `X-API-Key`."),
    ("HOST_NOT_ALLOWED", 403, "Without API_TOKEN the service answers to localhost only."),
    ("ORIGIN_NOT_ALLOWED", 403, "This page may not change anything here; CORS_ORIGINS names those that may."),
    ("CLIENTE_NOT_ALLOWED", 403, "this service does not send for the client named in cliente_id"),
    ("CHAT_READ_ONLY", 403, "nobody but its admins can write to this chat, or this account is no longer in it"),
    ("CONTACT_BLOCKED", 403, "this account has blocked the contact: unblock it on the phone to write to it"),
    (
        "GROUP_NOT_ADMIN",
        403,
        "this account is not an admin of the group, and WhatsApp lets only admins do this (WhatsApp answered 403)",
    ),
    ("RECIPIENT_OPTED_OUT", 403, "the recipient asked for no further messages (opt-out), so nothing is sent to them"),
    ("INVALID_SIGNATURE", 403, "The signature is not Meta's: check CLOUD_API_APP_SECRET."),
    ("SEND_DISABLED", 403, "sending is switched off (SEND_MODE=off)"),
    ("NOT_FOUND", 404, "There is nothing at this path."),
    ("NO_QR", 404, "A phone is linked already; there is no code to scan."),
    ("QR_NOT_AVAILABLE", 404, "A phone is linked already; there is no code to scan."),
    ("MESSAGE_NOT_FOUND", 404, "No message of this id is in the log."),
    ("NO_MEDIA", 404, "The message has no file."),
    ("NO_PICTURE", 404, "there is no picture, or it is not shown to this account"),
    ("MEDIA_NOT_FOUND", 404, "there is no file of this id, or it was kept for 24 hours and is gone: upload it again"),
    ("CONTACT_NOT_FOUND", 404, "the number is not on WhatsApp, in none of the forms that its country has"),
    ("CHAT_NOT_FOUND", 404, "WhatsApp Web has no such chat: there is one after the first message"),
    ("GROUP_NOT_FOUND", 404, "there is no such group, or this account is not in it (it is no group)"),
    ("INVITE_NOT_FOUND", 404, "the invite leads to no group: it was reset, or is wrong (WhatsApp answered 406)"),
    ("DEAD_LETTER_NOT_FOUND", 404, "There is no dead letter of this id."),
    ("OPT_OUT_NOT_FOUND", 404, "Nobody of this number or id asked for no further messages."),
    ("METHOD_NOT_ALLOWED", 405, "This path does not take this method; see Allow."),
    ("BODY_TOO_SLOW", 408, "The body did not arrive in time."),
    ("TEMPLATE_REQUIRED", 409, "more than 24 hours have passed since the recipient wrote, so only a template goes"),
    ("NOT_WAITING_FOR_LINK", 409, "the session is READY and not waiting for a phone"),
    (
        "NOT_CONNECTED",
        409,
        "the session is not connected; with {\"force\":true} the stored login is removed all the same",
    ),
    ("REPLY_NOT_POSSIBLE", 409, "WhatsApp lets nobody answer this message (it is deleted); nothing was sent"),
    ("EDIT_NOT_POSSIBLE", 409, "WhatsApp takes no edit of this message: it is not from this account"),
    ("REVOKE_NOT_POSSIBLE", 409, "WhatsApp does not delete this message for everyone: it is not sent yet"),
    ("FORWARD_NOT_POSSIBLE", 409, "WhatsApp lets nobody pass this message on (it is deleted); nothing was sent"),
    (
        "PRESENCE_OFF",
        409,
        "WhatsApp tells the presence of others only to those who show their own: set PRESENCE=available",
    ),
    ("OWN_ACCOUNT", 409, "this is the account itself, which cannot be blocked"),
    ("PIN_LIMIT", 409, "no further chat can be pinned: 3 chats are pinned already; unpin one first"),
    ("PAIRING_BUSY", 409, "a pairing code is being asked for already; wait for that answer"),
    (
        "PHONE_APP_TOO_OLD",
        409,
        "the phone's WhatsApp is too old for pairing codes: update it, or scan the code instead",
    ),
    ("TARGET_NOT_CONFIGURED", 409, "This target is not among the settings: add it and try again."),
    ("MEDIA_GONE", 410, "Neither WhatsApp nor the phone has the file any more."),
    ("MEDIA_TOO_LARGE", 413, "The file is larger than MEDIA_MAX_MB allows (64 MB)."),
    ("BODY_TOO_LARGE", 413, "The body may have at most 1048576 bytes."),
    ("UNSUPPORTED_MEDIA_TYPE", 415, "A body with Content-Encoding gzip is not understood. Send it as it is."),
    ("MEDIA_TYPE", 415, "An image has to be JPEG, PNG or WebP, and this file is application/pdf"),
    ("VOICE_FORMAT", 415, "A voice note has to be Ogg with Opus and one channel, and this file is audio/mpeg"),
    ("RANGE_NOT_SATISFIABLE", 416, "The file has 7 bytes, and none of them is in the range that was asked for."),
    ("IDEMPOTENCY_CONFLICT", 422, "the idempotency key was used for another message; use a new key for each message"),
    ("RATE_LIMITED", 429, "more is being sent than SEND_RATE_PER_MINUTE and SEND_PAUSE_MS allow"),
    (
        "NEW_CHATS_RESTRICTED",
        429,
        "WhatsApp does not let this account begin new chats for now; those who wrote to it can be answered",
    ),
    ("INTERNAL", 500, "Something went wrong inside; the log says what."),
    ("WHATSAPP_ERROR", 500, "WhatsApp Web refused the message, nothing was sent"),
    ("LOGIN_NOT_REMOVED", 500, "the stored login could not be removed"),
    ("NOT_POSSIBLE_VIA_CLOUD", 501, "the Cloud API cannot do this: it does not write to groups"),
    ("NOT_POSSIBLE_VIA_WEB", 501, "templates go by the Cloud API only: send with via cloud"),
    ("NOT_AVAILABLE", 501, "this build of WhatsApp Web does not give what this needs (WAWebGroupCreateJob)"),
    ("MEDIA_FETCH_FAILED", 502, "the file could not be fetched: its server answered 404"),
    ("MEDIA_UPLOAD_FAILED", 502, "the file could not be uploaded to WhatsApp; nothing was sent, try again"),
    ("CLOUD_UNAUTHORIZED", 503, "the Cloud API does not accept CLOUD_API_TOKEN: give the service a valid token"),
    ("DELIVERY_BUSY", 503, "The target is being waited for; try again in a few seconds."),
    ("SESSION_NOT_READY", 503, "the session is QR_REQUIRED, not READY; try again when GET /status says so"),
    ("SESSION_STUCK", 503, "The session's task is stuck: restart the service."),
    ("SEND_UNAVAILABLE", 503, "the store was set aside: `session-manager store accept` allows sending again"),
    ("PAGE_UNAVAILABLE", 503, "WhatsApp Web changed: update session-manager or set ADAPTER_PATH"),
    ("STORE_UNAVAILABLE", 503, "the log cannot be read at the moment"),
    ("TOO_MANY_CLIENTS", 503, "64 clients follow the events already; close one and try again."),
    (
        "OUTCOME_UNKNOWN",
        504,
        "WhatsApp did not answer in time, so nobody knows whether the group was made: look before you make another",
    ),
    ("SEND_UNCONFIRMED", 504, "WhatsApp's server did not acknowledge the message in time; it may still arrive"),
    ("MEDIA_QUOTA", 507, "the files that are in use take all of MEDIA_QUOTA_MB (2048 MB)"),
];

/// The statuses whose answers have `Retry-After`, always or mostly.
const RETRIED: [u16; 3] = [202, 429, 503];

/// Adds the error answers of an operation: those it names, and those that every route may give.
pub(super) fn describe(operation: &mut Value, own: &Value, guarded: bool, changing: bool) {
    let own = own.as_array().into_iter().flatten().filter_map(Value::as_str);
    let common: &[&str] =
        if guarded { &["UNAUTHORIZED", "HOST_NOT_ALLOWED", "INTERNAL"] } else { &["HOST_NOT_ALLOWED"] };
    let origin = changing.then_some("ORIGIN_NOT_ALLOWED");
    let wanted: Vec<_> = own.chain(common.iter().copied()).chain(origin).collect();
    let mut statuses: BTreeMap<u16, Vec<(&str, &str)>> = BTreeMap::new();
    for (code, status, sentence) in CODES.into_iter().filter(|(code, ..)| wanted.contains(code)) {
        statuses.entry(status).or_default().push((code, sentence));
    }
    for (status, codes) in statuses {
        operation["responses"][status.to_string()] = answer(status, &codes);
    }
}

fn answer(status: u16, codes: &[(&str, &str)]) -> Value {
    let names: Vec<_> = codes.iter().map(|(code, _)| format!("`{code}`")).collect();
    let examples: Value = codes.iter().map(|(code, sentence)| ((*code).to_owned(), example(code, sentence))).collect();
    let body = json!({ "schema": { "$ref": "#/components/schemas/Error" }, "examples": examples });
    let mut answer = json!({ "description": names.join(", "), "content": { "application/json": body } });
    if RETRIED.contains(&status) {
        let seconds = json!({ "description": "Seconds, where trying again helps.", "schema": { "type": "integer" } });
        answer["headers"] = json!({ "Retry-After": seconds });
    }
    answer
}

fn example(code: &str, sentence: &str) -> Value {
    let state = match code {
        "SESSION_NOT_READY" => "QR_REQUIRED",
        "NOT_CONNECTED" => "DISCONNECTED",
        _ => "READY",
    };
    let mut body =
        json!({ "ok": false, "success": false, "code": code, "error": code, "message": sentence, "state": state });
    match code {
        "SEND_UNCONFIRMED" => {
            body["message_id"] = json!("true_5491122334455@c.us_3EB0A1B2C3D4E5F60718");
            body["id"] = body["message_id"].clone();
        }
        "QR_NOT_AVAILABLE" => body["currentStatus"] = json!("READY"),
        "NOT_AVAILABLE" => body["module"] = json!("WAWebGroupCreateJob"),
        "MEDIA_TOO_LARGE" => body["limit"] = json!(67_108_864),
        _ => {}
    }
    json!({ "value": body })
}
