//! Sending text: the gates in their order, prepare, dispatch, and success said only on WhatsApp's own acknowledgement.
//!
//! ```text
//! admitted ──► its turn ──► prepared (number resolved, id reserved) ──► dispatched under that id ──► ack ≥ 1: sent
//!    │ gate         │ gate, pacing      │ nothing has left                  │ page refuses              │ none in time: unconfirmed
//! ```

mod acks;
mod gates;
mod pacing;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Send as Settings, SendMode};
use crate::domain::address::{ChatId, Server};
use crate::domain::message::{Ack, MessageEvent, MessageId};
use crate::domain::state::State;
use crate::domain::time::{Clock, Timestamp};
use crate::secret::Secret;
use crate::session::{Handle, SessionError};
use crate::store::{Store, StoreError};
use crate::whatsapp::Prepared;

use acks::{Acks, Awaited};
pub use gates::Availability;
use pacing::{Refusal, Today};
use queue::{DAY_MS, Queue, Turn, day_of};

/// Of `SEND_TIMEOUT`, one part in this many is kept for the page and the server: 10 s of the usual 50, where both
/// together take one.
const RESERVE: u32 = 5;

/// A send as it was asked for.
#[derive(Clone, Debug)]
pub struct SendRequest {
    pub to: ChatId,
    pub text: Secret,
    /// Whom it is billed to.
    pub cliente_id: Option<String>,
    /// When it arrived: the time it may take counts from there.
    pub arrived: Instant,
}

/// A send that WhatsApp's server has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub message_id: MessageId,
    pub chat_id: String,
    /// The recipient's phone digits, where it was named by them.
    pub to: String,
    pub ack: Ack,
    pub at: Timestamp,
    pub dry_run: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("this service does not send for the client named in cliente_id")]
    ClienteNotAllowed,
    #[error("sending is switched off (SEND_MODE=off)")]
    Disabled,
    #[error("the session is {0}, not READY; try again when GET /status says so")]
    NotReady(State),
    #[error("the service is stopping")]
    Stopping,
    /// The sentence says what stands in the way.
    #[error("{why}; try again after the seconds that Retry-After names")]
    RateLimited { why: &'static str, retry_after: Duration },
    #[error("{0}")]
    Unavailable(String),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("WhatsApp Web refused the message, nothing was sent: {0}")]
    Refused(String),
    #[error("WhatsApp Web marked the message as failed")]
    Failed { message_id: MessageId },
    /// Before anything had left.
    #[error("WhatsApp Web did not answer and nothing was sent; try again")]
    NoAnswer,
    #[error(
        "WhatsApp's server did not acknowledge the message in time; it may still arrive: do not send it again blindly"
    )]
    Unconfirmed { message_id: MessageId },
    #[error("the session has too much to do at the moment; try again in a few seconds")]
    Busy,
}

/// What `/send` is served with. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    settings: Arc<Settings>,
    session: Handle,
    store: Store,
    acks: Acks,
    queue: Queue,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

impl Outbound {
    /// `events` is everything that happens to messages; `stop` refuses what comes after it.
    ///
    /// # Errors
    /// The store cannot say how much was sent today.
    pub async fn start(
        settings: Settings,
        session: Handle,
        store: Store,
        clock: Arc<dyn Clock>,
        events: mpsc::Receiver<MessageEvent>,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        let day = day_of(clock.now());
        let today = Today { day, sent: store.sent_on(day).await? };
        let queue = Queue::start(&settings, today, clock.clone());
        Ok(Self { settings: Arc::new(settings), session, store, acks: Acks::listen(events), queue, clock, stop })
    }

    /// Whether a send would be taken now, and why not.
    pub fn availability(&self) -> Availability {
        gates::availability(
            self.settings.mode,
            &self.session.snapshot(),
            self.stop.is_cancelled(),
            self.store.sending_is_held(),
        )
    }

    pub fn mode(&self) -> SendMode {
        self.settings.mode
    }

    /// How many sends wait for their turn.
    pub fn queued(&self) -> usize {
        self.queue.waiting()
    }

    /// Sends, and answers within `SEND_TIMEOUT` of the request's arrival. Dropping it sends nothing more; what was
    /// handed to the page stays handed over.
    pub async fn send(&self, request: SendRequest) -> Result<Sent, SendError> {
        gates::allow_cliente(&self.settings.allowed_cliente_ids, request.cliente_id.as_deref())?;
        self.availability().admit()?;
        if self.settings.mode == SendMode::DryRun {
            return Ok(self.dry_run(&request));
        }
        let deadline = request.arrived + self.settings.timeout;
        let mut turn = self.turn(request.arrived).await?;
        turn.asks();
        let prepared = self.session.prepare(request.to.clone(), left(deadline)).await.map_err(nothing_left)?;
        self.count(&mut turn).await?;
        // Awaited before it can be acknowledged.
        let acked = self.acks.expect(prepared.message_id.clone()).await;
        let ack = self.deliver(&prepared, request.text.clone(), acked, deadline).await?;
        Ok(self.sent(prepared.message_id, prepared.chat_id, ack, &request.to, false))
    }

    /// The turn of a send, with the gates open then too.
    async fn turn(&self, arrived: Instant) -> Result<Turn, SendError> {
        let latest = arrived + self.settings.timeout - self.settings.timeout / RESERVE;
        let turn = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(SendError::Stopping),
            turn = self.queue.turn(latest) => turn,
        };
        let turn = turn.map_err(|refusal| refusal.map_or(SendError::Stopping, |refusal| self.limited(refusal)))?;
        self.availability().admit()?;
        Ok(turn)
    }

    fn limited(&self, refusal: Refusal) -> SendError {
        let (why, retry_after) = match refusal {
            Refusal::TooLate(wait) => ("more is being sent than SEND_RATE_PER_MINUTE and SEND_PAUSE_MS allow", wait),
            Refusal::LineFull(wait) => ("SEND_QUEUE_MAX sends are waiting already", wait),
            Refusal::DayFull => {
                let midnight = Duration::from_millis(DAY_MS - self.clock.now().as_millis() % DAY_MS);
                ("SEND_DAILY_MAX messages were sent today", midnight)
            }
        };
        SendError::RateLimited { why, retry_after }
    }

    /// Counts the message before it leaves: a count that a crash loses would let more go than the day may have.
    async fn count(&self, turn: &mut Turn) -> Result<(), SendError> {
        if self.settings.daily_max > 0 {
            self.store.count_sent(turn.day()).await.map_err(|error| SendError::Unavailable(error.to_string()))?;
        }
        turn.leaves();
        Ok(())
    }

    /// Hands the message over and waits for the server's word, whichever way it comes.
    async fn deliver(&self, to: &Prepared, text: Secret, acked: Awaited, deadline: Instant) -> Result<Ack, SendError> {
        let unconfirmed = || SendError::Unconfirmed { message_id: to.message_id.clone() };
        let mut acked = std::pin::pin!(acked);
        let dispatch = self.session.dispatch(to.clone(), text, left(deadline));
        let early = tokio::select! {
            biased;
            ack = &mut acked => match ack {
                Some(ack) => Some(ack),
                // Nobody will tell any more.
                None => return Err(unconfirmed()),
            },
            taken = dispatch => match taken {
                Ok(ack) if ack.is_sent() || ack.is_failure() => Some(ack),
                // Taken, or perhaps taken: only an ack tells.
                Ok(_) | Err(SessionError::NoAnswer(_) | SessionError::Stopped) => None,
                Err(error) => return Err(nothing_left(error)),
            },
        };
        let ack = match early {
            Some(ack) => Some(ack),
            None => tokio::time::timeout_at(deadline, acked).await.ok().flatten(),
        };
        match ack {
            Some(ack) if ack.is_failure() => Err(SendError::Failed { message_id: to.message_id.clone() }),
            Some(ack) => Ok(ack),
            None => Err(unconfirmed()),
        }
    }

    fn dry_run(&self, request: &SendRequest) -> Sent {
        let id = MessageId::new(format!("true_{}_DRYRUN{:016X}", request.to, rand::rng().random::<u64>()));
        self.sent(id, request.to.to_string(), Ack::SERVER, &request.to, true)
    }

    fn sent(&self, message_id: MessageId, chat_id: String, ack: Ack, to: &ChatId, dry_run: bool) -> Sent {
        let to = if to.server() == Server::Phone { to.user().to_owned() } else { to.to_string() };
        Sent { message_id, chat_id, to, ack, at: self.clock.now(), dry_run }
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// What an error means before anything has left, or where the page said that nothing did.
fn nothing_left(error: SessionError) -> SendError {
    match error {
        SessionError::Busy => SendError::Busy,
        SessionError::Stopped => SendError::Stopping,
        SessionError::NotReady(state) => SendError::NotReady(state),
        SessionError::NotOnWhatsApp => SendError::NotOnWhatsApp,
        error @ SessionError::PageLacks(_) => SendError::Unavailable(error.to_string()),
        SessionError::NoAnswer(_) => SendError::NoAnswer,
        SessionError::Refused(why) => SendError::Refused(why),
        error => SendError::Refused(error.to_string()),
    }
}
