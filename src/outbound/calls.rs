//! Refuses calls (`CALLS=reject`), and writes to those who called (`CALLS_REJECT_TEXT`).
//!
//! ```text
//! a call that rings, in the log ──► refused in the page ──► `rejected` in the log ──► the text, once per call
//! ```
//!
//! Only calls of one person are refused, and only while they ring: a call that is in the log since an earlier run of the
//! service, or since the session came back, is not.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Outbound, SendError};
use crate::domain::address::ChatId;
use crate::domain::call::{Call, CallStatus};
use crate::domain::content::{Content, Outgoing};
use crate::domain::event::{Event, What};
use crate::domain::idempotency::SendKey;
use crate::domain::log::Origin;
use crate::domain::notice::Notice;
use crate::domain::secret::masked;
use crate::domain::state::State;
use crate::domain::time::Clock;
use crate::domain::via::Via;
use crate::host::config::SendMode;
use crate::host::tasks::Tasks;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::web::session::{Handle, SessionError};

/// How long a call rings at most, with some room for two clocks that differ.
const RINGS: Duration = Duration::from_secs(90);
/// Events that are read from the log at once.
const PART: usize = 64;
/// The pause before a log that cannot be read is read again.
const AGAIN: Duration = Duration::from_secs(2);

pub struct Parts {
    pub outbound: Outbound,
    pub session: Handle,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    /// What whoever called is told.
    pub text: Option<Content>,
    pub stop: CancellationToken,
}

/// Starts to refuse calls.
pub fn start(parts: Parts, tasks: &Tasks) {
    tasks.spawn("calls", run(Arc::new(parts)));
}

async fn run(parts: Arc<Parts>) {
    let mut newest = parts.store.newest();
    // Calls of before do not ring any more.
    let mut after = *newest.borrow_and_update();
    loop {
        match parts.store.events(after, PART).await {
            Ok(page) => {
                let is_last = page.items.is_empty();
                after = page.next;
                for call in page.items.iter().filter_map(ringing) {
                    if call.t.saturating_add(RINGS.as_secs()) >= parts.clock.now().as_millis() / 1000 {
                        refuse(&parts, call).await;
                    }
                }
                if !is_last {
                    continue;
                }
                match parts.stop.run_until_cancelled(newest.changed()).await {
                    Some(Ok(())) => {}
                    Some(Err(_)) | None => return,
                }
            }
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "calls cannot be read from the log; trying again");
                if parts.stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
                    return;
                }
            }
        }
    }
}

fn ringing(event: &Event) -> Option<&Call> {
    let What::Noticed(notice) = &event.what else { return None };
    let Notice::Call(call) = &**notice else { return None };
    let is_wanted = call.status == CallStatus::Offered && !call.from_me && call.group.is_none();
    is_wanted.then_some(call)
}

async fn refuse(parts: &Arc<Parts>, call: &Call) {
    let caller = masked(&call.peer);
    if parts.outbound.mode() != SendMode::Live {
        return tracing::info!(caller, "a call is not refused, because SEND_MODE is not live");
    }
    if let Err(error) = reject(&parts.session, call).await {
        return tracing::warn!(caller, %error, "a call could not be refused");
    }
    tracing::info!(caller, video = call.video, "refused a call");
    let refused = Call { status: CallStatus::Rejected, ..call.clone() };
    let change = LogChange::Noticed(Box::new(Notice::Call(refused)), parts.clock.now());
    if let Err(error) = parts.store.log(Arc::new(vec![change])).await {
        tracing::warn!(%error, "that a call was refused could not be stored");
    }
    if parts.text.is_some() {
        let (parts, call) = (Arc::clone(parts), call.clone());
        // The text waits for its turn like every other message, while the next call rings.
        tokio::spawn(async move {
            match write(&parts, &call).await {
                Ok(()) => tracing::info!(caller, "told whoever called"),
                Err(error) => tracing::warn!(caller, %error, "whoever called could not be told"),
            }
        });
    }
}

async fn reject(session: &Handle, call: &Call) -> Result<(), SessionError> {
    Ok(session.page(State::Ready)?.reject_call(&call.id, &call.peer).await?)
}

async fn write(parts: &Parts, call: &Call) -> Result<(), SendError> {
    let (Some(content), Ok(to)) = (parts.text.clone(), ChatId::parse_recipient(&call.peer)) else { return Ok(()) };
    // The id of the call is the key, so that each call gets one text.
    let key = Some(SendKey::of(&format!("call {} {}", call.peer, call.id)));
    let outgoing = Outgoing { to, content, reply_to: None, origin: Origin::default(), key, via: Some(Via::Web) };
    parts.outbound.send(outgoing, Instant::now()).await.map(|_| ())
}
