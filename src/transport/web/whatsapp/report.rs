//! The reports of the page, read from the adapter's numbered JSON.

use serde::Deserialize;

use super::page::PresenceShape;
use super::shapes;
use crate::domain::account::Account;
use crate::domain::limits::Limits;
use crate::domain::message::{Ack, MessageId, Outcome, PageMessage, Reaction, Vote};
use crate::domain::notice::Notice;
use crate::domain::presence::Presence;
use crate::domain::secret::Secret;

/// The socket's state in WhatsApp's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SocketState {
    Unlaunched,
    Opening,
    Pairing,
    Unpaired,
    UnpairedIdle,
    Connected,
    TosBlock,
    SmbTosBlock,
    #[serde(rename = "PROXYBLOCK")]
    ProxyBlock,
    /// A state that this version does not know: neither connected nor waiting for a phone.
    #[serde(other)]
    Unknown,
}

/// The stream's state in WhatsApp's words. The page uses only two states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamState {
    Connected,
    #[default]
    #[serde(other)]
    Disconnected,
}

/// The state of the page, reported as a whole whenever a part of it changes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Level {
    pub socket: SocketState,
    #[serde(default)]
    pub stream: StreamState,
    /// `hasSynced`: it stays true when the connection is lost.
    pub synced: bool,
    /// The server has delivered what it held back while the device was away (`isOfflineDeliveryEnd`).
    #[serde(default)]
    pub caught_up: bool,
    /// The page's connection loop exists. It is gone for good if the session is used on another machine.
    #[serde(default)]
    pub comms: Option<bool>,
    /// This tab owns the login; false if a second tab of the same profile took it.
    #[serde(default)]
    pub mutex: Option<bool>,
    /// Whether the page itself finds the network up.
    #[serde(default)]
    pub network: Option<bool>,
    /// `navigator.onLine`.
    pub online: bool,
    /// The adapter receives messages, and all else that it will listen to in this page: without that the session is not
    /// READY, whatever else the page reports.
    pub subscribed: bool,
    /// WhatsApp Web's version.
    pub version: Option<String>,
    /// The device's identity; None while no phone is linked.
    #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::AccountShape, _>")]
    pub account: Option<Account>,
}

/// The modules of the page that the adapter lacked when it stopped looking.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Surface {
    /// The page had settled: missing modules will not appear any more.
    pub settled: bool,
    /// Whether WhatsApp's module loader is there at all.
    pub loader: bool,
    pub missing: Vec<Missing>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Missing {
    pub name: String,
    /// The feature that fails without it: `session`, `code`, `send`, `messages`…
    pub breaks: String,
    /// The modules in which the adapter looked for it.
    pub modules: Vec<String>,
}

impl Surface {
    /// The modules whose absence breaks `what`, as a text; None when it works.
    pub fn broken(&self, what: &str) -> Option<String> {
        let names: Vec<_> = self.missing.iter().filter(|m| m.breaks == what).map(|m| m.modules.join(" or ")).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PageEvent {
    /// The adapter runs in a new document.
    Hello {
        /// The address says that the document follows a logout.
        #[serde(default)]
        post_logout: Option<PostLogout>,
        /// The page reloaded itself.
        #[serde(default)]
        reloaded: bool,
    },
    /// The document is complete; `status` is its HTTP status (0 if the browser does not tell it).
    Document {
        status: u16,
    },
    Surface(Surface),
    Status(Level),
    Code {
        #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::SecretShape, _>")]
        code: Option<Secret>,
        /// `modules`, or `dom` if the code could only be read from the picture.
        source: String,
        /// How long the page shows the code.
        #[serde(default)]
        ttl_ms: Option<u64>,
    },
    /// An event of the pairing code that is shown.
    Pairing {
        event: PairingEvent,
    },
    /// The first history, or the messages of an absence, are arriving.
    Progress {
        #[serde(default)]
        step: String,
        #[serde(default)]
        done: Option<u64>,
        #[serde(default)]
        total: Option<u64>,
    },
    /// A logout has begun: the page is about to clear its storage.
    Leaving {},
    /// The device was unlinked, with the reason in WhatsApp's words.
    Logout {
        #[serde(default)]
        reason: Option<String>,
        /// Whether WhatsApp's server had answered the logout by then, as far as the page shows it.
        #[serde(default)]
        told: Option<bool>,
    },
    /// Whether the account is banned for a time. Reported at every login, mostly to say that it is not.
    Ban {
        banned: bool,
        #[serde(default)]
        code: Option<i64>,
        #[serde(default)]
        message: Option<String>,
        /// Seconds until the ban ends.
        #[serde(default)]
        expires_s: Option<u64>,
    },
    /// WhatsApp's server refused the login because the service is unavailable (503).
    Unavailable {},
    /// WhatsApp's server calls the page too old (405, 409); the page is about to reload itself.
    Outdated {},
    /// WhatsApp's own limits on messages to people who do not know this account.
    #[serde(deserialize_with = "shapes::one::<_, shapes::LimitsShape, _>")]
    Limits(Limits),
    /// WhatsApp asks for another browser.
    Refused {},
    Message {
        #[serde(deserialize_with = "shapes::boxed::<_, shapes::MessageShape, _>")]
        message: Box<PageMessage>,
    },
    Changed {
        #[serde(deserialize_with = "shapes::boxed::<_, shapes::MessageShape, _>")]
        message: Box<PageMessage>,
    },
    /// The page removed a message: a placeholder that is not needed, or a message deleted for this account.
    Removed {
        #[serde(deserialize_with = "shapes::one::<_, shapes::IdShape, _>")]
        id: MessageId,
    },
    Ack {
        #[serde(deserialize_with = "shapes::one::<_, shapes::IdShape, _>")]
        id: MessageId,
        #[serde(deserialize_with = "shapes::one::<_, shapes::AckShape, _>")]
        ack: Ack,
        /// The number of the server's refusal.
        #[serde(default)]
        code: Option<i64>,
    },
    /// The result of a send that this document made.
    #[serde(deserialize_with = "shapes::one::<_, shapes::OutcomeShape, _>")]
    Outcome(Outcome),
    #[serde(deserialize_with = "shapes::boxed::<_, shapes::ReactionShape, _>")]
    Reaction(Box<Reaction>),
    #[serde(deserialize_with = "shapes::boxed::<_, shapes::VoteShape, _>")]
    Vote(Box<Vote>),
    #[serde(deserialize_with = "shapes::boxed::<_, shapes::NoticeShape, _>")]
    Notice(Box<Notice>),
    /// The presence of a person who is followed has changed.
    #[serde(deserialize_with = "shapes::one::<_, PresenceShape, _>")]
    Presence(Presence),
    /// An error in the adapter.
    Fault {
        #[serde(rename = "where")]
        place: String,
        message: String,
    },
}

/// What the address of a document says about the logout before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct PostLogout {
    /// WhatsApp's number for the reason; mostly it gives none.
    #[serde(default)]
    pub reason: Option<i64>,
    #[serde(default)]
    pub header: Option<String>,
    #[serde(default)]
    pub subtext: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairingEvent {
    /// The phone has answered after the characters were typed.
    Hello,
    /// WhatsApp's server asks for another pairing code.
    Refresh,
    ManualRefresh,
    #[serde(other)]
    Error,
}

/// Reads reports in order and notices when some are missing.
#[derive(Debug, Default)]
pub struct Reader {
    epoch: String,
    n: u64,
}

#[derive(Deserialize)]
struct Numbered {
    epoch: String,
    n: u64,
}

/// Why a report cannot be used. The error does not quote the report, which may hold anything.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("a report of the page could not be read: {:?} at column {}", .0.classify(), .0.column())]
    Unreadable(#[from] serde_json::Error),
}

impl Reader {
    /// The event, and how many reports before it were lost.
    pub fn read(&mut self, report: &str) -> Result<(PageEvent, u64), ReportError> {
        let Numbered { epoch, n } = serde_json::from_str(report)?;
        if epoch != self.epoch {
            (self.epoch, self.n) = (epoch, 0);
        }
        let missed = n.saturating_sub(self.n.saturating_add(1));
        // A report that cannot be understood has still arrived.
        self.n = n;
        Ok((serde_json::from_str(report)?, missed))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use crate::domain::call::CallStatus;
    use crate::domain::presence::PresenceState;

    use super::*;

    #[test]
    fn reads_each_kind_of_report() {
        let mut reader = Reader::default();
        let mut n = 0;
        let mut read = |body: &str| {
            n += 1;
            reader.read(&format!(r#"{{"epoch":"e","n":{n},{body}}}"#)).unwrap().0
        };
        assert_eq!(read(r#""type":"hello""#), PageEvent::Hello { post_logout: None, reloaded: false });
        let deaf = read(r#""type":"logout","reason":null,"told":false"#);
        assert_eq!(deaf, PageEvent::Logout { reason: None, told: Some(false) });
        let level = read(
            r#""type":"status","socket":"UNPAIRED_IDLE","synced":false,"online":true,"subscribed":true,"version":null,"account":null"#,
        );
        assert!(matches!(level, PageEvent::Status(Level { socket: SocketState::UnpairedIdle, .. })));
        let level = read(
            r#""type":"status","socket":"WHATEVER","synced":false,"online":true,"subscribed":true,"version":"2.3","account":null"#,
        );
        assert!(matches!(level, PageEvent::Status(Level { socket: SocketState::Unknown, .. })));
        let call = read(
            r#""type":"notice","what":"call","id":"C","peer":"1@lid","phone":null,"lid":null,"group":null,"from_me":false,"video":true,"outcome":"Offered","duration_s":null,"t":7"#,
        );
        let offered = |notice: &Notice| matches!(notice, Notice::Call(call) if call.status == CallStatus::Offered);
        assert!(matches!(call, PageEvent::Notice(notice) if offered(&notice)));
        let presence =
            read(r#""type":"presence","lid":"1@lid","phone":null,"state":"typing","last_seen_s":null,"hidden":false"#);
        let is_typing = |told: &Presence| told.state == Some(PresenceState::Typing) && told.lid == "1@lid";
        assert!(matches!(presence, PageEvent::Presence(told) if is_typing(&told)));
        let ack = read(r#""type":"ack","id":"true_1@lid_A","ack":-1"#);
        assert!(matches!(ack, PageEvent::Ack { ack, .. } if ack.is_failure()));
    }

    #[test]
    fn a_gap_in_the_numbers_is_counted_and_a_new_document_starts_over() {
        let mut reader = Reader::default();
        let mut missed = |epoch: &str, n: u64| {
            reader.read(&format!(r#"{{"epoch":"{epoch}","n":{n},"type":"progress"}}"#)).unwrap().1
        };
        assert_eq!([missed("a", 1), missed("a", 2), missed("a", 5), missed("b", 1), missed("b", 3)], [0, 0, 2, 0, 1]);
    }

    #[test]
    fn a_report_that_cannot_be_understood_is_not_taken_for_a_lost_one() {
        let mut reader = Reader::default();
        assert!(
            reader
                .read(r#"{"epoch":"a","n":1,"type":"news","secret":"12345678"}"#)
                .is_err_and(|error| !error.to_string().contains("12345678"))
        );
        assert_eq!(reader.read(r#"{"epoch":"a","n":2,"type":"progress"}"#).unwrap().1, 0);
    }

    proptest! {
        #[test]
        fn no_report_makes_it_panic(report in "\\PC{0,200}", tail in "[a-z\":,{}0-9]{0,60}") {
            let mut reader = Reader::default();
            let _ = reader.read(&report);
            let _ = reader.read(&format!(r#"{{"epoch":"e","n":18446744073709551615,"type":{tail}"#));
        }
    }
}
