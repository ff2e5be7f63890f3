//! The two WebSockets of a page.

use crate::outbox::Outbox;
use crate::shared::Shared;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use serde::de::DeserializeOwned;
use std::sync::Arc;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/ws", get(server)).route("/page/wire", get(wire))
}

async fn server(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let (number, outbox) = shared.with(|world| world.peer_opened());
        converse(&shared, socket, &outbox, |frame| shared.with(|world| world.peer_said(number, frame))).await;
        shared.with(|world| world.peer_closed(number));
    })
}

async fn wire(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let (number, outbox) = shared.with(|world| world.wire_opened());
        converse(&shared, socket, &outbox, |frame| shared.with(|world| world.wire_said(number, frame))).await;
        shared.with(|world| world.wire_closed(number));
    })
}

/// Reads frames and writes the outbox until either side closes or the simulator stops.
async fn converse<F: DeserializeOwned>(shared: &Shared, mut socket: WebSocket, outbox: &Outbox, hear: impl Fn(F)) {
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => return,
            frame = outbox.next() => match frame {
                Some(text) => if socket.send(Message::text(text)).await.is_err() { return },
                // The simulator closed it: the end of the stream says so, and a closing handshake would need the
                // page's help.
                None => return,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(frame) => hear(frame),
                    Err(error) => tracing::warn!(%error, %text, "a page said something that cannot be read"),
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
