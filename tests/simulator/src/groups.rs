//! Groups as the server has them, and what pages ask about them.

use crate::message::Identity;
use serde::{Deserialize, Serialize};

/// A group that a page or a test has made, as the first account sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerGroup {
    /// `…@g.us`.
    pub id: String,
    pub subject: String,
    pub description: Option<String>,
    /// The id of the description: a change names the one that it replaces.
    pub description_id: Option<String>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins change subject, description and settings.
    pub restrict: bool,
    /// Admins approve those who want to join.
    pub approval: bool,
    /// Only admins add members.
    pub admin_add: bool,
    /// Seconds until messages vanish; 0: they stay.
    pub ephemeral: u64,
    /// Its members are named by LID, not by phone number.
    pub by_lid: bool,
    /// The pages are not told of the group: they know it from messages, until they ask the server.
    pub untold: bool,
    /// The numbers of the other members, and of the admins among them. The first member has made the group; the account, if
    /// there is no other one.
    pub members: Vec<String>,
    pub admins: Vec<String>,
    /// The account is in the group, and an admin of it.
    pub is_member: bool,
    pub admin: bool,
    /// The account has asked to join.
    pub asked: bool,
    /// The code of the invite.
    pub code: String,
}

impl Default for ServerGroup {
    fn default() -> Self {
        Self {
            id: String::new(),
            subject: "Grupo de prueba".to_owned(),
            description: None,
            description_id: None,
            announce: false,
            restrict: false,
            approval: false,
            admin_add: true,
            ephemeral: 0,
            by_lid: true,
            untold: false,
            members: Vec::new(),
            admins: Vec::new(),
            is_member: true,
            admin: false,
            asked: false,
            code: String::new(),
        }
    }
}

/// What a page asks. People are wids.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum GroupAsk {
    Create {
        subject: String,
        people: Vec<String>,
        announce: bool,
        restrict: bool,
        approval: bool,
        admin_add: bool,
        ephemeral: u64,
    },
    People {
        group: String,
        act: Act,
        people: Vec<String>,
    },
    Subject {
        group: String,
        subject: String,
    },
    Description {
        group: String,
        text: Option<String>,
        id: String,
        prev: Option<String>,
    },
    Setting {
        group: String,
        name: String,
        value: u64,
    },
    /// All groups that the account is in.
    Participating,
    Info {
        group: String,
    },
    About {
        invite: String,
    },
    Invite {
        group: String,
    },
    ResetInvite {
        group: String,
    },
    Join {
        invite: String,
    },
    Leave {
        group: String,
    },
}

impl GroupAsk {
    /// The name under which an error is set for it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Create { .. } => "create",
            Self::People { .. } => "people",
            Self::Subject { .. } => "subject",
            Self::Description { .. } => "description",
            Self::Setting { name, .. } => name,
            Self::Participating => "participating",
            Self::Info { .. } => "info",
            Self::About { .. } => "about",
            Self::Invite { .. } => "invite",
            Self::ResetInvite { .. } => "reset_invite",
            Self::Join { .. } => "join",
            Self::Leave { .. } => "leave",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    Add,
    Remove,
    Promote,
    Demote,
}

impl Act {
    /// What the members are told.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
        }
    }
}

/// The answer; what it is not about is missing.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GroupAnswer {
    pub(crate) group: Option<GroupView>,
    pub(crate) groups: Vec<GroupView>,
    pub(crate) people: Vec<PersonAnswer>,
    pub(crate) invite: Option<String>,
    pub(crate) asked: bool,
}

/// A group as its members see it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GroupView {
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) description: Option<Description>,
    pub(crate) announce: bool,
    pub(crate) restrict: bool,
    pub(crate) approval: bool,
    pub(crate) admin_add: bool,
    pub(crate) ephemeral: u64,
    pub(crate) by_lid: bool,
    pub(crate) participants: Vec<Participant>,
    /// The identities of the participants.
    pub(crate) known: Vec<Identity>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Description {
    pub(crate) id: String,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Participant {
    pub(crate) id: String,
    pub(crate) admin: bool,
    /// Has made the group.
    pub(crate) creator: bool,
}

/// The answer about one person; somebody who is not added may have an invite.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PersonAnswer {
    pub(crate) id: String,
    pub(crate) code: u16,
    pub(crate) invite: Option<String>,
    pub(crate) expires: Option<u64>,
}
