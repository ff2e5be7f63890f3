//! Decides who may send and when, in the order that the contract gives, before the page is asked anything.

use crate::domain::state::State;
use crate::host::config::SendMode;
use crate::transport::cloud::Health;
use crate::transport::web::session::Snapshot;

use super::SendError;

/// Whether a send would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Availability {
    Open,
    Disabled,
    Stopping,
    NotReady(State),
    /// The session is READY, and sending is refused all the same: the sentence says why and what to do.
    Unavailable(String),
    /// The Cloud API does not accept the token.
    Unauthorized(String),
}

/// What the way of a send says about itself.
pub(super) enum Readiness<'a> {
    Web(&'a Snapshot),
    Cloud(Health),
}

const HELD: &str = "The store was damaged and set aside, and with it the memory of what was sent: run `session-manager store accept` to send again.";

pub(super) fn availability(mode: SendMode, way: &Readiness<'_>, stopping: bool, held: bool) -> Availability {
    let session = match way {
        Readiness::Web(session) => *session,
        Readiness::Cloud(_) if mode == SendMode::Off => return Availability::Disabled,
        Readiness::Cloud(_) if stopping => return Availability::Stopping,
        Readiness::Cloud(_) if held => return Availability::Unavailable(HELD.to_owned()),
        Readiness::Cloud(Health::Unauthorized(why)) => return Availability::Unauthorized(why.clone()),
        // A Cloud API that was out of reach a moment ago may answer now.
        Readiness::Cloud(Health::Unknown | Health::Good(_) | Health::Disabled(..) | Health::Unreachable(_)) => {
            return Availability::Open;
        }
    };
    if mode == SendMode::Off {
        Availability::Disabled
    } else if stopping {
        Availability::Stopping
    } else if session.state != State::Ready || !session.line_up {
        Availability::NotReady(session.state)
    } else if held {
        Availability::Unavailable(HELD.to_owned())
    } else if let Some(modules) = &session.send_broken {
        Availability::Unavailable(lacks(modules))
    } else {
        Availability::Open
    }
}

pub(super) fn lacks(modules: &str) -> String {
    format!(
        "WhatsApp Web changed and the page lacks what sending needs ({modules}): update session-manager or set ADAPTER_PATH."
    )
}

impl Availability {
    pub(super) fn admit(self) -> Result<(), SendError> {
        match self {
            Self::Open => Ok(()),
            Self::Disabled => Err(SendError::Disabled),
            Self::Stopping => Err(SendError::Stopping),
            Self::NotReady(state) => Err(SendError::NotReady(state)),
            Self::Unavailable(why) => Err(SendError::Unavailable(why)),
            Self::Unauthorized(why) => Err(SendError::CloudUnauthorized(why)),
        }
    }

    /// Why sending is refused, for people; None when it is open.
    pub fn reason(&self) -> Option<String> {
        self.clone().admit().err().map(|error| error.to_string())
    }

    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// With a list of clients, a send that names another client is refused; a send without a client is the account's own.
pub(super) fn allow_cliente(allowed: &[String], named: Option<&str>) -> Result<(), SendError> {
    match named {
        Some(named) if !allowed.is_empty() && !allowed.iter().any(|one| one == named) => {
            Err(SendError::ClienteNotAllowed)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::domain::time::Timestamp;

    use super::*;

    fn session(state: State, send_broken: Option<&str>) -> Snapshot {
        Snapshot {
            n: 0,
            state,
            reason: None,
            detail: String::new(),
            since: Timestamp::from_millis(0),
            attempts: 0,
            documents: 1,
            initialized: true,
            active: true,
            account: None,
            code: None,
            web_version: None,
            pinned: false,
            browser_version: None,
            line_up: true,
            progress: None,
            limits: None,
            ban: None,
            send_broken: send_broken.map(str::to_owned),
        }
    }

    #[test]
    fn the_gates_stand_in_the_contracts_order() {
        let ready = session(State::Ready, None);
        let broken = session(State::Ready, Some("WAWebX"));
        let away = session(State::Reconnecting, Some("WAWebX"));
        assert_eq!(availability(SendMode::Off, &Readiness::Web(&away), true, true), Availability::Disabled);
        assert_eq!(availability(SendMode::Live, &Readiness::Web(&away), true, true), Availability::Stopping);
        assert_eq!(
            availability(SendMode::DryRun, &Readiness::Web(&away), false, true),
            Availability::NotReady(State::Reconnecting)
        );
        assert!(
            matches!(availability(SendMode::Live, &Readiness::Web(&broken), false, false), Availability::Unavailable(why) if why.contains("WAWebX"))
        );
        assert!(matches!(
            availability(SendMode::Live, &Readiness::Web(&ready), false, true),
            Availability::Unavailable(_)
        ));
        assert!(availability(SendMode::Live, &Readiness::Web(&ready), false, false).is_open());
    }

    #[test]
    fn only_ready_ever_opens() {
        for state in State::ALL {
            assert_eq!(
                availability(SendMode::Live, &Readiness::Web(&session(state, None)), false, false).is_open(),
                state == State::Ready
            );
        }
    }

    #[test]
    fn the_cloud_api_needs_a_token_and_no_session() {
        let open = |mode, health, stopping, held| availability(mode, &Readiness::Cloud(health), stopping, held);
        let bad = Health::Unauthorized("why".to_owned());
        assert_eq!(open(SendMode::Off, bad.clone(), true, true), Availability::Disabled);
        assert_eq!(open(SendMode::Live, bad.clone(), true, true), Availability::Stopping);
        assert!(matches!(open(SendMode::Live, bad.clone(), false, true), Availability::Unavailable(_)));
        assert_eq!(open(SendMode::DryRun, bad, false, false), Availability::Unauthorized("why".to_owned()));
        assert!(open(SendMode::Live, Health::Unknown, false, false).is_open());
        assert!(open(SendMode::Live, Health::Unreachable(String::new()), false, false).is_open());
    }

    #[test]
    fn a_client_that_is_not_on_the_list_is_refused() {
        let list = ["51".to_owned()];
        assert!(allow_cliente(&list, Some("51")).is_ok() && allow_cliente(&list, None).is_ok());
        assert!(allow_cliente(&[], Some("7")).is_ok());
        assert!(matches!(allow_cliente(&list, Some("7")), Err(SendError::ClienteNotAllowed)));
    }
}
