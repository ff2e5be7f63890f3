//! What the fields of `POST /send` say about a file: `media` in JSON, or the fields beside `file` in a form.

use serde_json::{Map, Value};

use super::base64::Encoded;
use crate::domain::content::Content;
use crate::domain::media::MediaKind;
use crate::domain::secret::Secret;
use crate::domain::upload::UploadId;
use crate::http::body::{Field, flag, multipart, refuse_slips};
use crate::http::error::ApiError;
use crate::http::upload::Given;
use crate::outbound::attach::{AttachError, Wanted};
use crate::outbound::fetch_url::MediaUrl;

/// The fields of `media`.
const FIELDS: [Field; 7] = [
    Field::text("id"),
    Field::text("url"),
    Field::text("data"),
    Field::text("mimetype"),
    Field::text("kind"),
    Field::text("filename"),
    Field::flag("view_once"),
];
/// The fields beside `file` in a form.
const BESIDE: [&str; 4] = ["mimetype", "kind", "filename", "view_once"];
/// Longer than any type or name of a file.
const TEXT_MAX: usize = 1024;
/// The kinds that can be sent.
pub(super) const KINDS: [MediaKind; 7] = [
    MediaKind::Image,
    MediaKind::Video,
    MediaKind::Audio,
    MediaKind::Voice,
    MediaKind::Document,
    MediaKind::Sticker,
    MediaKind::Gif,
];

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Source {
    /// None for a text that is no id of an upload.
    Id(Option<UploadId>),
    Url(MediaUrl),
    Data(Encoded),
    /// The file of a form.
    File(Given),
}

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) source: Source,
    pub(super) wanted: Wanted,
}

/// The file that the fields name, if they name one.
pub(super) fn read(fields: &mut Map<String, Value>, file: Option<Given>) -> Result<Option<Asked>, ApiError> {
    let media = match fields.remove("media") {
        None | Some(Value::Null) => None,
        Some(Value::Object(media)) => Some(media),
        Some(_) => return Err(invalid("media must be an object with id, url or data.")),
    };
    let (source, media, prefix) = match (media, file) {
        (Some(_), Some(_)) => return Err(contradiction("media and file are given: send one of them.")),
        (None, None) => return Ok(None),
        (Some(mut media), None) => {
            refuse_slips(&media, &FIELDS)?;
            (source(&mut media)?, media, "media.")
        }
        (None, Some(file)) => {
            let beside = BESIDE.iter().filter_map(|name| Some(((*name).to_owned(), fields.remove(*name)?)));
            // An empty field of a form is one that was not filled in.
            let beside = beside.filter(|(_, value)| value.as_str() != Some(""));
            (Source::File(file), beside.collect(), "")
        }
    };
    let caption = match fields.get("message") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Content::caption(text).map_err(|error| wrong_message(&error.to_string()))?,
        Some(_) => return Err(wrong_message("is not text")),
    };
    let text = |name: &str| match media.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= TEXT_MAX => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("{prefix}{name} must be text of at most {TEXT_MAX} characters."))),
    };
    let (mimetype, filename) = (text("mimetype")?, text("filename")?);
    let kind = kind(&media, prefix)?;
    let view_once =
        flag(&media, "view_once").map_err(|_| invalid(format!("{prefix}view_once must be true or false.")))?;
    if let Some(kind) = kind {
        if caption.is_some() && !kind.takes_a_caption() {
            return Err(AttachError::Caption(kind).into());
        }
        if view_once && !kind.may_be_view_once() {
            return Err(AttachError::ViewOnce(kind).into());
        }
    }
    let wanted = Wanted { kind, mimetype, filename: filename.map(Secret::new), caption, view_once };
    Ok(Some(Asked { source, wanted }))
}

/// Exactly one of `id`, `url` and `data`.
fn source(media: &mut Map<String, Value>) -> Result<Source, ApiError> {
    let given = ["id", "url", "data"].map(|name| (name, media.remove(name).filter(|value| !value.is_null())));
    let mut given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let Some((name, value)) = given.next() else { return Err(invalid("media needs one of id, url and data.")) };
    if given.next().is_some() {
        return Err(contradiction("media has more than one of id, url and data: send one of them."));
    }
    let Value::String(text) = value else { return Err(invalid(format!("media.{name} must be text."))) };
    Ok(match name {
        "id" => Source::Id(text.parse().ok()),
        "url" => Source::Url(MediaUrl::parse(&text)?),
        _ => {
            Source::Data(Encoded::new(text).ok_or_else(|| invalid("media.data is no base64, or stands for nothing."))?)
        }
    })
}

fn kind(media: &Map<String, Value>, prefix: &str) -> Result<Option<MediaKind>, ApiError> {
    let wrong = || {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name()).collect();
        invalid(format!("{prefix}kind must be one of {}.", names.join(", ")))
    };
    match media.get("kind") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => {
            MediaKind::from_name(name).filter(|kind| KINDS.contains(kind)).map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// Refuses what only makes sense beside a file.
pub(super) fn refuse_without_file(fields: &Map<String, Value>) -> Result<(), ApiError> {
    match BESIDE.iter().find(|name| fields.contains_key(**name)) {
        Some(name) => Err(invalid(format!("{name} is given without a file: send it as {}.", multipart::FILE))),
        None => Ok(()),
    }
}

fn wrong_message(why: &str) -> ApiError {
    ApiError::bad_request("INVALID_MESSAGE", format!("message {why}."))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("INVALID_MEDIA", message)
}

fn contradiction(sentence: &str) -> ApiError {
    ApiError::bad_request("CONTRADICTION", sentence)
}
