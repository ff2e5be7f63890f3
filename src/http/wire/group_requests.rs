//! The bodies of requests about groups, as schemas. The handlers read each field by itself.
#![expect(dead_code, reason = "only the schemas are used")]

use utoipa::ToSchema;

use super::requests::{ContactText, NumberDigits};

/// A person: a phone number, `…@c.us` or `…@lid`.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum GroupMember {
    Text(ContactText),
    Digits(NumberDigits),
}

/// The id of a group, `…@g.us`.
#[derive(ToSchema)]
#[schema(
    pattern = r"^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[0-9-]{1,32}@g\.us[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$"
)]
pub struct GroupText(String);

/// A subject: some character of it is seen, and none is a control character.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 100,
    pattern = r"^[ \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x1f\x7f-\x9f]*$"
)]
pub struct GroupSubject(String);

/// Who may add members.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum MemberAddMode {
    Admins,
    All,
}

#[derive(ToSchema)]
pub struct NewGroup {
    subject: GroupSubject,
    /// At least one of them has to be on WhatsApp. In a form: separated by commas, or the field is repeated.
    #[schema(min_items = 1, max_items = 32)]
    participants: Vec<GroupMember>,
    /// Only admins write. Where it is not given: false.
    announce: Option<bool>,
    /// Only admins change subject, description and settings. Where it is not given: false.
    restrict: Option<bool>,
    /// Admins approve those who want to join. Where it is not given: false.
    membership_approval: Option<bool>,
    /// Where it is not given: `admins`.
    member_add_mode: Option<MemberAddMode>,
    /// Seconds until messages vanish; 0, or not given: they stay.
    #[schema(minimum = 0, maximum = 31_536_000)]
    ephemeral: Option<u64>,
    /// Who cannot be added is sent an invite, as a message.
    invite: Option<bool>,
}

/// What is not given stays as it is.
#[derive(ToSchema)]
pub struct GroupChange {
    subject: Option<GroupSubject>,
    /// Empty: the group has none any more.
    #[schema(max_length = 2048, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: Option<String>,
    /// Only admins write.
    announce: Option<bool>,
    /// Only admins change subject, description and settings.
    restrict: Option<bool>,
    /// Admins approve those who want to join.
    membership_approval: Option<bool>,
    member_add_mode: Option<MemberAddMode>,
    /// Seconds until messages vanish; 0: they stay.
    #[schema(minimum = 0, maximum = 31_536_000)]
    ephemeral: Option<u64>,
}

/// Exactly one of `add`, `remove`, `promote` and `demote`.
#[derive(ToSchema)]
pub struct GroupMembers {
    /// People who become members.
    #[schema(min_items = 1, max_items = 32)]
    add: Option<Vec<GroupMember>>,
    /// Members who leave.
    #[schema(min_items = 1, max_items = 32)]
    remove: Option<Vec<GroupMember>>,
    /// Members who become admins.
    #[schema(min_items = 1, max_items = 32)]
    promote: Option<Vec<GroupMember>>,
    /// Admins who become members.
    #[schema(min_items = 1, max_items = 32)]
    demote: Option<Vec<GroupMember>>,
    /// With `add`: who cannot be added is sent an invite, as a message.
    invite: Option<bool>,
}

#[derive(ToSchema)]
pub struct GroupJoin {
    /// The code of an invite, or its link.
    #[schema(
        pattern = r"^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*((https?://)?chat\.whatsapp\.com/(invite/)?[A-Za-z0-9_-]{8,64}([/?#][\s\S]*)?|[A-Za-z0-9_-]{8,64})[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$"
    )]
    code: String,
}
