//! Groups: what may be asked of WhatsApp about them, and what it answers about their people.

use super::address::{ChatId, Server};
use super::secret::Secret;

/// WhatsApp's limits; the server may have others.
pub const SUBJECT_MAX: usize = 100;
pub const DESCRIPTION_MAX: usize = 2048;
/// The most people of one request. WhatsApp adds them one by one, and a longer list takes longer than a caller waits.
pub const PEOPLE_MAX: usize = 32;
/// A year, far more than WhatsApp's applications offer.
pub const EPHEMERAL_MAX_S: u64 = 365 * 24 * 3600;
/// The host of the links that invite into groups.
const LINK_HOST: &str = "chat.whatsapp.com/";
const CODE_LENGTH: std::ops::RangeInclusive<usize> = 8..=64;

/// The id of a group, `…@g.us`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupId(ChatId);

impl GroupId {
    /// None if the text is no id of a group.
    pub fn parse(text: &str) -> Option<Self> {
        ChatId::parse(text).ok().filter(|id| id.server() == Server::Group).map(Self)
    }

    pub fn chat(&self) -> &ChatId {
        &self.0
    }
}

impl std::fmt::Display for GroupId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The code of an invite. Whoever has it can join the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteCode(Secret);

impl InviteCode {
    /// Reads a code, or a link that ends in one. None if the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
        let code = match rest.strip_prefix(LINK_HOST) {
            Some(code) => {
                code.strip_prefix("invite/").unwrap_or(code).split(['?', '#', '/']).next().unwrap_or_default()
            }
            None => text,
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (CODE_LENGTH.contains(&code.len()) && code.bytes().all(legal)).then(|| Self(Secret::new(code)))
    }

    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    pub fn link(&self) -> String {
        format!("https://{LINK_HOST}{}", self.reveal())
    }
}

/// What a request changes of a group; None: it stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupChanges {
    pub subject: Option<Secret>,
    /// Empty: the description goes.
    pub description: Option<Secret>,
    pub settings: GroupSettings,
}

impl GroupChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupSettings {
    /// Only admins write.
    pub announce: Option<bool>,
    /// Only admins change subject, description and settings.
    pub restrict: Option<bool>,
    /// Admins approve those who want to join.
    pub membership_approval: Option<bool>,
    /// Only admins add members.
    pub admins_add: Option<bool>,
    /// Seconds until messages vanish; 0: they stay.
    pub ephemeral_s: Option<u64>,
}

/// What is done with people of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeopleAct {
    Add,
    Remove,
    Promote,
    Demote,
}

impl PeopleAct {
    pub const ALL: [Self; 4] = [Self::Add, Self::Remove, Self::Promote, Self::Demote];

    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// What became of a request about one person, by WhatsApp's number.
pub fn result_word(act: PeopleAct, code: Option<u16>) -> &'static str {
    match (code, act) {
        (Some(200), _) => "done",
        (Some(401), _) => "not_allowed",
        (Some(403), PeopleAct::Add) => "invite_needed",
        (Some(404), PeopleAct::Add) => "not_on_whatsapp",
        (Some(404), _) => "not_a_member",
        (Some(408), _) => "left_recently",
        (Some(409), _) => "already_member",
        (Some(417), _) => "community_invite_needed",
        (Some(419), _) => "full",
        (Some(_), _) => "refused",
        (None, _) => "unknown",
    }
}

/// A person in both of WhatsApp's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub lid: Option<String>,
    pub phone: Option<String>,
    /// `user@server`.
    pub wid: Option<String>,
}

/// WhatsApp's answer about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonAnswer {
    pub lid: Option<String>,
    pub phone: Option<String>,
    /// None if the server said nothing about this person.
    pub code: Option<u16>,
    /// What may be sent to somebody who cannot be added.
    pub invite: Option<PersonInvite>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonInvite {
    pub code: Secret,
    /// Seconds since the epoch.
    pub expires_s: Option<u64>,
}

/// The account is in the group, or has asked its admins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupJoined {
    pub group_id: String,
    pub asked: bool,
}

/// Why WhatsApp does not do what is asked about a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupFailure {
    #[error("there is no such group, or this account is not in it ({0})")]
    Absent(String),
    #[error("this account is not an admin of the group, and WhatsApp lets only admins do this ({0})")]
    NotAdmin(String),
    #[error("the invite leads to no group: it was reset, or is wrong ({0})")]
    NoInvite(String),
    /// WhatsApp's number.
    #[error("WhatsApp refused ({0})")]
    Refused(u16),
}

/// An invite into a group for one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInvite {
    pub group: GroupId,
    pub subject: Secret,
    pub code: Secret,
    /// Seconds since the epoch.
    pub expires_s: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_a_code_or_a_link_that_ends_in_one() {
        let code = |text: &str| InviteCode::parse(text).map(|code| code.reveal().to_owned());
        let known = Some("AbCdEfGhIjKlMnOpQrStUv".to_owned());
        for text in [
            "AbCdEfGhIjKlMnOpQrStUv",
            " https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv ",
            "chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv?mode=x",
        ] {
            assert_eq!(code(text), known, "{text}");
        }
        for text in [
            "",
            "short",
            "https://example.com/AbCdEfGhIjKlMnOpQrStUv",
            "AbCdEfGhIjKl MnOp",
            "https://chat.whatsapp.com/",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_id_of_a_group_is_one() {
        assert!(GroupId::parse("120363000000000001@g.us").is_some());
        for other in ["5491122334455@c.us", "1@lid", "5491122334455", ""] {
            assert_eq!(GroupId::parse(other), None);
        }
    }
}
