#![allow(clippy::unwrap_used)]

use super::*;

const PAGE: &str = "https://web.whatsapp.com";

fn paused(kind: &str, url: &str) -> Paused {
    Paused { request_id: "1".to_owned(), resource_type: kind.to_owned(), request: Asked { url: url.to_owned() } }
}

fn unseen() -> Handling {
    Handling { unseen: Some(PAGE.to_owned()), ..Handling::default() }
}

#[test]
fn a_page_that_a_person_looks_at_is_left_alone() {
    assert!(Handling::default().of_page().is_none());
    let picture = paused("Image", "https://web.whatsapp.com/a.png");
    assert_eq!(Handling::default().answer(&picture, true), Answer::Continue);
}

#[test]
fn chrome_pauses_only_what_is_blocked() {
    for pattern in unseen().of_page().unwrap().patterns.unwrap() {
        let (kind, place) = (pattern.resource_type.unwrap(), pattern.url_pattern.unwrap());
        let url = format!("{}x", place.replacen("*://", "https://", 1).trim_end_matches('*'));
        assert_eq!(unseen().answer(&paused(kind.as_ref(), &url), true), Answer::Block, "{place}");
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
        assert_eq!(unseen().answer(&paused(kind, url), true), Answer::Continue, "{kind} {url}");
    }
    let picture = paused("Image", "https://web.whatsapp.com/a.png");
    assert_eq!(unseen().answer(&picture, true), Answer::Block);
    assert_eq!(unseen().answer(&picture, false), Answer::Continue, "the service worker's");
}

fn challenge(id: &str, source: Option<&str>) -> Challenge {
    Challenge { request_id: id.to_owned(), auth_challenge: Challenger { source: source.map(str::to_owned) } }
}

#[tokio::test]
async fn the_proxy_alone_gets_the_login_and_once_for_each_request() {
    use AuthChallengeResponseResponse::{CancelAuth, Default as Leave, ProvideCredentials};
    let (login, pipes) = (crate::domain::secret::Secret::new("s3cret"), [std::io::pipe(), std::io::pipe()]);
    let [(read, _far), (_other, write)] = pipes.map(Result::unwrap);
    let opened = Connection::open(read.into(), write.into()).unwrap();
    let login = ProxyLogin { user: login.clone(), password: login };
    let handling = Handling { unseen: None, login: Some(login) };
    assert_eq!(handling.of_browser().unwrap().handle_auth_requests, Some(true));
    assert_eq!(handling.of_page(), handling.of_browser());
    let connection = opened.connection.downgrade();
    let mut task = Task { connection, scopes: Vec::new(), handling, tried: VecDeque::new(), warned: false };
    let mut asked = |id: &str, source| task.login(&challenge(id, source));
    assert_eq!(asked("0", Some("Server")).response, Leave);
    assert_eq!(asked("0", None).response, Leave);
    let given = asked("1", Some("Proxy"));
    assert_eq!((given.response, given.username.as_deref()), (ProvideCredentials, Some("s3cret")));
    let refused = asked("1", Some("Proxy"));
    assert_eq!((refused.response, refused.password), (CancelAuth, None));
    for id in 2..2 * TRIED {
        assert_eq!(asked(&id.to_string(), Some("Proxy")).response, ProvideCredentials);
    }
    assert!(task.tried.len() <= TRIED);
}
