//! A receiver of webhooks: it stores its requests, and answers as the test says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::world::DEADLINE;

#[derive(Clone, Debug)]
pub struct Received {
    pub id: String,
    pub headers: HeaderMap,
    pub raw: Bytes,
    pub body: Value,
}

type Answer = Box<dyn FnMut(&Received) -> u16 + Send>;

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    taken: watch::Sender<Vec<Received>>,
    answer: Arc<Mutex<Answer>>,
    stop: Arc<Mutex<CancellationToken>>,
}

impl Receiver {
    pub async fn start() -> Self {
        Self::on(SocketAddr::from((own_address(), 0))).await
    }

    /// On an earlier address: a receiver that comes back.
    pub async fn on(address: SocketAddr) -> Self {
        let listener = listen(address);
        let address = listener.local_addr().unwrap();
        let answer: Answer = Box::new(|_| 204);
        let (answer, stop) = (Arc::new(Mutex::new(answer)), Arc::default());
        let receiver = Self { address, taken: watch::Sender::new(Vec::new()), answer, stop };
        receiver.serve(listener);
        receiver
    }

    fn serve(&self, listener: TcpListener) {
        let router = Router::new().route("/hook", post(take)).with_state(self.clone());
        let serving = CancellationToken::new();
        *self.stop.lock().unwrap() = serving.clone();
        tokio::spawn(async move { serving.run_until_cancelled(axum::serve(listener, router).into_future()).await });
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Sets the answer from now on: a status other than 2xx means that the event is not taken.
    pub fn answers(&self, answer: impl FnMut(&Received) -> u16 + Send + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    pub fn taken(&self) -> Vec<Received> {
        self.taken.borrow().clone()
    }

    /// Waits, as long as events arrive, until they satisfy the condition; returns them.
    pub async fn until(&self, what: &str, condition: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut taken = self.taken.subscribe();
        loop {
            if condition(&taken.borrow_and_update()) {
                return self.taken();
            }
            if tokio::time::timeout(DEADLINE, taken.changed()).await.is_err() {
                let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
                for one in self.taken.borrow().iter() {
                    *kinds.entry(one.body["type"].to_string()).or_default() += 1;
                }
                panic!("waited for {what} in vain; taken: {kinds:?}");
            }
        }
    }

    /// Stops at once: requests in progress get no answer.
    pub fn dies(&self) {
        self.stop.lock().unwrap().cancel();
    }

    /// Starts again at its old address, with the events it had.
    pub fn comes_back(&self) {
        self.serve(listen(self.address));
    }
}

/// A loopback address that nothing else uses: while a receiver is gone, its port on 127.0.0.1 could go to another
/// socket of the machine.
fn own_address() -> [u8; 4] {
    static RECEIVERS: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    [127, high.max(1), low, RECEIVERS.fetch_add(1, Ordering::Relaxed).max(1)]
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(128).unwrap()
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&raw).unwrap();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let received = Received { id, headers, raw, body };
    let stop = receiver.stop.lock().unwrap().clone();
    let status = receiver.answer.lock().unwrap()(&received);
    if (200..300).contains(&status) {
        receiver.taken.send_modify(|taken| taken.push(received));
    }
    if stop.is_cancelled() {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(status).unwrap()
}

/// The ids of the messages among the events, in order.
pub fn messages(taken: &[Received]) -> Vec<String> {
    let news = taken.iter().filter(|received| received.body["type"] == "message");
    news.map(|received| received.body["data"]["id"].as_str().unwrap().to_owned()).collect()
}
