//! Chats and groups.

use serde::Serialize;
use utoipa::ToSchema;

use super::Timestamp;
use crate::directory;

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the marks of a chat are switches")]
pub struct Chat {
    /// `…@lid` or `…@c.us` with one person, `…@g.us` of a group.
    pub chat_id: String,
    /// The person's digits; null of a group, and where WhatsApp does not tell them.
    pub phone: Option<String>,
    /// The person's `user@lid`.
    pub lid: Option<String>,
    /// The subject of the group, or the person's name: the one in the address book, else the one that they chose.
    pub name: Option<String>,
    /// How many messages are unread.
    pub unread: u32,
    /// Somebody marked the chat as unread.
    pub marked_unread: bool,
    pub archived: bool,
    pub pinned: bool,
    pub muted: bool,
    /// Null where it is not muted, or for ever.
    pub muted_until: Option<Timestamp>,
    /// This account has left the group, or was removed from it.
    pub read_only: bool,
    /// When the last message came or went.
    pub last_message_at: Option<Timestamp>,
}

/// Chats, the one with the newest message first.
#[derive(Serialize, ToSchema)]
pub struct Chats {
    pub ok: bool,
    /// When WhatsApp Web was read.
    pub as_of: Timestamp,
    /// False where WhatsApp Web has more chats than the service keeps.
    pub complete: bool,
    pub items: Vec<Chat>,
    /// To be handed back as `after`, for what follows; null at the end.
    #[schema(pattern = r"^[0-9]{1,12}-[0-9-]{1,33}@[a-z.]{3,12}$")]
    pub next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OneChat {
    pub ok: bool,
    /// When WhatsApp Web knew this: now, unless the session is away.
    pub as_of: Timestamp,
    #[serde(flatten)]
    pub chat: Chat,
    /// True where a mark was asked for with `SEND_MODE=dry-run`: the chat is as it was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Creator,
    Admin,
    Member,
}

#[derive(Serialize, ToSchema)]
pub struct Who {
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Participant {
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
    pub role: Role,
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the settings of a group are switches")]
pub struct GroupSettings {
    /// Only admins write.
    pub announce: bool,
    /// Only admins change subject, description and picture.
    pub restrict: bool,
    /// An admin approves who joins.
    pub approval: bool,
    /// Every member may add members, not only admins.
    pub members_add: bool,
    /// After how many seconds messages vanish; 0: they stay.
    pub ephemeral_s: u32,
}

#[derive(Serialize, ToSchema)]
pub struct Group {
    /// `…@g.us`
    pub group_id: String,
    /// False: WhatsApp Web knows this group only from a message so far, and of the rest nothing.
    pub known: bool,
    pub subject: Option<String>,
    pub description: Option<String>,
    pub owner: Option<Who>,
    pub created_at: Option<Timestamp>,
    /// How many there are, this account included.
    pub participants_count: u32,
    /// This account's own role; null where it is not in the group.
    pub role: Option<Role>,
    pub settings: GroupSettings,
    /// Its members are named to each other by LIDs, which do not reveal their numbers.
    pub by_lid: bool,
    /// It is a community: the frame of other groups.
    pub community: bool,
    /// The community that it belongs to.
    pub parent: Option<String>,
}

/// Groups without their participants, by their ids.
#[derive(Serialize, ToSchema)]
pub struct Groups {
    pub ok: bool,
    /// When WhatsApp Web was read.
    pub as_of: Timestamp,
    /// False where WhatsApp Web has more groups than the service keeps.
    pub complete: bool,
    pub items: Vec<Group>,
    /// To be handed back as `after`, for what follows; null at the end.
    #[schema(pattern = r"^[0-9-]{1,32}@g\.us$")]
    pub next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OneGroup {
    pub ok: bool,
    /// When WhatsApp Web knew this: now, unless the session is away.
    pub as_of: Timestamp,
    #[serde(flatten)]
    pub group: Group,
    /// Null while the session is away, and where this account may not know them.
    pub participants: Option<Vec<Participant>>,
}

impl From<directory::Chat> for Chat {
    fn from(chat: directory::Chat) -> Self {
        let directory::Chat {
            id,
            phone,
            lid,
            name,
            unread,
            marked_unread,
            archived,
            pinned,
            muted,
            muted_until,
            read_only,
            last_at,
        } = chat;
        Self {
            chat_id: id,
            phone,
            lid,
            name,
            unread,
            marked_unread,
            archived,
            pinned,
            muted,
            muted_until: muted_until.map(Timestamp::from),
            read_only,
            last_message_at: last_at.map(Timestamp::from),
        }
    }
}

impl From<directory::Role> for Role {
    fn from(role: directory::Role) -> Self {
        match role {
            directory::Role::Creator => Self::Creator,
            directory::Role::Admin => Self::Admin,
            directory::Role::Member => Self::Member,
        }
    }
}

impl From<directory::Who> for Who {
    fn from(directory::Who { phone, lid }: directory::Who) -> Self {
        Self { phone, lid }
    }
}

impl From<directory::Member> for Participant {
    fn from(directory::Member { who: directory::Who { phone, lid }, role }: directory::Member) -> Self {
        Self { phone, lid, role: role.into() }
    }
}

impl From<directory::Settings> for GroupSettings {
    fn from(settings: directory::Settings) -> Self {
        let directory::Settings { announce, restrict, approval, members_add, ephemeral_s } = settings;
        Self { announce, restrict, approval, members_add, ephemeral_s }
    }
}

impl From<directory::Group> for Group {
    fn from(group: directory::Group) -> Self {
        let directory::Group {
            id,
            known,
            subject,
            description,
            owner,
            created_at,
            members,
            role,
            settings,
            by_lid,
            community,
            parent,
        } = group;
        Self {
            group_id: id,
            known,
            subject,
            description,
            owner: owner.map(Who::from),
            created_at: created_at.map(Timestamp::from),
            participants_count: members,
            role: role.map(Role::from),
            settings: settings.into(),
            by_lid,
            community,
            parent,
        }
    }
}
