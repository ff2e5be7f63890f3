//! The targets of deliveries.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::parse;
use super::reader::Reader;
use crate::domain::event::Event;
use crate::domain::filter::{ChatKind, Filter};
use crate::domain::secret::Secret;

/// A longer list of targets must be a mistake.
const WEBHOOKS_MAX: usize = 16;

/// The types of events that webhooks are told where no others are chosen.
const TYPES: [&str; 6] = ["message", "message.edited", "message.revoked", "message.ack", "session.state", "session.qr"];

const CHATS_ALLOWED: &str = "a comma-separated list of direct, group, status and channel";

macro_rules! numbered {
    ($($n:literal)*) => {
        [$([concat!("WEBHOOK_", $n, "_URL"), concat!("WEBHOOK_", $n, "_EVENTS"), concat!("WEBHOOK_", $n, "_CHATS")]),*]
    };
}

/// The names of the settings of numbered webhooks.
const NUMBERED: [[&str; 3]; WEBHOOKS_MAX] = numbered!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16);

/// A target that needs longer than this for an answer should answer first and work afterwards.
const TIMEOUT_MAX: Duration = Duration::from_secs(5 * 60);

/// More deliveries beside each other than this do not make a receiver faster.
const PARALLEL_MAX: usize = 16;

#[derive(Clone, Debug)]
pub struct Delivery {
    /// `WEBHOOK_URLS`.
    pub webhooks: Vec<Webhook>,
    /// `WEBHOOK_SECRET`: the key that signs requests to webhooks.
    pub signing_key: Option<SigningKey>,
    /// `WEBHOOK_QR`: whether webhooks get the code itself. Whoever has it can link the account to a phone.
    pub webhook_qr: bool,
    /// `WEBHOOK_TIMEOUT`: how long a target may take for the head of its answer.
    pub timeout: Duration,
    /// `WEBHOOK_TIMEOUTS_MAX`: after so many unanswered requests for one event it is a dead letter.
    pub timeouts_max: u32,
    /// `WEBHOOK_GIVE_UP`: an event that was not taken for so long is a dead letter.
    pub give_up: Duration,
    /// `WEBHOOK_PARALLEL`: to how many chats a webhook is told beside each other; 1 keeps the order over all chats.
    pub parallel: usize,
    /// `CENTRAL_HUB_BASE_URL`.
    pub hub: Option<Hub>,
}

/// A webhook. Its address may carry a token in its path: it prints without it.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    url: String,
    /// The events that it is told.
    pub filter: Filter,
}

impl Webhook {
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&origin_of(&self.url))
    }
}

impl fmt::Display for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&origin_of(&self.url))
    }
}

/// The bytes of `WEBHOOK_SECRET`.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// Base64 of 24 to 64 bytes, with or without the prefix `whsec_`, as the Standard Webhooks scheme writes them.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The central hub's listener.
#[derive(Clone, Debug)]
pub struct Hub {
    /// `CENTRAL_HUB_BASE_URL`, without a slash at the end.
    pub base: String,
    /// `CENTRAL_HUB_USER` and `CENTRAL_HUB_PASS`: with them the hub's conversations get the messages too.
    pub user: Option<HubUser>,
    /// `INTERNAL_LISTENER_TOKEN`.
    pub listener_token: Option<Secret>,
    /// `CENTRAL_HUB_CLIENTE_ID`, else `CLIENTE_ID`, else 1.
    pub cliente_id: String,
}

#[derive(Clone, Debug)]
pub struct HubUser {
    pub name: String,
    pub password: Secret,
}

impl Delivery {
    pub(super) fn read(r: &mut Reader<'_>, cliente_id: Option<&str>) -> Self {
        let webhooks = read_webhooks(r);
        let secret = r.secret("WEBHOOK_SECRET");
        let signing_key = secret.as_deref().and_then(SigningKey::parse);
        if secret.is_some() && signing_key.is_none() {
            r.problem(
                "WEBHOOK_SECRET",
                "must be base64 of 24 to 64 bytes: `openssl rand -base64 32` makes one".to_owned(),
            );
        }
        let webhook_qr = r.var("WEBHOOK_QR", "false", parse::BOOL, parse::boolean, false);
        let parallel = |text: &str| text.parse().ok().filter(|chats| (1..=PARALLEL_MAX).contains(chats));
        let parallel = r.var("WEBHOOK_PARALLEL", "1", "a whole number, 1 to 16", parallel, 1);
        let timeout = |text: &str| parse::span(text).filter(|span| *span <= TIMEOUT_MAX);
        let timeout = r.var("WEBHOOK_TIMEOUT", "15s", "a span such as 15s, at most 5m", timeout, Duration::ZERO);
        let times = |text: &str| text.parse().ok().filter(|times| (1..=1000).contains(times));
        let timeouts_max = r.var("WEBHOOK_TIMEOUTS_MAX", "5", "a whole number, 1 to 1000", times, 1);
        let give_up = r.var("WEBHOOK_GIVE_UP", "72h", parse::LONG_SPAN, parse::long_span, Duration::ZERO);
        let hub = read_hub(r, cliente_id);
        Self { webhooks, signing_key, webhook_qr, timeout, timeouts_max, give_up, parallel, hub }
    }
}

/// The webhooks of the list and the numbered ones.
fn read_webhooks(r: &mut Reader<'_>) -> Vec<Webhook> {
    let addresses = "a comma-separated list of at most 16 http:// or https:// addresses without user and password";
    let listed = r.masked("WEBHOOK_URLS", addresses, urls, shown).unwrap_or_default();
    let filter = Filter {
        types: r.var("WEBHOOK_EVENTS", &TYPES.join(","), &types_allowed(), types, Vec::new()),
        chats: r.var("WEBHOOK_CHATS", "direct,group,status,channel", CHATS_ALLOWED, chats, Vec::new()),
    };
    let mut webhooks: Vec<_> = listed.into_iter().map(|url| Webhook { url, filter: filter.clone() }).collect();
    for [url_name, events_name, chats_name] in NUMBERED {
        if ![url_name, events_name, chats_name].iter().any(|name| r.is_given(name)) {
            continue;
        }
        let address = "an http:// or https:// address without user and password";
        let url = r.masked(url_name, address, parse::endpoint, shown);
        let own = Filter {
            types: r.optional(events_name, &types_allowed(), types).unwrap_or_else(|| filter.types.clone()),
            chats: r.optional(chats_name, CHATS_ALLOWED, chats).unwrap_or_else(|| filter.chats.clone()),
        };
        match url {
            Some(url) if webhooks.iter().any(|known| known.url == url) => {
                r.problem(url_name, "is the address of another webhook: name each once".to_owned());
            }
            Some(url) => webhooks.push(Webhook { url, filter: own }),
            None if !r.is_given(url_name) => {
                r.problem(url_name, format!("is missing, and {events_name} or {chats_name} is set"));
            }
            None => {}
        }
    }
    if webhooks.len() > WEBHOOKS_MAX {
        r.problem("WEBHOOK_URLS", format!("and the numbered webhooks are {} together: at most 16", webhooks.len()));
    }
    webhooks
}

fn types_allowed() -> String {
    format!("`all`, or a comma-separated list of {}", Event::TYPES.join(", "))
}

fn types(text: &str) -> Option<Vec<&'static str>> {
    if text == "all" {
        return Some(Event::TYPES.to_vec());
    }
    let known = |name: &String| Event::TYPES.into_iter().find(|known| known == name);
    parse::list(text).iter().map(known).collect::<Option<Vec<_>>>().filter(|types| !types.is_empty())
}

fn chats(text: &str) -> Option<Vec<ChatKind>> {
    let known = |name: &String| ChatKind::ALL.into_iter().find(|kind| kind.name() == name);
    parse::list(text).iter().map(known).collect::<Option<Vec<_>>>().filter(|chats| !chats.is_empty())
}

fn read_hub(r: &mut Reader<'_>, cliente_id: Option<&str>) -> Option<Hub> {
    let base =
        r.optional("CENTRAL_HUB_BASE_URL", "an http:// or https:// address without user, password and query", base);
    let user = r.optional("CENTRAL_HUB_USER", "printable text", parse::printable);
    let password = r.secret("CENTRAL_HUB_PASS");
    let listener_token = r.secret("INTERNAL_LISTENER_TOKEN");
    let own = r.optional("CENTRAL_HUB_CLIENTE_ID", "printable text", parse::printable);
    if user.is_some() != password.is_some() {
        r.problem("CENTRAL_HUB_USER", "and CENTRAL_HUB_PASS belong together: set both or neither".to_owned());
    }
    if listener_token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
        r.problem(
            "INTERNAL_LISTENER_TOKEN",
            "must be letters, digits and signs of ASCII: a header carries no others".to_owned(),
        );
    }
    let user = user.zip(password).map(|(name, password)| HubUser { name, password: Secret::new(password) });
    Some(Hub {
        base: base?.trim_end_matches('/').to_owned(),
        user,
        listener_token: listener_token.map(Secret::new),
        cliente_id: own.or(cliente_id.map(str::to_owned)).unwrap_or_else(|| "1".to_owned()),
    })
}

fn base(text: &str) -> Option<String> {
    parse::endpoint(text).filter(|url| !url.contains(['?', '#']))
}

fn urls(text: &str) -> Option<Vec<String>> {
    let urls: Vec<_> = parse::list(text).iter().map(|url| parse::endpoint(url)).collect::<Option<_>>()?;
    let distinct = urls.iter().enumerate().all(|(n, url)| !urls[..n].contains(url));
    (urls.len() <= WEBHOOKS_MAX && distinct).then_some(urls)
}

fn shown(text: &str) -> String {
    parse::list(text).iter().map(|url| origin_of(url)).collect::<Vec<_>>().join(",")
}

/// The scheme and host of an address; the rest of it, or the part before an `@`, may be a secret.
fn origin_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "***".to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let rest = if path.trim_end_matches('/').is_empty() { "" } else { "/***" };
    format!("{scheme}://{host}{rest}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::host::config::Config;

    fn read(settings: &[(&str, &str)]) -> Result<Delivery, String> {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(&settings).map(|config| config.delivery).map_err(|problems| problems.to_string())
    }

    #[test]
    fn each_webhook_has_the_events_of_the_list_or_its_own() {
        let delivery = read(&[
            ("WEBHOOK_URLS", "http://a.example"),
            ("WEBHOOK_CHATS", "direct, group"),
            ("WEBHOOK_2_URL", "http://b.example/x"),
            ("WEBHOOK_2_EVENTS", "message,message.vote"),
            ("WEBHOOK_7_URL", "http://c.example"),
            ("WEBHOOK_7_EVENTS", "all"),
            ("WEBHOOK_7_CHATS", "channel"),
        ])
        .unwrap();
        let [a, b, c] = delivery.webhooks.as_slice() else { panic!("{:?}", delivery.webhooks) };
        let both = vec![ChatKind::Direct, ChatKind::Group];
        assert_eq!(a.filter, Filter { types: TYPES.to_vec(), chats: both.clone() });
        assert_eq!(
            (b.url(), &b.filter.types, &b.filter.chats),
            ("http://b.example/x", &vec!["message", "message.vote"], &both)
        );
        assert_eq!(c.filter, Filter { types: Event::TYPES.to_vec(), chats: vec![ChatKind::Channel] });
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        for (settings, name) in [
            (&[("WEBHOOK_EVENTS", "mesage")][..], "WEBHOOK_EVENTS"),
            (&[("WEBHOOK_CHATS", ",")], "WEBHOOK_CHATS"),
            (&[("WEBHOOK_3_EVENTS", "message")], "WEBHOOK_3_URL"),
            (&[("WEBHOOK_URLS", "http://a.example"), ("WEBHOOK_1_URL", "http://a.example")], "WEBHOOK_1_URL"),
        ] {
            let problems = read(settings).unwrap_err();
            assert!(problems.contains(name), "{settings:?}: {problems}");
        }
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        assert_eq!(
            shown("https://u:p@a.example/T0/B0?k=1, http://b.example:8080/"),
            "https://a.example/***,http://b.example:8080"
        );
        assert_eq!(shown("nonsense"), "***");
    }

    #[test]
    fn a_list_of_addresses_is_read_whole_or_not_at_all() {
        assert_eq!(urls("http://a.example/x, https://b.example").map(|urls| urls.len()), Some(2));
        assert!(urls("http://a.example/x, b.example").is_none());
        assert!(urls("http://a.example/x,http://a.example/x").is_none(), "twice the same");
        assert!(urls("http://u:p@a.example/x").is_none() && base("http://a.example/?x=1").is_none());
    }

    #[test]
    fn a_secret_is_base64_of_a_decent_length() {
        assert!(SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_some());
        assert!(SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_some());
        assert!(SigningKey::parse("c2hvcnQ=").is_none() && SigningKey::parse("no base64!").is_none());
    }
}
