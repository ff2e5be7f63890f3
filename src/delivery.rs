//! Delivers events to targets: webhooks, and the central hub's listener.
//!
//! ```text
//! log (store) ──► one dispatcher per target, each with its own position ──► HTTP
//!                                └─► letters: events set aside, listed and replayed through the API
//! ```
//!
//! Each target has its own task, position and connections: a target that is slow or down delays no other.

mod client;
mod dispatcher;
mod hub;
mod ledger;
mod retry_after;
mod sign;
mod status;
mod target;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::backoff::Backoff;
use crate::domain::dead_letter::{DeadLetter, DeadLetterId, Stage};
use crate::domain::message::MessageId;
use crate::domain::time::Clock;
use crate::host::config::Delivery as Settings;
use crate::host::tasks::Tasks;
use crate::store::{Store, StoreError};

use client::Client;
use dispatcher::{Limits, Replay};
pub use status::TargetStatus;
use target::Target;
pub use webhook::Codes;

/// Room for replays on their way to a dispatcher, which may be waiting for its target's answer meanwhile.
const REPLAYS: usize = 64;
/// A replay fails if the dispatcher waits longer than this for its target; the caller may try again later.
const REPLAY_DEADLINE: Duration = Duration::from_secs(20);
/// Letters that one read returns.
const PAGE: usize = 1000;

/// The beginning of the names of all tasks that deliver to a target.
pub const TASKS: &str = "delivery: ";

pub struct Parts {
    pub settings: Settings,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub backoff: Backoff,
    /// How long a message waits for the phone number of its chat.
    pub phone_patience: Duration,
    /// The channel for messages whose number is to be asked for again.
    pub unknown_numbers: mpsc::Sender<(MessageId, String)>,
    /// The picture of a code to scan, for webhooks that may have it.
    pub codes: Codes,
    pub stop: CancellationToken,
}

#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("the certificates of this system cannot be read, which deliveries over https need: {0}")]
    Certificates(#[source] std::io::Error),
    #[error("an address of delivery cannot be used: {0}")]
    Address(#[from] url::ParseError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lists and replays deliveries for the API. Cheap to clone.
#[derive(Clone)]
pub struct Deliveries {
    store: Store,
    targets: Arc<BTreeMap<String, Door>>,
}

struct Door {
    status: watch::Receiver<TargetStatus>,
    replays: mpsc::Sender<Replay>,
}

/// The result of a request to try a dead letter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    OnItsWay,
    /// There is no such letter.
    Unknown,
    /// The letter's target is no longer configured.
    NoTarget,
    /// The dispatcher is waiting for its target, or the service is stopping; the letter stays.
    Busy,
}

/// What became of a wish to have all dead letters of a target tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayedAll {
    OnTheirWay(usize),
    /// No such target is configured.
    NoTarget,
    /// The target is being waited for, or the service is stopping; the letters stay.
    Busy,
}

#[derive(Debug, thiserror::Error)]
#[error("dead letters cannot be read at the moment: {0}")]
pub struct DeadLettersError(#[from] StoreError);

/// Starts a task for each target.
///
/// # Errors
/// [`DeliveryError`]; nothing is delivered then.
pub async fn start(parts: Parts, tasks: &Tasks) -> Result<Deliveries, DeliveryError> {
    let settings = parts.settings.clone();
    let limits = Limits { timeouts: settings.timeouts_max, give_up: settings.give_up };
    let letters = letters(&parts.store).await?;
    let mut starting = Starting { letters, targets: BTreeMap::new(), limits, tasks: tasks.clone(), parts };
    if !settings.webhooks.is_empty() || settings.hub.is_some() {
        let client = Client::new(settings.timeout).map_err(DeliveryError::Certificates)?;
        for webhook in &settings.webhooks {
            let target = webhook::Webhook {
                client: client.clone(),
                url: webhook.url().parse()?,
                filter: webhook.filter.clone(),
                key: settings.signing_key.clone(),
                clock: starting.parts.clock.clone(),
                codes: settings.webhook_qr.then(|| starting.parts.codes.clone()),
            };
            starting.add(webhook::name(webhook.url()), webhook.to_string(), target, settings.parallel).await?;
        }
        if let Some(hub) = &settings.hub {
            let persistence = hub::Persistence::new(client.clone(), starting.parts.store.clone(), hub)?;
            starting.add("hub-persistence".to_owned(), hub.base.clone(), persistence, 1).await?;
            if let Some(user) = &hub.user {
                let conversation = hub::Conversation::new(client, hub, user.clone())?;
                starting.add("hub-conversation".to_owned(), hub.base.clone(), conversation, 1).await?;
            }
        }
    }
    Ok(Deliveries { store: starting.parts.store.clone(), targets: Arc::new(starting.targets) })
}

struct Starting {
    parts: Parts,
    letters: BTreeMap<String, Vec<DeadLetter>>,
    targets: BTreeMap<String, Door>,
    limits: Limits,
    tasks: Tasks,
}

impl Starting {
    async fn add<T: Target>(
        &mut self,
        name: String,
        address: String,
        target: T,
        parallel: usize,
    ) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let position = match store.position(name.clone()).await? {
            Some(position) => position,
            None => {
                // A new target gets only new events.
                let newest = *store.newest().borrow();
                store.advance(name.clone(), newest, None).await?;
                newest
            }
        };
        let (replays, asked) = mpsc::channel(REPLAYS);
        let status = TargetStatus { target: name.clone(), address: address.clone(), ..TargetStatus::default() };
        let (status, seen) = watch::channel(status);
        let dispatcher = dispatcher::run(dispatcher::Parts {
            name: name.clone(),
            address,
            target: Arc::new(target),
            parallel,
            limits: self.limits,
            ledger: store.clone(),
            position,
            letters: self.letters.remove(&name).unwrap_or_default(),
            clock: self.parts.clock.clone(),
            backoff: self.parts.backoff.clone(),
            patience: self.parts.phone_patience,
            unknown_numbers: self.parts.unknown_numbers.clone(),
            replays: asked,
            status,
            stop: self.parts.stop.clone(),
        });
        self.tasks.spawn(format!("{TASKS}{name}"), dispatcher);
        self.targets.insert(name, Door { status: seen, replays });
        Ok(())
    }
}

async fn letters(store: &Store) -> Result<BTreeMap<String, Vec<DeadLetter>>, StoreError> {
    let (mut all, mut after): (BTreeMap<String, Vec<DeadLetter>>, _) = (BTreeMap::new(), None);
    loop {
        let page = store.letters(after, PAGE).await?;
        let Some((target, letter)) = page.last() else { return Ok(all) };
        after = Some(DeadLetterId { target: target.clone(), event: letter.event });
        for (target, letter) in page {
            all.entry(target).or_default().push(letter);
        }
    }
}

impl Deliveries {
    pub fn names(&self) -> Vec<String> {
        self.targets.keys().cloned().collect()
    }

    /// The state of every target.
    pub fn status(&self) -> Vec<TargetStatus> {
        self.targets.values().map(|door| door.status.borrow().clone()).collect()
    }

    /// The dead letters of all targets after the given one, by target and place, including those that are being
    /// replayed.
    pub async fn dead(
        &self,
        after: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(DeadLetterId, DeadLetter)>, DeadLettersError> {
        let (mut found, mut after) = (Vec::new(), after);
        while found.len() < limit {
            let page = self.store.letters(after, PAGE).await?;
            let Some((target, letter)) = page.last() else { break };
            after = Some(DeadLetterId { target: target.clone(), event: letter.event });
            let named = |(target, letter): (String, DeadLetter)| (DeadLetterId { target, event: letter.event }, letter);
            let given_up =
                page.into_iter().filter(|(_, letter)| matches!(letter.stage, Stage::Dead | Stage::Again)).map(named);
            found.extend(given_up.take(limit - found.len()));
        }
        Ok(found)
    }

    /// Asks for a dead letter to be tried again.
    pub async fn replay(&self, id: DeadLetterId) -> Result<Replayed, DeadLettersError> {
        let Some(door) = self.targets.get(&id.target) else {
            let known = self.store.letter(id).await?.is_some();
            return Ok(if known { Replayed::NoTarget } else { Replayed::Unknown });
        };
        let (found, answer) = oneshot::channel();
        let asked = async {
            door.replays.send(Replay::One(id.event, found)).await.ok()?;
            answer.await.ok()
        };
        Ok(match tokio::time::timeout(REPLAY_DEADLINE, asked).await.ok().flatten() {
            Some(true) => Replayed::OnItsWay,
            Some(false) => Replayed::Unknown,
            None => Replayed::Busy,
        })
    }

    /// Tries all dead letters of a target again.
    pub async fn replay_all(&self, target: &str) -> ReplayedAll {
        let Some(door) = self.targets.get(target) else { return ReplayedAll::NoTarget };
        let (count, answer) = oneshot::channel();
        let asked = async {
            door.replays.send(Replay::All(count)).await.ok()?;
            answer.await.ok()
        };
        let answer = tokio::time::timeout(REPLAY_DEADLINE, asked).await.ok().flatten();
        answer.map_or(ReplayedAll::Busy, ReplayedAll::OnTheirWay)
    }
}
