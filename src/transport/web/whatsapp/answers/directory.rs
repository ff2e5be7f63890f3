//! The page's chats, people and groups, as the adapter describes them.

use serde::Deserialize;

/// A part of a list.
#[derive(Debug, Deserialize)]
pub struct Part<T> {
    pub items: Vec<T>,
    /// Where the next part begins; None at the end.
    pub next: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Identity {
    pub phone: Option<String>,
    pub lid: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ChatNow {
    /// `user@server`.
    pub id: String,
    pub phone: Option<String>,
    pub lid: Option<String>,
    pub name: Option<String>,
    pub unread: u32,
    pub marked_unread: bool,
    pub archived: bool,
    pub pinned: bool,
    pub muted: bool,
    pub muted_until_s: Option<u64>,
    pub read_only: bool,
    pub last_s: Option<u64>,
}

/// One of the contacts that the page has of a person: it has one for the LID and one for the number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ContactNow {
    pub phone: Option<String>,
    pub lid: Option<String>,
    pub name: Option<String>,
    pub pushname: Option<String>,
    pub verified_name: Option<String>,
    pub business: bool,
    pub blocked: bool,
    pub me: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleNow {
    Creator,
    Admin,
    Member,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the settings of a group are switches")]
pub struct GroupNow {
    pub id: String,
    pub known: bool,
    pub subject: Option<String>,
    pub description: Option<String>,
    pub owner: Option<Identity>,
    pub created_s: Option<u64>,
    pub members: u32,
    pub role: Option<RoleNow>,
    pub announce: bool,
    pub restrict: bool,
    pub approval: bool,
    pub members_add: bool,
    pub ephemeral_s: u32,
    pub by_lid: bool,
    pub community: bool,
    pub parent: Option<String>,
    /// The members, where one group was asked for.
    #[serde(default)]
    pub people: Option<Vec<MemberNow>>,
}

/// The picture of a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PictureNow {
    /// Changes with the picture.
    pub tag: Option<String>,
    /// Base64; None if it is the picture of the tag that was given.
    pub data: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MemberNow {
    pub phone: Option<String>,
    pub lid: Option<String>,
    pub role: RoleNow,
}
