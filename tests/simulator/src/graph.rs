//! A stand-in for Meta's Graph API as far as the Cloud API of WhatsApp uses it: messages, windows of 24 hours, templates,
//! files, errors by number, and signed webhooks.

mod changes;
mod routes;
mod states;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Error;

/// How long somebody who wrote can be answered without a template.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The account at the stand-in.
#[derive(Clone, Debug)]
pub struct GraphOptions {
    /// 0 takes any free one.
    pub port: u16,
    pub token: String,
    pub phone_number_id: String,
    pub app_secret: String,
    /// The number that sends, digits only.
    pub phone: String,
}

impl Default for GraphOptions {
    fn default() -> Self {
        Self {
            port: 0,
            token: "EAAG-token".to_owned(),
            phone_number_id: "106540352242922".to_owned(),
            app_secret: "app-secret".to_owned(),
            phone: "5491150000001".to_owned(),
        }
    }
}

/// What goes wrong with a call, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphFault {
    /// Meta takes nothing, and says why.
    Refuse { status: u16, code: i64 },
    /// A proxy on the way to Meta refuses, with this status and a page of its own.
    Proxy(u16),
    /// Meta takes the message, and the connection breaks before the answer.
    BreakAfter,
    /// Meta takes the message, and answers 500.
    TroubleAfter,
    /// Meta answers 500 and has taken nothing.
    Trouble,
    /// Meta takes the message, and the answer never comes.
    Hang,
    /// The answer comes so late.
    Slow(Duration),
}

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct GraphMessage {
    pub id: String,
    pub to: String,
    /// As it was posted.
    pub body: Value,
    pub reference: String,
}

#[derive(Default)]
struct State {
    messages: Vec<GraphMessage>,
    faults: VecDeque<GraphFault>,
    /// Who wrote when.
    windows: HashMap<String, Instant>,
    /// Everybody can be answered.
    is_open: bool,
    ids_are_hidden: bool,
    /// Approved templates, and how many values each has places for.
    templates: HashMap<String, usize>,
    not_on_whatsapp: HashSet<String>,
    /// Messages that people wrote, by their ids.
    received: HashSet<String>,
    /// Those that were marked as read, in order, and whether typing was shown with it.
    read: Vec<(String, bool)>,
    /// How long an upload takes.
    upload: Duration,
    /// The status and number with which uploads are refused.
    upload_refused: Option<(u16, i64)>,
    files: HashMap<String, (String, Vec<u8>)>,
    /// So many links lead to nothing.
    links_broken: usize,
    token: String,
    /// Meta's number for the permission to send that the token lacks, while it has the one to see the number.
    not_permitted: Option<i64>,
    /// Meta's word for the state of the number.
    status: String,
    next: u64,
    /// How often the number was asked for.
    looks: usize,
    /// Calls of every kind.
    calls: Vec<String>,
    webhook: Option<String>,
}

/// The stand-in. It ends when it is dropped.
pub struct Graph {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

struct Shared {
    options: GraphOptions,
    state: Mutex<State>,
    address: SocketAddr,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a message, and gives it an id as Meta does.
    fn take(&self, to: &str, body: &Value) -> GraphMessage {
        let mut state = self.state();
        state.next += 1;
        let key = format!("3EB0{:016X}", state.next);
        let id = if state.ids_are_hidden {
            format!("wamid.{}", STANDARD.encode(format!("hidden {key}")))
        } else {
            wamid(to, true, &key)
        };
        let reference = body["biz_opaque_callback_data"].as_str().unwrap_or_default().to_owned();
        let message = GraphMessage { id, to: to.to_owned(), body: body.clone(), reference };
        state.messages.push(message.clone());
        message
    }
}

/// The id of a message with this number and key.
pub fn wamid(number: &str, from_me: bool, key: &str) -> String {
    let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0x1c, 0x18, length(number)];
    bytes.extend_from_slice(number.as_bytes());
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, if from_me { 0x11 } else { 0x12 }, 0x18, length(key)]);
    bytes.extend_from_slice(key.as_bytes());
    bytes.push(0);
    format!("wamid.{}", STANDARD.encode(bytes))
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Graph {
    /// # Errors
    /// The port is taken.
    pub async fn start(options: GraphOptions) -> Result<Self, Error> {
        let failed = |source| Error::Listen { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = State { token: options.token.clone(), status: "CONNECTED".to_owned(), ..State::default() };
        let shared = Arc::new(Shared { options, state: Mutex::new(state), address });
        let router = routes::router(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn options(&self) -> &GraphOptions {
        &self.shared.options
    }

    /// Everything that was taken, in order.
    pub fn messages(&self) -> Vec<GraphMessage> {
        self.shared.state().messages.clone()
    }

    /// The calls so far: method and path without the version.
    pub fn calls(&self) -> Vec<String> {
        self.shared.state().calls.clone()
    }

    /// How often the number was asked for.
    pub fn looks(&self) -> usize {
        self.shared.state().looks
    }

    /// The messages that were marked as read, in order, and whether typing was shown with it.
    pub fn read(&self) -> Vec<(String, bool)> {
        self.shared.state().read.clone()
    }

    /// Meta forgets a message that somebody wrote, as it does after 30 days.
    pub fn forget(&self, id: &str) {
        self.shared.state().received.remove(id);
    }

    /// A file that somebody sent; its id.
    pub fn add_file(&self, mimetype: &str, bytes: &[u8]) -> String {
        let mut state = self.shared.state();
        state.next += 1;
        let id = format!("{}", 1_000_000 + state.next);
        state.files.insert(id.clone(), (mimetype.to_owned(), bytes.to_vec()));
        id
    }

    /// A file that was uploaded.
    pub fn file(&self, id: &str) -> Option<(String, Vec<u8>)> {
        self.shared.state().files.get(id).cloned()
    }

    /// Every message is reported to this address as sent, delivered and read.
    pub fn report_to(&self, webhook: &str) {
        self.shared.state().webhook = Some(webhook.to_owned());
    }

    /// A report of a message: `sent`, `delivered`, `read`, `failed`.
    pub fn status(&self, message: &GraphMessage, status: &str) -> Value {
        status_of(message, status)
    }

    /// A report that a message failed, with Meta's number for the reason.
    pub fn failed(&self, message: &GraphMessage, code: i64) -> Value {
        let mut value = status_of(message, "failed");
        value["statuses"][0]["errors"][0]["code"] = json!(code);
        value
    }

    /// What Meta tells where the app on the phone shares the number: a message that was written on the phone or a linked device,
    /// or that the Cloud API took.
    pub fn echo(&self, to: &str, key: &str, text: &str) -> Value {
        json!({ "message_echoes": [{
            "from": self.shared.options.phone, "to": to, "id": wamid(to, true, key), "timestamp": now().to_string(),
            "type": "text", "text": { "body": text },
        }] })
    }

    /// The ids of messages hide from now on what they consist of.
    pub fn hide_ids(&self) {
        self.shared.state().ids_are_hidden = true;
    }

    /// A message that somebody writes; it opens the window.
    pub fn received(&self, from: &str, key: &str, kind: &str, content: Value) -> Value {
        self.open_window(from);
        let id = wamid(from, false, key);
        self.shared.state().received.insert(id.clone());
        let mut message = json!({
            "from": from, "id": id, "timestamp": now().to_string(), "type": kind,
        });
        message[kind] = content;
        json!({
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": from }],
            "messages": [message],
        })
    }

    /// What Meta posts for a value, and its signature.
    pub fn signed(&self, value: &Value) -> (String, String) {
        signed(&self.shared.options, value)
    }

    /// Posts a value to a webhook; the status of the answer.
    ///
    /// # Errors
    /// The webhook cannot be reached.
    pub async fn tell(&self, webhook: &str, value: &Value) -> io::Result<u16> {
        tell(&self.shared.options, webhook, value).await
    }
}

fn status_of(message: &GraphMessage, status: &str) -> Value {
    let mut report = json!({
        "id": message.id, "status": status, "timestamp": now().to_string(), "recipient_id": message.to,
        "biz_opaque_callback_data": message.reference,
    });
    if matches!(status, "sent" | "delivered") {
        let category = if message.body["type"] == "template" { "marketing" } else { "service" };
        let kind = if category == "service" { "free_customer_service" } else { "regular" };
        report["pricing"] =
            json!({ "billable": kind == "regular", "pricing_model": "PMP", "type": kind, "category": category });
    }
    if status == "failed" {
        report["errors"] = json!([{ "code": 131_049, "title": "This message was not delivered", "message": "x" }]);
    }
    json!({ "statuses": [report] })
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn signed(options: &GraphOptions, value: &Value) -> (String, String) {
    let mut value = value.clone();
    if value.get("metadata").is_none() {
        value["metadata"] =
            json!({ "display_phone_number": options.phone, "phone_number_id": options.phone_number_id });
    }
    value["messaging_product"] = json!("whatsapp");
    let field = if value["message_echoes"].is_array() { "smb_message_echoes" } else { "messages" };
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "1", "changes": [{ "field": field, "value": value }] }],
    });
    // Meta writes everything that is not ASCII as an escape, and signs these bytes.
    let mut text = String::new();
    for c in body.to_string().chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, options.app_secret.as_bytes());
    let tag = hmac::sign(&key, text.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (text, format!("sha256={hex}"))
}

async fn tell(options: &GraphOptions, webhook: &str, value: &Value) -> io::Result<u16> {
    let (body, signature) = signed(options, value);
    let rest = webhook.strip_prefix("http://").unwrap_or(webhook);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    // Meta calls the name that a proxy has in the internet.
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         X-Hub-Signature-256: {signature}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = String::from_utf8_lossy(&answer);
    head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| io::Error::other("no answer"))
}
