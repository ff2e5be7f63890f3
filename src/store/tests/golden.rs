//! Compares every stored record with `stored.json`, and every event as others are told it with `told.json`: a renamed
//! field or a changed type in the code must not change what is written, nor make stored data unreadable. A wanted
//! change of the format is a step in `migrations`; `GOLDEN=write cargo test golden` then writes the files again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::domain::dead_letter::{DeadLetter, Stage};
use crate::domain::event::{CodeShown, Event, Happening, LogId};
use crate::domain::idempotency::{Cause, Departure, End, SendKey, SendRecord, SendStage};
use crate::domain::log::tests::page_message;
use crate::domain::log::{LoggedMessage, Origin};
use crate::domain::media::MediaKind;
use crate::domain::media::tests::media;
use crate::domain::media::{BlobId, Media, MediaStatus};
use crate::domain::message::{Ack, Details, MessageId, PageMessage, Reaction, Vote};
use crate::domain::secret::Secret;
use crate::domain::upload::{Upload, UploadId};
use crate::domain::via::Via;
use crate::journal::wire;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/tests");
/// A value that differs between stores.
const RANDOM: (&str, &[u8]) = ("marks", b"log_id");
const PACKED: &str = "packed";
/// Stores of format 2 have no such table.
const UPLOADS: &str = "uploads";

/// Tables by name, with their keys and values.
type Dump = BTreeMap<String, BTreeMap<String, String>>;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_750_000_000_000 + seconds * 1000)
}

/// Bytes as text if they are text, else in hexadecimal.
fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text)
            if !text.is_empty() && !text.chars().any(|c| c.is_control() && c != '\0') && !text.starts_with('\0') =>
        {
            text.replace('\0', "\\0")
        }
        _ => format!("0x{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

fn bytes(shown: &str) -> Vec<u8> {
    match shown.strip_prefix("0x") {
        Some(digits) => {
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
        }
        None => shown.replace("\\0", "\0").into_bytes(),
    }
}

fn unpacked(value: &[u8]) -> String {
    let length = u32::from_be_bytes(*value.first_chunk().unwrap());
    let entries = zstd::bulk::decompress(&value[4..], usize::try_from(length).unwrap()).unwrap();
    format!("{length} 0x{}", entries.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn packed(shown: &str) -> Vec<u8> {
    let (length, entries) = shown.split_once(' ').unwrap();
    let compressed = zstd::bulk::compress(&bytes(entries), 1).unwrap();
    [&length.parse::<u32>().unwrap().to_be_bytes()[..], &compressed].concat()
}

fn dump(dir: &TempDir) -> Dump {
    let engine = Engine::open(&dir.path().join("store")).unwrap();
    let mut tables = Dump::new();
    for name in engine.table_names() {
        let (table, mut after) = (engine.table(&name).unwrap(), None::<Vec<u8>>);
        while let Some((key, value)) = table.next(after.as_deref()).unwrap() {
            if name != migrations::META && (name.as_str(), key.as_slice()) != RANDOM {
                // Another version of the compressor may produce other bytes.
                let value = if name == PACKED { unpacked(&value) } else { shown(&value) };
                tables.entry(name.clone()).or_default().insert(shown(&key), value);
            }
            after = Some(key);
        }
    }
    tables
}

/// The file as an earlier version described it.
fn earlier_media() -> Media {
    let filename = Some("a.jpg".to_owned());
    Media { kind: None, filename, status: MediaStatus::OnRequest, ..media(MediaKind::Image) }
}

fn full_message() -> LoggedMessage {
    let page = PageMessage {
        chat: "120363000000000001@g.us".to_owned(),
        author: Some("100000000000002@lid".to_owned()),
        author_phone: Some("5491150000002".to_owned()),
        author_lid: Some("100000000000002@lid".to_owned()),
        name: Some("Ana".to_owned()),
        kind: "image".to_owned(),
        media: Some(earlier_media()),
        quoted: Some("3EB0".to_owned()),
        data: Some(Details(json!({ "location": { "latitude": 1.5 } }))),
        edited_ms: Some(1_750_000_001_000),
        t: 1_750_000_000,
        ..page_message("false_1@lid_FULL", "una foto")
    };
    let mut message = LoggedMessage::from_page(page, at(0), true).unwrap();
    message.account = Some("5491150000001".to_owned());
    message.acknowledge(Ack::SERVER, None, Via::Web, at(1));
    message
}

fn changes() -> Vec<LogChange> {
    let add = |message: LoggedMessage| LogChange::Add(Box::new(message));
    let text = |id: &str, fields: fn(&mut PageMessage)| {
        let mut page = page_message(id, "hola");
        fields(&mut page);
        LoggedMessage::from_page(page, at(0), false).unwrap()
    };
    let direct = text("false_1@lid_A", |page| {
        (page.phone, page.lid) = (Some("5491150000002".to_owned()), Some("1@lid".to_owned()))
    });
    let undecrypted = text("false_1@lid_C", |page| {
        (page.kind, page.subtype, page.body) = ("ciphertext".to_owned(), Some("fanout".to_owned()), Secret::new(""));
    });
    let ours = text("true_1@lid_B", |page| page.from_me = true);
    let id = MessageId::new("false_1@lid_A");
    let reaction = Reaction {
        id: MessageId::new("false_1@lid_R"),
        message_id: id.clone(),
        chat: "1@lid".to_owned(),
        sender: "1@lid".to_owned(),
        sender_phone: None,
        from_me: false,
        emoji: "👍".to_owned(),
        t_ms: 5,
    };
    let vote = Vote {
        id: MessageId::new("false_1@lid_V"),
        message_id: id.clone(),
        chat: "1@lid".to_owned(),
        sender: "1@lid".to_owned(),
        sender_phone: Some("5491150000002".to_owned()),
        from_me: false,
        options: vec![Secret::new("sí")],
        t_ms: 6,
    };
    let step = Transition {
        at: at(9),
        from: State::Ready,
        to: State::Disconnected,
        reason: Some(Reason::LoggedOut),
        detail: "why".to_owned(),
    };
    let code = CodeShown { attempt: 1, generated_at: at(10), expires_at: at(30) };
    vec![
        add(full_message()),
        add(direct),
        add(ours),
        add(undecrypted),
        LogChange::Amend(Box::new(page_message("false_1@lid_A", "adiós")), at(2)),
        LogChange::Amend(
            Box::new(PageMessage { kind: "revoked".to_owned(), ..page_message("false_1@lid_A", "") }),
            at(3),
        ),
        LogChange::Ack(MessageId::new("true_1@lid_B"), Ack::FAILED, Some(475), at(4)),
        LogChange::Reacted(reaction, at(5)),
        LogChange::Voted(vote, at(6)),
        LogChange::Happened(Happening::State(step)),
        LogChange::Happened(Happening::Code(code)),
        LogChange::Read(Place { device: Some("1:2@lid".to_owned()), row: Some((1_000_000_001, id)) }),
    ]
}

fn record(key: SendKey) -> SendRecord {
    SendRecord {
        fingerprint: key.fingerprint(&["1@c.us", "hola"]),
        created_at: at(0),
        message_id: MessageId::new("true_1@lid_B"),
        chat_id: "1@lid".to_owned(),
        phone: Some("5491150000002".to_owned()),
        via: Via::Web,
        stage: SendStage::Reserved,
    }
}

async fn write(store: &Store) {
    let key = SendKey::of("dispatching");
    let departure = Departure {
        message_id: MessageId::new("true_1@lid_B"),
        origin: Origin { cliente_id: Some("51".to_owned()) },
        at: at(0),
        day: Some(20_000),
        first_on: Some(20_000),
        key: Some((key, SendRecord { stage: SendStage::Dispatching, ..record(key) })),
        message: None,
    };
    store.keep_departure(departure).await.unwrap();
    let ends = [
        ("reserved", None),
        ("sent", Some(End::Sent(Ack::SERVER))),
        ("failed", Some(End::Failed(None))),
        ("refused", Some(End::Failed(Some(Cause::Number(475))))),
        ("named", Some(End::Failed(Some(Cause::Word("ERROR_UNKNOWN".to_owned()))))),
    ];
    for (text, end) in ends {
        let key = SendKey::of(text);
        let kept = match end {
            None => record(key),
            Some(end) => record(key).settled(end, at(1)),
        };
        store.keep_send(key, kept, at(1)).await.unwrap();
    }
    store.begin_reading(1_750_000_000).await.unwrap();
    store.log(Arc::new(changes())).await.unwrap();
    store.missed_since(1_750_000_100, 60).await.unwrap();
    store.linked_anew("1:3@lid".to_owned(), 1_750_000_200).await.unwrap();
    store.addons_known(1_750_000_300).await.unwrap();
    for (event, stage) in [(1, Stage::Waiting), (2, Stage::Dead), (3, Stage::Again), (4, Stage::Done)] {
        let letter = DeadLetter { event, stage, reason: "why".to_owned(), attempts: 1, at: at(7) };
        store.advance("webhook:a".to_owned(), event, Some(letter)).await.unwrap();
    }
    append(store, &transition(1)).await.unwrap();
    store.keep_upload(upload()).await.unwrap();
}

fn upload() -> Upload {
    Upload {
        id: UploadId::from_bytes([0xa1; 16]),
        sha256: BlobId::from_bytes([7; 32]),
        size: 7,
        mimetype: "application/pdf".to_owned(),
        filename: Some(Secret::new("año.pdf")),
        expires_at: at(86_400),
    }
}

/// Everything that the store can be asked for.
async fn read(store: &Store) -> Value {
    let mut sends = store.unsettled_sends().await.unwrap();
    for text in ["reserved", "sent", "failed", "refused", "named"] {
        let key = SendKey::of(text);
        sends.push((key, store.find_send(key).await.unwrap().unwrap()));
    }
    json!({
        "told": told(store).await,
        "sends": format!("{sends:?}"),
        "undecrypted": format!("{:?}", store.sealed_messages(at(0)).await.unwrap()),
        "reading": format!("{:?}", store.begin_reading(1_760_000_000).await.unwrap()),
        "letters": format!("{:?}", store.letters(None, 10).await.unwrap()),
        "position": store.position("webhook:a".to_owned()).await.unwrap(),
        "days": [store.sent_on(20_000).await.unwrap(), store.first_on(20_000).await.unwrap()],
    })
}

/// Every event as webhooks and `/events` tell it, with a log id that is the same in every run.
async fn told(store: &Store) -> Value {
    let events = store.events(0, usize::MAX).await.unwrap().items.into_iter();
    events.map(|event| json!(wire::Event::new(&Event { log: LogId(7), ..event }, Some("the code")))).collect()
}

fn golden(name: &str, present: &Value) -> Value {
    let path = Path::new(GOLDEN).join(name);
    if std::env::var("GOLDEN").is_ok_and(|mode| mode == "write") {
        fs::write(&path, format!("{present:#}\n")).unwrap();
    }
    let golden: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(*present == golden, "{name} says otherwise; now it is {present:#}");
    golden
}

/// A store with these bytes, as this format or an earlier one left them.
async fn restored(golden: &Dump, format: u32) -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    open(&dir).await.close().await.unwrap();
    edit(&dir, |engine| {
        engine.remove("marks", b"indexed").unwrap();
        engine.insert(migrations::META, migrations::FORMAT, &format.to_be_bytes()).unwrap();
        for (name, entries) in golden {
            let table = engine.table(name).unwrap();
            for (key, value) in entries {
                let value = if name == PACKED { packed(value) } else { bytes(value) };
                table.put(&bytes(key), &value).unwrap();
            }
        }
    });
    let store = open(&dir).await;
    (dir, store)
}

#[tokio::test]
async fn golden_bytes_are_what_is_written_and_can_be_read() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    write(&store).await;
    let said = read(&store).await;
    store.close().await.unwrap();
    golden("told.json", &said["told"]);
    let golden: Dump = serde_json::from_value(golden("stored.json", &json!(dump(&dir)))).unwrap();
    let before: Dump =
        serde_json::from_str(&fs::read_to_string(Path::new(GOLDEN).join("stored-2.json")).unwrap()).unwrap();
    for (bytes, format) in [(golden.clone(), migrations::CURRENT), (before, 2)] {
        let (dir, store) = restored(&bytes, format).await;
        let now = read(&store).await;
        assert!(now == said, "what format {format} says is read otherwise: {now:#}");
        let uploads = if bytes.contains_key(UPLOADS) { vec![upload()] } else { Vec::new() };
        assert_eq!(store.uploads().await.unwrap(), uploads, "format {format}");
        store.drop_uploads(vec![upload().id]).await.unwrap();
        assert_eq!(store.uploads().await.unwrap(), [], "format {format}");
        store.close().await.unwrap();
        let tables = golden.keys().filter(|name| *name != UPLOADS);
        assert_eq!(dump(&dir).keys().collect::<Vec<_>>(), tables.collect::<Vec<_>>(), "format {format}");
    }
}
