#![allow(clippy::unwrap_used)]

use super::*;

const PAGE: &str = "https://web.whatsapp.com";
const MAIN: &str = "F1";

fn paused(kind: &str, url: &str) -> Paused {
    Paused {
        request_id: "1".to_owned(),
        resource_type: kind.to_owned(),
        frame_id: MAIN.to_owned(),
        request: Asked { url: url.to_owned() },
        response_status_code: None,
        response_error_reason: None,
    }
}

fn unseen() -> Handling {
    Handling { origin: PAGE.to_owned(), unseen: true, ..Handling::default() }
}

#[test]
fn of_a_page_that_a_person_looks_at_nothing_is_blocked() {
    let seen = Handling { unseen: false, ..unseen() };
    let kinds: Vec<_> = seen.of_page().patterns.unwrap().into_iter().map(|pattern| pattern.resource_type).collect();
    assert_eq!(kinds, [Some(ResourceType::Document)]);
    let picture = paused("Image", "https://web.whatsapp.com/a.png");
    assert_eq!(seen.answer(&picture, Some(MAIN)), Answer::Continue);
}

#[test]
fn chrome_pauses_only_what_is_blocked() {
    for pattern in unseen().of_page().patterns.unwrap().into_iter().skip(1) {
        let (kind, place) = (pattern.resource_type.unwrap(), pattern.url_pattern.unwrap());
        let url = format!("{}x", place.replacen("*://", "https://", 1).trim_end_matches('*'));
        assert_eq!(unseen().answer(&paused(kind.as_ref(), &url), Some(MAIN)), Answer::Block, "{place}");
    }
}

#[test]
fn what_the_page_works_with_passes() {
    for (kind, url) in [
        ("Document", "https://web.whatsapp.com/"),
        ("Script", "https://static.whatsapp.net/rsrc.php/a.js"),
        ("Stylesheet", "https://static.whatsapp.net/rsrc.php/a.css"),
        ("Fetch", "https://pps.whatsapp.net/v/a.jpg"),
        ("XHR", "https://mmg.whatsapp.net/v/a.enc"),
        ("Image", "https://mmg.whatsapp.net/v/a.jpg"),
        ("Image", "blob:https://web.whatsapp.com/0d1f"),
        ("Image", "data:image/gif;base64,R0lGODlhAQ"),
        ("Media", "https://web.whatsapp.com/stream/video?key=1"),
        ("SomethingNew", "https://static.whatsapp.net/a.png"),
    ] {
        assert_eq!(unseen().answer(&paused(kind, url), Some(MAIN)), Answer::Continue, "{kind} {url}");
    }
    let picture = paused("Image", "https://web.whatsapp.com/a.png");
    assert_eq!(unseen().answer(&picture, Some(MAIN)), Answer::Block);
    assert_eq!(unseen().answer(&picture, None), Answer::Continue, "the service worker's");
}

#[test]
fn only_the_document_of_the_page_itself_is_kept_or_replaced() {
    let pinned: Arc<[u8]> = Arc::from(b"<html>".as_slice());
    let [network, file] = [None, Some(Arc::clone(&pinned))].map(|pinned| Handling { pinned, ..unseen() });
    let stage = |handling: &Handling| handling.of_page().patterns.unwrap()[0].request_stage.clone();
    assert_eq!((stage(&network), stage(&file)), (Some(RequestStage::Response), Some(RequestStage::Request)));
    let asked = || paused("Document", "https://web.whatsapp.com/?post_logout=1");
    let came = |status| Paused { response_status_code: Some(status), ..asked() };
    assert_eq!(file.answer(&asked(), Some(MAIN)), Answer::Fulfil(pinned));
    assert_eq!(network.answer(&came(200), Some(MAIN)), Answer::Keep);
    assert_eq!(network.answer(&came(302), Some(MAIN)), Answer::Continue);
    let failed = Paused { response_error_reason: Some("Failed".to_owned()), ..asked() };
    let others = [
        paused("Document", "https://web.whatsapp.com.evil.example/"),
        Paused { frame_id: "F2".to_owned(), ..asked() },
        paused("Fetch", "https://web.whatsapp.com/"),
        failed,
    ];
    for other in others {
        assert_eq!(file.answer(&other, Some(MAIN)), Answer::Continue);
        let came = Paused { response_status_code: Some(200), ..other };
        assert!(came.response_error_reason.is_some() || network.answer(&came, Some(MAIN)) == Answer::Continue);
    }
    assert_eq!(file.answer(&asked(), None), Answer::Continue, "the service worker's");
}
