//! A minimal driver of Chromium over its debugging pipe: JSON messages, each ended by a NUL, in on fd 3, out on fd 4.

use command_fds::{CommandFdExt, FdMapping};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Longest wait for an answer of the browser; a loaded machine of CI needs seconds to start it.
const ANSWER: Duration = Duration::from_secs(20);
pub(crate) const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

type Calls = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

pub(crate) struct Browser {
    child: Child,
    input: Sender,
    calls: Calls,
    last_call: u64,
    page: String,
}

impl Browser {
    /// Starts Chromium on a profile, with one blank page.
    pub(crate) async fn launch(profile: &Path, arguments: &[String]) -> Outcome<Self> {
        let (their_input, our_output) = std::io::pipe()?;
        let (our_input, their_output) = std::io::pipe()?;
        let mut command = Command::new("/usr/lib/chromium/chromium");
        command
            .args(["--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // Containers have a small /dev/shm, which several browsers fill.
            .arg("--disable-dev-shm-usage")
            // Without this the debugging pipe alone makes navigator.webdriver true.
            .arg("--disable-blink-features=AutomationControlled")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--user-agent={AGENT}"))
            .args(arguments)
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        command.fd_mappings(vec![
            FdMapping { parent_fd: their_input.into(), child_fd: 3 },
            FdMapping { parent_fd: their_output.into(), child_fd: 4 },
        ])?;
        let child = command.spawn()?;
        // The command holds the child's ends: the pipe must break when the browser goes.
        drop(command);
        let calls = Calls::default();
        tokio::spawn(hear(Receiver::from_owned_fd(our_input.into())?, Arc::clone(&calls)));
        let input = Sender::from_owned_fd(our_output.into())?;
        let mut browser = Self { child, input, calls, last_call: 0, page: String::new() };
        let targets = browser.call("Target.getTargets", json!({})).await?;
        let blank = targets["targetInfos"].as_array().into_iter().flatten().find(|target| target["type"] == "page");
        let target = blank.ok_or("the browser has no page")?["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true })).await?;
        browser.page = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        Ok(browser)
    }

    /// Opens a document, and waits until it has taken the place of the one before. Chrome answers `Page.navigate` a moment
    /// earlier, and a navigation that begins in that moment is never answered.
    /// Opens a document, and waits until it has taken the place of the one before. Chrome answers `Page.navigate` a moment
    /// earlier, and never answers a navigation that begins in that moment.
    pub(crate) async fn open(&mut self, url: &str) -> Outcome<Value> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        if answer["errorText"].is_string() {
            return Ok(answer);
        }
        let opened = timeout(ANSWER, async {
            while self.call("Page.getFrameTree", json!({})).await?["frameTree"]["frame"]["loaderId"]
                != answer["loaderId"]
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Outcome::Ok(())
        });
        opened.await.map_err(|_| format!("{url} never took the place of the document before"))??;
        Ok(answer)
    }

    /// Goes by another name from the next load on.
    pub(crate) async fn agent(&mut self, agent: &str) -> Outcome<Value> {
        self.call("Network.setUserAgentOverride", json!({ "userAgent": agent })).await
    }

    /// The value of an expression, or of the promise it gives.
    pub(crate) async fn evaluate(&mut self, expression: &str) -> Outcome<Value> {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string().into()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true. It is asked by the page itself at every frame; an error counts as not yet.
    pub(crate) async fn wait_for(&mut self, expression: &str) -> Outcome {
        let wait = format!(
            "new Promise((done) => {{ (function look() {{ \
               let yes = false; try {{ yes = {expression}; }} catch {{}} \
               if (yes) done(true); else setTimeout(look, 10); }})(); }})"
        );
        let waited = timeout(ANSWER, async {
            // A navigation in between ends the wait with an error, and it starts again on the new page.
            while self.evaluate(&wait).await.is_err() {
                tokio::task::yield_now().await;
            }
        });
        waited.await.map_err(|_| format!("never true in the page: {expression}"))?;
        Ok(())
    }

    async fn call(&mut self, method: &str, parameters: Value) -> Outcome<Value> {
        self.last_call += 1;
        let id = self.last_call;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.page.is_empty() && !method.starts_with("Target.") && !method.starts_with("Browser.") {
            message["sessionId"] = json!(self.page);
        }
        let (answer, answered) = oneshot::channel();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).insert(id, answer);
        self.input.write_all(format!("{message}\0").as_bytes()).await?;
        let answer = timeout(ANSWER, answered).await.map_err(|_| format!("{method} was not answered"))??;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}").into()),
            None => Ok(answer["result"].clone()),
        }
    }

    /// Closes the browser as its own menu would, and waits for its end.
    pub(crate) async fn close(mut self) -> Outcome {
        self.call("Browser.close", json!({})).await?;
        timeout(ANSWER, self.child.wait()).await??;
        Ok(())
    }
}

async fn hear(output: Receiver, calls: Calls) {
    let mut output = BufReader::new(output);
    let mut message = Vec::new();
    while output.read_until(0, &mut message).await.is_ok_and(|length| length > 0) {
        let text = message.strip_suffix(b"\0").unwrap_or(&message);
        let answer: Value = serde_json::from_slice(text).unwrap_or_default();
        if let Some(id) = answer["id"].as_u64()
            && let Some(call) = calls.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
        {
            // Nobody waits any more: its deadline has passed.
            call.send(answer).ok();
        } else if answer["method"] == "Inspector.targetCrashed" {
            return;
        }
        message.clear();
    }
}
