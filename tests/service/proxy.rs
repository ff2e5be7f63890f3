//! A proxy that wants a user and a password: Chrome is told them when the proxy asks, and nobody else.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use session_manager::domain::state::{Reason, State};
use session_manager::transport::web::session::Snapshot;
use simulator::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::receiver::{Receiver, messages};
use crate::world::{FRIEND, World, family};

/// `ana:p@ss:word`.
const LOGIN: &str = "Basic YW5hOnBAc3M6d29yZA==";
const REFUSAL: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"office\"\r\n\
                       Content-Length: 0\r\nConnection: close\r\n\r\n";

/// The first lines of the requests that came with the right login, with a wrong one, and with none.
#[derive(Clone, Debug, Default)]
struct Asked {
    passed: Vec<String>,
    wrong: Vec<String>,
    without: Vec<String>,
}

struct Proxy {
    port: u16,
    asked: Arc<Mutex<Asked>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = Arc::clone(&proxy.asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&asked)));
            }
        });
        proxy
    }

    fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }

    /// A world whose browser goes through this proxy, also to addresses of this machine.
    async fn world(&self, login: &str) -> World {
        let mut world = World::new(simulator::Options::fast()).await;
        world.set("PROXY_URL", &format!("http://{login}127.0.0.1:{}", self.port));
        world.set("CHROME_ARGS", "--proxy-bypass-list=<-loopback>");
        world
    }
}

/// Passes one request of a connection on, as a tunnel or as it is.
async fn serve(mut stream: TcpStream, asked: Arc<Mutex<Asked>>) -> Option<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    };
    let body = head.split_off(end);
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next()?.to_owned();
    let login = text.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    {
        let mut asked = asked.lock().unwrap();
        match login {
            Some(LOGIN) => asked.passed.push(line.clone()),
            Some(_) => asked.wrong.push(line.clone()),
            None => asked.without.push(line.clone()),
        }
    }
    if login != Some(LOGIN) {
        stream.write_all(REFUSAL.as_bytes()).await.ok()?;
        return None;
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    if method == "CONNECT" {
        let mut page = TcpStream::connect(target).await.ok()?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
        copy_bidirectional(&mut stream, &mut page).await.ok()?;
    } else {
        let (host, path) = target.strip_prefix("http://")?.split_once('/')?;
        let mut page = TcpStream::connect(host).await.ok()?;
        let rest = text.split_once("\r\n")?.1.replacen("Proxy-Connection: keep-alive", "Connection: close", 1);
        page.write_all(format!("{method} /{path} HTTP/1.1\r\n{rest}").as_bytes()).await.ok()?;
        page.write_all(&body).await.ok()?;
        copy_bidirectional(&mut stream, &mut page).await.ok()?;
    }
    Some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy_with_a_login_everything_works_and_no_process_shows_the_password() {
    let proxy = Proxy::start().await;
    let receiver = Receiver::start().await;
    let mut world = proxy.world("ana:p%40ss%3Aword@").await;
    world.set("WEBHOOK_URLS", &receiver.url());
    world.start().await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "buenas")).unwrap();
    receiver.until("the message", |taken| messages(taken).len() == 1).await;
    let (status, sent) = world.send(FRIEND, "hola").await;
    assert_eq!(status, 200, "{sent}");
    receiver.until("both", |taken| messages(taken).len() == 2).await;
    // Chrome puts the body of a request that it pauses into its report.
    for size in [100 << 10, 600 << 10, 3 << 20, 20 << 20] {
        let file = vec![7; size];
        let upload = world.request("POST", "/media?filename=a.bin").body(file.clone()).send().await.unwrap();
        let upload: Value = upload.json().await.unwrap();
        let (status, sent) = world.post("/send", json!({ "number": FRIEND, "media": { "id": upload["id"] } })).await;
        assert_eq!(status, 200, "{size}: {sent}");
        assert!(world.simulator.record().received.last().unwrap().file.as_ref().unwrap().bytes == file, "{size}");
    }
    let asked = proxy.asked();
    assert!(asked.passed.iter().any(|line| line.starts_with("CONNECT ")), "the page's socket: {asked:?}");
    assert!(asked.passed.iter().any(|line| line.starts_with("GET http://")), "the page: {asked:?}");
    assert!(asked.wrong.is_empty(), "{asked:?}");
    assert!(
        !asked.passed.iter().chain(&asked.without).any(|line| line.contains("/hook")),
        "webhooks go straight: {asked:?}"
    );
    for pid in family(world.browser_pid(), "") {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains("p@ss") && !line.contains("p%40ss") && !line.contains("ana:"), "{line}");
    }
    // A browser that is started again logs in again.
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_the_proxy_refuses_is_told_once_a_request_and_named_as_the_cause() {
    let proxy = Proxy::start().await;
    let mut world = proxy.world("ana:wrong@").await;
    world.start().await;
    let has_cause = |it: &Snapshot| it.reason == Some(Reason::PageLoadFailed) && it.detail.contains("(407)");
    let session = world.until_session("the cause", has_cause).await;
    assert!(session.detail.contains("PROXY_URL"), "{}", session.detail);
    assert!(!session.detail.contains("wrong") && !session.detail.contains("ana"), "{}", session.detail);
    world.until_session("the same of another try", |it| it.attempts >= 2 && it.detail.contains("(407)")).await;
    world.stop().await;
    let asked = proxy.asked();
    assert!(asked.passed.is_empty() && !asked.wrong.is_empty(), "{asked:?}");
    // Chrome asks without the login, and once with it, for each load of the page and of its icon.
    assert!(asked.wrong.len() <= asked.without.len(), "{asked:?}");
}
