//! The record: everything that the simulator has seen, for the assertions of tests.

use crate::action::Action;
use crate::faults::{SendStep, UploadAnswer};
use crate::groups::ServerGroup;
use crate::media::Kind;
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A snapshot of everything seen since the start. Times are Unix milliseconds unless said otherwise.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Record {
    /// Grows with every change of the record.
    pub version: u64,
    /// Loads of the page, oldest first; `load` counts from 1.
    pub pages: Vec<PageLoad>,
    /// Connections to the WhatsApp server, oldest first.
    pub connections: Vec<Connection>,
    /// Messages received from the page, each once.
    pub received: Vec<Received>,
    /// Successful scans and pairing codes.
    pub links: Vec<Link>,
    /// Devices unlinked.
    pub logouts: Vec<Logout>,
    /// The devices linked now.
    pub devices: Vec<Device>,
    /// Bare ids of messages the page was told to forget.
    pub forgotten: Vec<String>,
    /// Moments that pages reported.
    pub marks: Vec<Mark>,
    /// Typing notices received.
    pub chat_states: Vec<ChatState>,
    /// Chats whose messages were marked as seen.
    pub seen: Vec<String>,
    /// What pages did with messages and chats, oldest first.
    pub actions: Vec<Action>,
    /// The groups that pages or tests have made, as the server has them.
    pub groups: Vec<ServerGroup>,
    /// What pages showed of their accounts: `available` or `unavailable`, oldest first.
    pub presences: Vec<String>,
    /// The LIDs of the people whose presence pages asked for, oldest first.
    pub subscriptions: Vec<String>,
    /// How many refs were handed out.
    pub refs: u64,
    /// How often a page asked whether somebody is on WhatsApp.
    pub lookups: u64,
    /// Bare ids of messages that the phone was asked to send again.
    pub asked_again: Vec<String>,
    /// The requests to the host of files.
    pub fetches: Vec<Fetch>,
    /// The uploads to the host of files.
    pub uploads: Vec<Upload>,
    /// The files that the phone was asked to upload again.
    pub uploads_asked: Vec<AskedUpload>,
    /// The codes that pages were given to show, oldest first.
    pub codes: Vec<String>,
}

impl Record {
    /// The received message with this full key or bare id.
    pub fn message(&self, key: &str) -> Option<&Received> {
        let id = crate::message::bare_id(key);
        self.received.iter().find(|message| message.id == id)
    }

    /// The connections that are open now.
    pub fn live(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().filter(|connection| connection.closed_at.is_none())
    }

    /// Whether a linked device is connected now.
    pub fn connected(&self) -> bool {
        self.live().any(|connection| connection.device.is_some())
    }

    /// Whether the latest page load is held, or was held, at a step of a send.
    pub fn reached(&self, step: SendStep) -> bool {
        self.marks.iter().any(|mark| mark.load == self.pages.len() as u64 && mark.name == step.mark())
    }

    /// The mark `name` of the latest page load that has it, in milliseconds since its navigation began.
    pub fn mark(&self, name: &str) -> Option<f64> {
        self.marks.iter().rev().find(|mark| mark.name == name).map(|mark| mark.ms)
    }
}

/// A request of a page to the host of files.
#[derive(Debug, Clone, Serialize)]
pub struct Fetch {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The names in the query.
    pub query: Vec<String>,
}

/// An upload of a page to the host of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Upload {
    /// The page's kind of the file: `image`, `video`, `gif`, `audio`, `ptt`, `document`, `sticker`.
    pub kind: String,
    /// The names in the query, in order of the alphabet.
    pub query: Vec<String>,
    /// The bytes as they arrived: encrypted.
    pub size: usize,
    /// The address names the hash of what arrived.
    pub named: bool,
    pub answer: UploadAnswer,
    /// Where the file is now, with its signature; None if the host did not take it.
    pub path: Option<String>,
}

/// The file of a message, as its receiver finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReceivedFile {
    /// The page's kind of the file.
    pub kind: Kind,
    pub size: usize,
    /// SHA-256 of the bytes, in base64.
    pub sha256: String,
    /// The bytes, decrypted with the key in the message.
    #[serde(skip)]
    pub bytes: Bytes,
}

/// A page's request to the phone to upload a file again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedUpload {
    /// The bare id of the message with the file.
    pub id: String,
    pub chat: String,
    pub from_me: bool,
    /// Who sent it, in a group.
    pub participant: Option<String>,
}

/// One load of the page.
#[derive(Debug, Clone, Serialize)]
pub struct PageLoad {
    /// Number of the load, from 1.
    pub load: u64,
    /// When it was requested.
    pub at: u64,
    /// Path and query.
    pub address: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// It got the page that asks to update Chrome.
    pub refused: bool,
    /// `navigator.webdriver`, once the page has reported it.
    pub webdriver: Option<bool>,
    /// `document.visibilityState` is `visible`: if it is not, the real page boots up to 5 s later.
    pub visible: Option<bool>,
    /// `document.hasFocus()`: with focus the real page shows the account as online, which silences its phone.
    pub focused: Option<bool>,
    /// `navigator.userAgent`, once the page has reported it.
    pub navigator_user_agent: Option<String>,
}

/// One connection of a page to the WhatsApp server.
#[derive(Debug, Clone, Serialize)]
pub struct Connection {
    /// Number of the connection, from 1.
    pub connection: u64,
    /// The page load it belongs to.
    pub load: u64,
    /// The device, once it is known to be linked.
    pub device: Option<String>,
    /// When it was opened.
    pub opened_at: u64,
    /// When it was closed.
    pub closed_at: Option<u64>,
}

/// A message the page sent.
#[derive(Debug, Clone, Serialize)]
pub struct Received {
    /// The bare id.
    pub id: String,
    /// The full key.
    pub key: String,
    /// The chat (`…@lid`, `…@g.us`).
    pub chat: String,
    /// The receiver's phone number (digits), if the server knows it.
    pub phone: Option<String>,
    /// The text.
    pub body: String,
    /// The page's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Further fields of the page's model: `caption`, `mimetype`, `filename`, `width`, `isViewOnce`… Bytes are
    /// `{"$bytes": base64}`.
    pub fields: Map<String, Value>,
    /// The message's file; None if there is none, or if what the message says of it is wrong.
    pub file: Option<ReceivedFile>,
    /// The account that sent it, by phone number.
    pub account: String,
    /// The device that sent it.
    pub device: String,
    /// When it first arrived.
    pub at: u64,
    /// How many times it arrived; all but the first were discarded.
    pub count: u32,
    /// Its current ack.
    pub ack: i8,
}

/// How a device was linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkWay {
    /// By scanning the code.
    Scan,
    /// By the pairing code for a phone number.
    PairingCode,
}

/// A link.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// The account, by phone number.
    pub account: String,
    /// The new device.
    pub device: String,
    /// How.
    pub way: LinkWay,
    /// When.
    pub at: u64,
    /// The server will refuse the login (fault `refuse_link`).
    pub refused: bool,
}

/// Who unlinked a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoutBy {
    /// The phone.
    Phone,
    /// The page itself.
    Page,
}

/// A device that was unlinked.
#[derive(Debug, Clone, Serialize)]
pub struct Logout {
    /// The account, by phone number.
    pub account: String,
    /// The device.
    pub device: String,
    /// Who unlinked it.
    pub by: LogoutBy,
    /// When.
    pub at: u64,
}

/// A linked device.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// Its id.
    pub device: String,
    /// The account, by phone number.
    pub phone: String,
    /// It has a live connection.
    pub online: bool,
    /// Events that its page has not confirmed yet.
    pub queued: usize,
}

/// A moment of a page load: `codeShown`, `connected`, `synced`, a step at which it is held, or the arrival of a
/// message if the build reports it.
#[derive(Debug, Clone, Serialize)]
pub struct Mark {
    /// The page load.
    pub load: u64,
    /// The name of the moment.
    pub name: String,
    /// Milliseconds since the navigation began (`performance.timeOrigin`).
    pub ms: f64,
    /// Milliseconds since the epoch, by the page's clock.
    pub at: f64,
}

/// A typing notice.
#[derive(Debug, Clone, Serialize)]
pub struct ChatState {
    /// The chat.
    pub chat: String,
    /// `composing`, `paused`, `recording`.
    pub state: String,
}
