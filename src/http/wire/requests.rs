//! The bodies and parameters of requests, as schemas. The handlers read each field by itself, so that each has its own
//! error. The tests of the handlers compare what they accept with these schemas.
#![expect(dead_code, reason = "only the schemas are used")]

use utoipa::ToSchema;

#[derive(ToSchema)]
pub struct LogOut {
    /// Removes the stored login also where WhatsApp cannot be told.
    force: Option<bool>,
}

#[derive(ToSchema)]
pub struct NumbersRequest {
    #[schema(min_items = 1, max_items = 50)]
    numbers: Vec<NumberToCheck>,
}

/// Text that is no number has an answer of its own.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum NumberToCheck {
    Text(NumberToCheckText),
    Digits(NumberToCheckDigits),
}

#[derive(ToSchema)]
#[schema(max_length = 64)]
pub struct NumberToCheckText(String);

#[derive(ToSchema)]
#[schema(minimum = 0, maximum = 999_999_999_999_999_u64)]
pub struct NumberToCheckDigits(u64);

#[derive(ToSchema)]
pub struct MuteRequest {
    /// A time to come, before May 2033. For ever where it is not given.
    #[schema(format = DateTime)]
    until: Option<String>,
}

#[derive(ToSchema)]
pub struct LinkByNumber {
    /// The account's own number.
    phone_number: WrittenNumber,
}

/// One of `number` and `to` is wanted, and one of `message`, `media`, `location`, `contacts`, `poll` and `template`.
#[derive(ToSchema)]
#[schema(as = SendRequest)]
pub struct Send {
    number: Option<RecipientOrBlank>,
    /// Another name for `number`. Where both are given, they must name the same recipient.
    to: Option<RecipientOrBlank>,
    /// Without `media` it must not be blank. It has no control characters but line ends and tabs. `\r\n` and `\r` become `\n`.
    #[schema(max_length = 65_536, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    message: Option<String>,
    /// A file to be sent, with `message` as its caption, which may be blank.
    media: Option<MediaRequest>,
    /// A place on the map, without `message`.
    location: Option<LocationRequest>,
    /// People with their numbers, without `message`.
    #[schema(min_items = 1, max_items = 100)]
    contacts: Option<Vec<ContactRequest>>,
    /// A question with options to choose from, without `message`.
    poll: Option<PollRequest>,
    /// A template that WhatsApp has approved; by the Cloud API only, without `message`.
    template: Option<TemplateRequest>,
    /// The id of the message that this one answers.
    #[schema(max_length = 255, pattern = "^[!-~]*$")]
    reply_to: Option<String>,
    /// The people whom a text mentions; the text has `@` and the digits of each. In a form they are separated by commas, or
    /// the field is repeated.
    #[schema(max_items = 256)]
    mentions: Option<Vec<Mentioned>>,
    /// A text gets a preview of its first link. The phone is asked for it, and the text goes without one if it does not answer
    /// within 8 s.
    link_preview: Option<bool>,
    /// The way that the message goes: `web` or `cloud`. Where it is not given: `SEND_VIA`.
    #[schema(pattern = "^(web|cloud)?$")]
    via: Option<String>,
    /// Whom it is billed to: kept with the message.
    cliente_id: Option<ClienteId>,
    /// Where the header `Idempotency-Key` is not sent. Where both are given, they must be the same.
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]*$")]
    idempotency_key: Option<String>,
}

/// A place on the map.
#[derive(ToSchema)]
pub struct LocationRequest {
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    #[schema(
        max_length = 1000,
        pattern = r"^([^\x00-\x1f\x7f-\x9f]*|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)$"
    )]
    name: Option<String>,
    #[schema(
        max_length = 1000,
        pattern = r"^([^\x00-\x1f\x7f-\x9f]*|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)$"
    )]
    address: Option<String>,
}

/// A person with a number.
#[derive(ToSchema)]
pub struct ContactRequest {
    #[schema(
        max_length = 1000,
        pattern = r"^[ \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    phone: WrittenNumber,
}

/// A question with options to choose from, each on one line.
#[derive(ToSchema)]
pub struct PollRequest {
    #[schema(
        max_length = 255,
        pattern = r"^[ \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x1f\x7f-\x9f]*$"
    )]
    question: String,
    /// They differ from each other.
    #[schema(min_items = 2, max_items = 12)]
    options: Vec<PollOption>,
    /// People may choose more than one option.
    multiple: Option<bool>,
}

#[derive(ToSchema)]
#[schema(
    max_length = 100,
    pattern = r"^[ \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x1f\x7f-\x9f]*$"
)]
struct PollOption(String);

/// A person, as `number` and `to` name people.
#[derive(ToSchema)]
#[serde(untagged)]
enum Mentioned {
    Text(ContactText),
    Digits(NumberDigits),
}

/// A reaction to a message.
#[derive(ToSchema)]
pub struct React {
    /// One emoji, as Unicode defines them. Empty takes the reaction back.
    #[schema(max_length = 16)]
    emoji: String,
    /// Who asks for it.
    cliente_id: Option<ClienteId>,
    /// Where the header `Idempotency-Key` is not sent. Where both are given, they must be the same.
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]*$")]
    idempotency_key: Option<String>,
}

/// The new text of a message, or the new caption of its file.
#[derive(ToSchema)]
pub struct EditMessage {
    message: MessageText,
    /// Who asks for it.
    cliente_id: Option<ClienteId>,
    /// Where the header `Idempotency-Key` is not sent. Where both are given, they must be the same.
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]*$")]
    idempotency_key: Option<String>,
}

/// For whom a message is deleted.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum DeletedFor {
    Everyone,
    Me,
}

/// To whom a message is passed on: one of `number` and `to` is wanted.
#[derive(ToSchema)]
#[schema(as = ForwardRequest)]
pub struct Forward {
    number: Option<RecipientOrBlank>,
    /// Another name for `number`. Where both are given, they must name the same recipient.
    to: Option<RecipientOrBlank>,
    /// Whom it is billed to: kept with the message.
    cliente_id: Option<ClienteId>,
    /// Where the header `Idempotency-Key` is not sent. Where both are given, they must be the same.
    #[schema(min_length = 1, max_length = 255, pattern = "^[ -~]*$")]
    idempotency_key: Option<String>,
}

#[derive(ToSchema)]
pub struct ShowTyping {
    /// `text` where it is not given; `none` ends it.
    kind: Option<TypingKind>,
}

/// What the others see.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum TypingKind {
    Text,
    Voice,
    None,
}

/// A template, and what is filled into it.
#[derive(ToSchema)]
pub struct TemplateRequest {
    #[schema(min_length = 1, max_length = 512, pattern = "^[a-z0-9_]*$")]
    name: String,
    /// Such as `es` or `es_AR`.
    #[schema(pattern = "^[a-z]{2,3}(_[A-Za-z0-9_]{2,8})?$")]
    language: String,
    /// In Meta's form: a list of `header`, `body` and `button`, each with its `parameters`.
    #[schema(max_items = 32)]
    components: Option<Vec<TemplateComponent>>,
}

#[derive(ToSchema)]
pub struct TemplateComponent {
    r#type: String,
    #[schema(value_type = Option<Vec<Object>>, max_items = 64)]
    parameters: Option<Vec<String>>,
}

/// A text that is sent: some character of it is seen.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 65_536,
    pattern = r"^[\t\n\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
)]
pub struct MessageText(String);

/// A file, by exactly one of `id`, `url` and `data`.
#[derive(ToSchema)]
pub struct MediaRequest {
    /// Of a file that was uploaded to `POST /media`.
    id: Option<String>,
    /// The service fetches the file: from no private address unless `MEDIA_URL_PRIVATE` allows it, over at most 5 redirects,
    /// within four fifths of `SEND_TIMEOUT`.
    #[schema(max_length = 8192, pattern = r"^\s*[hH][tT][tT][pP][sS]?://[^/?#@\s]+([/?#].*)?$")]
    url: Option<String>,
    /// Base64, in either alphabet, with or without padding and line ends, or a `data:` URL. The body may have 25 MiB.
    #[schema(min_length = 2, pattern = r"^([dD][aA][tT][aA]:[^,]*;[bB][aA][sS][eE]64,)?[A-Za-z0-9+/_\s-]+={0,2}\s*$")]
    data: Option<String>,
    /// Where the bytes do not tell. The type that a server or a form gives is used where this is not given.
    #[schema(max_length = 1024)]
    mimetype: Option<String>,
    /// Where it is not given: what WhatsApp can show or play the file as, and else a document. Another sound than Ogg with Opus
    /// and one channel is converted for `voice` where ffmpeg is installed. `audio`, `voice` and `sticker` take no `message`.
    kind: Option<SentKind>,
    /// What a document is called at the receiver's.
    #[schema(max_length = 1024)]
    filename: Option<String>,
    /// The receiver can open it once. Only an image, a video or a voice note.
    view_once: Option<bool>,
}

/// As what a file is sent.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum SentKind {
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
    /// A video that plays again and again.
    Gif,
}

/// A phone number with the country, as people write and paste it: 7 to 15 digits with a leading `+` or `00`, spaces and dashes
/// of every kind, dots, slashes, parentheses and invisible formatting characters.
#[derive(ToSchema)]
#[schema(
    pattern = r"^[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*([tT][eE][lL]:[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*)?([+\uff0b]|[0\uff10][\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0\uff10])?[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[1-9\uff11-\uff19]([\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0-9\uff10-\uff19]){6,14}[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*$"
)]
pub struct NumberText(String);

/// A phone number with the country, without its `+`.
#[derive(ToSchema)]
#[schema(minimum = 1_000_000, maximum = 999_999_999_999_999_u64)]
pub struct NumberDigits(u64);

#[derive(ToSchema)]
#[serde(untagged)]
enum WrittenNumber {
    Text(NumberText),
    Digits(NumberDigits),
}

/// A phone number with the country, as people write and paste it, or a chat id `…@c.us`, `…@s.whatsapp.net`, `…@lid`,
/// `…@g.us`.
#[derive(ToSchema)]
#[schema(
    pattern = r"^([\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*([tT][eE][lL]:[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*)?([+\uff0b]|[0\uff10][\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0\uff10])?[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[1-9\uff11-\uff19]([\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0-9\uff10-\uff19]){6,14}[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*((:[0-9]{1,5})?@(c\.us|s\.whatsapp\.net)[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)?|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[0-9]{1,32}(:[0-9]{1,5})?@lid[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[0-9-]{1,32}@g\.us[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)$"
)]
pub struct RecipientText(String);

/// A phone number with the country, as people write and paste it, `…@c.us`, `…@s.whatsapp.net` or `…@lid`.
#[derive(ToSchema)]
#[schema(
    pattern = r"^([\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*([tT][eE][lL]:[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*)?([+\uff0b]|[0\uff10][\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0\uff10])?[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[1-9\uff11-\uff19]([\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*[0-9\uff10-\uff19]){6,14}[\t-\r ()./\-\x85\xa0\xad\u061c\u1680\u2000-\u2015\u2028-\u202f\u205f\u2060\u2066-\u2069\u2212\u3000\ufe58\ufe63\ufeff\uff08\uff09\uff0d-\uff0f]*((:[0-9]{1,5})?@(c\.us|s\.whatsapp\.net)[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)?|[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[0-9]{1,32}(:[0-9]{1,5})?@lid[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)$"
)]
pub struct ContactText(String);

/// `…@g.us`
#[derive(ToSchema)]
#[schema(
    pattern = r"^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*[0-9-]{1,32}@g\.us[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$"
)]
pub struct GroupText(String);

/// The recipient of a message.
#[derive(ToSchema)]
#[serde(untagged)]
pub enum Recipient {
    Text(RecipientText),
    Digits(NumberDigits),
}

/// Empty or only spaces: treated as not given.
#[derive(ToSchema)]
#[schema(pattern = r"^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$")]
pub struct Blank(String);

#[derive(ToSchema)]
#[serde(untagged)]
enum RecipientOrBlank {
    Recipient(Recipient),
    Blank(Blank),
}

/// At most 64 characters, none of which is a control character.
#[derive(ToSchema)]
#[schema(max_length = 64, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
struct ClienteText(String);

/// Such as `"51"` or `51`.
#[derive(ToSchema)]
#[serde(untagged)]
enum ClienteId {
    Text(ClienteText),
    Number(f64),
}

/// The directions that the log can be asked for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Ways {
    In,
    Out,
    All,
}
