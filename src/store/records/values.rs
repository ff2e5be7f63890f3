//! The values that many stored shapes share.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::state::{Reason, State};
use crate::domain::time::Timestamp;
use crate::domain::via::Via;

/// A point in time, stored as ISO-8601 in UTC with milliseconds.
#[derive(Clone, Copy)]
pub(in crate::store) struct StoredTime(Timestamp);

impl From<Timestamp> for StoredTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<StoredTime> for Timestamp {
    fn from(stored: StoredTime) -> Self {
        stored.0
    }
}

impl Serialize for StoredTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StoredTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

/// Absent in entries of versions that knew one way.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum StoredVia {
    #[default]
    Web,
    Cloud,
}

impl StoredVia {
    pub(super) fn is_web(&self) -> bool {
        *self == Self::Web
    }
}

impl From<Via> for StoredVia {
    fn from(via: Via) -> Self {
        match via {
            Via::Web => Self::Web,
            Via::Cloud => Self::Cloud,
        }
    }
}

impl From<StoredVia> for Via {
    fn from(stored: StoredVia) -> Self {
        match stored {
            StoredVia::Web => Self::Web,
            StoredVia::Cloud => Self::Cloud,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StoredState {
    Init,
    QrRequired,
    Authenticated,
    Ready,
    Reconnecting,
    Disconnected,
    Error,
}

impl From<State> for StoredState {
    fn from(state: State) -> Self {
        match state {
            State::Init => Self::Init,
            State::QrRequired => Self::QrRequired,
            State::Authenticated => Self::Authenticated,
            State::Ready => Self::Ready,
            State::Reconnecting => Self::Reconnecting,
            State::Disconnected => Self::Disconnected,
            State::Error => Self::Error,
        }
    }
}

impl From<StoredState> for State {
    fn from(stored: StoredState) -> Self {
        match stored {
            StoredState::Init => Self::Init,
            StoredState::QrRequired => Self::QrRequired,
            StoredState::Authenticated => Self::Authenticated,
            StoredState::Ready => Self::Ready,
            StoredState::Reconnecting => Self::Reconnecting,
            StoredState::Disconnected => Self::Disconnected,
            StoredState::Error => Self::Error,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StoredReason {
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

impl From<Reason> for StoredReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Operator => Self::Operator,
            Reason::LoggedOut => Self::LoggedOut,
            Reason::Conflict => Self::Conflict,
            Reason::NetworkLost => Self::NetworkLost,
            Reason::SyncStalled => Self::SyncStalled,
            Reason::BrowserNotFound => Self::BrowserNotFound,
            Reason::BrowserLaunchFailed => Self::BrowserLaunchFailed,
            Reason::BrowserCrashed => Self::BrowserCrashed,
            Reason::BrowserRecycled => Self::BrowserRecycled,
            Reason::PageCrashed => Self::PageCrashed,
            Reason::PageUnresponsive => Self::PageUnresponsive,
            Reason::PageLoadFailed => Self::PageLoadFailed,
            Reason::BrowserRefused => Self::BrowserRefused,
            Reason::VersionDeprecated => Self::VersionDeprecated,
            Reason::SurfaceChanged => Self::SurfaceChanged,
            Reason::AccountBlocked => Self::AccountBlocked,
            Reason::ProxyBlocked => Self::ProxyBlocked,
            Reason::QrNotScanned => Self::QrNotScanned,
            Reason::LoginRefused => Self::LoginRefused,
            Reason::ServiceUnavailable => Self::ServiceUnavailable,
            Reason::SendsUnconfirmed => Self::SendsUnconfirmed,
            Reason::ProfileInUse => Self::ProfileInUse,
            Reason::NoDisplay => Self::NoDisplay,
            Reason::ShuttingDown => Self::ShuttingDown,
        }
    }
}

impl From<StoredReason> for Reason {
    fn from(stored: StoredReason) -> Self {
        match stored {
            StoredReason::Operator => Self::Operator,
            StoredReason::LoggedOut => Self::LoggedOut,
            StoredReason::Conflict => Self::Conflict,
            StoredReason::NetworkLost => Self::NetworkLost,
            StoredReason::SyncStalled => Self::SyncStalled,
            StoredReason::BrowserNotFound => Self::BrowserNotFound,
            StoredReason::BrowserLaunchFailed => Self::BrowserLaunchFailed,
            StoredReason::BrowserCrashed => Self::BrowserCrashed,
            StoredReason::BrowserRecycled => Self::BrowserRecycled,
            StoredReason::PageCrashed => Self::PageCrashed,
            StoredReason::PageUnresponsive => Self::PageUnresponsive,
            StoredReason::PageLoadFailed => Self::PageLoadFailed,
            StoredReason::BrowserRefused => Self::BrowserRefused,
            StoredReason::VersionDeprecated => Self::VersionDeprecated,
            StoredReason::SurfaceChanged => Self::SurfaceChanged,
            StoredReason::AccountBlocked => Self::AccountBlocked,
            StoredReason::ProxyBlocked => Self::ProxyBlocked,
            StoredReason::QrNotScanned => Self::QrNotScanned,
            StoredReason::LoginRefused => Self::LoginRefused,
            StoredReason::ServiceUnavailable => Self::ServiceUnavailable,
            StoredReason::SendsUnconfirmed => Self::SendsUnconfirmed,
            StoredReason::ProfileInUse => Self::ProfileInUse,
            StoredReason::NoDisplay => Self::NoDisplay,
            StoredReason::ShuttingDown => Self::ShuttingDown,
        }
    }
}
