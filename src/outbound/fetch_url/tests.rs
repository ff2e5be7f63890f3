#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that gives fixed answers by path, and notes the heads of requests.
struct Web {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    async fn serve(answers: impl Fn(u16) -> Vec<(&'static str, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers: HashMap<_, _> = answers(port).into_iter().collect();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (noted, answers) = (Arc::clone(&asked), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (noted, answers) = (Arc::clone(&noted), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split([' ', '?']).nth(1).unwrap().to_owned();
                    noted.lock().unwrap().push(head);
                    if let Some(answer) = answers.get(path.as_str()) {
                        stream.write_all(answer).await.unwrap();
                    } else {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn url(&self, path: &str) -> MediaUrl {
        MediaUrl::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn to(location: &str) -> Vec<u8> {
    answer(&format!("302 Found\r\nContent-Length: 0\r\nLocation: {location}"), "")
}

async fn fetcher(dir: &TempDir, allow_private: bool) -> Fetcher {
    let blobs = Blobs::open(dir.path(), 64).await.unwrap();
    Fetcher::new(blobs, 20, allow_private).unwrap()
}

async fn fetch(fetcher: &Fetcher, url: &MediaUrl) -> Result<Fetched, String> {
    let fetched = fetcher.fetch(url, Instant::now() + Duration::from_secs(3)).await;
    fetched.map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn a_file_is_fetched_with_what_its_server_says_about_it() {
    let web = Web::serve(|port| {
        let disposition = "Content-Disposition: attachment; filename=\"b.pdf\"";
        vec![
            ("/dir/a%C3%B1o.pdf", answer("200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 5", "%PDF-")),
            ("/b", answer(&format!("200 OK\r\n{disposition}"), "no length")),
            ("/from", to("/over")),
            ("/over", to(&format!("http://127.0.0.1:{port}/b"))),
        ]
    })
    .await;
    let dir = TempDir::new().unwrap();
    let fetcher = fetcher(&dir, true).await;
    let file = fetch(&fetcher, &web.url("/dir/año.pdf")).await.unwrap();
    assert_eq!((file.pin.size(), file.mimetype.as_deref()), (5, Some("application/pdf")));
    assert_eq!(file.filename.as_deref(), Some("año.pdf"));
    let file = fetch(&fetcher, &web.url("/from?token=1")).await.unwrap();
    assert_eq!((file.pin.size(), file.mimetype, file.filename.as_deref()), (9, None, Some("b.pdf")));
    let asked = web.asked.lock().unwrap().join("").to_lowercase();
    for absent in ["referer", "cookie", "authorization", "accept-encoding"] {
        assert!(!asked.contains(absent), "{asked}");
    }
}

#[tokio::test]
async fn a_private_address_is_refused_before_anything_is_sent_there() {
    let web = Web::serve(|_| vec![("/a", answer("200 OK", "secret"))]).await;
    let dir = TempDir::new().unwrap();
    let fetcher = fetcher(&dir, false).await;
    let named = MediaUrl::parse(&format!("http://localhost:{}/a", web.port)).unwrap();
    for url in [web.url("/a"), named] {
        assert_eq!(fetch(&fetcher, &url).await.unwrap_err(), "Refused(Private)");
    }
    assert!(web.asked.lock().unwrap().is_empty());
}

/// The first server is reached by a resolver of its own, as a public one would be.
#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    let web = Web::serve(|port| {
        vec![
            ("/number", to(&format!("http://127.0.0.1:{port}/secret"))),
            ("/name", to(&format!("http://localhost:{port}/secret"))),
            ("/secret", answer("200 OK", "secret")),
        ]
    })
    .await;
    let dir = TempDir::new().unwrap();
    let mut fetcher = fetcher(&dir, false).await;
    let here = std::net::SocketAddr::from(([127, 0, 0, 1], web.port));
    let client = http_client::without_certificates().unwrap().redirect(redirect::Policy::none());
    fetcher.http = client.dns_resolver(PublicOnly).resolve("public.example", here).build().unwrap();
    for path in ["/number", "/name"] {
        let url = MediaUrl::parse(&format!("http://public.example:{}{path}", web.port)).unwrap();
        assert_eq!(fetch(&fetcher, &url).await.unwrap_err(), "Refused(Private)", "{path}");
    }
    assert_eq!(web.asked.lock().unwrap().len(), 2, "the redirects alone");
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_the_address() {
    let web = Web::serve(|_| {
        vec![
            ("/404", answer("404 Not Found\r\nContent-Length: 0", "")),
            ("/206", answer("206 Partial Content\r\nContent-Length: 1", "x")),
            ("/gzip", answer("200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1", "x")),
            ("/short", answer("200 OK\r\nContent-Length: 10", "x")),
            ("/announced", answer("200 OK\r\nContent-Length: 21", "")),
            ("/endless", answer("200 OK", &"x".repeat(100))),
            ("/loop", to("/loop")),
            ("/nowhere", answer("302 Found\r\nContent-Length: 0", "")),
            ("/file", to("file:///etc/passwd")),
            ("/odd", b"what?\r\n\r\n".to_vec()),
        ]
    })
    .await;
    let dir = TempDir::new().unwrap();
    let fetcher = fetcher(&dir, true).await;
    for (path, expected) in [
        ("/404", "answered 404"),
        ("/206", "answered 206"),
        ("/gzip", "compressed"),
        ("/short", "broke off"),
        ("/announced", "TooLarge { max: 20 }"),
        ("/endless", "TooLarge { max: 20 }"),
        ("/loop", "Refused(Redirects)"),
        ("/nowhere", "Refused(Redirect)"),
        ("/file", "Refused(Redirect)"),
        ("/odd", "Failed"),
        ("/silent", "in time"),
    ] {
        let error = fetch(&fetcher, &web.url(path)).await.unwrap_err();
        assert!(error.contains(expected) && !error.contains("127.0.0.1"), "{path}: {error}");
    }
    let closed = fetch(&fetcher, &MediaUrl::parse("http://127.0.0.1:1/").unwrap()).await.unwrap_err();
    assert!(closed.contains("cannot be reached"), "{closed}");
    assert_eq!(fetcher.blobs.usage().files, 0);
}
