//! The configuration: environment variables only, all optional, checked as a whole before anything starts.

mod calls;
mod cloud;
mod delivery;
mod media;
mod parse;
mod proxy;
mod reader;
mod timings;

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::domain::secret::Secret;
pub use calls::Calls;
pub use cloud::Cloud;
pub use delivery::{Delivery, Hub, HubUser, SigningKey, Webhook};
pub use media::Media;
pub use proxy::{Proxy, ProxyLogin};
pub use reader::{Effective, Problem, ProcessEnvironment, Source};
pub use timings::Timings;

#[derive(Clone, Debug)]
pub struct Config {
    pub server: Server,
    pub paths: Paths,
    pub browser: Browser,
    pub session: Session,
    pub send: Send,
    /// None: Meta's Cloud API is not configured.
    pub cloud: Option<Cloud>,
    /// `OPT_OUT_WORDS`: whoever writes one of these wants no further messages, besides BAJA and STOP.
    pub opt_out_words: Vec<String>,
    pub calls: Calls,
    pub media: Media,
    pub delivery: Delivery,
    pub log: Log,
    /// `RETENTION_DAYS`: how long messages are kept.
    pub retention: Duration,
    /// `SHUTDOWN_TIMEOUT`: the time limit of a clean stop. PM2's kill_timeout is 10 s.
    pub shutdown_timeout: Duration,
    pub timings: Timings,
    /// Every variable with its value in force, secrets masked.
    pub effective: Vec<Effective>,
    /// Variables that look like a misspelled setting: (found, meant).
    pub lookalikes: Vec<(String, &'static str)>,
}

/// Who may reach the API and how.
#[derive(Clone, Debug)]
pub struct Server {
    /// `HOST` and `PORT`. With port 0 the system chooses; the log names the port.
    pub hosts: Vec<IpAddr>,
    pub port: u16,
    /// `API_TOKEN`.
    pub token: Option<Secret>,
    /// `TRUSTED_PEERS`: networks that need no token.
    pub trusted_peers: Vec<IpNet>,
    /// `CORS_ORIGINS`: origins of other pages whose scripts may call the API, `scheme://host[:port]`.
    pub cors_origins: Vec<String>,
}

impl Server {
    /// Whether only this machine can reach the API.
    pub fn is_loopback(&self) -> bool {
        self.hosts.iter().all(IpAddr::is_loopback)
    }
}

#[derive(Clone, Debug)]
pub struct Paths {
    /// `TOKENS_DIR`: the folder with the login. Chrome's profile is `admin` in it.
    pub tokens: PathBuf,
    /// `DATA_DIR`: the folder with the store.
    pub data: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginMode {
    /// Headless.
    Server,
    /// A visible window.
    Local,
}

#[derive(Clone, Debug)]
pub struct Browser {
    /// `LOGIN_MODE`.
    pub login_mode: LoginMode,
    /// `CHROME_PATH`.
    pub chrome_path: Option<PathBuf>,
    /// `CHROME_ARGS`: additional flags, split as a shell splits words.
    pub chrome_args: Vec<String>,
    /// `USER_AGENT`: replaces the installed browser's own.
    pub user_agent: Option<String>,
    /// `PROXY_URL`.
    pub proxy: Option<Proxy>,
    /// `WHATSAPP_WEB_URL`.
    pub url: String,
    /// `ADAPTER_PATH`: a page adapter read from disk instead of the built-in one.
    pub adapter_path: Option<PathBuf>,
    /// `WHATSAPP_WEB_HTML`: a stored document of the page, used instead of the one on the network.
    pub html: Option<PathBuf>,
    /// `PRESENCE`: the account is shown as online while the session is READY.
    pub shown_online: bool,
}

#[derive(Clone, Debug)]
pub struct Session {
    /// `AUTO_CONNECT`.
    pub auto_connect: bool,
    /// `MAX_RECONNECTION_ATTEMPTS` in a row before ERROR.
    pub max_attempts: u32,
    /// `ERROR_RETRY_INTERVAL`.
    pub error_retry: Duration,
    /// `QR_MAX_ATTEMPTS`: how many codes are shown before the service gives up; 0 means no limit.
    pub qr_max_attempts: u32,
    /// `BROWSER_MEMORY_MAX_MB`, in bytes: a browser that uses more is started afresh in a quiet moment.
    pub memory_max: Option<u64>,
    /// The page's document comes from `WHATSAPP_WEB_HTML`.
    pub pinned: bool,
    /// `CLIENTE_ID`: the client that the account belongs to, for billing.
    pub cliente_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendMode {
    Live,
    DryRun,
    Off,
}

impl SendMode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::DryRun => "dry-run",
            Self::Off => "off",
        }
    }
}

/// `SEND_VIA`: the way of sends whose request names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendVia {
    Web,
    Cloud,
    /// The Cloud API where it is configured and can send the message, else WhatsApp Web.
    Auto,
}

impl SendVia {
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Cloud => "cloud",
            Self::Auto => "auto",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Send {
    /// `SEND_MODE`.
    pub mode: SendMode,
    /// `SEND_VIA`.
    pub via: SendVia,
    /// `SEND_TIMEOUT`, counted from the arrival of the request.
    pub timeout: Duration,
    /// `SEND_RATE_PER_MINUTE`; 0 means no limit.
    pub rate_per_minute: usize,
    /// `SEND_PAUSE_MS`: the pause between two sends, drawn from this range.
    pub pause: RangeInclusive<Duration>,
    /// `SEND_DAILY_MAX`: messages a day (UTC); 0 means no limit.
    pub daily_max: u32,
    /// `SEND_NEW_CONTACTS_DAILY_MAX`: first messages to somebody, a day; 0 means no limit.
    pub new_contacts_daily_max: u32,
    /// `SEND_TYPING`: the recipient sees "typing…" before a message arrives.
    pub typing: bool,
    /// `SEND_QUEUE_MAX`: how many sends may wait for their turn.
    pub queue_max: usize,
    /// `ALLOWED_CLIENTE_IDS`: if empty, every client is allowed.
    pub allowed_cliente_ids: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Log {
    /// `LOG_LEVEL`: a level, or `target=level` pairs.
    pub level: String,
    /// `NODE_ENV=production`: JSON lines.
    pub json: bool,
}

/// All wrong settings together.
#[derive(Debug)]
pub struct ConfigError(pub Vec<Problem>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wrong setting(s):", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads and checks all settings.
    pub fn read(source: &dyn Source) -> Result<Self, ConfigError> {
        let mut r = reader::Reader::new(source);
        let server = read_server(&mut r);
        let paths = Paths {
            tokens: r.var("TOKENS_DIR", "tokens", "a folder", parse::path, PathBuf::new()),
            data: r.var("DATA_DIR", "data", "a folder", parse::path, PathBuf::new()),
        };
        // `data` and `./data` are the same folder.
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_default();
        if absolute(&paths.data).starts_with(absolute(&paths.tokens)) && !paths.tokens.as_os_str().is_empty() {
            let why = "must not be TOKENS_DIR or inside it: wiping the login would wipe the messages";
            r.problem("DATA_DIR", why.to_owned());
        }
        let browser = read_browser(&mut r);
        let session = Session { pinned: browser.html.is_some(), ..read_session(&mut r) };
        let send = read_send(&mut r);
        let cloud = Cloud::read(&mut r);
        if send.via == SendVia::Cloud
            && cloud.is_none()
            && !r.problems.iter().any(|one| one.name.starts_with("CLOUD_API"))
        {
            r.problem(
                "SEND_VIA",
                "is cloud, and the Cloud API is not configured: set CLOUD_API_TOKEN and the rest".to_owned(),
            );
        }
        let words = |text: &str| Some(parse::list(text));
        let opt_out_words = r.optional("OPT_OUT_WORDS", "a comma-separated list", words).unwrap_or_default();
        let calls = Calls::read(&mut r);
        let media = Media::read(&mut r);
        let delivery = Delivery::read(&mut r, session.cliente_id.as_deref());
        let log = read_log(&mut r);
        let days = r.var("RETENTION_DAYS", "30", "a number of days, 1 to 3650", parse::days, 0);
        let retention = Duration::from_secs(days * 24 * 60 * 60);
        let shutdown_timeout = r.var("SHUTDOWN_TIMEOUT", "8s", parse::SPAN, parse::span, Duration::ZERO);
        if r.problems.is_empty() {
            let lookalikes = r.lookalikes();
            let (effective, timings) = (r.effective, Timings::default());
            Ok(Self {
                server,
                paths,
                browser,
                session,
                send,
                cloud,
                opt_out_words,
                calls,
                media,
                delivery,
                log,
                retention,
                shutdown_timeout,
                timings,
                effective,
                lookalikes,
            })
        } else {
            Err(ConfigError(r.problems))
        }
    }

    /// What differs from the defaults, on one line, for the log; secrets are masked.
    pub fn announced(&self) -> String {
        let differing = self.effective.iter().filter(|setting| !setting.is_default);
        let told: Vec<String> = differing.map(Effective::to_string).collect();
        if told.is_empty() {
            return "every setting has its default".to_owned();
        }
        let rest = self.effective.len() - told.len();
        format!(
            "settings: {}; the other {rest} have their defaults (`session-manager config` prints all)",
            told.join(", ")
        )
    }
}

fn read_server(r: &mut reader::Reader<'_>) -> Server {
    let hosts = r.var("HOST", "loopback", "an IP address, `localhost` or `loopback`", parse::hosts, vec![]);
    let port = r.var("PORT", "3001", "a port, 0 to 65535", |t| t.parse().ok(), 0);
    let token = r.secret("API_TOKEN");
    // A token of 16 characters cannot be guessed over HTTP; a header carries only printable ASCII.
    if token.as_ref().is_some_and(|token| token.len() < 16 || !token.bytes().all(|byte| byte.is_ascii_graphic())) {
        r.problem("API_TOKEN", "must have at least 16 characters: letters, digits and signs of ASCII".to_owned());
    }
    let networks = "a comma-separated list of networks such as 10.0.0.0/8";
    let trusted_peers = r.optional("TRUSTED_PEERS", networks, parse::networks).unwrap_or_default();
    let origins = "a comma-separated list of origins such as https://hub.example.com";
    let cors_origins = r.optional("CORS_ORIGINS", origins, parse::origins).unwrap_or_default();
    let unauthenticated = r.var("ALLOW_UNAUTHENTICATED", "false", parse::BOOL, parse::boolean, false);
    let server = Server { hosts, port, token: token.map(Secret::new), trusted_peers, cors_origins };
    if !server.is_loopback() && server.token.is_none() && server.trusted_peers.is_empty() && !unauthenticated {
        r.problem(
            "HOST",
            "is reachable from other machines: set API_TOKEN, TRUSTED_PEERS or ALLOW_UNAUTHENTICATED=true".to_owned(),
        );
    }
    server
}

fn read_browser(r: &mut reader::Reader<'_>) -> Browser {
    let mode = |text: &str| match text {
        "server" => Some(LoginMode::Server),
        "local" => Some(LoginMode::Local),
        _ => None,
    };
    let page = "an http:// or https:// address";
    Browser {
        login_mode: r.var("LOGIN_MODE", "server", "`server` or `local`", mode, LoginMode::Server),
        chrome_path: r.optional("CHROME_PATH", "a path", parse::path),
        chrome_args: r
            .optional("CHROME_ARGS", "flags as a shell reads words: a quotation is not closed", |text| {
                shell_words::split(text).ok()
            })
            .unwrap_or_default(),
        user_agent: r.optional("USER_AGENT", "printable text", parse::printable),
        proxy: r.masked("PROXY_URL", proxy::ALLOWED, proxy::parse, proxy::shown),
        url: r.var("WHATSAPP_WEB_URL", "https://web.whatsapp.com/", page, parse::page_url, String::new()),
        adapter_path: r.optional("ADAPTER_PATH", "a path", parse::path),
        html: r.optional("WHATSAPP_WEB_HTML", "a path", parse::path),
        shown_online: r.var("PRESENCE", "unavailable", "`unavailable` or `available`", shown_online, false),
    }
}

fn shown_online(text: &str) -> Option<bool> {
    match text {
        "unavailable" => Some(false),
        "available" => Some(true),
        _ => None,
    }
}

fn read_session(r: &mut reader::Reader<'_>) -> Session {
    let count = "a whole number";
    Session {
        auto_connect: r.var("AUTO_CONNECT", "true", parse::BOOL, parse::boolean, true),
        max_attempts: r.var("MAX_RECONNECTION_ATTEMPTS", "3", count, |t| t.parse().ok(), 0),
        error_retry: r.var("ERROR_RETRY_INTERVAL", "300s", parse::SPAN, parse::span, Duration::ZERO),
        qr_max_attempts: r.var("QR_MAX_ATTEMPTS", "0", count, |t| t.parse().ok(), 0),
        memory_max: r.var("BROWSER_MEMORY_MAX_MB", "0", parse::MEMORY, parse::memory, None),
        pinned: false,
        cliente_id: r.optional("CLIENTE_ID", "printable text", parse::printable),
    }
}

fn read_send(r: &mut reader::Reader<'_>) -> Send {
    let mode = |text: &str| match text {
        "live" => Some(SendMode::Live),
        "dry-run" => Some(SendMode::DryRun),
        "off" => Some(SendMode::Off),
        _ => None,
    };
    let via = |text: &str| [SendVia::Web, SendVia::Cloud, SendVia::Auto].into_iter().find(|via| via.name() == text);
    Send {
        mode: r.var("SEND_MODE", "live", "`live`, `dry-run` or `off`", mode, SendMode::Off),
        via: r.var("SEND_VIA", "web", "`web`, `cloud` or `auto`", via, SendVia::Web),
        timeout: r.var("SEND_TIMEOUT", "50s", parse::SPAN, parse::span, Duration::ZERO),
        rate_per_minute: r.var("SEND_RATE_PER_MINUTE", "20", parse::COUNT, parse::count, 0),
        pause: r.var("SEND_PAUSE_MS", "1000-3000", parse::PAUSE, parse::pause, Duration::ZERO..=Duration::ZERO),
        daily_max: r.var("SEND_DAILY_MAX", "0", "a whole number", |t| t.parse().ok(), 0),
        new_contacts_daily_max: r.var(
            "SEND_NEW_CONTACTS_DAILY_MAX",
            "0",
            "a whole number",
            |text| text.parse().ok(),
            0,
        ),
        typing: r.var("SEND_TYPING", "false", parse::BOOL, parse::boolean, false),
        queue_max: r.var("SEND_QUEUE_MAX", "100", parse::COUNT, parse::count, 0),
        allowed_cliente_ids: r
            .optional("ALLOWED_CLIENTE_IDS", "a comma-separated list", |text| Some(parse::list(text)))
            .unwrap_or_default(),
    }
}

fn read_log(r: &mut reader::Reader<'_>) -> Log {
    let levels = "error, warn, info, debug or trace, or target=level pairs";
    Log {
        level: r.var("LOG_LEVEL", "info", levels, parse::log_level, String::new()),
        json: r.var("NODE_ENV", "development", "text", |text| Some(text == "production"), false),
    }
}

#[cfg(test)]
mod tests;
