//! The task that owns the lists: it reads the page, part by part, when somebody asks for newer lists.
//!
//! ```text
//! Cache ──Ask──▶ task ──part by part──▶ page          watch ──Arc<Lists>──▶ every reader
//!                  └─ another login ──▶ the lists are dropped
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::domain::state::{Reason, State};
use crate::domain::time::Clock;
use crate::host::tasks::Tasks;
use crate::transport::web::session::{Handle, SessionError, Snapshot};
use crate::transport::web::whatsapp::PageError;
use crate::transport::web::whatsapp::directory::Part;

use super::lists::Lists;
use super::pictures::Pictures;

pub(super) const TASK: &str = "directory";
/// Callers who wait for newer lists; who finds no room gets the lists that there are.
const ASKS: usize = 64;
/// Lists of this age are answered without asking the page.
const FRESH: Duration = Duration::from_secs(5);
/// Lists of this age are answered only if the page does not give newer ones in time.
const STALE: Duration = Duration::from_secs(60);
/// A question for newer lists is answered by lists that were read this shortly before it.
const JUST_READ: Duration = Duration::from_secs(1);
/// How long a caller waits for newer lists.
const WAIT: Duration = Duration::from_secs(10);
/// 40,000 contacts are read in a second or two.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// The lists' memory is bounded by these numbers, and by the lengths of names that the adapter cuts.
const CHATS_MAX: usize = 20_000;
const CONTACTS_MAX: usize = 100_000;
const GROUPS_MAX: usize = 10_000;

struct Ask {
    asked_at: Instant,
    reply: oneshot::Sender<Result<(), SessionError>>,
}

/// Reads the lists. Cheap to clone.
#[derive(Clone)]
pub(super) struct Cache {
    session: Handle,
    asks: mpsc::Sender<Ask>,
    lists: watch::Receiver<Option<Arc<Lists>>>,
}

impl Cache {
    pub(super) fn start(
        session: Handle,
        clock: Arc<dyn Clock>,
        pictures: Arc<Pictures>,
        stop: CancellationToken,
        tasks: &Tasks,
    ) -> Self {
        let (asks, asked) = mpsc::channel(ASKS);
        let (publish, lists) = watch::channel(None);
        tasks.spawn(TASK, Task { session: session.clone(), clock, pictures, asked, publish, stop }.run());
        Self { session, asks, lists }
    }

    /// The lists that there are, of whatever age, but none of a login that has gone.
    pub(super) fn held(&self) -> Option<Arc<Lists>> {
        if has_no_login(&self.session.snapshot()) { None } else { self.lists.borrow().clone() }
    }

    /// The lists: those that are held if they are new enough, else newer ones. While the page is away: the last ones.
    pub(super) async fn lists(&self, refresh: bool) -> Result<Arc<Lists>, SessionError> {
        let held = self.held();
        let age = held.as_ref().map(|lists| lists.read_at.elapsed());
        match held {
            Some(lists) if !refresh && age.is_some_and(|age| age < STALE) => {
                if age.is_some_and(|age| age >= FRESH) {
                    // The next caller gets newer lists. A full queue means that they are being read already.
                    let _ = self.ask();
                }
                Ok(lists)
            }
            // The login may have gone meanwhile, and its lists with it.
            _ => match self.newer().await {
                Ok(lists) => Ok(lists),
                Err(error) => self.held().ok_or(error),
            },
        }
    }

    async fn newer(&self) -> Result<Arc<Lists>, SessionError> {
        let answer = self.ask()?;
        match timeout(WAIT, answer).await {
            Ok(Ok(result)) => result?,
            Ok(Err(_)) => return Err(SessionError::Stopped),
            Err(_) => return Err(SessionError::Busy),
        }
        self.held().ok_or(SessionError::Busy)
    }

    fn ask(&self) -> Result<oneshot::Receiver<Result<(), SessionError>>, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.asks.try_send(Ask { asked_at: Instant::now(), reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SessionError::Busy,
            mpsc::error::TrySendError::Closed(_) => SessionError::Stopped,
        })?;
        Ok(answer)
    }
}

/// The next login may be another account's.
pub(super) fn has_no_login(session: &Snapshot) -> bool {
    session.state == State::QrRequired || session.reason == Some(Reason::LoggedOut)
}

struct Task {
    session: Handle,
    clock: Arc<dyn Clock>,
    pictures: Arc<Pictures>,
    asked: mpsc::Receiver<Ask>,
    publish: watch::Sender<Option<Arc<Lists>>>,
    stop: CancellationToken,
}

impl Task {
    async fn run(mut self) {
        let mut snapshots = self.session.watch();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                changed = snapshots.changed() => {
                    if changed.is_err() {
                        self.stop.cancelled().await;
                        return;
                    }
                    if has_no_login(&snapshots.borrow_and_update()) {
                        self.publish.send_replace(None);
                        self.pictures.clear();
                    }
                }
                ask = self.asked.recv() => {
                    let Some(ask) = ask else { return self.stop.cancelled().await };
                    let stop = self.stop.clone();
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = self.answer(ask) => {}
                    }
                }
            }
        }
    }

    async fn answer(&self, Ask { asked_at, reply }: Ask) {
        let is_new = |lists: &Arc<Lists>| lists.read_at + JUST_READ >= asked_at;
        let result = if self.publish.borrow().as_ref().is_some_and(is_new) { Ok(()) } else { self.read().await };
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }

    async fn read(&self) -> Result<(), SessionError> {
        let page = self.session.page(State::Ready)?;
        let (as_of, read_at) = (self.clock.now(), Instant::now());
        let reading = async {
            let (chats, all_chats) = whole(CHATS_MAX, |from| page.chats_part(from)).await?;
            let (contacts, all_contacts) = whole(CONTACTS_MAX, |from| page.contacts_part(from)).await?;
            let (groups, all_groups) = whole(GROUPS_MAX, |from| page.groups_part(from)).await?;
            let complete = all_chats && all_contacts && all_groups;
            Ok::<_, PageError>(Lists::new((as_of, read_at, complete), chats, contacts, groups))
        };
        let late = || SessionError::NoAnswer(format!("its lists were not read within {} s", READ_WITHIN.as_secs()));
        let lists = timeout(READ_WITHIN, reading).await.map_err(|_| late())??;
        // Meanwhile the login may have gone.
        self.session.page(State::Ready)?;
        self.publish.send_replace(Some(Arc::new(lists)));
        Ok(())
    }
}

/// All parts of a list, up to so many entries; false if there are more.
async fn whole<T, F>(max: usize, part: impl Fn(usize) -> F) -> Result<(Vec<T>, bool), PageError>
where
    F: Future<Output = Result<Part<T>, PageError>>,
{
    let (mut all, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next.filter(|_| all.len() < max) {
        let read = part(from).await?;
        all.extend(read.items);
        // A part that does not advance would be asked for for ever.
        next = read.next.filter(|next| *next > from);
    }
    let complete = next.is_none();
    all.truncate(max);
    Ok((all, complete))
}
