//! What can be written on the command line, and the help for it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// Keeps one WhatsApp Web account logged in behind a small HTTP API.
///
/// Configured by environment variables only; `session-manager config` prints them with the values in force.
#[derive(Debug, Parser)]
#[command(
    name = "session-manager",
    version,
    after_help = "\
Examples:
  session-manager doctor          is this machine ready?
  session-manager                 run the service
  session-manager qr              scan the code, until the phone is linked
  session-manager status          how it is, and what to do"
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service (also without a command)
    Serve,
    /// Check everything the service needs, before it is started
    ///
    /// Each line is ok, warning, failure or skipped, with the remedy. Nothing is changed, and a running service is not
    /// disturbed. Exits with 0, or 1 where something fails.
    #[command(after_help = "\
Examples:
  session-manager doctor
  session-manager doctor --pm2 deploy/pm2/ecosystem.config.js
  session-manager doctor --json | jq '.checks[] | select(.status == \"failure\")'")]
    Doctor(DoctorOptions),
    /// Print every setting, its value in force, and where it came from
    #[command(after_help = "\
Examples:
  session-manager config
  PORT=3005 session-manager config | grep PORT")]
    Config,
    /// Show the running service's code to scan, as it rotates, until READY
    ///
    /// Exits with 0 once READY, 1 when the session stopped, 69 when no service answers.
    #[command(after_help = "\
Examples:
  session-manager qr
  session-manager qr --light      on a terminal with dark letters on a light ground
  API_TOKEN=... session-manager qr --url http://10.0.0.5:3001")]
    Qr(QrOptions),
    /// Tell how the running service is, and what to do
    ///
    /// Exits with 0 in READY, 1 in any other state, 69 when no service answers.
    #[command(after_help = "\
Examples:
  session-manager status
  session-manager status --json | jq .state
  until session-manager status >/dev/null; do sleep 5; done")]
    Status(StatusOptions),
    /// Have dead letters tried again: all of a target, or of every target
    ///
    /// Dead letters are the events that a webhook or the hub did not take. Exits with 69 when no service answers.
    #[command(after_help = "\
Examples:
  session-manager replay
  session-manager replay --target hub-persistence")]
    Replay(ReplayOptions),
    /// List what is needed of the running page of WhatsApp Web, and where it was found
    ///
    /// What is missing comes first, with what does not work without it. Exits with 0 where nothing is missing, else with 1,
    /// or 69 when no service answers. With --save the document of the page that runs is kept in FILE: a later start with
    /// WHATSAPP_WEB_HTML=FILE uses that version of WhatsApp Web, and not a newer one.
    #[command(after_help = "\
Examples:
  session-manager page
  session-manager page --save whatsapp-web.html
  session-manager page --json | jq '.capabilities[] | select(.found == null)'")]
    Page(PageOptions),
    /// Write the login and the store into FILE
    ///
    /// The profile goes without its caches, the store whole; every file has its checksum in the manifest. The service
    /// must be stopped. With --live it may run: its browser is closed for the time of the copy (seconds), and the store
    /// is left out. The files of messages (DATA_DIR/media) are never in it: copy that folder by itself, if they are wanted.
    /// FILE is as good as the phone itself: keep it where nobody else can read it.
    #[command(after_help = "\
Examples:
  session-manager backup admin.tar.zst
  session-manager backup --live --force /var/backups/admin.tar.zst")]
    Backup(BackupOptions),
    /// Put back what FILE holds; the service must be stopped
    ///
    /// Every checksum is verified first. What is there already is kept unless --force is given, and then set aside,
    /// not deleted.
    #[command(after_help = "\
Examples:
  session-manager restore admin.tar.zst
  session-manager restore --force admin.tar.zst      sets the present login aside

A login is not a file like others: where the account was used after the backup was made, WhatsApp may refuse the older
login (link the phone again) or leave some messages unreadable. After the store was restored sending stays off until
`session-manager store accept`: what was sent since the backup is forgotten, and sending it again would double it.")]
    Restore(RestoreOptions),
    /// Work on the store
    #[command(subcommand)]
    Store(StoreCommand),
    /// Print the OpenAPI 3.1 document of the API, as /openapi.json serves it
    #[command(after_help = "\
Examples:
  session-manager openapi > openapi.json
  session-manager openapi | jq -r '.paths | keys[]'")]
    Openapi,
    /// Print a script that completes this command line in your shell
    #[command(after_help = "\
Examples:
  session-manager completions bash > /etc/bash_completion.d/session-manager
  session-manager completions zsh > ~/.zfunc/_session-manager
  session-manager completions fish > ~/.config/fish/completions/session-manager.fish")]
    Completions { shell: Shell },
    /// Write the manual pages into FOLDER
    #[command(hide = true)]
    Man { folder: PathBuf },
}

#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// After a damaged store was set aside, or one was restored: allow sending again
    ///
    /// With the old store the memory of what was already sent is gone, so a caller that retries a send from before may
    /// double it. Make sure none does, then accept.
    Accept,
}

#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Also check Meta's Cloud API: token, number, webhook, version (always done where it is configured)
    #[arg(long)]
    pub cloud: bool,
    /// Also check this PM2 ecosystem file (needs node)
    #[arg(long, value_name = "FILE")]
    pub pm2: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct QrOptions {
    #[command(flatten)]
    pub service: ServiceOptions,
    /// For a terminal with a light ground
    #[arg(long)]
    pub light: bool,
}

#[derive(Debug, Args)]
pub struct PageOptions {
    #[command(flatten)]
    pub service: ServiceOptions,
    /// Print the service's own answer
    #[arg(long)]
    pub json: bool,
    /// Keep the page's document in FILE, for WHATSAPP_WEB_HTML
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub save: Option<PathBuf>,
    /// Overwrite FILE
    #[arg(long, requires = "save")]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct ReplayOptions {
    /// The name of the target, as `deliveries` in the answer of `/status` has it; without it, every target
    #[arg(long)]
    pub target: Option<String>,
    #[command(flatten)]
    pub service: ServiceOptions,
}

#[derive(Debug, Args)]
pub struct StatusOptions {
    #[command(flatten)]
    pub service: ServiceOptions,
    /// Print the service's own answer
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Default, Args)]
pub struct ServiceOptions {
    /// Where the service is, else as HOST and PORT say; API_TOKEN is its token
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

#[derive(Debug, Args)]
pub struct BackupOptions {
    pub file: PathBuf,
    /// Where the service runs: close its browser meanwhile, and leave the store out
    #[arg(long)]
    pub live: bool,
    /// Overwrite FILE
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub service: ServiceOptions,
}

#[derive(Debug, Args)]
pub struct RestoreOptions {
    pub file: PathBuf,
    /// Set aside the login and the store that are there
    #[arg(long)]
    pub force: bool,
}
