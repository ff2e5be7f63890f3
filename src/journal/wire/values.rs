//! The values that many shapes share.

use std::fmt;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::domain::{log, message, state, time, via};

/// A point in time in milliseconds since the Unix epoch, written as ISO-8601 in UTC with milliseconds.
#[derive(Clone, Copy, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(time::Timestamp);

impl From<time::Timestamp> for Timestamp {
    fn from(at: time::Timestamp) -> Self {
        Self(at)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// WhatsApp's id of a message: `fromMe_chat_HEX`, followed by `_participant` in groups.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(transparent)]
pub struct MessageId(String);

impl From<message::MessageId> for MessageId {
    fn from(id: message::MessageId) -> Self {
        Self(id.into_string())
    }
}

impl From<&message::MessageId> for MessageId {
    fn from(id: &message::MessageId) -> Self {
        Self(id.as_str().to_owned())
    }
}

/// How far a message of this account got, in WhatsApp's numbers: -1 error, 0 not left, 1 server, 2 delivered, 3 read,
/// 4 played.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Ack(i8);

impl From<message::Ack> for Ack {
    fn from(ack: message::Ack) -> Self {
        Self(ack.level())
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    In,
    Out,
}

impl From<log::Direction> for Direction {
    fn from(direction: log::Direction) -> Self {
        match direction {
            log::Direction::In => Self::In,
            log::Direction::Out => Self::Out,
        }
    }
}

/// A way in which messages leave and arrive: WhatsApp Web, or Meta's Cloud API.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Web,
    Cloud,
}

impl From<via::Via> for Source {
    fn from(via: via::Via) -> Self {
        match via {
            via::Via::Web => Self::Web,
            via::Via::Cloud => Self::Cloud,
        }
    }
}

/// The state of the session.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Init,
    QrRequired,
    Authenticated,
    Ready,
    Reconnecting,
    Disconnected,
    Error,
}

impl From<state::State> for State {
    fn from(state: state::State) -> Self {
        match state {
            state::State::Init => Self::Init,
            state::State::QrRequired => Self::QrRequired,
            state::State::Authenticated => Self::Authenticated,
            state::State::Ready => Self::Ready,
            state::State::Reconnecting => Self::Reconnecting,
            state::State::Disconnected => Self::Disconnected,
            state::State::Error => Self::Error,
        }
    }
}

/// Why the session is in its state.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    Operator,
    LoggedOut,
    Conflict,
    NetworkLost,
    SyncStalled,
    BrowserNotFound,
    BrowserLaunchFailed,
    BrowserCrashed,
    BrowserRecycled,
    PageCrashed,
    PageUnresponsive,
    PageLoadFailed,
    BrowserRefused,
    VersionDeprecated,
    SurfaceChanged,
    AccountBlocked,
    ProxyBlocked,
    QrNotScanned,
    LoginRefused,
    ServiceUnavailable,
    SendsUnconfirmed,
    ProfileInUse,
    NoDisplay,
    ShuttingDown,
}

impl From<state::Reason> for Reason {
    fn from(reason: state::Reason) -> Self {
        match reason {
            state::Reason::Operator => Self::Operator,
            state::Reason::LoggedOut => Self::LoggedOut,
            state::Reason::Conflict => Self::Conflict,
            state::Reason::NetworkLost => Self::NetworkLost,
            state::Reason::SyncStalled => Self::SyncStalled,
            state::Reason::BrowserNotFound => Self::BrowserNotFound,
            state::Reason::BrowserLaunchFailed => Self::BrowserLaunchFailed,
            state::Reason::BrowserCrashed => Self::BrowserCrashed,
            state::Reason::BrowserRecycled => Self::BrowserRecycled,
            state::Reason::PageCrashed => Self::PageCrashed,
            state::Reason::PageUnresponsive => Self::PageUnresponsive,
            state::Reason::PageLoadFailed => Self::PageLoadFailed,
            state::Reason::BrowserRefused => Self::BrowserRefused,
            state::Reason::VersionDeprecated => Self::VersionDeprecated,
            state::Reason::SurfaceChanged => Self::SurfaceChanged,
            state::Reason::AccountBlocked => Self::AccountBlocked,
            state::Reason::ProxyBlocked => Self::ProxyBlocked,
            state::Reason::QrNotScanned => Self::QrNotScanned,
            state::Reason::LoginRefused => Self::LoginRefused,
            state::Reason::ServiceUnavailable => Self::ServiceUnavailable,
            state::Reason::SendsUnconfirmed => Self::SendsUnconfirmed,
            state::Reason::ProfileInUse => Self::ProfileInUse,
            state::Reason::NoDisplay => Self::NoDisplay,
            state::Reason::ShuttingDown => Self::ShuttingDown,
        }
    }
}
