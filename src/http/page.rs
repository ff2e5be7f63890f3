//! The operator page: static files that hold no data. It asks the API for everything, and the person for the token.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::error::ApiError;

/// The content security policy: the page loads its own files and asks this service, nothing else; trusted types keep the
/// text of messages from becoming markup. `data:` is for codes and thumbnails, `blob:` for the files of messages, which
/// the page reads with its token.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      media-src blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const WORDS: &str = "application/json";

const DOCUMENT: &str = include_str!("page/index.html");

/// The files that the document loads from `/page/`.
const FILES: [(&str, &str, &str); 23] = [
    ("page.css", STYLE, include_str!("page/page.css")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("main.js", SCRIPT, include_str!("page/main.js")),
    ("api.js", SCRIPT, include_str!("page/api.js")),
    ("clock.js", SCRIPT, include_str!("page/clock.js")),
    ("stream.js", SCRIPT, include_str!("page/stream.js")),
    ("words.js", SCRIPT, include_str!("page/words.js")),
    ("elements.js", SCRIPT, include_str!("page/elements.js")),
    ("session.js", SCRIPT, include_str!("page/session.js")),
    ("link.js", SCRIPT, include_str!("page/link.js")),
    ("deliveries.js", SCRIPT, include_str!("page/deliveries.js")),
    ("messages.js", SCRIPT, include_str!("page/messages.js")),
    ("files.js", SCRIPT, include_str!("page/files.js")),
    ("sending.js", SCRIPT, include_str!("page/sending.js")),
    ("contents.js", SCRIPT, include_str!("page/contents.js")),
    ("inbox.js", SCRIPT, include_str!("page/inbox.js")),
    ("chats.js", SCRIPT, include_str!("page/chats.js")),
    ("conversation.js", SCRIPT, include_str!("page/conversation.js")),
    ("bubble.js", SCRIPT, include_str!("page/bubble.js")),
    ("sums.js", SCRIPT, include_str!("page/sums.js")),
    ("composer.js", SCRIPT, include_str!("page/composer.js")),
    ("es.json", WORDS, include_str!("page/es.json")),
    ("en.json", WORDS, include_str!("page/en.json")),
];

pub(super) fn is_static(path: &str) -> bool {
    path == "/" || path == "/qr.html" || path.starts_with("/page/")
}

pub async fn document() -> Response {
    served(HTML, DOCUMENT)
}

pub async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let found = FILES.iter().find(|(file, ..)| *file == name);
    found.map(|(_, kind, body)| served(kind, body)).ok_or_else(|| ApiError::of_status(StatusCode::NOT_FOUND))
}

fn served(kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        // Browsers ask again each time, so that they have the files of the running version. The files are small.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::{BTreeMap, BTreeSet};

    use crate::domain::media::{MediaKind, MediaStatus};
    use crate::domain::state::{Reason, State};

    use super::*;

    fn text(name: &str) -> &'static str {
        FILES.iter().find(|(file, ..)| *file == name).unwrap().2
    }

    fn words(name: &str) -> BTreeMap<String, String> {
        serde_json::from_str(text(name)).unwrap()
    }

    /// The quoted words after each occurrence of `mark`.
    fn named<'a>(source: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
        source.match_indices(mark).filter_map(move |(at, _)| source[at + mark.len()..].split(['"', '\'']).next())
    }

    #[test]
    fn every_state_and_every_reason_has_a_sentence_in_both_languages() {
        for words in [words("es.json"), words("en.json")] {
            let states =
                State::ALL.iter().flat_map(|state| [format!("state.{state}.title"), format!("state.{state}.next")]);
            let reasons = Reason::ALL.iter().map(|reason| format!("reason.{reason}"));
            for key in states.chain(reasons) {
                assert!(words.get(&key).is_some_and(|sentence| !sentence.is_empty()), "{key}");
            }
        }
    }

    #[test]
    fn every_kind_of_file_and_every_status_has_words_in_both_languages() {
        let shown = text("files.js").split_once("SHOWN_AS = {").unwrap().1.split_once('}').unwrap().0;
        for words in [words("es.json"), words("en.json")] {
            for kind in MediaKind::ALL {
                assert!(words.contains_key(&format!("file.kind.{kind}")), "{kind}");
                let is_opened = words.contains_key(&format!("file.open.{kind}"));
                assert_eq!(is_opened, shown.contains(&format!(" {kind}:")), "{kind}");
                assert!(is_opened || kind == MediaKind::Document, "{kind}");
            }
            for status in MediaStatus::ALL.into_iter().filter(|status| *status != MediaStatus::Stored) {
                let key = format!("file.status.{}", status.name());
                assert!(words.contains_key(&key), "{key}");
            }
        }
    }

    #[test]
    fn both_languages_say_the_same_things_with_the_same_values() {
        let values = |words: BTreeMap<String, String>| -> BTreeMap<String, BTreeSet<String>> {
            let value = |part: &str| part.split_once('}').map(|(name, _)| name.to_owned());
            words.into_iter().map(|(key, text)| (key, text.split('{').skip(1).filter_map(value).collect())).collect()
        };
        assert_eq!(values(words("es.json")), values(words("en.json")));
    }

    #[test]
    fn whatever_is_said_has_words() {
        let words = words("es.json");
        let scripts = FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT).flat_map(|(.., body)| named(body, "t('"));
        let missing: Vec<_> = named(DOCUMENT, "data-t=\"")
            .chain(named(DOCUMENT, "data-label=\""))
            .chain(scripts)
            .filter(|key| key.contains('.') && !words.contains_key(*key))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn the_page_knows_which_reasons_are_permanent() {
        let list = text("session.js").split_once("PERMANENT = [").unwrap().1.split_once(']').unwrap().0;
        let known: BTreeSet<_> = list.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
        let permanent = Reason::ALL.into_iter().filter(|reason| reason.is_permanent());
        assert_eq!(known, permanent.map(|reason| reason.to_string()).collect());
    }

    #[test]
    fn every_file_that_is_asked_for_is_served() {
        let in_document = named(DOCUMENT, "=\"page/");
        let imported = FILES.iter().flat_map(|(.., body)| named(body, "from './"));
        for name in in_document.chain(imported).chain(["es.json", "en.json"]) {
            assert!(FILES.iter().any(|(file, ..)| *file == name), "{name}");
        }
    }

    #[test]
    fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
        assert!(!DOCUMENT.contains("style=\"") && !DOCUMENT.contains("<style") && !DOCUMENT.contains(" onclick"));
        assert!(DOCUMENT.match_indices("<script").all(|(at, _)| DOCUMENT[at..].contains("src=\"page/")));
        for (name, _, body) in FILES {
            let addresses = body.replace("http://www.w3.org/2000/svg", "");
            assert!(!addresses.contains("http://") && !addresses.contains("https://"), "{name}");
            assert!(!body.contains("innerHTML") && !body.contains("insertAdjacentHTML"), "{name}");
        }
    }

    #[test]
    fn only_its_own_paths_are_free() {
        assert!(["/", "/qr.html", "/page/main.js"].into_iter().all(is_static));
        assert!(!["/qr", "/status", "/events", "/pages", "/qr.html/x", "//", ""].into_iter().any(is_static));
    }
}
