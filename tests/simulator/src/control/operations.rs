//! The table of operations. On a page that shows a code, the examples work one after the other in this order.

use super::fields::{
    Account, Ack, Burst, Busy, Call, Code, Cut, Edit, File, FromPhone, GroupChange, Named, Pairing, Person, Reaction,
    Scan, Socket, Told, Unlink, Vote, merged, read,
};
use crate::error::Error;
use crate::media::Media;
use crate::message::Incoming;
use crate::protocol::ToWire;
use crate::shared::Shared;
use crate::world::World;
use serde_json::{Value, json};
use std::sync::Arc;

/// An operation: its name (the last part of the path), the fields of its JSON body, its effect and its answer.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) takes: &'static str,
    pub(super) does: &'static str,
    /// A working body, as it stands in a call.
    pub(super) example: &'static str,
    /// The operation, done by the phone of the account with this number.
    pub(super) run: fn(&Arc<Shared>, &str, Value) -> Result<Value, Error>,
}

/// The bare id or full key of a message, or `last` for the newest of the account.
fn named(shared: &Arc<Shared>, phone: &str, message: String) -> Result<String, Error> {
    if message != "last" {
        return Ok(message);
    }
    let newest = shared.with(|world| world.newest(phone));
    newest.ok_or(Error::NotFound { what: "message", name: message })
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "account",
        takes: "{number, name?}",
        does: "adds an account to the simulator, with a phone of its own; answers {lid}",
        example: r#"{"number": "5491150000002", "name": "Second account"}"#,
        run: |shared, _, body| {
            let Account { number, name } = read(body)?;
            let me = shared.with(|world| world.add_account(&number, name.as_deref()))?;
            Ok(json!({ "lid": me.lid }))
        },
    },
    Operation {
        name: "person",
        takes: "{number, name?}",
        does: "adds a person to WhatsApp, to whom can be written; answers {lid}",
        example: r#"{"number": "5491122334455", "name": "Ana"}"#,
        run: |shared, _, body| {
            let Person { number, name } = read(body)?;
            let person = shared.with(|world| world.add_person(&number, name.as_deref()))?;
            Ok(json!({ "lid": person.lid }))
        },
    },
    Operation {
        name: "scan",
        takes: "{code?}: default the code shown last",
        does: "the phone scans the code and links the page that shows it; answers {device}",
        example: "{}",
        run: |shared, phone, body| {
            let Scan { code } = read(body)?;
            let shown = || shared.with(|world| world.shown_codes().into_iter().next());
            let code = code.or_else(shown).ok_or(Error::NoCode)?;
            shared.with(|world| world.scan(phone, &code)).map(|device| json!({ "device": device }))
        },
    },
    Operation {
        name: "incoming",
        takes: "{from, body?, type?, group?, name?, phone_known?, phone_after_ms?, ciphertext_ms?, t?, fields?}",
        does: "a contact writes to the account; answers {message}",
        example: r#"{"from": "5491122334455", "body": "hola"}"#,
        run: |shared, phone, body| {
            let incoming: Incoming = read(body)?;
            shared.with(|world| world.incoming(phone, incoming)).map(|message| json!({ "message": message }))
        },
    },
    Operation {
        name: "media",
        takes: "{from, kind: image|video|gif|ptv|audio|ptt|document|sticker, bytes?: base64, size?, group?, mimetype?, caption?, \
                filename?, seconds?, width?, height?, pages?, thumbnail?: base64, view_once?, wrong?: key|filehash|encFilehash|mac, expired?}",
        does: "a contact sends a file; answers {message, path, mediaKey, filehash, encFilehash, size}",
        example: r#"{"from": "5491122334455", "kind": "document", "filename": "list.pdf", "bytes": "aGVsbG8="}"#,
        run: |shared, phone, body| {
            let media: Media = read(body)?;
            shared.with(|world| world.media(phone, &media)).map(|sent| json!(sent))
        },
    },
    Operation {
        name: "file",
        takes: "{message, answer: serve|slow|gone|expired|cut|hang, or the number of a status}",
        does: "changes how the host of files answers for the file of a message",
        example: r#"{"message": "last", "answer": "gone"}"#,
        run: |shared, phone, body| {
            let File { message, answer } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.host_answers(&message, answer)).map(|()| json!({}))
        },
    },
    Operation {
        name: "upload",
        takes: "{message}",
        does: "the phone answers a page that has asked it to upload a file again, if it was silent",
        example: r#"{"message": "last"}"#,
        run: |shared, phone, body| {
            let Named { message } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.answer_upload(&message)).map(|()| json!({}))
        },
    },
    Operation {
        name: "burst",
        takes: "{n, message: as incoming}",
        does: "n messages at once, numbered in their bodies; answers {messages}",
        example: r#"{"n": 3, "message": {"from": "5491122334455", "body": "hola"}}"#,
        run: |shared, phone, body| {
            let Burst { n, message } = read(body)?;
            let numbered = |i| Incoming { body: format!("{} {i}", message.body), ..message.clone() };
            let messages: Result<Vec<_>, _> =
                (0..n).map(|i| shared.with(|world| world.incoming(phone, numbered(i)))).collect();
            Ok(json!({ "messages": messages? }))
        },
    },
    Operation {
        name: "edit",
        takes: "{message, body}: a key, a bare id, or last",
        does: "its writer edits a message",
        example: r#"{"message": "last", "body": "hola, ¿qué tal?"}"#,
        run: |shared, phone, body| {
            let Edit { message, body } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.edit(&message, &body)).map(|()| json!({}))
        },
    },
    Operation {
        name: "revoke",
        takes: "{message}",
        does: "its writer deletes a message for everyone",
        example: r#"{"message": "last"}"#,
        run: |shared, phone, body| {
            let Named { message } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.revoke(&message)).map(|()| json!({}))
        },
    },
    Operation {
        name: "reaction",
        takes: "{message, from, emoji}: an empty emoji takes it back",
        does: "somebody reacts to a message",
        example: r#"{"message": "last", "from": "5491122334455", "emoji": "👍"}"#,
        run: |shared, phone, body| {
            let Reaction { message, from, emoji } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.react(&message, &from, &emoji)).map(|()| json!({}))
        },
    },
    Operation {
        name: "vote",
        takes: "{message, from, options}: a poll, and the names of what is chosen",
        does: "somebody chooses in a poll",
        example: r#"{"message": "last", "from": "5491122334455", "options": []}"#,
        run: |shared, phone, body| {
            let Vote { message, from, options } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.vote(&message, &from, options)).map(|()| json!({}))
        },
    },
    Operation {
        name: "from-phone",
        takes: "{to, body}, or {to, media: as the operation media, without from}: to a number or a group; to another \
                account's number it arrives there",
        does: "the account's owner writes, or sends a file, on the phone; answers {message}",
        example: r#"{"to": "5491150000002", "body": "ya voy"}"#,
        run: |shared, phone, body| {
            let FromPhone { to, body, media } = read(body)?;
            let written = match media {
                None => shared.with(|world| world.write_from_phone(phone, &to, &body)),
                Some(mut media) => {
                    media.insert("from".to_owned(), phone.into());
                    let media: Media = read(media.into())?;
                    shared.with(|world| world.media_from_phone(phone, &to, &media)).map(|sent| sent.message)
                }
            };
            written.map(|message| json!({ "message": message }))
        },
    },
    Operation {
        name: "ack",
        takes: "{message, ack, of?, t?}: -1 error, 1 server, 2 delivered, 3 read, 4 played",
        does: "sets a message's ack; with `of`, that of one of its receivers, since t",
        example: r#"{"message": "last", "ack": 3}"#,
        run: |shared, phone, body| {
            let Ack { message, ack, of, t } = read(body)?;
            let message = named(shared, phone, message)?;
            let set = |world: &mut World| match of {
                Some(of) => world.person_ack(&message, &of, ack, t.unwrap_or_default()),
                None => world.set_ack(&message, ack),
            };
            shared.with(set).map(|()| json!({}))
        },
    },
    Operation {
        name: "call",
        takes: "{from, id, video?, outcome?: Missed|Rejected|AcceptedElsewhere}",
        does: "somebody calls; with an outcome the call is over",
        example: r#"{"from": "5491122334455", "id": "CALL"}"#,
        run: |shared, phone, body| {
            let Call { from, id, video, outcome } = read(body)?;
            shared.with(|world| world.call(phone, &from, &id, video, outcome.as_deref())).map(|()| json!({}))
        },
    },
    Operation {
        name: "group-change",
        takes: "{group, what: add|remove|leave|join|promote|demote|subject|description|announcement|locked|…, by, of?}",
        does: "somebody changes a group; `of` is the number of a member, or the new text",
        example: r#"{"group": "120363000000000001@g.us", "what": "subject", "by": "5491122334455", "of": "Team"}"#,
        run: |shared, phone, body| {
            let GroupChange { group, what, by, of } = read(body)?;
            shared.with(|world| world.change_group(phone, &group, &what, &by, of.as_deref())).map(|()| json!({}))
        },
    },
    Operation {
        name: "name",
        takes: "{number, name}",
        does: "somebody takes another name",
        example: r#"{"number": "5491122334455", "name": "Ana"}"#,
        run: |shared, phone, body| {
            let Person { number, name } = read(body)?;
            let name = name.unwrap_or_default();
            shared.with(|world| world.rename(phone, &number, &name)).map(|()| json!({}))
        },
    },
    Operation {
        name: "read",
        takes: "{number}",
        does: "the account's owner reads a chat on the phone",
        example: r#"{"number": "5491122334455"}"#,
        run: |shared, phone, body| {
            let Person { number, .. } = read(body)?;
            shared.with(|world| world.read_on_phone(phone, &number)).map(|()| json!({}))
        },
    },
    Operation {
        name: "forget",
        takes: "{message}",
        does: "the page's storage and memory lose a message",
        example: r#"{"message": "last"}"#,
        run: |shared, phone, body| {
            let Named { message } = read(body)?;
            let message = named(shared, phone, message)?;
            shared.with(|world| world.forget(&message));
            Ok(json!({}))
        },
    },
    Operation {
        name: "group",
        takes: "any of {id, subject, description, members: [number], admins: [number], is_member, admin, announce, restrict, approval, admin_add, by_lid, untold}",
        does: "others make a group; answers {id, code}",
        example: r#"{"members": ["5491122334455"]}"#,
        run: |shared, _, body| {
            let (id, code) = shared.with(|world| world.add_group(read(body)?))?;
            Ok(json!({ "id": id, "code": code }))
        },
    },
    Operation {
        name: "presence",
        takes: "{of, told: {kind?: unavailable, last?, chat?: composing|recording|paused}}",
        does: "tells the pages of a person's presence",
        example: r#"{"of": "5491122334455", "told": {"kind": "unavailable", "last": "deny"}}"#,
        run: |shared, _, body| {
            let Told { of, told } = read(body)?;
            shared.with(|world| world.present(&of, &told)).map(|()| json!({}))
        },
    },
    Operation {
        name: "network",
        takes: "{network: up|full|server_only}",
        does: "cuts the network between the pages and WhatsApp (full is airplane mode, for all), or restores it",
        example: r#"{"network": "up"}"#,
        run: |shared, _, body| {
            let Cut { network } = read(body)?;
            shared.with(|world| world.set_network(network));
            Ok(json!({}))
        },
    },
    Operation {
        name: "faults",
        takes: "any of {send: none|throw|hang|error, hold: exists|new_id|add|transmit, server: none|never_ack|drop, \
                missing_modules, renamed_modules, slow_document_ms, slow_boot_ms, code_delay_ms, earlier: none|hang|throw, \
                refuse_link, deaf_logout, socket_state, \
                login: {reason: 401|402|403|405|406|409|503, code?, expire?, message?, header?, subtext?}, \
                pairing: IQErrorRateOverlimit|IQErrorFeatureNotAvailable|IQErrorBadRequest, nack: number, blocked: [number], \
                abouts: {number: text}, businesses: {number: profile}, pictures: {number: {jpeg: base64, hidden, host: whole|stalls|endless}}, unanswered_numbers: [number], refused_numbers: [number], \
                group_refusals: {number: code}, group_errors: {what: code}, group_answers_strange, new_chats: {status, used, quota, until_s}, \
                timelock: {kind, until_s}, reupload: success|not_found|decryption_error|general_error|silent, \
                uploads: [take|cut|hang|status], slow_upload_ms}; \
                {\"reset\": true} mends everything first",
        does: "changes what is broken; answers all faults",
        example: r#"{"reset": true, "server": "none"}"#,
        run: |shared, _, body| {
            let faults = shared.with(|world| serde_json::to_value(&world.faults)).unwrap_or_default();
            let faults = read(merged(faults, body))?;
            shared.with(|world| world.set_faults(faults));
            Ok(shared.with(|world| json!(world.faults)))
        },
    },
    Operation {
        name: "page",
        takes: "any of {version, reload_after_link, unknown_module_null, msg_key_default, serialized_ids, bare_chat, \
                bare_load, old_adv_secret, old_code_element, messages_per_chat, codes_in_a_row, \
                times_messages, backlog_limit, checks_mimetypes, media_limit_mb, crowd_people, crowd_chats, code_form: plain|prefix|suffix}; {\"reset\": true}",
        does: "changes the build of the page for the next load; answers the whole build",
        example: r#"{"reset": true, "messages_per_chat": 5}"#,
        run: |shared, _, body| {
            let build = shared.with(|world| serde_json::to_value(&world.build)).unwrap_or_default();
            let build = read(merged(build, body))?;
            shared.with(|world| world.build = build);
            Ok(shared.with(|world| json!(world.build)))
        },
    },
    Operation {
        name: "busy",
        takes: "{ms}",
        does: "blocks the main thread of the open pages; answers {pages}",
        example: r#"{"ms": 100}"#,
        run: |shared, _, body| {
            let Busy { ms } = read(body)?;
            Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::Busy { ms })) }))
        },
    },
    Operation {
        name: "socket-state",
        takes: "{state: OPENING|UNLAUNCHED|TOS_BLOCK|SMB_TOS_BLOCK|PROXYBLOCK}",
        does: "puts the sockets of the open pages into a state, once; answers {pages}",
        example: r#"{"state": "OPENING"}"#,
        run: |shared, _, body| {
            let Socket { state } = read(body)?;
            Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::State { state })) }))
        },
    },
    Operation {
        name: "conflict",
        takes: "{}",
        does: "somebody takes the connected devices of the account over; answers {taken}",
        example: "{}",
        run: |shared, phone, _| Ok(json!({ "taken": shared.with(|world| world.conflict(phone)) })),
    },
    Operation {
        name: "second-tab",
        takes: "{}",
        does: "another tab of the same profile takes the login from the open pages; answers {pages}",
        example: "{}",
        run: |shared, _, _| Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::Tab)) })),
    },
    Operation {
        name: "rotate-secret",
        takes: "{}",
        does: "pages that show a code change its secret under the same ref; answers {pages}",
        example: "{}",
        run: |shared, _, _| Ok(json!({ "pages": shared.with(|world| world.rotate_secret()) })),
    },
    Operation {
        name: "pairing-event",
        takes: "{event: primary_hello_received|refresh_alt_linking_code|force_manual_refresh|error_alt_linking}",
        does: "something happens to the pairing code on show; answers {pages}",
        example: r#"{"event": "refresh_alt_linking_code"}"#,
        run: |shared, _, body| {
            let Pairing { event } = read(body)?;
            Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::PairingEvent { event: &event })) }))
        },
    },
    Operation {
        name: "unlink",
        takes: "{device?}: default all devices of the account",
        does: "the phone unlinks; answers {unlinked}",
        example: "{}",
        run: |shared, phone, body| {
            let Unlink { device } = read(body)?;
            // A device's id begins with its account's number.
            let phone = device.as_deref().and_then(|device| device.split(':').next()).unwrap_or(phone);
            Ok(json!({ "unlinked": shared.with(|world| world.unlink(phone, device.as_deref())) }))
        },
    },
    Operation {
        name: "pairing-code",
        takes: "{code}",
        does: "types the eight characters on the phone that they were asked for; answers {device}",
        example: r#"{"code": "ABCD-EFGH"}"#,
        run: |shared, _, body| {
            let Code { code } = read(body)?;
            shared.with(|world| world.enter_pairing_code(&code)).map(|device| json!({ "device": device }))
        },
    },
];
