#![allow(clippy::unwrap_used)]

use axum::routing::{get, post};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);
const LONG: usize = 32 << 20;

struct Served {
    server: Server,
    connections: Connections,
    address: std::net::SocketAddr,
    release: Arc<Notify>,
}

/// A server with a quick route, one that waits, one that reads a body and one with a long answer.
async fn served(limit: usize) -> Served {
    let release = Arc::new(Notify::new());
    let released = Arc::clone(&release);
    let wait = move || async move {
        released.notified().await;
        "released"
    };
    let router = Router::new()
        .route("/quick", get(|| async { "quick" }))
        .route("/wait", get(wait))
        .route("/body", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/long", get(|| async { vec![b'x'; LONG] }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Connections::new(Limits { connections: limit, per_network: limit });
    let server = Server::start(vec![listener], &router, &connections);
    Served { server, connections, address, release }
}

impl Served {
    async fn opened(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }

    /// Waits until so many connections wait for their callers, and the service works for so many.
    async fn until(&self, waiting: usize, busy: usize) {
        let reached = async {
            let count = || self.connections.count();
            while (count().waiting, count().busy) != (waiting, busy) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap_or_else(|_| unreachable!("{:?}", self.connections.count()));
    }

    async fn quick(&self) -> String {
        answer(self.opened("GET /quick HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await).await
    }
}

/// All that comes, until the end of the connection.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

/// Waits for the end of a connection that the service closes without an answer.
async fn is_closed(mut stream: TcpStream) -> bool {
    let read = timeout(PATIENCE, stream.read(&mut [0])).await.unwrap();
    read.map_or(true, |bytes| bytes == 0)
}

#[tokio::test]
async fn those_who_never_finish_a_head_or_a_body_take_no_place_from_the_quick() {
    let served = served(8).await;
    let waits = served.opened("GET /wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    served.until(0, 1).await;
    let mut slow = Vec::new();
    for n in 0..20 {
        slow.push(match n % 4 {
            0 => served.opened("").await,
            1 => served.opened("GET /quick HT").await,
            2 => served.opened("POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n123").await,
            _ => served.opened("GET /quick HTTP/1.1\r\nhost: x\r\n\r\n").await,
        });
    }
    let begun = Instant::now();
    for _ in 0..50 {
        assert!(served.quick().await.ends_with("quick"));
    }
    assert!(begun.elapsed() < PATIENCE / 4, "{:?}", begun.elapsed());
    served.release.notify_one();
    assert!(answer(waits).await.ends_with("released"), "who is worked for is never closed");
    assert!(is_closed(slow.swap_remove(0)).await);
}

#[tokio::test]
async fn a_caller_who_does_not_take_an_answer_goes_when_there_is_no_room() {
    let served = served(1).await;
    let greedy = served.opened("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    served.until(1, 0).await;
    assert!(served.quick().await.ends_with("quick"));
    drop(greedy);
}

#[tokio::test]
async fn an_answer_that_is_taken_slowly_comes_whole_if_nobody_wants_the_room() {
    let served = served(4).await;
    let mut stream = served.opened("GET /long HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    served.until(1, 0).await;
    let mut all = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut all)).await.unwrap().unwrap();
    assert!(all.len() > LONG && all.ends_with(b"xxx"));
    served.until(0, 0).await;
}

#[tokio::test]
async fn slow_bodies_do_not_keep_the_memory_for_bodies() {
    let served = served(200).await;
    let head = format!("POST /body HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 1 << 20);
    let mut slow = Vec::new();
    for _ in 0..64 {
        slow.push(served.opened(&head).await);
    }
    served.until(64, 0).await;
    let mut quick = served.opened(&head).await;
    quick.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
    assert!(answer(quick).await.ends_with("1048576"));
    assert!(is_closed(slow.swap_remove(0)).await);
    // What is short needs none of it.
    let short =
        served.opened("POST /body HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi").await;
    assert!(answer(short).await.ends_with('2'));
}

#[tokio::test]
async fn slow_takers_of_long_answers_do_not_keep_the_memory_for_answers() {
    let served = served(20).await;
    let mut greedy = Vec::new();
    for _ in 0..2 {
        greedy.push(served.opened("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await);
    }
    served.until(2, 0).await;
    let third = served.opened("GET /long HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer(third).await.ends_with("xxx"));
}

#[tokio::test]
async fn a_stop_waits_for_an_answer_and_for_no_slow_caller() {
    let served = served(20).await;
    let waits = served.opened("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let _untouched = served.opened("").await;
    let _half = served.opened("GET /quick HT").await;
    let _body = served.opened("POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n123").await;
    served.until(3, 1).await;
    let Served { server, release, .. } = served;
    let stopped = tokio::spawn(server.stop(PATIENCE));
    release.notify_one();
    assert!(answer(waits).await.ends_with("released"));
    assert!(timeout(PATIENCE / 4, stopped).await.unwrap().unwrap());
}
