//! The start options of a simulator: its timings, its account, and the build of the page it serves.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// How to start a [`crate::Simulator`]. `Default` simulates the measured page in real time, on any free port.
#[derive(Debug, Clone)]
pub struct Options {
    /// Factor on every measured time of the page and the server: 1.0 is real, 0.02 makes the 7.4 s boot 0.15 s.
    pub time_scale: f64,
    /// Factor on the life of the linking codes alone (60 s the first, 20 s the later ones); `None` = `time_scale`.
    pub code_scale: Option<f64>,
    /// Seed of everything that looks random: LIDs, refs, message ids, pairing codes.
    pub seed: u64,
    /// Address to listen on. Whoever reaches it controls the phone, so an address other than loopback is for
    /// containers only.
    pub host: IpAddr,
    /// Port of the plain HTTP listener; 0 = any free one.
    pub port: u16,
    /// Also listen with TLS under the name `web.whatsapp.com`.
    pub tls: bool,
    /// Port of the TLS listener; 0 = any free one.
    pub tls_port: u16,
    /// The phone number of the first account, digits only: the account that is used if none is named.
    pub phone: String,
    /// The name the account shows to others.
    pub pushname: String,
    /// The phone numbers of further accounts on the same simulator.
    pub more_accounts: Vec<String>,
    /// How many of the newest messages of the account a newly linked device receives as history.
    pub history_on_link: usize,
    /// The build of the page.
    pub page: PageBuild,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time_scale: 1.0,
            code_scale: None,
            seed: 1,
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            tls: false,
            tls_port: 0,
            phone: "5491150000001".to_owned(),
            pushname: "Test Account".to_owned(),
            more_accounts: Vec::new(),
            history_on_link: 20,
            page: PageBuild::default(),
        }
    }
}

impl Options {
    /// Options for tests: all times are divided by fifty, and codes live as long as real ones.
    pub fn fast() -> Self {
        Self { time_scale: 0.02, code_scale: Some(1.0), ..Self::default() }
    }

    /// A measured time of the page, given in seconds, as the simulator scales it.
    pub(crate) fn scaled(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds * self.time_scale).max(0.0))
    }

    /// The scaled life of a code that lives `seconds` on the real page.
    pub(crate) fn code_life(&self, seconds: f64) -> Duration {
        Duration::from_secs_f64((seconds * self.code_scale.unwrap_or(self.time_scale)).max(0.0))
    }
}

/// The differences between builds of the page. A change takes effect at the next page load.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageBuild {
    /// `window.Debug.VERSION`.
    pub version: String,
    /// The page reloads once by itself after a successful link.
    pub reload_after_link: bool,
    /// `require` returns `null` for an unknown name instead of throwing.
    pub unknown_module_null: bool,
    /// `WAWebMsgKey` is `{default: MsgKey}` instead of the class itself.
    pub msg_key_default: bool,
    /// Message keys have their own `_serialized`, as in older builds.
    pub serialized_ids: bool,
    /// `findOrCreateLatestChat` returns the chat itself instead of `{chat, created}`.
    pub bare_chat: bool,
    /// `loadEarlierMsgs` takes the chat itself instead of `{chat}`, as builds before April 2026 did.
    pub bare_load: bool,
    /// Only `WAWebUserPrefsMultiDevice` returns the ADV (account and device verification) secret (older builds).
    pub old_adv_secret: bool,
    /// The code is in a `div[data-ref]` (older builds) instead of the element with a test id.
    pub old_code_element: bool,
    /// How many messages of each chat are in memory after a load; the others must be loaded.
    pub messages_per_chat: usize,
    /// Each message that arrives makes a mark of the load, `message:` and its id, for measuring.
    pub times_messages: bool,
    /// How many codes are shown before the page gives up with UNPAIRED_IDLE.
    pub codes_in_a_row: u32,
    /// From this many waiting messages on, a page that boots stores rows only, and an open page reloads itself.
    pub backlog_limit: usize,
    /// The server has the page refuse files whose MIME type is not one of those of their kind.
    pub checks_mimetypes: bool,
    /// How many MiB the server has the page take of a picture, a sticker, a video or a sound.
    pub media_limit_mb: u64,
    /// How many people the page knows besides those who wrote, and with how many of them it has a chat; every tenth of the
    /// chats is a group.
    pub crowd_people: usize,
    pub crowd_chats: usize,
    /// What the picture of a code contains besides its five fields.
    pub code_form: CodeForm,
}

/// The text of a code's picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeForm {
    /// Five fields.
    #[default]
    Plain,
    /// An address before the first field.
    Prefix,
    /// An address as the sixth field.
    Suffix,
}

impl Default for PageBuild {
    fn default() -> Self {
        Self {
            version: "2.3000.1029384756".to_owned(),
            reload_after_link: false,
            unknown_module_null: false,
            msg_key_default: false,
            serialized_ids: false,
            bare_chat: false,
            bare_load: false,
            old_adv_secret: false,
            old_code_element: false,
            times_messages: false,
            messages_per_chat: 5,
            codes_in_a_row: 6,
            backlog_limit: 1000,
            checks_mimetypes: false,
            media_limit_mb: 16,
            crowd_people: 0,
            crowd_chats: 0,
            code_form: CodeForm::Plain,
        }
    }
}
