//! The whole state of the simulator, and its rules: no I/O, and every operation is one call under one lock.
//!
//! ```text
//!  page ──hello──▶ Connection ─┬─ no login ──▶ waits, shows refs ──scan──▶ Device of the Account
//!                              └─ login ─────▶ Device: its queue of events, confirmed by `got`
//!  incoming / ack / revoke / edit ──▶ Account.log ──▶ queue of every device ──▶ page
//! ```

mod accounts;
mod actions;
mod delivery;
mod files;
mod groups;
mod linking;
mod members;
pub(crate) mod people;
mod presence;
mod random;
#[cfg(test)]
mod tests;

use crate::faults::{Faults, Network};
use crate::message::Identity;
use crate::options::{Options, PageBuild};
use crate::outbox::Outbox;
use crate::protocol::{Companion, FromPage, FromWire, ToPage, ToWire};
use crate::record::{Connection, Device, Mark, PageLoad, Record};
use accounts::{Account, LinkedDevice};
use people::Directory;
use random::Streams;
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::time::Instant;

/// The whole state of the simulator.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) build: PageBuild,
    pub(crate) faults: Faults,
    pub(crate) network: Network,
    pub(crate) directory: Directory,
    random: Streams,
    /// By phone number.
    accounts: BTreeMap<String, Account>,
    peers: BTreeMap<u64, Peer>,
    wires: BTreeMap<u64, Wire>,
    next_number: u64,
    spent_refs: HashSet<String>,
    files: files::Files,
    groups: Vec<members::Held>,
    /// The members of groups, and the people of chats, whose pages have a message to confirm.
    unconfirmed: delivery::Unconfirmed,
    record: Record,
    version: watch::Sender<u64>,
    /// Effects that must happen later; the holder of the clock takes them.
    later: Vec<(Duration, Later)>,
}

/// An effect that the server has by itself after a while.
#[derive(Debug)]
pub(crate) enum Later {
    /// The receiver's phone has received a message.
    Delivered { phone: String, id: String },
}

/// One page's connection to the simulation, with the counts of frames it was sent and has handled.
#[derive(Debug, Default)]
struct Wire {
    outbox: Outbox,
    told: u64,
    heard: u64,
}

impl Wire {
    fn tell(&mut self, frame: &ToWire<'_>) {
        self.told += 1;
        self.outbox.push(frame);
    }
}

/// One connection of a page to the server.
#[derive(Debug)]
struct Peer {
    outbox: Outbox,
    place: usize,
    device: Option<(String, String)>,
    companion: Option<Companion>,
    code: Option<Expiring>,
    /// With the phone number it was requested for.
    pairing: Option<(String, Expiring)>,
}

/// A ref or a pairing code.
#[derive(Debug)]
struct Expiring {
    value: String,
    until: Instant,
}

impl World {
    pub(crate) fn new(options: Options) -> Result<Self, crate::Error> {
        let mut world = Self {
            build: options.page.clone(),
            faults: Faults::default(),
            network: Network::Up,
            directory: Directory::new(options.seed),
            random: Streams::new(options.seed),
            accounts: BTreeMap::new(),
            peers: BTreeMap::new(),
            wires: BTreeMap::new(),
            next_number: 1,
            spent_refs: HashSet::new(),
            files: files::Files::default(),
            groups: Vec::new(),
            unconfirmed: delivery::Unconfirmed::default(),
            record: Record::default(),
            version: watch::Sender::new(0),
            later: Vec::new(),
            options,
        };
        let Options { phone, pushname, more_accounts, .. } = world.options.clone();
        world.add_account(&phone, Some(&pushname))?;
        for number in &more_accounts {
            world.add_account(number, None)?;
        }
        Ok(world)
    }

    /// A receiver of the record's version.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// The effects that must happen after the given waits.
    pub(crate) fn take_later(&mut self) -> Vec<(Duration, Later)> {
        std::mem::take(&mut self.later)
    }

    /// A copy of the record.
    pub(crate) fn record(&self) -> Record {
        let mut record = self.record.clone();
        record.devices = self
            .accounts
            .iter()
            .flat_map(|(phone, account)| {
                account.devices.iter().map(move |(id, device)| Device {
                    device: id.clone(),
                    phone: phone.clone(),
                    online: device.peer.is_some(),
                    queued: device.queue.len(),
                })
            })
            .collect();
        let me = self.phone_of(None).unwrap_or_default();
        record.groups = self.groups.iter().map(|group| group.seen_by(&me)).collect();
        record
    }

    fn touch(&mut self) {
        self.record.version += 1;
        self.version.send_replace(self.record.version);
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    /// Adds a person to WhatsApp, or finds them.
    pub(crate) fn add_person(&mut self, number: &str, name: Option<&str>) -> Result<Identity, crate::Error> {
        let person = self.directory.add(number, name)?;
        self.touch();
        Ok(person)
    }

    /// Records a load of the page; returns its number.
    pub(crate) fn page_load(&mut self, address: String, user_agent: String, refused: bool) -> u64 {
        let load = self.record.pages.len() as u64 + 1;
        self.record.pages.push(PageLoad {
            load,
            at: unix_ms(),
            address,
            user_agent,
            refused,
            webdriver: None,
            visible: None,
            focused: None,
            navigator_user_agent: None,
        });
        self.touch();
        load
    }

    /// A page has opened its connection to the simulation.
    pub(crate) fn wire_opened(&mut self) -> (u64, Outbox) {
        let (number, mut wire) = (self.number(), Wire::default());
        // A change between the answer to `/config.js` and now must not be missed.
        wire.tell(&ToWire::Faults { faults: &self.faults });
        wire.tell(&ToWire::Network { network: self.network });
        let outbox = wire.outbox.clone();
        self.wires.insert(number, wire);
        (number, outbox)
    }

    /// A page's connection to the simulation has closed.
    pub(crate) fn wire_closed(&mut self, number: u64) {
        self.wires.remove(&number);
        self.touch();
    }

    /// Whether every open page has handled all frames of the simulation.
    pub(crate) fn all_heard(&self) -> bool {
        self.wires.values().all(|wire| wire.heard >= wire.told)
    }

    /// Handles a report of a page.
    pub(crate) fn wire_said(&mut self, number: u64, frame: FromWire) {
        match frame {
            FromWire::Load { load, user_agent, webdriver, visible, focused } => {
                if let Some(page) = self.record.pages.iter_mut().find(|page| page.load == load) {
                    page.webdriver = Some(webdriver);
                    (page.visible, page.focused) = (Some(visible), Some(focused));
                    page.navigator_user_agent = Some(user_agent);
                }
            }
            FromWire::Mark { load, name, ms, at } => self.record.marks.push(Mark { load, name, ms, at }),
            FromWire::Heard => {
                if let Some(wire) = self.wires.get_mut(&number) {
                    wire.heard += 1;
                }
            }
        }
        self.touch();
    }

    /// Sends a frame to every open page; returns how many there are.
    pub(crate) fn broadcast(&mut self, frame: &ToWire<'_>) -> usize {
        self.wires.values_mut().for_each(|wire| wire.tell(frame));
        self.wires.len()
    }

    /// Changes the faults; open pages get the change at once.
    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.broadcast(&ToWire::Faults { faults: &faults });
        // Connected pages must log in again, and are refused.
        if faults.login.is_some() && self.faults.login.is_none() {
            self.peers.values().filter(|peer| peer.device.is_some()).for_each(|peer| peer.outbox.close());
        }
        self.faults = faults;
        self.touch();
    }

    /// Cuts or restores the network.
    pub(crate) fn set_network(&mut self, network: Network) {
        self.network = network;
        self.broadcast(&ToWire::Network { network });
        if network != Network::Up {
            self.peers.values().for_each(|peer| peer.outbox.close());
        }
        self.touch();
    }

    /// The page's storage loses a message.
    pub(crate) fn forget(&mut self, key: &str) {
        let id = crate::message::bare_id(key).to_owned();
        self.broadcast(&ToWire::Forget { id: &id });
        self.record.forgotten.push(id);
        self.touch();
    }

    /// A page has connected to the server.
    pub(crate) fn peer_opened(&mut self) -> (u64, Outbox) {
        let (number, outbox) = (self.number(), Outbox::default());
        let place = self.record.connections.len();
        self.record.connections.push(Connection {
            connection: place as u64 + 1,
            load: 0,
            device: None,
            opened_at: unix_ms(),
            closed_at: None,
        });
        let peer = Peer { outbox: outbox.clone(), place, device: None, companion: None, code: None, pairing: None };
        self.peers.insert(number, peer);
        self.touch();
        (number, outbox)
    }

    /// A page's connection is gone.
    pub(crate) fn peer_closed(&mut self, number: u64) {
        let Some(peer) = self.peers.remove(&number) else { return };
        self.spent_refs.extend(peer.code.map(|code| code.value));
        self.record.connections[peer.place].closed_at = Some(unix_ms());
        if let Some(device) = peer.device.as_ref().and_then(|(phone, id)| self.device(phone, id))
            && device.peer == Some(number)
        {
            device.peer = None;
        }
        self.touch();
    }

    /// Handles a frame from a page to the server.
    pub(crate) fn peer_said(&mut self, number: u64, frame: FromPage) {
        match frame {
            FromPage::Hello { load, device, companion } => self.hello(number, load, device, companion),
            FromPage::Ref { first } => self.next_ref(number, first),
            FromPage::PairingCode { req, phone } => self.ask_pairing_code(number, req, &phone),
            FromPage::Send { message } => self.receive(number, message),
            FromPage::Exists { req, wid } => {
                let found = self.directory.exists(&wid);
                self.record.lookups += 1;
                self.touch();
                self.tell(number, &ToPage::Exists { req, found });
            }
            FromPage::Person { req, wid } => self.person(number, req, &wid),
            FromPage::Got { seq } => self.confirm(number, seq),
            FromPage::Logout { req } => self.page_logout(number, req),
            FromPage::ChatState { chat, state } => self.typing(number, chat, state),
            FromPage::Group { req, ask } => self.ask_group(number, req, ask),
            FromPage::Act { req, action } => self.act(number, req, action),
            FromPage::Presence { kind } => self.shows(number, kind),
            FromPage::Subscribe { lid } => self.subscribe(number, lid),
            FromPage::Seen { chat } => self.seen(number, chat),
            FromPage::Secret { adv_secret } => self.change_secret(number, adv_secret),
            FromPage::AskUpload { asked } => self.asked_upload(number, asked),
            FromPage::AskPhone { id } => {
                self.record.asked_again.push(id);
                self.touch();
            }
        }
    }

    /// The wait of an effect is over.
    pub(crate) fn happen(&mut self, later: Later) {
        let Later::Delivered { phone, id } = later;
        self.raise_ack(&phone, &id, 2);
    }

    fn tell(&self, number: u64, frame: &ToPage<'_>) {
        if let Some(peer) = self.peers.get(&number) {
            peer.outbox.push(frame);
        }
    }

    fn device(&mut self, phone: &str, id: &str) -> Option<&mut LinkedDevice> {
        self.accounts.get_mut(phone)?.devices.get_mut(id)
    }
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
