//! The handle of a running simulator.

use crate::account::OnAccount;
use crate::action::Present;
use crate::error::Error;
use crate::faults::{Faults, Network, SocketState};
use crate::groups::ServerGroup;
use crate::media::{HostAnswer, Media, Sent};
use crate::message::{AccountView, ChatView, Incoming};
use crate::options::{Options, PageBuild};
use crate::protocol::ToWire;
use crate::record::Record;
use crate::server::{Listener, Tls};
use crate::shared::Shared;
use crate::world::World;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A running simulator. Operations act at once; dropping it stops it.
///
/// Messages are named by the full key (`false_…@lid_HEX`) or the bare id; every operation accepts both.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    tls: Option<Tls>,
}

impl Simulator {
    /// Starts serving. Must be called within a tokio runtime (with time and I/O), which serves from then on.
    ///
    /// # Errors
    /// [`Error::Listen`], [`Error::Certificate`], [`Error::BadNumber`] for the account's own number.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let shared = Shared::new(options.clone())?;
        let mut listeners = vec![Listener::plain(Arc::clone(&shared), options.port).await?];
        let mut tls = None;
        if options.tls {
            let identity = Tls::new()?;
            listeners.push(Listener::tls(Arc::clone(&shared), options.tls_port, &identity).await?);
            tls = Some(identity);
        }
        Ok(Self { shared, listeners, tls })
    }

    /// `http://127.0.0.1:PORT/`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port())
    }

    /// Port of the plain listener.
    pub fn port(&self) -> u16 {
        self.listeners[0].port
    }

    /// Port of the TLS listener, if there is one. For Chromium:
    /// `--host-resolver-rules="MAP web.whatsapp.com 127.0.0.1:PORT"`.
    pub fn tls_port(&self) -> Option<u16> {
        self.listeners.get(1).map(|listener| listener.port)
    }

    /// The value for Chromium's `--ignore-certificate-errors-spki-list`, if there is a TLS listener.
    pub fn spki_sha256_base64(&self) -> Option<&str> {
        self.tls.as_ref().map(|tls| tls.spki_sha256_base64.as_str())
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with(work)
    }

    /// The operations of the first account's phone.
    fn first(&self) -> OnAccount<'_> {
        OnAccount::new(&self.shared, self.with(|world| world.phone_of(None)).unwrap_or_default())
    }

    /// Adds an account with its own phone; messages between accounts arrive.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn add_account(&self, number: &str, name: Option<&str>) -> Result<OnAccount<'_>, Error> {
        self.with(|world| world.add_account(number, name))?;
        self.account(number)
    }

    /// The operations of an account's phone. The simulator's own operations are those of the first account.
    ///
    /// # Errors
    /// [`Error::BadNumber`], [`Error::NotFound`].
    pub fn account(&self, number: &str) -> Result<OnAccount<'_>, Error> {
        Ok(OnAccount::new(&self.shared, self.with(|world| world.phone_of(Some(number)))?))
    }

    /// The accounts, the first one first.
    pub fn accounts(&self) -> Vec<AccountView> {
        self.with(|world| world.accounts())
    }

    /// The code that a page shows at the moment, as a phone's camera would read it; of several, the latest page's.
    pub fn current_code(&self) -> Option<String> {
        self.with(|world| world.shown_codes().into_iter().next())
    }

    /// Waits for a code.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Stopped`].
    pub async fn code(&self, deadline: Duration) -> Result<String, Error> {
        self.wait("a code", deadline, |world| world.shown_codes().into_iter().next()).await
    }

    /// Scans a code as the account's phone would; returns the new device's id.
    ///
    /// # Errors
    /// [`Error::CodeMalformed`], [`Error::CodeExpired`], [`Error::CodeUnknown`].
    pub fn scan(&self, code: &str) -> Result<String, Error> {
        self.first().scan(code)
    }

    /// Types a pairing code on the account's phone (dash and case do not matter); returns the new device's id.
    ///
    /// # Errors
    /// As [`Simulator::scan`].
    pub fn enter_pairing_code(&self, code: &str) -> Result<String, Error> {
        self.with(|world| world.enter_pairing_code(code))
    }

    /// Somebody writes to the account; returns the message's full key.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn incoming(&self, incoming: Incoming) -> Result<String, Error> {
        self.first().incoming(incoming)
    }

    /// Somebody sends a file to the account.
    ///
    /// # Errors
    /// [`Error::BadNumber`]; [`Error::BadRequest`] for bytes that are not base64.
    pub fn media(&self, media: &Media) -> Result<Sent, Error> {
        self.first().media(media)
    }

    /// Changes how the host of files answers for the file of a message.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the message has no file.
    pub fn host_answers(&self, message: &str, answer: HostAnswer) -> Result<(), Error> {
        self.with(|world| world.host_answers(message, answer))
    }

    /// Sends `n` messages as fast as they can be made; returns their full keys, in order.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn burst(&self, n: usize, mut make: impl FnMut(usize) -> Incoming) -> Result<Vec<String>, Error> {
        (0..n).map(|i| self.incoming(make(i))).collect()
    }

    /// The account's owner writes on the phone, to a number or a group (`…@g.us`); returns the full key.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn from_phone(&self, to: &str, body: &str) -> Result<String, Error> {
        self.first().from_phone(to, body)
    }

    /// Sets the ack of a message: -1 error, 1 server, 2 delivered, 3 read, 4 played.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn set_ack(&self, message: &str, ack: i8) -> Result<(), Error> {
        self.with(|world| world.set_ack(message, ack))
    }

    /// The author deletes a message for everyone.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn revoke(&self, message: &str) -> Result<(), Error> {
        self.with(|world| world.revoke(message))
    }

    /// The author edits a message.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn edit(&self, message: &str, body: &str) -> Result<(), Error> {
        self.with(|world| world.edit(message, body))
    }

    /// Somebody reacts to a message; an empty reaction takes it back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BadNumber`].
    pub fn react(&self, message: &str, from: &str, emoji: &str) -> Result<(), Error> {
        self.with(|world| world.react(message, from, emoji))
    }

    /// Somebody votes in a poll.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BadNumber`].
    pub fn vote(&self, message: &str, from: &str, options: &[&str]) -> Result<(), Error> {
        self.with(|world| world.vote(message, from, options.iter().map(|&name| name.to_owned()).collect()))
    }

    /// Makes pages that show a code change its secret under the same ref; returns how many there are.
    pub fn rotate_secret(&self) -> usize {
        self.with(World::rotate_secret)
    }

    /// Another tab of the same profile takes the login from the open pages; returns how many there are.
    pub fn second_tab(&self) -> usize {
        self.with(|world| world.broadcast(&ToWire::Tab))
    }

    /// Fires an event of the pairing code that is shown, such as `refresh_alt_linking_code`.
    pub fn pairing_event(&self, event: &str) -> usize {
        self.with(|world| world.broadcast(&ToWire::PairingEvent { event }))
    }

    /// The page's storage and memory lose a message, without an event.
    pub fn forget(&self, message: &str) {
        self.with(|world| world.forget(message));
    }

    /// Adds a group of others: the account is in it or not, as the group says. Returns its id and the code of its invite.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn add_group(&self, group: ServerGroup) -> Result<(String, String), Error> {
        self.with(|world| world.add_group(group))
    }

    /// A receiver of a message has got it (2), read it (3) or played it (4), since `t` in seconds.
    ///
    /// # Errors
    /// [`Error::BadNumber`], [`Error::NotFound`].
    pub fn person_ack(&self, message: &str, of: &str, ack: i8, t: u64) -> Result<(), Error> {
        self.with(|world| world.person_ack(message, of, ack, t))
    }

    /// Tells every page of a person's presence.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn present(&self, number: &str, told: &Present) -> Result<(), Error> {
        self.with(|world| world.present(number, told))
    }

    /// Adds a person to WhatsApp; returns their LID (`…@lid`).
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn add_person(&self, number: &str) -> Result<String, Error> {
        self.with(|world| world.add_person(number, None)).map(|person| person.lid)
    }

    /// The phone unlinks all devices; returns how many there were.
    pub fn unlink(&self) -> usize {
        self.first().unlink()
    }

    /// The phone unlinks one device.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn unlink_device(&self, device: &str) -> Result<(), Error> {
        // A device's id begins with its account's number.
        let phone = device.split(':').next().unwrap_or_default();
        match self.with(|world| world.unlink(phone, Some(device))) {
            0 => Err(Error::NotFound { what: "device", name: device.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Somebody takes over the connected devices; returns how many were connected.
    pub fn conflict(&self) -> usize {
        self.first().conflict()
    }

    /// Cuts or restores the network between the page and WhatsApp.
    pub fn network(&self, network: Network) {
        self.with(|world| world.set_network(network));
    }

    /// Changes the faults, for open pages and for later ones.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        self.with(|world| {
            let mut faults = world.faults.clone();
            change(&mut faults);
            world.set_faults(faults);
        });
    }

    /// Changes the build of the page, for later loads.
    pub fn page_build(&self, change: impl FnOnce(&mut PageBuild)) {
        self.with(|world| change(&mut world.build));
    }

    /// Blocks the main thread of the open pages; returns how many pages are open.
    pub fn busy(&self, duration: Duration) -> usize {
        self.with(|world| world.broadcast(&ToWire::Busy { ms: duration.as_millis() as u64 }))
    }

    /// Puts the sockets of the open pages into a state, once; returns how many pages are open.
    pub fn socket_state(&self, state: SocketState) -> usize {
        self.with(|world| world.broadcast(&ToWire::State { state }))
    }

    /// Everything seen so far.
    pub fn record(&self) -> Record {
        self.with(|world| world.record())
    }

    /// The account's chats as its phone shows them, the latest first.
    pub fn chats(&self) -> Vec<ChatView> {
        self.first().chats()
    }

    /// Waits until the open pages have received a change by [`Simulator::faults`], [`Simulator::network`] and the
    /// like: for a test whose next step depends on the change.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Stopped`].
    pub async fn heard(&self, deadline: Duration) -> Result<(), Error> {
        self.wait("the pages to hear of a change", deadline, |world| world.all_heard().then_some(())).await
    }

    /// Waits until the record satisfies `condition`; returns that record.
    ///
    /// # Errors
    /// [`Error::Timeout`] names `what` and shows the record; [`Error::Stopped`].
    pub async fn wait_until(
        &self,
        what: &str,
        deadline: Duration,
        condition: impl Fn(&Record) -> bool,
    ) -> Result<Record, Error> {
        self.wait(what, deadline, |world| Some(world.record()).filter(|record| condition(record))).await
    }

    async fn wait<T>(
        &self,
        what: &str,
        deadline: Duration,
        probe: impl Fn(&mut World) -> Option<T>,
    ) -> Result<T, Error> {
        let mut changes = self.with(|world| world.changes());
        let found = timeout(deadline, async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = self.with(&probe) {
                    return Ok(found);
                }
                tokio::select! {
                    () = self.shared.stop.cancelled() => return Err(Error::Stopped),
                    changed = changes.changed() => changed.map_err(|_| Error::Stopped)?,
                }
            }
        });
        found.await.unwrap_or_else(|_| {
            let record = serde_json::to_string(&self.record()).unwrap_or_default();
            Err(Error::Timeout { what: what.to_owned(), waited: deadline, record })
        })
    }

    /// Stops: ends every connection, and waits until the ports are closed.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        for listener in std::mem::take(&mut self.listeners) {
            listener.ended().await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}
