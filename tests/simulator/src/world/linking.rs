//! Linking a phone: refs, the code, pairing codes, and the end of a link.

use super::{Expiring, LinkedDevice, Peer, World, unix_ms};
use crate::error::Error;
use crate::faults::LoginRefusal;
use crate::protocol::{Companion, Event, Login, ToPage};
use crate::record::{Link, LinkWay, Logout, LogoutBy};
use std::collections::VecDeque;
use tokio::time::Instant;

/// How long the first code of a row is valid, in seconds (measured on the real page).
const FIRST_REF_S: f64 = 60.0;
/// The text that a picture may have before the ref, and as a sixth field.
const CODE_PREFIX: &str = "https://wa.me/settings/linked_devices#";
const CODE_SUFFIX: &str = ",https://faq.whatsapp.com/r/ld";
/// How long the later codes are valid.
const NEXT_REF_S: f64 = 20.0;
/// How long a pairing code is valid.
const PAIRING_CODE_S: f64 = 180.0;
/// The characters of a pairing code: without 0, I, O and U, which are misread.
const PAIRING_ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
/// The characters of a ref.
const REF_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl World {
    pub(super) fn hello(&mut self, number: u64, load: u64, login: Option<Login>, companion: Option<Companion>) {
        let Some(peer) = self.peers.get_mut(&number) else { return };
        peer.companion = companion;
        self.record.connections[peer.place].load = load;
        match login {
            None => self.tell(number, &ToPage::Unpaired),
            Some(login) => self.login(number, login),
        }
        self.touch();
    }

    fn login(&mut self, number: u64, login: Login) {
        let account = self.accounts.iter_mut().find(|(_, account)| account.devices.contains_key(&login.id));
        let Some((phone, account)) = account else {
            return self.refuse(number, &LoginRefusal::of(401));
        };
        let me = account.me.clone();
        let phone = phone.clone();
        if account.devices.get(&login.id).is_none_or(|device| device.secret != login.secret) {
            return self.refuse(number, &LoginRefusal::of(401));
        }
        if let Some(refusal) = self.faults.login.clone() {
            return self.refuse(number, &refusal);
        }
        let Some(device) = self.device(&phone, &login.id) else { return };
        let former = device.peer.replace(number);
        let backlog: Vec<_> = device.queue.iter().cloned().collect();
        if let Some(former) = former {
            self.evict(former);
        }
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.device = Some((phone, login.id.clone()));
            self.record.connections[peer.place].device = Some(login.id);
        }
        self.tell(number, &ToPage::Welcome { me, queued: backlog.len() });
        for (seq, event) in &backlog {
            self.tell(number, &ToPage::Event { seq: *seq, offline: true, event });
        }
    }

    fn refuse(&self, number: u64, refusal: &LoginRefusal) {
        self.tell(number, &ToPage::Failure(refusal));
        if let Some(peer) = self.peers.get(&number) {
            peer.outbox.close();
        }
    }

    /// Tells the connection that its device is used elsewhere, and closes it.
    fn evict(&mut self, number: u64) {
        self.tell(number, &ToPage::Conflict);
        if let Some(peer) = self.peers.get(&number) {
            peer.outbox.close();
        }
    }

    pub(super) fn next_ref(&mut self, number: u64, first: bool) {
        let value = format!("2@{}", self.random.of("ref").text(REF_ALPHABET, 88));
        let life = self.options.code_life(if first { FIRST_REF_S } else { NEXT_REF_S });
        let Some(peer) = self.peers.get_mut(&number) else { return };
        let spent = peer.code.replace(Expiring { value: value.clone(), until: Instant::now() + life });
        self.record.codes.extend(peer.companion.as_ref().map(|keys| keys.code(&value)));
        self.spent_refs.extend(spent.map(|code| code.value));
        self.record.refs += 1;
        self.tell(number, &ToPage::Ref { value: &value, ttl_ms: life.as_millis() as u64 });
        self.touch();
    }

    /// The phone of an account scans `code`; returns the new device's id.
    pub(crate) fn scan(&mut self, phone: &str, code: &str) -> Result<String, Error> {
        // Text that a picture may have besides the five fields; phones ignore it.
        let code = code.trim();
        let code = code.strip_prefix(CODE_PREFIX).unwrap_or(code);
        let code = code.strip_suffix(CODE_SUFFIX).unwrap_or(code);
        let fields: Vec<&str> = code.split(',').collect();
        // The page and whatsapp-web.js end the code with the platform, wa-js leaves it out: phones accept both.
        let (value, keys) = match fields[..] {
            [value, static_key, identity_key, adv_secret, ref platform @ ..] if platform.len() <= 1 => {
                (value, (static_key, identity_key, adv_secret, platform.first().copied()))
            }
            _ => return Err(Error::CodeMalformed("it must have four or five fields")),
        };
        if fields.iter().any(|field| field.is_empty() || *field == "undefined" || *field == "null") {
            return Err(Error::CodeMalformed("a field is empty or undefined"));
        }
        let now = Instant::now();
        let shows = |peer: &&Peer| peer.code.as_ref().is_some_and(|code| code.value == value);
        let Some((number, peer)) = self.peers.iter().map(|(number, peer)| (*number, peer)).find(|(_, p)| shows(p))
        else {
            let spent = self.spent_refs.contains(value);
            return Err(if spent { Error::CodeExpired } else { Error::CodeUnknown("the ref was never handed out") });
        };
        if peer.code.as_ref().is_none_or(|code| code.until <= now) {
            return Err(Error::CodeExpired);
        }
        if !peer.companion.as_ref().is_some_and(|companion| companion.matches(keys)) {
            return Err(Error::CodeUnknown("the keys are not those of the page that shows the ref"));
        }
        self.link(number, phone, LinkWay::Scan)
    }

    /// A page that shows a code has a new secret.
    pub(super) fn change_secret(&mut self, number: u64, secret: String) {
        if let Some(companion) = self.peers.get_mut(&number).and_then(|peer| peer.companion.as_mut()) {
            companion.adv_secret = secret;
        }
        self.touch();
    }

    /// Makes the pages that show a code change their secret; returns how many there are.
    pub(crate) fn rotate_secret(&mut self) -> usize {
        let showing: Vec<u64> = self.peers.iter().filter(|(_, peer)| peer.code.is_some()).map(|(n, _)| *n).collect();
        showing.iter().for_each(|number| self.tell(*number, &ToPage::RotateSecret));
        showing.len()
    }

    pub(super) fn ask_pairing_code(&mut self, number: u64, req: u64, phone: &str) {
        let Ok(phone) = self.phone_of(Some(phone)) else {
            return self.tell(number, &ToPage::PairingCode { req, code: None, ttl_ms: 0 });
        };
        let code = self.random.of("pairing code").text(PAIRING_ALPHABET, 8);
        let life = self.options.code_life(PAIRING_CODE_S);
        if let Some(peer) = self.peers.get_mut(&number) {
            peer.pairing = Some((phone, Expiring { value: code.clone(), until: Instant::now() + life }));
        }
        self.tell(number, &ToPage::PairingCode { req, code: Some(&code), ttl_ms: life.as_millis() as u64 });
        self.touch();
    }

    /// The pairing code is typed on the phone for whose number it was requested; returns the new device's id.
    pub(crate) fn enter_pairing_code(&mut self, code: &str) -> Result<String, Error> {
        let typed: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
        if typed.len() != 8 {
            return Err(Error::CodeMalformed("a pairing code has eight characters"));
        }
        let found = self.peers.iter().find_map(|(number, peer)| {
            let (phone, pairing) = peer.pairing.as_ref().filter(|(_, pairing)| pairing.value == typed)?;
            Some((*number, phone.clone(), pairing.until))
        });
        match found {
            None => Err(Error::CodeUnknown("no page asked for it")),
            Some((_, _, until)) if until <= Instant::now() => Err(Error::CodeExpired),
            Some((number, phone, _)) => self.link(number, &phone, LinkWay::PairingCode),
        }
    }

    fn link(&mut self, number: u64, phone: &str, way: LinkWay) -> Result<String, Error> {
        let secret = self.random.of("secret").hex(32);
        let refused = self.faults.refuse_link;
        let keep = self.options.history_on_link;
        let account = self.account(phone)?;
        account.devices_ever += 1;
        let login = Login { id: format!("{phone}:{}", account.devices_ever), secret };
        let me = account.me.clone();
        if !refused {
            let old = account.log.len().saturating_sub(keep);
            let messages = account.log[old..].to_vec();
            let mut device =
                LinkedDevice { secret: login.secret.clone(), next_seq: 1, queue: VecDeque::new(), peer: None };
            if !messages.is_empty() {
                device.queue.push_back((device.next_seq, Event::History { messages }));
                device.next_seq += 1;
            }
            account.devices.insert(login.id.clone(), device);
        }
        if let Some(peer) = self.peers.get_mut(&number) {
            self.spent_refs.extend(peer.code.take().map(|code| code.value));
            peer.pairing = None;
        }
        self.tell(number, &ToPage::Linked { device: login.clone(), me });
        let account = phone.to_owned();
        self.record.links.push(Link { account, device: login.id.clone(), way, at: unix_ms(), refused });
        self.touch();
        Ok(login.id)
    }

    /// The phone of an account unlinks one device, or all; returns how many there were.
    pub(crate) fn unlink(&mut self, phone: &str, only: Option<&str>) -> usize {
        let Some(account) = self.accounts.get(phone) else { return 0 };
        let linked: Vec<String> =
            account.devices.keys().filter(|id| only.is_none_or(|only| only == *id)).cloned().collect();
        for id in &linked {
            if let Some(number) = self.remove_device(phone, id, LogoutBy::Phone) {
                self.tell(number, &ToPage::LoggedOut);
            }
        }
        linked.len()
    }

    pub(super) fn page_logout(&mut self, number: u64, req: u64) {
        if self.faults.deaf_logout {
            return;
        }
        let device = self.peers.get(&number).and_then(|peer| peer.device.clone());
        if let Some((phone, id)) = device {
            self.remove_device(&phone, &id, LogoutBy::Page);
        }
        self.tell(number, &ToPage::Bye { req });
    }

    /// Removes a device; returns its live connection.
    fn remove_device(&mut self, phone: &str, id: &str, by: LogoutBy) -> Option<u64> {
        let removed = self.accounts.get_mut(phone)?.devices.remove(id)?;
        let account = phone.to_owned();
        self.record.logouts.push(Logout { account, device: id.to_owned(), by, at: unix_ms() });
        self.touch();
        removed.peer
    }

    /// Somebody else takes over the connected devices of an account; returns how many there were.
    pub(crate) fn conflict(&mut self, phone: &str) -> usize {
        let Some(account) = self.accounts.get_mut(phone) else { return 0 };
        let live: Vec<u64> = account.devices.values_mut().filter_map(|device| device.peer.take()).collect();
        live.iter().for_each(|number| self.evict(*number));
        self.touch();
        live.len()
    }
}
