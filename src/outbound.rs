//! Sending. `/send` answers success only when WhatsApp's server has acknowledged the message.
//!
//! ```text
//! admitted ──► its turn ──► prepared (number resolved, id reserved) ──► dispatched under that id ──► ack ≥ 1: sent
//!    │ admission    │ admission, pacing │ nothing has left                  │ page refuses              │ none in time: unconfirmed
//! ```

mod acks;
mod acts;
mod admission;
pub mod attach;
pub mod calls;
mod chat_acts;
mod cloud_message;
mod error;
pub mod fetch_url;
mod groups;
mod key_locks;
mod ledger;
mod lookups;
mod new_contacts;
mod opt_outs;
mod pacing;
mod people;
mod queue;
mod resends;
mod sender;
mod sent;
mod status;
mod turn;
mod uploading;
pub mod uploads;
mod ways;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::blobs::Blobs;
use crate::domain::address::ChatId;
use crate::domain::content::Outgoing;
use crate::domain::idempotency::{Cause, End, Fingerprint, SendKey, Verdict, judge};
use crate::domain::log::Origin;
use crate::domain::message::MessageEvent;
use crate::domain::state::State;
use crate::domain::time::Clock;
use crate::domain::via::Via;
use crate::host::activity::Activity;
use crate::host::config::{Send as Settings, SendMode};
use crate::host::per_minute::PerMinute;
use crate::host::tasks::Tasks;
use crate::store::{Store, StoreError};
use crate::transport::cloud;
use crate::transport::web::session::Handle;

use acks::Acks;
pub use acts::Acting;
pub use admission::Availability;
pub use chat_acts::ActedOnChat;
pub use error::SendError;
pub use groups::{GroupError, MadeGroup, NewGroup, Person};
use key_locks::{KeyLock, KeyLocks};
use new_contacts::NewContacts;
pub use opt_outs::OptOutsError;
use pacing::Today;
use people::People;
use queue::{Queue, day_of};
use resends::UnderWay;
use sender::{Delivered, Sender, Sending};
pub use sent::{Guarantee, Sent};
use sent::{dry_run, fingerprint, sent, tell_late};
pub use uploading::Upload;
use uploading::Uploading;
use ways::{Way, Ways};

/// Chats that are marked or shown typing within a minute. Typing is shown for 25 s, so 40 conversations at a time fit.
const ACTS_PER_MINUTE: usize = 120;
/// One part in this many of `SEND_TIMEOUT` is reserved for the page and the server: 10 s of the usual 50, although
/// both together need one.
const RESERVE: u32 = 5;
/// Pauses between looks at the store for the outcome of a send that has just ended: a flush takes milliseconds.
const SETTLED: [Duration; 4] =
    [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

pub struct Parts {
    pub settings: Settings,
    pub session: Handle,
    /// None: the Cloud API is not configured.
    pub cloud: Option<cloud::Client>,
    pub store: Store,
    pub blobs: Blobs,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// The clock by which keys expire.
    pub steady: Arc<dyn Clock>,
    /// The limit of all look-ups.
    pub lookups: PerMinute,
    /// All events of messages.
    pub events: mpsc::Receiver<MessageEvent>,
    /// After this, sends are refused.
    pub stop: CancellationToken,
    /// The time that a message under a key has from its dispatch on, however long its file took.
    pub dispatch: Duration,
    /// The most bytes of a file that is sent.
    pub largest: u64,
}

/// The service behind `/send`. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    settings: Arc<Settings>,
    session: Handle,
    store: Store,
    blobs: Blobs,
    ways: Ways,
    queue: Queue,
    key_locks: KeyLocks,
    under_way: UnderWay,
    /// Acts that are no messages.
    acts: PerMinute,
    lookups: PerMinute,
    clock: Arc<dyn Clock>,
    /// The clock by which keys expire.
    steady: Arc<dyn Clock>,
    stop: CancellationToken,
}

impl Outbound {
    /// # Errors
    /// The store cannot say how much was sent today.
    pub async fn start(parts: Parts, tasks: &Tasks) -> Result<Self, StoreError> {
        let Parts { settings, session, cloud, store, blobs, clock, steady, lookups, events, stop, dispatch, largest } =
            parts;
        let day = day_of(clock.now());
        let today = Today { day, sent: store.sent_on(day).await? };
        let queue = Queue::start(&settings, today, clock.clone(), tasks);
        let (transport, ledger, acks) = (Way::Web(session.clone()), store.clone(), Acks::listen(events, tasks));
        let new_contacts = NewContacts::new(settings.new_contacts_daily_max, day, store.first_on(day).await?);
        let unconfirmed = Arc::default();
        let sender = Sender {
            transport,
            ledger,
            acks,
            new_contacts,
            unconfirmed,
            clock: clock.clone(),
            steady: steady.clone(),
            activity: session.activity().clone(),
            uploading: Uploading::new(largest, stop.clone()),
            dispatch,
            people: People::new(session.clone()),
        };
        for (key, record) in store.unsettled_sends().await? {
            sender.resume(key, record).await;
        }
        let cloud = cloud.map(|client| {
            let (transport, activity) = (Way::Cloud(client.clone()), Activity::default());
            (client, Sender { transport, activity, unconfirmed: Arc::default(), ..sender.clone() })
        });
        let ways = Ways { web: sender.clone(), cloud, default: settings.via };
        let under_way = UnderWay::default();
        let resending = resends::run(session.watch(), store.clone(), sender, under_way.clone());
        tasks.spawn("sends that had not left", resending);
        let (settings, key_locks) = (Arc::new(settings), KeyLocks::default());
        let acts = PerMinute::new(ACTS_PER_MINUTE);
        Ok(Self {
            settings,
            session,
            store,
            blobs,
            ways,
            queue,
            key_locks,
            under_way,
            acts,
            lookups,
            clock,
            steady,
            stop,
        })
    }

    /// Refuses what would be refused whatever the content is, before work is done for the content. A key that may be known
    /// has an outcome in every state of the session.
    pub async fn admit(
        &self,
        to: &ChatId,
        origin: &Origin,
        via: Option<Via>,
        key: Option<SendKey>,
    ) -> Result<(), SendError> {
        admission::allow_cliente(&self.settings.allowed_cliente_ids, origin.cliente_id.as_deref())?;
        via.map(|via| self.ways.sender(via)).transpose()?;
        let may_be_known = match key {
            None => false,
            Some(key) => self.key_locks.is_held(key) || !matches!(self.store.find_send(key).await, Ok(None)),
        };
        let mut refused = None;
        for via in self.ways.possible(to, via).into_iter().filter(|_| !may_be_known) {
            match self.availability_via(via).await.admit() {
                Ok(()) => return Ok(()),
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// When a send that arrived at `arrived` has to be ready for its turn: the rest of its time is for the page and the
    /// server.
    pub fn latest(&self, arrived: Instant) -> Instant {
        arrived + self.settings.timeout - self.settings.timeout / RESERVE
    }

    /// Sends, and answers within `SEND_TIMEOUT` of the request's arrival. If the caller drops the future while the
    /// send is queued, nothing is sent; a send with a key that has begun is finished and its outcome stored.
    pub async fn send(&self, outgoing: Outgoing, arrived: Instant) -> Result<Sent, SendError> {
        admission::allow_cliente(&self.settings.allowed_cliente_ids, outgoing.origin.cliente_id.as_deref())?;
        match outgoing.key {
            Some(key) => self.send_with_key(key, outgoing, arrived).await,
            None => {
                let named = outgoing.via;
                self.send_anew(outgoing, arrived, named, None).await
            }
        }
    }

    async fn send_with_key(&self, key: SendKey, outgoing: Outgoing, arrived: Instant) -> Result<Sent, SendError> {
        let fingerprint = fingerprint(key, &outgoing);
        let deadline = arrived + self.settings.timeout;
        let key_lock = tokio::time::timeout_at(deadline, self.key_locks.take(key)).await;
        let verdict = self.settled(key, fingerprint, deadline).await?;
        // A key that was reserved before the process died keeps its way.
        let reserved = self.store.find_send(key).await.ok().flatten();
        let reserved = reserved.filter(|record| record.is_live(self.steady.now()));
        let via = reserved.as_ref().map(|record| record.via);
        if via.zip(outgoing.via).is_some_and(|(reserved, named)| reserved != named) {
            return Err(SendError::KeyConflict);
        }
        match verdict {
            Verdict::Send => {}
            Verdict::Conflict => return Err(SendError::KeyConflict),
            Verdict::Failed(message_id, cause) => return Err(SendError::failed(message_id, cause)),
            Verdict::Unconfirmed(message_id) => return Err(SendError::Unconfirmed { message_id }),
            Verdict::Sent { message_id, chat_id, phone, ack, at } => {
                let delivered = Delivered { message_id, chat_id, phone, ack, at };
                return Ok(sent(delivered, &outgoing.to, false, true));
            }
        }
        // Without the lock another send holds the key, and nothing of it has left yet. Its file may be on the way.
        let Ok(key_lock) = key_lock else { return Err(self.under_way_with(key).await) };
        if let Some(record) = reserved
            && record.message_id.is_reference()
        {
            // It goes under another reference now.
            let _ = self.store.nothing_left_by_cloud(record.message_id).await;
        }
        let named = via.or(outgoing.via);
        self.send_anew(outgoing, arrived, named, Some((key, fingerprint, key_lock))).await
    }

    /// The answer for a key under which another send is under way.
    async fn under_way_with(&self, key: SendKey) -> SendError {
        let record = self.store.find_send(key).await.ok().flatten();
        let uploading =
            record.filter(|record| self.uploads().iter().any(|upload| upload.message_id == record.message_id));
        uploading.map_or(SendError::Busy, |record| SendError::Unconfirmed { message_id: record.message_id })
    }

    /// What the store knows of the key. If the page is sending the message again, this waits for the end of that send.
    async fn settled(&self, key: SendKey, fingerprint: Fingerprint, deadline: Instant) -> Result<Verdict, SendError> {
        let verdict = self.known(key, fingerprint).await?;
        let Verdict::Unconfirmed(message_id) = &verdict else { return Ok(verdict) };
        // A message to the Cloud API is never sent again.
        if message_id.is_reference() {
            return Ok(verdict);
        }
        let (is_ready, document) = {
            let session = self.session.snapshot();
            (session.state == State::Ready, session.documents)
        };
        // A document that was loaded just now may hold the message, so it must be asked first.
        if is_ready && tokio::time::timeout_at(deadline, self.under_way.asked(document)).await.is_err() {
            return Ok(verdict);
        }
        if !self.under_way.has(message_id) {
            return Ok(verdict);
        }
        let acked = self.ways.web.acks.expect(message_id.clone()).await;
        // The send may have ended just before this began to wait.
        let verdict = self.known(key, fingerprint).await?;
        if !matches!(verdict, Verdict::Unconfirmed(_)) {
            return Ok(verdict);
        }
        let Ok(Some(_)) = tokio::time::timeout_at(deadline, acked).await else { return Ok(verdict) };
        // The task that stores the outcome learns of the end at the same moment.
        for pause in SETTLED {
            let verdict = self.known(key, fingerprint).await?;
            if !matches!(verdict, Verdict::Unconfirmed(_)) {
                return Ok(verdict);
            }
            tokio::time::sleep(pause).await;
        }
        self.known(key, fingerprint).await
    }

    async fn known(&self, key: SendKey, fingerprint: Fingerprint) -> Result<Verdict, SendError> {
        let unavailable = |error: StoreError| SendError::Unavailable(error.to_string());
        let record = self.store.find_send(key).await.map_err(unavailable)?;
        let now = self.steady.now();
        let verdict = judge(record.clone(), fingerprint, now);
        let (message_id, record) = match (&verdict, record) {
            (Verdict::Unconfirmed(message_id), Some(record)) => (message_id, record),
            // Meta's reports come in any order: one of a failure may be followed by one that the message arrived.
            (Verdict::Failed(message_id, _), Some(record)) if message_id.is_reference() => (message_id, record),
            _ => return Ok(verdict),
        };
        // The log receives acks on its own path, and may have the ack already.
        let Some(entry) = self.store.logged_message(message_id.clone()).await.map_err(unavailable)? else {
            return Ok(verdict);
        };
        let ack = entry.message.ack;
        let end = match message_id.is_reference() {
            _ if matches!(verdict, Verdict::Failed(..)) && !ack.is_sent() => return Ok(verdict),
            true if ack.is_failure() => End::Failed(entry.message.error_code.map(Cause::Number)),
            true => End::Accepted(entry.message.id),
            false if ack.is_sent() => End::Sent(ack),
            false => return Ok(verdict),
        };
        let settled = record.settled(end, now);
        self.ways.web.settle(key, settled.clone()).await;
        Ok(judge(Some(settled), fingerprint, now))
    }

    async fn send_anew(
        &self,
        outgoing: Outgoing,
        arrived: Instant,
        named: Option<Via>,
        key: Option<(SendKey, Fingerprint, KeyLock)>,
    ) -> Result<Sent, SendError> {
        let via = self.ways.choose(&outgoing, named)?;
        let sender = self.ways.sender(via)?;
        self.availability_via(via).await.admit()?;
        if self.settings.mode == SendMode::DryRun {
            return Ok(dry_run(&outgoing.to, via, self.clock.now()));
        }
        let file = outgoing.content.file();
        let file = file.map(|file| self.blobs.pin(file.id).ok_or(SendError::FileNotFound)).transpose()?;
        // From here on the browser is needed, also while the send waits for its turn.
        let working = sender.activity.begin();
        if via == Via::Web {
            self.look_up_mentions(&outgoing.content, self.left(arrived)).await?;
        }
        let turn = self.turn(arrived, via).await?;
        let to = outgoing.to.clone();
        let (deadline, counted) = (arrived + self.settings.timeout, self.settings.daily_max > 0);
        let reserved = Arc::default();
        let (typing, exactly_once) = (self.settings.typing && via == Via::Web, key.is_some() && via == Via::Web);
        let sending = Sending { outgoing, file, reserved: Arc::clone(&reserved), deadline, turn, counted, typing };
        let may_need_file = sending.may_need_file();
        let delivered = match key {
            None => sender.send(sending).await?,
            Some((key, fingerprint, key_lock)) => {
                let (sender, begun) = (sender.clone(), Arc::clone(&reserved));
                // The send runs in its own task: its outcome is stored even if the caller hangs up.
                let mut sent = tokio::spawn(async move {
                    let result = sender.send_with_key(key, fingerprint, sending).await;
                    drop((key_lock, working));
                    if may_need_file && begun.get().is_some() && Instant::now() >= deadline {
                        tell_late(&result);
                    }
                    result
                });
                match tokio::time::timeout_at(deadline, &mut sent).await {
                    Ok(sent) => sent,
                    // A file that is not uploaded by then goes on under its key.
                    Err(_) if may_need_file && let Some(message_id) = reserved.get() => {
                        return Err(SendError::Unconfirmed { message_id: message_id.clone() });
                    }
                    Err(_) => sent.await,
                }
                .map_err(|_| SendError::Stopping)??
            }
        };
        Ok(sent(delivered, &to, false, exactly_once))
    }
}
