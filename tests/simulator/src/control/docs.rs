//! The list of calls, with a working example of each: as JSON, and as a page for browsers.

use super::operations::{OPERATIONS, Operation};
use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::{Value, json};

/// A path, and a description of its answer.
const READS: &[(&str, &str)] = &[
    ("/control/state", "accounts, the codes shown now, devices, network, faults, page build, people, seed"),
    ("/control/chats?account=5491150000001", "the chats as the phone of the account shows them"),
    (
        "/control/record?after=0&wait=5",
        "everything seen since the start; waits at most `wait` seconds until its version is beyond `after`",
    ),
];

pub(super) async fn index(headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let base = format!("http://{}", text(header::HOST));
    if text(header::ACCEPT).contains("text/html") {
        return Html(page(&base)).into_response();
    }
    let read = |(path, does): &(&str, &str)| json!({ "method": "GET", "path": path, "does": does, "curl": format!("curl -s '{base}{path}'") });
    let reads: Vec<Value> = READS.iter().map(read).collect();
    let operations: Vec<Value> = OPERATIONS
        .iter()
        .map(|operation| {
            let Operation { name, takes, does, example, .. } = operation;
            let example: Value = serde_json::from_str(example).unwrap_or_default();
            let path = format!("/control/{name}");
            let curl = curl(&base, operation);
            json!({ "method": "POST", "path": path, "takes": takes, "does": does, "example": example, "curl": curl })
        })
        .collect();
    let account = "every operation takes `account`, a phone number: whose phone does it; default the first account";
    Json(json!({ "account": account, "operations": operations, "reads": reads })).into_response()
}

fn curl(base: &str, operation: &Operation) -> String {
    format!("curl -s {base}/control/{} -d '{}'", operation.name, operation.example)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn page(base: &str) -> String {
    let row = |call: &str, does: &str, takes: &str, curl: &str| {
        let [call, does, takes, curl] = [call, does, takes, curl].map(escaped);
        format!("<article><h2>{call}</h2><p>{does}</p><p><code>{takes}</code></p><pre>{curl}</pre></article>\n")
    };
    let reads = READS.iter().map(|(path, does)| {
        let bare = path.split('?').next().unwrap_or(path);
        row(&format!("GET {bare}"), does, path, &format!("curl -s '{base}{path}'"))
    });
    let operations = OPERATIONS.iter().map(|operation| {
        let Operation { name, does, takes, .. } = operation;
        row(&format!("POST /control/{name}"), does, takes, &curl(base, operation))
    });
    let rows: String = operations.chain(reads).collect();
    include_str!("docs.html").replace("ROWS", &rows)
}
