//! The two connections of a page: to the WhatsApp server (`/ws`), and to the simulation itself (`/page/wire`), which
//! stays open when the "network" is cut.

use crate::action::Action;
use crate::faults::{Faults, LoginRefusal, Network, SocketState};
use crate::groups::{GroupAnswer, GroupAsk, GroupView};
use crate::message::{Identity, Message};
use crate::record::AskedUpload;
use serde::{Deserialize, Serialize};

/// The frames from the page to the server.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum FromPage {
    /// The first frame: the page's identity. A page without a login waits for a phone, and registers its keys.
    Hello { load: u64, device: Option<Login>, companion: Option<Companion> },
    /// Asks for the next ref; the first of a row lives longer.
    Ref { first: bool },
    /// Asks for a pairing code for this phone.
    PairingCode { req: u64, phone: String },
    /// Sends a message.
    Send { message: Message },
    /// Asks whether a wid is on WhatsApp.
    Exists { req: u64, wid: String },
    /// Asks what a person says of themselves, and for their picture.
    Person { req: u64, wid: String },
    /// Confirms everything up to this event.
    Got { seq: u64 },
    /// Unlinks this device.
    Logout { req: u64 },
    /// Typing.
    ChatState { chat: String, state: String },
    /// Does something with a message or a chat.
    Act { req: u64, action: Action },
    /// Makes, changes or leaves a group, or asks for one.
    Group { req: u64, ask: GroupAsk },
    /// What is shown of this account: `available` or `unavailable`.
    Presence { kind: String },
    /// Asks for the presence of a person.
    Subscribe { lid: String },
    /// A chat was read.
    Seen { chat: String },
    /// The page has a new ADV secret, or none (empty).
    Secret { adv_secret: String },
    /// Asks the phone to upload a file again.
    AskUpload {
        #[serde(flatten)]
        asked: AskedUpload,
    },
    /// Asks the phone to send a message again that could not be decrypted.
    AskPhone { id: String },
}

/// A device's login, as its page stores it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) secret: String,
}

/// The public keys that a page puts into its code, in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Companion {
    pub(crate) static_key: String,
    pub(crate) identity_key: String,
    pub(crate) adv_secret: String,
    pub(crate) platform: String,
}

impl Companion {
    /// The code of a page with these keys and this ref.
    pub(crate) fn code(&self, value: &str) -> String {
        let Self { static_key, identity_key, adv_secret, platform } = self;
        format!("{value},{static_key},{identity_key},{adv_secret},{platform}")
    }

    /// Whether the fields of a code after its ref are these keys (and this platform, if the code has one).
    pub(crate) fn matches(&self, (static_key, identity_key, adv_secret, platform): Keys<'_>) -> bool {
        (self.static_key.as_str(), self.identity_key.as_str(), self.adv_secret.as_str())
            == (static_key, identity_key, adv_secret)
            && platform.is_none_or(|platform| platform == self.platform)
    }
}

/// The fields of a code after its ref.
pub(crate) type Keys<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

/// The frames from the server to the page.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(crate) enum ToPage<'a> {
    /// The login is accepted; `queued` events of its absence follow.
    Welcome { me: Identity, queued: usize },
    /// The device was unlinked.
    LoggedOut,
    /// The login is refused.
    Failure(&'a LoginRefusal),
    /// The server refuses a message.
    Nack { id: &'a str, code: u16 },
    /// The page must change its ADV secret.
    RotateSecret,
    /// The page has no login and waits for a phone.
    Unpaired,
    /// The current ref and how long it is valid.
    Ref { value: &'a str, ttl_ms: u64 },
    /// A phone linked this page.
    Linked { device: Login, me: Identity },
    /// The answer to `Act`; a refusal has a number. `at`: when the server took it, in Unix seconds, if not now.
    Acted { req: u64, code: Option<u16>, at: Option<u64> },
    /// The answer to `Group`: 200, or the number of the refusal.
    Grouped {
        req: u64,
        code: u16,
        #[serde(flatten)]
        answer: GroupAnswer,
    },
    /// The presence of a person.
    Presence { lid: &'a str, kind: Option<&'a str>, last: Option<&'a str>, chat: Option<&'a str> },
    /// The answer to `PairingCode`.
    PairingCode { req: u64, code: Option<&'a str>, ttl_ms: u64 },
    /// The answer to `Exists`.
    Exists { req: u64, found: Option<Found> },
    /// The answer to `Person`. The picture is on the host of files, under `picture`.
    Person {
        req: u64,
        about: Option<&'a str>,
        picture: Option<String>,
        hidden: bool,
        business: Option<&'a serde_json::Value>,
    },
    /// The phone's answer to `AskUpload`: its number, and the new path of the file.
    Uploaded { id: &'a str, result: u8, direct_path: Option<&'a str> },
    /// An event of the account.
    Event { seq: u64, offline: bool, event: &'a Event },
    /// The device is used elsewhere.
    Conflict,
    /// The answer to `Logout`.
    Bye { req: u64 },
}

/// A person on WhatsApp; `phone` is None if it is hidden from the page.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) lid: String,
    pub(crate) phone: Option<String>,
}

/// The events of an account, queued per device until its page confirms them.
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
    /// A receiver of a message has got it, read it or played it.
    PersonAck {
        id: String,
        sender: String,
        ack: i8,
        t: u64,
    },
    Revoke {
        id: String,
    },
    Edit {
        id: String,
        body: String,
    },
    /// Somebody's reaction to a message; an empty one takes the reaction back.
    Reaction {
        id: String,
        sender: String,
        emoji: String,
        t_ms: u64,
    },
    /// Somebody calls.
    Call {
        id: String,
        sender: String,
        video: bool,
        t: u64,
    },
    /// The call is over, with WhatsApp's word for how.
    CallEnded {
        id: String,
        sender: String,
        video: bool,
        t: u64,
        outcome: String,
    },
    /// Somebody changed a group.
    GroupChanged {
        id: String,
        group: String,
        what: String,
        author: String,
        people: Vec<String>,
        value: Option<String>,
        /// The group, if it was made.
        made: Option<Box<GroupView>>,
        /// The identities of these people.
        known: Vec<Identity>,
        t: u64,
    },
    /// Somebody took another name.
    Named {
        sender: String,
        name: String,
    },
    /// A chat was read on the phone.
    Read {
        chat: String,
    },
    /// Somebody's vote in a poll.
    Vote {
        id: String,
        sender: String,
        options: Vec<String>,
        t_ms: u64,
    },
}

/// The reports of the page to the simulation.
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
    /// The page has handled one more frame.
    Heard,
}

/// The frames from the simulation to the page.
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
    /// An event of the pairing code that is shown.
    PairingEvent {
        event: &'a str,
    },
}
