//! The codes of what fails with groups.

use http::StatusCode;

use super::ApiError;
use crate::domain::group::GroupFailure;
use crate::outbound::GroupError;

/// WhatsApp does not say when it takes changes of groups again.
const RETRY_LATER: u32 = 60;
/// WhatsApp's number for too many requests.
const OVERLIMIT: u16 = 429;

impl From<GroupError> for ApiError {
    fn from(error: GroupError) -> Self {
        let message = error.to_string();
        match error {
            GroupError::Send(error) => error.into(),
            GroupError::Session(error) => error.into(),
            GroupError::NobodyThere => Self::bad_request("NOT_ON_WHATSAPP", message),
            GroupError::Unknown | GroupError::Unconfirmed => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "OUTCOME_UNKNOWN", message)
            }
            GroupError::Partly { changed, error, .. } => {
                let mut error = Self::from(*error);
                error.message = message;
                error.with("changed", changed)
            }
        }
    }
}

impl From<GroupFailure> for ApiError {
    fn from(failure: GroupFailure) -> Self {
        let message = failure.to_string();
        match failure {
            GroupFailure::Absent(_) => Self::new(StatusCode::NOT_FOUND, "GROUP_NOT_FOUND", message),
            GroupFailure::NotAdmin(_) => Self::new(StatusCode::FORBIDDEN, "GROUP_NOT_ADMIN", message),
            GroupFailure::NoInvite(_) => Self::new(StatusCode::NOT_FOUND, "INVITE_NOT_FOUND", message),
            GroupFailure::Refused(OVERLIMIT) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).retry_after(RETRY_LATER)
            }
            GroupFailure::Refused(code) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message).with("whatsapp_code", code)
            }
        }
    }
}
