//! Groups: the bodies of requests as schemas, and what is answered.

use serde::Serialize;
use utoipa::ToSchema;

use super::{MessageId, Timestamp};
use crate::domain::group::{PeopleAct, PersonAnswer, PersonInvite, result_word};
use crate::domain::time;
use crate::outbound::{MadeGroup, Person};

/// A group that was made.
#[derive(Serialize, ToSchema)]
pub struct GroupMade {
    pub ok: bool,
    pub success: bool,
    /// `…@g.us`; null with `SEND_MODE=dry-run`.
    pub id: Option<String>,
    /// In the order of the request; null for a repeated idempotency key, whose first answer had them, and for a dry run.
    pub participants: Option<Vec<GroupPerson>>,
    /// True with `SEND_MODE=dry-run`: no group was made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// A change that WhatsApp's server has taken.
#[derive(Serialize, ToSchema)]
pub struct GroupChanged {
    pub ok: bool,
    pub success: bool,
    pub id: String,
    /// True with `SEND_MODE=dry-run`: nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What became of each person.
#[derive(Serialize, ToSchema)]
pub struct GroupPeople {
    pub ok: bool,
    pub success: bool,
    pub id: String,
    /// In the order of the request; null for a dry run.
    pub participants: Option<Vec<GroupPerson>>,
    /// True with `SEND_MODE=dry-run`: nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What became of one person.
#[derive(Serialize, ToSchema)]
pub struct GroupPerson {
    /// The phone's digits, or the chat id if the request named one.
    pub participant: String,
    /// The phone's digits, where WhatsApp tells them.
    pub phone: Option<String>,
    /// `user@lid`, where WhatsApp tells it.
    pub lid: Option<String>,
    /// WhatsApp's number; null if it said nothing about this person.
    pub code: Option<u16>,
    /// The same in a word.
    pub result: &'static str,
    /// What may be sent to somebody who cannot be added.
    pub invite: Option<PersonalInvite>,
}

/// An invite for one person.
#[derive(Serialize, ToSchema)]
pub struct PersonalInvite {
    pub expires_at: Option<Timestamp>,
    /// The message with the invite, where it was asked for and sent.
    pub message_id: Option<MessageId>,
    /// Why the invite was not sent, where it was asked for.
    pub error: Option<String>,
}

/// The invite that admits whoever has it.
#[derive(Serialize, ToSchema)]
pub struct GroupInvite {
    pub ok: bool,
    pub success: bool,
    pub id: String,
    /// Null with `SEND_MODE=dry-run`.
    pub code: Option<String>,
    pub link: Option<String>,
    /// True with `SEND_MODE=dry-run`: the invite is the same as before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// A group that was joined, or asked for admission.
#[derive(Serialize, ToSchema)]
pub struct GroupJoined {
    pub ok: bool,
    pub success: bool,
    /// `…@g.us`; null with `SEND_MODE=dry-run`.
    pub id: Option<String>,
    /// `joined`, or `requested`: the group's admins decide.
    pub status: &'static str,
    /// True with `SEND_MODE=dry-run`: nothing was asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl GroupMade {
    pub fn new(made: Option<MadeGroup>) -> Self {
        let dry_run = made.is_none();
        let (id, people) = made.map_or((None, None), |MadeGroup { id, people }| (Some(id), people));
        let participants = people.map(|people| each(PeopleAct::Add, people));
        Self { ok: true, success: true, id, participants, dry_run }
    }
}

impl GroupPeople {
    pub fn new(id: String, act: PeopleAct, people: Option<Vec<Person>>) -> Self {
        let dry_run = people.is_none();
        Self { ok: true, success: true, id, participants: people.map(|people| each(act, people)), dry_run }
    }
}

fn each(act: PeopleAct, people: Vec<Person>) -> Vec<GroupPerson> {
    people.into_iter().map(|person| GroupPerson::new(act, person)).collect()
}

impl GroupPerson {
    fn new(act: PeopleAct, person: Person) -> Self {
        let Person { given, answer, invited } = person;
        let PersonAnswer { lid, phone, code, invite } = answer;
        let invite = invite.map(|PersonInvite { code: _, expires_s }| {
            let (message_id, error) = match invited {
                None => (None, None),
                Some(Ok(sent)) => (Some(sent.message_id.into()), None),
                Some(Err(error)) => (None, Some(error.to_string())),
            };
            let expires_at = expires_s.map(|at| time::Timestamp::from_millis(at.saturating_mul(1000)).into());
            PersonalInvite { expires_at, message_id, error }
        });
        let participant = given.phone_number().map_or_else(|| given.to_string(), |number| number.digits().to_owned());
        Self { participant, phone, lid, code, result: result_word(act, code), invite }
    }
}
