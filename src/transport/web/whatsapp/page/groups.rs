//! The calls about groups. Each change ends by what WhatsApp's server then has.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal::refusal;
use super::{Page, PageError, a_little_earlier};
use crate::domain::address::ChatId;
use crate::domain::group::{
    GroupChanges, GroupId, GroupJoined, GroupSettings, Identity, InviteCode, PeopleAct, PersonAnswer, PersonInvite,
};
use crate::domain::secret::Secret;

/// A person as the adapter names and reads them.
#[derive(Serialize, Deserialize)]
struct IdentityShape {
    lid: Option<String>,
    phone: Option<String>,
    wid: Option<String>,
}

#[derive(Deserialize)]
struct PersonShape {
    lid: Option<String>,
    phone: Option<String>,
    code: Option<u16>,
    invite: Option<InviteShape>,
}

#[derive(Deserialize)]
struct InviteShape {
    code: String,
    expires_s: Option<u64>,
}

impl From<IdentityShape> for Identity {
    fn from(IdentityShape { lid, phone, wid }: IdentityShape) -> Self {
        Self { lid, phone, wid }
    }
}

impl From<&Identity> for IdentityShape {
    fn from(identity: &Identity) -> Self {
        let Identity { lid, phone, wid } = identity.clone();
        Self { lid, phone, wid }
    }
}

impl From<PersonShape> for PersonAnswer {
    fn from(PersonShape { lid, phone, code, invite }: PersonShape) -> Self {
        let invite = invite.map(|InviteShape { code, expires_s }| PersonInvite { code: Secret::new(code), expires_s });
        Self { lid, phone, code, invite }
    }
}

/// How far the changes of a group went.
#[derive(Debug)]
pub struct Changed {
    /// The fields that the server has taken.
    pub fields: Vec<String>,
    /// The field with which the changes ended, and why; what comes after it was not tried.
    pub failed: Option<(String, PageError)>,
}

impl Page {
    /// Who is meant, None for who is not on WhatsApp. What a new group needs of the page is fetched too: after this, a new
    /// group does not fail for lack of a module.
    pub async fn group_people(
        &self,
        participants: &[ChatId],
        deadline: Duration,
    ) -> Result<Vec<Option<Identity>>, PageError> {
        #[derive(Deserialize)]
        struct Found {
            people: Vec<Option<IdentityShape>>,
        }
        let found: Found = self.call("group_people", json!({ "participants": texts(participants) }), deadline).await?;
        Ok(found.people.into_iter().map(|person| person.map(Identity::from)).collect())
    }

    /// Those of these people whom the page does not know by both identities; WhatsApp's server is asked for nothing.
    pub async fn unknown(&self, people: &[ChatId]) -> Result<Vec<ChatId>, PageError> {
        #[derive(Deserialize)]
        struct Unknown {
            people: Vec<String>,
        }
        let unknown: Unknown = self.call("unknown", json!({ "people": texts(people) }), self.deadline).await?;
        let is_unknown = |person: &&ChatId| unknown.people.contains(&person.to_string());
        Ok(people.iter().filter(is_unknown).cloned().collect())
    }

    /// Both identities of people, looked up where the page does not know them; None for who is not on WhatsApp.
    pub async fn identities(&self, people: &[ChatId], deadline: Duration) -> Result<Vec<Option<Identity>>, PageError> {
        #[derive(Deserialize)]
        struct Found {
            people: Vec<Option<IdentityShape>>,
        }
        let found: Found = self.call("identities", json!({ "people": texts(people) }), deadline).await?;
        Ok(found.people.into_iter().map(|person| person.map(Identity::from)).collect())
    }

    /// Makes a group; the answers are in the order of the people. After [`PageError::Group`], [`PageError::Missing`] and
    /// [`PageError::NotAvailable`] there is none; after any other error nobody knows.
    pub async fn group_create(
        &self,
        subject: &Secret,
        people: &[Identity],
        settings: GroupSettings,
        deadline: Duration,
    ) -> Result<(String, Vec<PersonAnswer>), PageError> {
        #[derive(Deserialize)]
        struct Made {
            group_id: String,
            people: Vec<PersonShape>,
        }
        let people: Vec<_> = people.iter().map(IdentityShape::from).collect();
        let GroupSettings { announce, restrict, membership_approval, admins_add, ephemeral_s } = settings;
        let argument = json!({
            "subject": subject.reveal(),
            "people": people,
            "announce": announce.unwrap_or(false),
            "restrict": restrict.unwrap_or(false),
            "approval": membership_approval.unwrap_or(false),
            "admins_add": admins_add.unwrap_or(true),
            "ephemeral_s": ephemeral_s.unwrap_or(0),
        });
        let made: Made = self.call("group_create", argument, deadline).await?;
        Ok((made.group_id, made.people.into_iter().map(PersonAnswer::from).collect()))
    }

    /// Changes a group, one field after the other; may be repeated. After [`PageError::Unconfirmed`] nobody knows whether
    /// the server has taken the field.
    pub async fn group_change(
        &self,
        group: &GroupId,
        changes: &GroupChanges,
        deadline: Duration,
    ) -> Result<Changed, PageError> {
        #[derive(Deserialize)]
        struct Failed {
            field: String,
            code: String,
            message: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            changed: Vec<String>,
            failed: Option<Failed>,
        }
        let GroupChanges { subject, description, settings } = changes;
        let GroupSettings { announce, restrict, membership_approval, admins_add, ephemeral_s } = settings;
        let argument = json!({
            "group_id": group.to_string(),
            "subject": subject.as_ref().map(Secret::reveal),
            "description": description.as_ref().map(Secret::reveal),
            "announce": announce,
            "restrict": restrict,
            "approval": membership_approval,
            "admins_add": admins_add,
            "ephemeral_s": ephemeral_s,
            "within_ms": a_little_earlier(deadline),
        });
        let Answer { changed, failed } = self.call("group_change", argument, deadline).await?;
        let failed = failed.map(|Failed { field, code, message }| (field, refusal(&code, message)));
        Ok(Changed { fields: changed, failed })
    }

    /// Does something with people of a group; tells the group's subject, and the answers in the order of the people.
    pub async fn group_members(
        &self,
        group: &GroupId,
        act: PeopleAct,
        participants: &[ChatId],
        deadline: Duration,
    ) -> Result<(Secret, Vec<PersonAnswer>), PageError> {
        #[derive(Deserialize)]
        struct Answers {
            subject: String,
            people: Vec<PersonShape>,
        }
        let argument = json!({ "group_id": group.to_string(), "act": act.name(), "participants": texts(participants) });
        let answers: Answers = self.call("group_members", argument, deadline).await?;
        Ok((Secret::new(answers.subject), answers.people.into_iter().map(PersonAnswer::from).collect()))
    }

    /// The invite of a group, or a new one in its place.
    pub async fn group_invite(
        &self,
        group: &GroupId,
        reset: bool,
        deadline: Duration,
    ) -> Result<InviteCode, PageError> {
        #[derive(Deserialize)]
        struct Given {
            code: String,
        }
        let argument = json!({ "group_id": group.to_string(), "reset": reset });
        let given: Given = self.call("group_invite", argument, deadline).await?;
        InviteCode::parse(&given.code).ok_or_else(|| PageError::Refused("the invite has an unknown form".to_owned()))
    }

    /// Joins a group, or asks its admins; may be repeated.
    pub async fn group_join(&self, code: &InviteCode, deadline: Duration) -> Result<GroupJoined, PageError> {
        #[derive(Deserialize)]
        struct Joined {
            group_id: String,
            asked: bool,
        }
        let Joined { group_id, asked } = self.call("group_join", json!({ "code": code.reveal() }), deadline).await?;
        Ok(GroupJoined { group_id, asked })
    }

    /// Leaves a group; may be repeated.
    pub async fn group_leave(&self, group: &GroupId, deadline: Duration) -> Result<(), PageError> {
        self.call("group_leave", json!({ "group_id": group.to_string() }), deadline).await.map(|_: Value| ())
    }
}

fn texts(ids: &[ChatId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
