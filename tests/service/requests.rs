//! What a real Chromium loads of a page that nobody looks at, and what it must load all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::json;
use session_manager::host::config::Config;
use session_manager::transport::web::browser::{Browser, PageScript, Profile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::DEADLINE;

/// The smallest picture, 1 by 1.
const PICTURE: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
/// The smallest module of WebAssembly.
const MODULE: [u8; 8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const PAGE: &str = "<!doctype html><link rel=stylesheet href=/style.css><script src=/script.js></script>\
    <style>@font-face { font-family: f; src: url(/font.woff2) } p { font-family: f; background: url(/sheet.png) }</style>\
    <p>text</p><img src=/picture.png><video src=/stream/video preload=auto></video>";
/// Asks for each thing as WhatsApp's page does, and says what came.
const QUESTIONS: &str = r"(async () => {
    const shown = (src) => new Promise((done) => {
        const image = new Image();
        image.onload = () => done(true);
        image.onerror = () => done(false);
        image.src = src;
    });
    const bytes = await (await fetch('/media.enc')).arrayBuffer();
    const picture = 'data:image/gif;base64,PICTURE';
    const blob = URL.createObjectURL(await (await fetch(picture)).blob());
    const worker = new Promise((done) => {
        const started = new Worker(URL.createObjectURL(new Blob(['postMessage(1)'])));
        started.onmessage = () => done(true);
        started.onerror = () => done(false);
    });
    return {
        decrypted: await shown(blob),
        inline: await shown(picture),
        network: await shown('/another.png'),
        fetched: bytes.byteLength,
        asked_for: (await fetch('/picture.png')).ok,
        wasm: !!(await WebAssembly.compileStreaming(fetch('/module.wasm'))),
        worker: await worker,
        script: window.ran === true,
        style: getComputedStyle(document.body).marginTop,
    };
})()";

/// A host that answers everything and remembers the paths it was asked for by anything but a script's `fetch`.
async fn host() -> (String, Arc<Mutex<BTreeSet<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<BTreeSet<String>>>::default();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let noted = Arc::clone(&noted);
            tokio::spawn(async move {
                let mut head = vec![0; 8192];
                let read = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                if !head.contains("sec-fetch-dest: empty") {
                    noted.lock().unwrap().insert(path.clone());
                }
                let (kind, body): (_, &[u8]) = match path.as_str() {
                    "/" => ("text/html", PAGE.as_bytes()),
                    "/style.css" => ("text/css", b"body { margin-top: 7px }"),
                    "/script.js" => ("text/javascript", b"window.ran = true"),
                    "/module.wasm" => ("application/wasm", &MODULE),
                    _ => ("application/octet-stream", b"12345"),
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
            });
        }
    });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_looks_at_is_not_loaded_and_what_the_page_works_with_is() {
    let (url, asked) = host().await;
    let folder = tempfile::tempdir().unwrap();
    let settings = BTreeMap::from([("WHATSAPP_WEB_URL".to_owned(), url.clone())]);
    let settings = Config::read(&settings).unwrap().browser;
    let profile = Profile::open(folder.path()).unwrap();
    let origin = url.trim_end_matches('/').to_owned();
    let script = PageScript { script: String::new(), binding: "unused".to_owned(), origin, document: None };
    let launched = Browser::launch(&settings, &profile, script, DEADLINE, CancellationToken::new()).await.unwrap();
    launched.tab.navigate(&url, DEADLINE).await.unwrap().unwrap();
    let loaded = "new Promise((done) => document.readyState === 'complete' ? done(1) : onload = () => done(1))";
    launched.tab.evaluate(loaded.to_owned(), DEADLINE).await.unwrap();
    let found = launched.tab.evaluate(QUESTIONS.replace("PICTURE", PICTURE), DEADLINE).await.unwrap();
    launched.browser.close(DEADLINE).await;

    let wanted = json!({
        "decrypted": true, "inline": true, "network": false, "fetched": 5, "asked_for": true, "wasm": true,
        "worker": true, "script": true, "style": "7px",
    });
    assert_eq!(found, wanted);
    let asked = asked.lock().unwrap().clone();
    for seen in ["/picture.png", "/another.png", "/sheet.png", "/font.woff2"] {
        assert!(!asked.contains(seen), "{seen} was loaded: {asked:?}");
    }
    assert!(asked.contains("/stream/video"), "the service worker's streams pass: {asked:?}");
}
