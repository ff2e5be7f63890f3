//! Phone numbers that the page learns only after it has shown a message: this task asks for them until they are known,
//! for a while.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::domain::address::ChatId;
use crate::domain::log::LoggedMessage;
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::web::session::Handle;

/// The time between two rounds of questions; one question takes the page a millisecond.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// WhatsApp reports a number within seconds, or never.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The most messages whose number is asked for; beyond that the oldest is given up.
const WAITING_MAX: usize = 256;

/// A message and its chat, `user@server`.
pub type UnknownNumber = (MessageId, String);

/// The message, if its chat's number must be asked for: a chat with one person, under a LID.
pub(super) fn unknown_number(message: &LoggedMessage) -> Option<UnknownNumber> {
    let unknown = message.phone.is_none() && message.chat.ends_with("@lid");
    unknown.then(|| (message.id.clone(), message.chat.clone()))
}

/// Ends when all senders are dropped.
pub(super) async fn run(mut wanted: mpsc::Receiver<UnknownNumber>, session: Handle, store: Store) {
    let mut waiting: VecDeque<(Instant, UnknownNumber)> = VecDeque::new();
    let mut beat = tokio::time::interval(ASK_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            one = wanted.recv() => {
                let Some(one) = one else { return };
                // Several tasks may ask for the same message.
                if waiting.iter().any(|(_, known)| known.0 == one.0) {
                    continue;
                }
                waiting.push_back((Instant::now() + PATIENCE, one));
                if waiting.len() > WAITING_MAX {
                    waiting.pop_front();
                }
            }
            _ = beat.tick(), if !waiting.is_empty() => {
                let now = Instant::now();
                waiting.retain(|(until, _)| *until > now);
                let known = ask(waiting.iter().map(|(_, (_, chat))| chat.as_str()), &session).await;
                let named = |(_, (id, chat)): &(Instant, UnknownNumber)| {
                    known.get(chat).map(|digits| LogChange::Phone(id.clone(), digits.clone()))
                };
                let changes: Vec<_> = waiting.iter().filter_map(named).collect();
                if changes.is_empty() {
                    continue;
                }
                match name(&store, &known, changes).await {
                    Ok(()) => waiting.retain(|(_, (_, chat))| !known.contains_key(chat)),
                    Err(error) => tracing::warn!(%error, "a phone number that became known could not be stored"),
                }
            }
        }
    }
}

/// Stores numbers that became known. Whoever wants no further messages is remembered under the number first: the Cloud API
/// knows people by it alone.
async fn name(store: &Store, known: &HashMap<String, String>, changes: Vec<LogChange>) -> Result<(), StoreError> {
    for (chat, digits) in known {
        store.opt_out_also(chat.clone(), digits.clone()).await?;
    }
    store.log(Arc::new(changes)).await
}

async fn phone(session: &Handle, chat: &ChatId) -> Option<String> {
    session.page(State::Ready).ok()?.phone(chat).await.ok().flatten()
}

/// The digits for those chats that the page knows by now.
async fn ask(chats: impl Iterator<Item = &str>, session: &Handle) -> HashMap<String, String> {
    let mut answers: HashMap<&str, Option<String>> = HashMap::new();
    for chat in chats {
        if !answers.contains_key(chat)
            && let Ok(id) = ChatId::parse(chat)
        {
            // A chat gets no answer while there is no page; the next round asks again.
            answers.insert(chat, phone(session, &id).await);
        }
    }
    answers.into_iter().filter_map(|(chat, digits)| Some((chat.to_owned(), digits?))).collect()
}
