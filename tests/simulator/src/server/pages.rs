//! The files for browsers: the page of WhatsApp Web, and the phone.

use crate::shared::Shared;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// As strict as the real page's policy: no inline code, no eval, sockets only to the page's own origin.
const PAGE_CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
     media-src 'self' blob:; connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const INDEX: &str = include_str!("../page/index.html");
const UPDATE: &str = include_str!("../page/update.html");
const PHONE: &str = include_str!("../phone/index.html");

/// Served file: path, type, content.
type File = (&'static str, &'static str, &'static str);

/// The files of both pages, in the order the browser needs them.
const FILES: &[File] = &[
    ("/static/style.css", CSS, include_str!("../page/style.css")),
    ("/static/actions.js", JAVASCRIPT, include_str!("../page/actions.js")),
    ("/static/addons.js", JAVASCRIPT, include_str!("../page/addons.js")),
    ("/static/backlog.js", JAVASCRIPT, include_str!("../page/backlog.js")),
    ("/static/boot.js", JAVASCRIPT, include_str!("../page/boot.js")),
    ("/static/calls.js", JAVASCRIPT, include_str!("../page/calls.js")),
    ("/static/group-changes.js", JAVASCRIPT, include_str!("../page/group-changes.js")),
    ("/static/clients.js", JAVASCRIPT, include_str!("../page/clients.js")),
    ("/static/chats.js", JAVASCRIPT, include_str!("../page/chats.js")),
    ("/static/clock.js", JAVASCRIPT, include_str!("../page/clock.js")),
    ("/static/connection.js", JAVASCRIPT, include_str!("../page/connection.js")),
    ("/static/download.js", JAVASCRIPT, include_str!("../page/files/download.js")),
    ("/static/events.js", JAVASCRIPT, include_str!("../page/events.js")),
    ("/static/file-bytes.js", JAVASCRIPT, include_str!("../page/files/bytes.js")),
    ("/static/file-errors.js", JAVASCRIPT, include_str!("../page/files/errors.js")),
    ("/static/file-kinds.js", JAVASCRIPT, include_str!("../page/files/kinds.js")),
    ("/static/file-modules.js", JAVASCRIPT, include_str!("../page/files/modules.js")),
    ("/static/file-objects.js", JAVASCRIPT, include_str!("../page/files/objects.js")),
    ("/static/presence.js", JAVASCRIPT, include_str!("../page/presence.js")),
    ("/static/prep.js", JAVASCRIPT, include_str!("../page/files/prep.js")),
    ("/static/reupload.js", JAVASCRIPT, include_str!("../page/files/reupload.js")),
    ("/static/groups.js", JAVASCRIPT, include_str!("../page/groups.js")),
    ("/static/limits.js", JAVASCRIPT, include_str!("../page/limits.js")),
    ("/static/linking.js", JAVASCRIPT, include_str!("../page/linking.js")),
    ("/static/loader.js", JAVASCRIPT, include_str!("../page/loader.js")),
    ("/static/messages.js", JAVASCRIPT, include_str!("../page/messages.js")),
    ("/static/models.js", JAVASCRIPT, include_str!("../page/models.js")),
    ("/static/modules.js", JAVASCRIPT, include_str!("../page/modules.js")),
    ("/static/crowd.js", JAVASCRIPT, include_str!("../page/crowd.js")),
    ("/static/marks.js", JAVASCRIPT, include_str!("../page/marks.js")),
    ("/static/usync.js", JAVASCRIPT, include_str!("../page/usync.js")),
    ("/static/modules-late.js", JAVASCRIPT, include_str!("../page/modules-late.js")),
    ("/static/people.js", JAVASCRIPT, include_str!("../page/people.js")),
    ("/static/random.js", JAVASCRIPT, include_str!("../page/random.js")),
    ("/static/message-info.js", JAVASCRIPT, include_str!("../page/message-info.js")),
    ("/static/receipts.js", JAVASCRIPT, include_str!("../page/receipts.js")),
    ("/static/rows.js", JAVASCRIPT, include_str!("../page/rows.js")),
    ("/static/sending.js", JAVASCRIPT, include_str!("../page/sending.js")),
    ("/static/storage.js", JAVASCRIPT, include_str!("../page/storage.js")),
    ("/static/stream.js", JAVASCRIPT, include_str!("../page/stream.js")),
    ("/static/surroundings.js", JAVASCRIPT, include_str!("../page/surroundings.js")),
    ("/static/ui.js", JAVASCRIPT, include_str!("../page/ui.js")),
    ("/static/upload.js", JAVASCRIPT, include_str!("../page/files/upload.js")),
    ("/static/wids.js", JAVASCRIPT, include_str!("../page/wids.js")),
    ("/static/wire.js", JAVASCRIPT, include_str!("../page/wire.js")),
    ("/phone/phone.css", CSS, include_str!("../phone/phone.css")),
    ("/phone/phone.js", JAVASCRIPT, include_str!("../phone/phone.js")),
    ("/phone/control.js", JAVASCRIPT, include_str!("../phone/control.js")),
    ("/phone/chats.js", JAVASCRIPT, include_str!("../phone/chats.js")),
    ("/phone/files.js", JAVASCRIPT, include_str!("../phone/files.js")),
    ("/phone/faults.js", JAVASCRIPT, include_str!("../phone/faults.js")),
];

pub(super) fn router() -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/", get(index))
        .route("/config.js", get(config))
        .route("/phone", get(async || answer(HTML, PHONE.to_owned())));
    FILES.iter().fold(router, |router, (path, kind, content)| {
        router.route(path, get(async move || answer(kind, (*content).to_owned())))
    })
}

async fn index(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned();
    let refused = agent.contains("HeadlessChrome");
    let delay = shared.with(|world| world.faults.slow_document_ms);
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let load = shared.with(|world| world.page_load(uri.to_string(), agent, refused));
    if refused {
        return answer(HTML, UPDATE.to_owned());
    }
    answer(HTML, INDEX.replace("LOAD_NUMBER", &load.to_string()))
}

/// The configuration of the page. It is a script because the CSP allows no inline data, which would be read earlier.
async fn config(State(shared): State<Arc<Shared>>) -> Response {
    let config = shared.with(|world| {
        json!({
            "timeScale": world.options.time_scale,
            "seed": world.options.seed,
            "network": world.network,
            "faults": world.faults,
            "build": world.build,
        })
    });
    answer(JAVASCRIPT, format!("export const config = {config};\n"))
}

fn answer(kind: &'static str, body: String) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, PAGE_CSP),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::OK, headers, body).into_response()
}
