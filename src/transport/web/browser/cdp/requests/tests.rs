#![allow(clippy::unwrap_used)]

use super::*;
use crate::host::config::ProxyLogin;

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
    let handling = Handling { login: Some(login), ..Handling::default() };
    assert!(
        [handling.of_browser(), Some(handling.of_page())]
            .into_iter()
            .flatten()
            .all(|it| it.handle_auth_requests == Some(true))
    );
    let connection = opened.connection.downgrade();
    let (session, frame, kept) = (String::new(), String::new(), Kept::default());
    let mut task = Task { connection, session, frame, handling, kept, tried: VecDeque::new(), warned: false };
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
