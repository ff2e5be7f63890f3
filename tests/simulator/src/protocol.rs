//! The two conversations of a page: with the WhatsApp server (`/ws`), and with the simulation itself (`/page/wire`),
//! which stays open when the "network" is cut.

use crate::faults::{Faults, LoginRefusal, Network, SocketState};
use crate::message::{Identity, Message};
use serde::{Deserialize, Serialize};

/// What the page tells the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum FromPage {
    /// The first frame: who is there. Without a login the page waits for a phone, and registers its keys.
    Hello { load: u64, device: Option<Login>, companion: Option<Companion> },
    /// Asks for the next ref; the first of a row lives longer.
    Ref { first: bool },
    /// Asks for a pairing code for this phone.
    PairingCode { req: u64, phone: String },
    /// Sends a message.
    Send { message: Message },
    /// Asks whether a wid is on WhatsApp.
    Exists { req: u64, wid: String },
    /// Confirms everything up to this event.
    Got { seq: u64 },
    /// Unlinks this device.
    Logout { req: u64 },
    /// Typing.
    ChatState { chat: String, state: String },
    /// A chat was read.
    Seen { chat: String },
    /// The page has another ADV secret, or none (empty).
    Secret { adv_secret: String },
    /// The phone is asked to send a message again that could not be opened.
    AskPhone { id: String },
}

/// A device's login, as its page keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The public keys a page puts into its code, base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Companion {
    pub(crate) static_key: String,
    pub(crate) identity_key: String,
    pub(crate) adv_secret: String,
    pub(crate) platform: String,
}

impl Companion {
    /// The code of a page with these keys that was given this ref.
    pub(crate) fn code(&self, value: &str) -> String {
        let Self { static_key, identity_key, adv_secret, platform } = self;
        format!("{value},{static_key},{identity_key},{adv_secret},{platform}")
    }

    /// Whether the fields of a code after its ref (keys, and the platform if it has one) are these.
    pub(crate) fn matches(&self, (static_key, identity_key, adv_secret, platform): Keys<'_>) -> bool {
        (self.static_key.as_str(), self.identity_key.as_str(), self.adv_secret.as_str())
            == (static_key, identity_key, adv_secret)
            && platform.is_none_or(|platform| platform == self.platform)
    }
}

/// The fields of a code after its ref.
pub(crate) type Keys<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

/// What the server tells the page.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum ToPage<'a> {
    /// The login is good; `queued` events of its absence follow.
    Welcome { me: Identity, queued: usize },
    /// The device was unlinked.
    LoggedOut,
    /// The login is refused.
    Failure(&'a LoginRefusal),
    /// The server refuses a message.
    Nack { id: &'a str, code: u16 },
    /// The page is to change its ADV secret.
    RotateSecret,
    /// No login: waiting for a phone.
    Unpaired,
    /// The current ref and how long it lives.
    Ref { value: &'a str, ttl_ms: u64 },
    /// A phone linked this page.
    Linked { device: Login, me: Identity },
    /// The answer to `PairingCode`.
    PairingCode { req: u64, code: Option<&'a str>, ttl_ms: u64 },
    /// The answer to `Exists`.
    Exists { req: u64, found: Option<Found> },
    /// Something happened in the account.
    Event { seq: u64, offline: bool, event: &'a Event },
    /// The device is in use elsewhere.
    Conflict,
    /// The answer to `Logout`.
    Bye { req: u64 },
}

/// Somebody who is on WhatsApp; the phone is absent where it is hidden from the page.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) lid: String,
    pub(crate) phone: Option<String>,
}

/// What happens in an account, queued per device until its page confirms it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "e", rename_all = "kebab-case")]
pub(crate) enum Event {
    Message {
        message: Box<Message>,
    },
    History {
        messages: Vec<Message>,
    },
    Ack {
        id: String,
        ack: i8,
    },
    Revoke {
        id: String,
    },
    Edit {
        id: String,
        body: String,
    },
    /// Somebody's reaction to a message; an empty one is taken back.
    Reaction {
        id: String,
        sender: String,
        emoji: String,
        t_ms: u64,
    },
    /// Somebody's choice in a poll.
    Vote {
        id: String,
        sender: String,
        options: Vec<String>,
        t_ms: u64,
    },
}

/// What the page reports to the simulation.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum FromWire {
    Load {
        load: u64,
        user_agent: String,
        webdriver: bool,
        visible: bool,
        focused: bool,
    },
    Mark {
        load: u64,
        name: String,
        ms: f64,
        at: f64,
    },
    /// One more frame was dealt with.
    Heard,
}

/// What the simulation tells the page.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum ToWire<'a> {
    Faults {
        faults: &'a Faults,
    },
    Network {
        network: Network,
    },
    /// Blocks the renderer's main thread.
    Busy {
        ms: u64,
    },
    /// The page's storage loses a message.
    Forget {
        id: &'a str,
    },
    /// The socket goes to a state, once.
    State {
        state: SocketState,
    },
    /// Another tab of the profile takes the login.
    Tab,
    /// Something happens to the pairing code on show.
    PairingEvent {
        event: &'a str,
    },
}
