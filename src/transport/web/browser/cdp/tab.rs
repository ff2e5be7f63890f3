//! One page: the calls to it, and its events.

use std::sync::Arc;
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::emulation::{
    SetUserAgentOverrideParams, UserAgentBrandVersion, UserAgentMetadata,
};
use chromiumoxide_cdp::cdp::browser_protocol::inspector::{self, EventTargetCrashed};
use chromiumoxide_cdp::cdp::browser_protocol::page::{
    self, AddScriptToEvaluateOnNewDocumentParams, EventFrameNavigated, EventJavascriptDialogOpening, FrameId,
    GetFrameTreeParams, HandleJavaScriptDialogParams, NavigateParams, ReloadParams,
};
use chromiumoxide_cdp::cdp::browser_protocol::target::{
    AttachToTargetParams, EventTargetCreated, EventTargetInfoChanged, SetDiscoverTargetsParams, TargetInfo,
};
use chromiumoxide_cdp::cdp::js_protocol::runtime::{
    self, AddBindingParams, EvaluateParams, EventBindingCalled, EventExecutionContextCreated,
    EventExecutionContextDestroyed, EventExecutionContextsCleared, ExceptionDetails, ExecutionContextId,
};
use chromiumoxide_types::Command;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use crate::host::byte_queue;

use super::requests::{self, Handling, Kept};
use super::{CallError, Connection, Event, Losses, OpenedConnection};

/// A page report longer than this is not the adapter's: the longest text that WhatsApp transmits is 65,536 characters.
const REPORT_MAX: usize = 1 << 20;
/// The deadline of calls that prepare a page or answer a dialog; they take a millisecond.
const SETUP: Duration = Duration::from_secs(10);

/// What a page is given before its own scripts run.
#[derive(Clone, Debug)]
pub struct PageSetup {
    /// The script that runs in every document.
    pub script: String,
    /// The name of the function through which the script reports. Random, so that no other script calls it.
    pub binding: String,
    /// Reports are accepted only from documents of this origin, `scheme://host[:port]`.
    pub origin: String,
    /// A headless shell reveals its name in its client hints, which no flag changes: the values to send instead.
    pub disguise: Option<Disguise>,
    /// The requests that the service answers itself.
    pub handling: Handling,
}

/// The values by which the browser presents itself.
#[derive(Clone, Debug)]
pub struct Disguise {
    pub user_agent: String,
    /// The installed version, `156.0.8078.79`.
    pub version: String,
}

#[derive(Debug, PartialEq, Eq)]
pub enum TabEvent {
    /// The main frame shows the browser's own error page instead of this address.
    Unreachable { url: String },
    /// The script made a report.
    Said(String),
    /// Events were lost on the way: the page's reports are incomplete.
    Overflowed,
    /// The renderer is gone.
    Crashed,
    /// The browser closed its side of the pipe.
    Closed,
}

/// One page. Cheap to clone.
#[derive(Clone)]
pub struct Tab {
    pub(super) connection: Connection,
    pub(super) session: String,
    /// The page's document, as it came.
    pub(super) document: Kept,
}

impl Tab {
    /// Evaluates an expression, waits for its promise, and returns its value.
    pub async fn evaluate(&self, expression: String, deadline: Duration) -> Result<Value, CallError> {
        let mut params = EvaluateParams::new(expression);
        params.await_promise = Some(true);
        params.return_by_value = Some(true);
        let answer = self.call(params, deadline).await?;
        match answer.exception_details {
            Some(details) => Err(thrown(details)),
            None => Ok(answer.result.value.unwrap_or(Value::Null)),
        }
    }

    /// Loads an address; returns once its document begins to arrive. The inner error is the browser's reason why that
    /// failed, such as `net::ERR_NAME_NOT_RESOLVED`.
    pub async fn navigate(&self, url: &str, deadline: Duration) -> Result<Result<(), String>, CallError> {
        let answer = self.call(NavigateParams::new(url), deadline).await?;
        Ok(answer.error_text.map_or(Ok(()), Err))
    }

    /// The document of the page that runs now, as it came from its host or from the pinned file.
    pub fn document(&self) -> Option<Arc<[u8]>> {
        self.document.get()
    }

    /// Reloads the page; this also restores a crashed renderer, with script and binding.
    pub async fn reload(&self, deadline: Duration) -> Result<(), CallError> {
        self.call(ReloadParams::default(), deadline).await.map(|_| ())
    }

    pub(super) async fn call<C: Command>(&self, command: C, deadline: Duration) -> Result<C::Response, CallError> {
        self.connection.call(Some(&self.session), command, deadline).await
    }
}

pub(super) fn thrown(details: ExceptionDetails) -> CallError {
    let text = details.exception.and_then(|e| e.description).unwrap_or(details.text);
    CallError::Threw(text.lines().next().unwrap_or_default().to_owned())
}

/// The events of one page, read from the connection on demand.
pub struct TabEvents {
    tab: Tab,
    events: byte_queue::Receiver<Event>,
    losses: watch::Receiver<Losses>,
    /// The losses that were reported already.
    lost: Losses,
    frame: FrameId,
    setup: PageSetup,
    /// The script context of the current document, if it has the right origin.
    context: Option<Context>,
}

struct Context {
    id: ExecutionContextId,
    unique_id: String,
}

/// Attaches to the page that Chrome started with, and prepares it; nothing is loaded yet.
pub(crate) async fn attach(mut opened: OpenedConnection, setup: PageSetup) -> Result<(Tab, TabEvents), CallError> {
    let connection = opened.connection;
    connection.call(None, SetDiscoverTargetsParams::new(true), SETUP).await?;
    let target = first_page(&mut opened.events).await?;
    let mut attach = AttachToTargetParams::new(target.target_id);
    attach.flatten = Some(true);
    let session = connection.call(None, attach, SETUP).await?.session_id.inner().clone();
    let tab = Tab { connection, session, document: Kept::default() };
    tab.call(page::EnableParams::default(), SETUP).await?;
    tab.call(inspector::EnableParams::default(), SETUP).await?;
    if let Some(disguise) = &setup.disguise {
        tab.call(disguise.params(), SETUP).await?;
    }
    tab.call(AddBindingParams::new(setup.binding.clone()), SETUP).await?;
    tab.call(AddScriptToEvaluateOnNewDocumentParams::new(setup.script.clone()), SETUP).await?;
    tab.call(runtime::EnableParams::default(), SETUP).await?;
    let frame = tab.call(GetFrameTreeParams::default(), SETUP).await?.frame_tree.frame.id;
    let main = frame.inner().clone();
    requests::handle(&tab, main, setup.handling.clone(), opened.requests, opened.losses.clone()).await?;
    let events = TabEvents {
        tab: tab.clone(),
        events: opened.events,
        losses: opened.losses,
        lost: Losses::default(),
        frame,
        setup,
        context: None,
    };
    Ok((tab, events))
}

async fn first_page(events: &mut byte_queue::Receiver<Event>) -> Result<TargetInfo, CallError> {
    let find = async {
        while let Some(event) = events.recv().await {
            let info = match event.method.as_str() {
                EventTargetCreated::IDENTIFIER => event.read::<EventTargetCreated>().map(|e| e.target_info),
                EventTargetInfoChanged::IDENTIFIER => event.read::<EventTargetInfoChanged>().map(|e| e.target_info),
                _ => None,
            };
            if let Some(info) = info.filter(|info| info.r#type == "page") {
                return Ok(info);
            }
        }
        Err(CallError::Closed)
    };
    tokio::time::timeout(SETUP, find).await.map_err(|_| CallError::TimedOut(SETUP))?
}

impl Disguise {
    fn params(&self) -> SetUserAgentOverrideParams {
        let major = self.version.split('.').next().unwrap_or_default();
        let brands = |version: &str| {
            Some(vec![
                UserAgentBrandVersion { brand: "Chromium".to_owned(), version: version.to_owned() },
                UserAgentBrandVersion { brand: "Not.A/Brand".to_owned(), version: "99".to_owned() },
            ])
        };
        let mut params = SetUserAgentOverrideParams::new(self.user_agent.clone());
        params.user_agent_metadata = Some(UserAgentMetadata {
            brands: brands(major),
            full_version_list: brands(&self.version),
            platform: "Linux".to_owned(),
            platform_version: String::new(),
            architecture: if cfg!(target_arch = "aarch64") { "arm" } else { "x86" }.to_owned(),
            model: String::new(),
            mobile: false,
            bitness: Some("64".to_owned()),
            wow64: Some(false),
            form_factors: None,
        });
        params
    }
}

impl Event {
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.params.get())
            .inspect_err(|error| tracing::debug!(method = self.method, %error, "skipped an event of the browser"))
            .ok()
    }
}

impl TabEvents {
    /// The next event. Cancel safe.
    pub async fn next(&mut self) -> TabEvent {
        loop {
            let lost = *self.losses.borrow();
            if lost.unreadable > self.lost.unreadable {
                let count = lost.unreadable - self.lost.unreadable;
                tracing::warn!(count, "skipped messages of the browser that cannot be read, or are too large");
            }
            let before = std::mem::replace(&mut self.lost, lost);
            if lost.overflowed > before.overflowed {
                return TabEvent::Overflowed;
            }
            let Some(event) = self.events.recv().await else {
                return TabEvent::Closed;
            };
            if event.session.as_deref() == Some(&self.tab.session)
                && let Some(told) = self.read(&event)
            {
                return told;
            }
        }
    }

    fn read(&mut self, event: &Event) -> Option<TabEvent> {
        match event.method.as_str() {
            EventBindingCalled::IDENTIFIER => self.report(event.read()?),
            EventExecutionContextCreated::IDENTIFIER => {
                self.note_context(event.read()?);
                None
            }
            EventExecutionContextDestroyed::IDENTIFIER => {
                let gone: EventExecutionContextDestroyed = event.read()?;
                self.context.take_if(|context| context.unique_id == gone.execution_context_unique_id);
                None
            }
            EventExecutionContextsCleared::IDENTIFIER => {
                self.context = None;
                None
            }
            EventFrameNavigated::IDENTIFIER => {
                let frame = event.read::<EventFrameNavigated>()?.frame;
                let url = frame.unreachable_url.filter(|_| frame.id == self.frame)?;
                Some(TabEvent::Unreachable { url })
            }
            EventTargetCrashed::IDENTIFIER => {
                self.context = None;
                Some(TabEvent::Crashed)
            }
            EventJavascriptDialogOpening::IDENTIFIER => {
                self.dismiss_dialog();
                None
            }
            _ => None,
        }
    }

    fn report(&self, call: EventBindingCalled) -> Option<TabEvent> {
        let in_context = self.context.as_ref().is_some_and(|context| context.id == call.execution_context_id);
        let ours = call.name == self.setup.binding && in_context;
        if !ours || call.payload.len() > REPORT_MAX {
            tracing::warn!(bytes = call.payload.len(), "ignored a report that is not the adapter's");
            return None;
        }
        Some(TabEvent::Said(call.payload))
    }

    fn note_context(&mut self, created: EventExecutionContextCreated) {
        let context = created.context;
        let aux = context.aux_data.unwrap_or_default();
        let in_main_frame = aux["isDefault"] == true && aux["frameId"] == self.frame.inner().as_str();
        if in_main_frame {
            let ours = context.origin == self.setup.origin;
            self.context = ours.then_some(Context { id: context.id, unique_id: context.unique_id });
        }
    }

    /// Answers a dialog: the page stands still until somebody does, and there is no user.
    fn dismiss_dialog(&self) {
        let tab = self.tab.clone();
        tokio::spawn(async move {
            // Accepting also lets a page go that asks before it is left.
            if let Err(error) = tab.call(HandleJavaScriptDialogParams::new(true), SETUP).await {
                tracing::debug!(%error, "the page's dialog could not be answered");
            }
        });
    }
}
