//! What the fields of `POST /send` say that is neither a text, a file nor a template: `location`, `contacts`, `poll`, and the
//! people whom a text mentions.

use serde_json::{Map, Value};

use crate::domain::address::{ChatId, PhoneNumber, Server};
use crate::domain::content::{Contact, Content, KindError, Location, MENTIONS_MAX, Poll};
use crate::http::body::{Field, flag, is_not_whole, refuse_slips, written};
use crate::http::error::ApiError;

/// The content that the fields name, if they name one of these.
pub(super) fn read(fields: &mut Map<String, Value>) -> Result<Option<Content>, ApiError> {
    if let Some(place) = given(fields, "location") {
        return location(&place).map(Some);
    }
    if let Some(people) = given(fields, "contacts") {
        return contacts(&people).map(Some);
    }
    given(fields, "poll").map(|poll| self::poll(&poll)).transpose()
}

fn given(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    fields.remove(name).filter(|value| !value.is_null())
}

fn location(value: &Value) -> Result<Content, ApiError> {
    const FIELDS: [Field; 4] = Field::texts(["latitude", "longitude", "name", "address"]);
    let place = object(value, "location", "a latitude and a longitude")?;
    refuse_slips(place, &FIELDS)?;
    let degrees = |name: &str| match place.get(name).and_then(Value::as_f64) {
        Some(degrees) => Ok(degrees),
        None => Err(invalid(&format!("location.{name} must be a number"))),
    };
    let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
    let (name, address) = (text(place, "location", "name")?, text(place, "location", "address")?);
    let place = Location::new(latitude, longitude, name, address).map_err(|error| wrong("location", &error))?;
    Ok(Content::Location(Box::new(place)))
}

fn contacts(value: &Value) -> Result<Content, ApiError> {
    const FIELDS: [Field; 2] = Field::texts(["name", "phone"]);
    let Value::Array(people) = value else { return Err(invalid("contacts must be a list")) };
    let contact = |(at, person): (usize, &Value)| {
        let at = format!("contacts[{at}]");
        let person = object(person, &at, "a name and a phone")?;
        refuse_slips(person, &FIELDS)?;
        let name = text(person, &at, "name")?.ok_or_else(|| invalid(&format!("{at}.name is missing")))?;
        let phone = number(person.get("phone")).map_err(|why| invalid(&format!("{at}.phone {why}")))?;
        let phone = PhoneNumber::parse(&phone).map_err(|error| invalid(&format!("{at}.phone {error}")))?;
        Contact::new(name, phone).map_err(|error| wrong(&at, &error))
    };
    // A list that is too long is not read to its end.
    let people = people.iter().take(CONTACTS_READ).enumerate().map(contact).collect::<Result<Vec<_>, _>>()?;
    Content::contacts(people).map_err(|error| invalid(&format!("contacts {error}")))
}

/// One more than a message may have.
const CONTACTS_READ: usize = crate::domain::content::CONTACTS_MAX + 1;

fn poll(value: &Value) -> Result<Content, ApiError> {
    const FIELDS: [Field; 3] = [Field::text("question"), Field::text("options"), Field::flag("multiple")];
    let poll = object(value, "poll", "a question and options")?;
    refuse_slips(poll, &FIELDS)?;
    let question = text(poll, "poll", "question")?.ok_or_else(|| invalid("poll.question is missing"))?;
    let Some(Value::Array(options)) = poll.get("options") else { return Err(invalid("poll.options must be a list")) };
    let options = options.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
    let options = options.ok_or_else(|| invalid("poll.options must be texts"))?;
    let multiple = flag(poll, "multiple").map_err(|_| invalid("poll.multiple must be true or false"))?;
    match Poll::new(question, options, multiple) {
        Ok(poll) => Ok(Content::Poll(poll)),
        Err(error @ KindError::SameOptions) => Err(ApiError::bad_request("CONTRADICTION", format!("poll.{error}."))),
        Err(error) => Err(wrong("poll", &error)),
    }
}

/// The people whom the text mentions, each once.
pub(super) fn mentions(fields: &Map<String, Value>) -> Result<Vec<ChatId>, ApiError> {
    let invalid = |message: String| ApiError::bad_request("INVALID_FIELD", message);
    let given = match fields.get("mentions") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(given)) => given,
        Some(_) => return Err(invalid("mentions must be a list of numbers.".to_owned())),
    };
    if given.len() > MENTIONS_MAX {
        return Err(invalid(format!("mentions may have at most {MENTIONS_MAX} people.")));
    }
    let mut people: Vec<ChatId> = Vec::with_capacity(given.len());
    for (at, one) in given.iter().enumerate() {
        let wrong = |why: String| ApiError::bad_request("INVALID_NUMBER", format!("mentions[{at}] {why}."));
        let text = number(Some(one)).map_err(|why| wrong(why.to_owned()))?;
        let person = ChatId::parse_recipient(&text).map_err(|error| wrong(error.to_string()))?;
        if person.server() == Server::Group {
            return Err(wrong("is a group: only people are mentioned".to_owned()));
        }
        if !people.contains(&person) {
            people.push(person);
        }
    }
    Ok(people)
}

/// A phone number as text, or why it is none.
fn number(value: Option<&Value>) -> Result<String, &'static str> {
    match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => {
            let alone = Map::from_iter([(String::new(), Value::Number(number.clone()))]);
            if is_not_whole(&alone, "") { Err("is no whole number above zero") } else { Ok(written(number)) }
        }
        None | Some(Value::Null) => Err("is missing"),
        Some(_) => Err("must be a phone number"),
    }
}

fn object<'a>(value: &'a Value, name: &str, with: &str) -> Result<&'a Map<String, Value>, ApiError> {
    value.as_object().ok_or_else(|| invalid(&format!("{name} must be an object with {with}")))
}

/// A text of an object, if it is given.
fn text<'a>(fields: &'a Map<String, Value>, of: &str, name: &str) -> Result<Option<&'a str>, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(&format!("{of}.{name} must be text"))),
    }
}

fn wrong(name: &str, error: &KindError) -> ApiError {
    invalid(&format!("{name}.{error}"))
}

fn invalid(why: &str) -> ApiError {
    ApiError::bad_request("INVALID_MESSAGE", format!("{why}."))
}
