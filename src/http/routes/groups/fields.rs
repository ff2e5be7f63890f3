//! What the fields of requests about groups say: each is read by itself and has its own error.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::domain::address::{ChatId, Server};
use crate::domain::group::{
    DESCRIPTION_MAX, EPHEMERAL_MAX_S, GroupChanges, GroupId, GroupSettings, InviteCode, PEOPLE_MAX, PeopleAct,
    SUBJECT_MAX,
};
use crate::domain::secret::Secret;
use crate::http::body::{Field, flag, written};
use crate::http::error::ApiError;

pub(super) const NEW: [Field; 10] = [
    Field::text("subject"),
    Field::list("participants"),
    Field::flag("announce"),
    Field::flag("restrict"),
    Field::flag("membership_approval"),
    Field::text("member_add_mode"),
    Field::text("ephemeral"),
    Field::flag("invite"),
    Field::text("cliente_id"),
    Field::text("idempotency_key"),
];
pub(super) const CHANGE: [Field; 7] = [
    Field::text("subject"),
    Field::text("description"),
    Field::flag("announce"),
    Field::flag("restrict"),
    Field::flag("membership_approval"),
    Field::text("member_add_mode"),
    Field::text("ephemeral"),
];
pub(super) const MEMBERS: [Field; 5] =
    [Field::list("add"), Field::list("remove"), Field::list("promote"), Field::list("demote"), Field::flag("invite")];
pub(super) const JOIN: [Field; 1] = [Field::text("code")];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("INVALID_FIELD", message)
}

fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// The group that a path names.
pub(super) fn group(id: &str) -> Result<GroupId, ApiError> {
    GroupId::parse(id).ok_or_else(|| ApiError::bad_request("INVALID_NUMBER", "The id of a group ends in @g.us."))
}

/// None if the field is not given.
pub(super) fn subject(fields: &Map<String, Value>) -> Result<Option<Secret>, ApiError> {
    let Some(value) = given(fields, "subject") else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| invalid("subject must be text."))?;
    let length = text.chars().count();
    if text.trim().is_empty() || length > SUBJECT_MAX || text.chars().any(char::is_control) {
        return Err(invalid(format!("subject must have 1 to {SUBJECT_MAX} characters, and no control characters.")));
    }
    Ok(Some(Secret::new(text)))
}

fn description(fields: &Map<String, Value>) -> Result<Option<Secret>, ApiError> {
    let Some(value) = given(fields, "description") else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| invalid("description must be text."))?;
    let is_refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > DESCRIPTION_MAX || text.chars().any(is_refused) {
        return Err(invalid(format!(
            "description may have at most {DESCRIPTION_MAX} characters, and no control characters but line ends and tabs."
        )));
    }
    Ok(Some(Secret::new(text)))
}

fn maybe_flag(fields: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    given(fields, name).map(|_| flag(fields, name)).transpose()
}

pub(super) fn settings(fields: &Map<String, Value>) -> Result<GroupSettings, ApiError> {
    let wrong = || invalid("member_add_mode must be `admins` or `all`.");
    let admins_add = match given(fields, "member_add_mode") {
        None => None,
        Some(Value::String(mode)) if mode == "admins" => Some(true),
        Some(Value::String(mode)) if mode == "all" => Some(false),
        Some(_) => return Err(wrong()),
    };
    let whole = |value: &Value| match value {
        Value::Number(number) => written(number).parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let ephemeral_s =
        match given(fields, "ephemeral") {
            None => None,
            Some(value) => Some(whole(value).filter(|seconds: &u64| *seconds <= EPHEMERAL_MAX_S).ok_or_else(|| {
                invalid(format!("ephemeral must be a whole number of seconds, 0 to {EPHEMERAL_MAX_S}."))
            })?),
        };
    Ok(GroupSettings {
        announce: maybe_flag(fields, "announce")?,
        restrict: maybe_flag(fields, "restrict")?,
        membership_approval: maybe_flag(fields, "membership_approval")?,
        admins_add,
        ephemeral_s,
    })
}

pub(super) fn changes(fields: &Map<String, Value>) -> Result<GroupChanges, ApiError> {
    Ok(GroupChanges { subject: subject(fields)?, description: description(fields)?, settings: settings(fields)? })
}

/// People, in the order in which they are named; None if the field is not given.
pub(super) fn people(fields: &Map<String, Value>, name: &str) -> Result<Option<Vec<ChatId>>, ApiError> {
    let wrong = || invalid(format!("{name} must be a list of 1 to {PEOPLE_MAX} people."));
    let texts: Vec<String> = match given(fields, name) {
        None => return Ok(None),
        Some(Value::Array(people)) => {
            let text = |value: &Value| match value {
                Value::String(text) => Ok(text.clone()),
                Value::Number(digits) => Ok(written(digits)),
                _ => Err(ApiError::bad_request("INVALID_NUMBER", format!("{name} has an entry that is no text."))),
            };
            people.iter().map(text).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(wrong()),
    };
    if !(1..=PEOPLE_MAX).contains(&texts.len()) {
        return Err(wrong());
    }
    texts.iter().enumerate().map(|(index, text)| person(name, index, text)).collect::<Result<_, _>>().map(Some)
}

fn person(name: &str, index: usize, text: &str) -> Result<ChatId, ApiError> {
    let wrong = |why: String| ApiError::bad_request("INVALID_NUMBER", format!("{name}[{index}] {why}."));
    let id = ChatId::parse_recipient(text).map_err(|error| wrong(error.to_string()))?;
    if id.server() == Server::Group { Err(wrong("is a group and no person".to_owned())) } else { Ok(id) }
}

/// What is done, and with whom.
pub(super) fn act(fields: &Map<String, Value>) -> Result<(PeopleAct, Vec<ChatId>), ApiError> {
    let mut found = None;
    for act in PeopleAct::ALL {
        let Some(people) = people(fields, act.name())? else { continue };
        if found.is_some() {
            let sentence = "More than one of add, remove, promote and demote is given: send one.";
            return Err(ApiError::bad_request("CONTRADICTION", sentence));
        }
        found = Some((act, people));
    }
    found.ok_or_else(|| invalid("One of add, remove, promote and demote is wanted."))
}

pub(super) fn code(fields: &Map<String, Value>) -> Result<InviteCode, ApiError> {
    let code = given(fields, "code").and_then(Value::as_str).and_then(InviteCode::parse);
    code.ok_or_else(|| invalid("code must be the code of an invite, or its link."))
}

/// The client in whose name a request without a field for it is made.
pub(super) fn cliente_id(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    super::super::send::cliente_id(&Map::new(), headers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    fn fields(body: &Value) -> Map<String, Value> {
        body.as_object().unwrap().clone()
    }

    #[test]
    fn the_document_allows_the_new_groups_that_are_read() {
        let allowed = Allowed::body("/groups");
        let is_read = |body: &Value| {
            let fields = fields(body);
            let flags = ["invite"].iter().all(|name| flag(&fields, name).is_ok());
            let subject = subject(&fields).is_ok_and(|subject| subject.is_some());
            subject
                && people(&fields, "participants").is_ok_and(|people| people.is_some())
                && settings(&fields).is_ok()
                && flags
        };
        let ana = json!(["5491122334455"]);
        for (body, expected) in [
            (json!({ "subject": "a", "participants": ana }), true),
            (json!({ "subject": "a", "participants": [5_491_122_334_455_u64, "1@lid", "+54 9 11 2233-4455"] }), true),
            (
                json!({ "subject": "a", "participants": ana, "announce": true, "ephemeral": 86400, "member_add_mode": "all" }),
                true,
            ),
            (
                json!({ "subject": "a", "participants": ana, "announce": null, "ephemeral": null, "member_add_mode": null }),
                true,
            ),
            (json!({ "subject": " ", "participants": ana }), false),
            (json!({ "subject": "a\n", "participants": ana }), false),
            (json!({ "subject": "a".repeat(101), "participants": ana }), false),
            (json!({ "participants": ana }), false),
            (json!({ "subject": "a" }), false),
            (json!({ "subject": "a", "participants": [] }), false),
            (json!({ "subject": "a", "participants": ["1@g.us"] }), false),
            (json!({ "subject": "a", "participants": vec!["5491122334455"; 33] }), false),
            (json!({ "subject": "a", "participants": ana, "ephemeral": -1 }), false),
            (json!({ "subject": "a", "participants": ana, "ephemeral": 1.5 }), false),
            (json!({ "subject": "a", "participants": ana, "member_add_mode": "some" }), false),
            (json!({ "subject": "a", "participants": ana, "invite": "yes" }), false),
        ] {
            assert_eq!(is_read(&body), expected, "{body}");
            assert_eq!(allowed.holds(&body), expected, "the document on {body}");
        }
    }

    #[test]
    fn the_document_allows_the_people_and_invites_that_are_read() {
        let members = Allowed::body("/groups/{id}/participants");
        for (body, expected) in [
            (json!({ "add": ["5491122334455"] }), true),
            (json!({ "promote": ["1@lid"], "add": null }), true),
            (json!({ "add": ["5491122334455"], "remove": ["5491122334455"] }), false),
            (json!({}), false),
            (json!({ "demote": [] }), false),
            (json!({ "remove": ["x"] }), false),
        ] {
            assert_eq!(act(&fields(&body)).is_ok(), expected, "{body}");
            assert_eq!(members.holds(&body), expected, "the document on {body}");
        }
        let join = Allowed::body("/groups/join");
        for (text, expected) in [
            ("AbCdEfGhIjKlMnOpQrStUv", true),
            (" https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv?a=b\n", true),
            ("chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv", true),
            ("https://example.com/AbCdEfGhIjKlMnOpQrStUv", false),
            ("short", false),
        ] {
            let body = json!({ "code": text });
            assert_eq!(code(&fields(&body)).is_ok(), expected, "{text}");
            assert_eq!(join.holds(&body), expected, "the document on {text}");
        }
    }
}
