//! A simulation of web.whatsapp.com: the page, the server behind it and the phone beside it, in one process.
//!
//! The page offers the module names, states, timings and failures of the real one, so that a program that drives
//! WhatsApp Web through Chromium can be tested without a phone and without the network. [`Simulator`] is the handle
//! for tests; `whatsapp-simulator` serves the same by itself, with a page for people at `/phone` and everything a
//! test can do under `/control/`. Several accounts can live on one simulator ([`Simulator::account`]): what one sends
//! arrives at the other.
//!
//! ```no_run
//! # async fn example() -> Result<(), simulator::Error> {
//! use simulator::{Incoming, Options, Simulator};
//! use std::time::Duration;
//!
//! let simulator = Simulator::start(Options::fast()).await?;
//! // … point a browser at simulator.url() …
//! let code = simulator.code(Duration::from_secs(10)).await?;
//! simulator.scan(&code)?;
//! simulator.wait_until("a linked device", Duration::from_secs(10), |record| record.connected()).await?;
//! simulator.incoming(Incoming::text("5491122334455", "hello"))?;
//! # Ok(())
//! # }
//! ```

mod account;
mod action;
mod control;
mod error;
mod faults;
pub mod graph;
mod groups;
mod media;
mod message;
mod notices;
mod options;
mod outbox;
mod protocol;
mod record;
mod server;
mod shared;
mod simulator;
mod world;

pub use account::OnAccount;
pub use action::{Action, Present};
pub use error::Error;
pub use faults::{
    EarlierFault, Faults, LoginRefusal, Network, NewChats, Picture, PictureHost, Reupload, SendFault, SendStep,
    ServerFault, SocketState, Timelock, UploadAnswer,
};
pub use groups::ServerGroup;
pub use media::{HostAnswer, Kind, Media, Sent, Wrong};
pub use message::{AccountView, ChatView, Identity, Incoming, Message};
pub use options::{CodeForm, Options, PageBuild};
pub use record::{
    AskedUpload, ChatState, Connection, Device, Fetch, Link, LinkWay, Logout, LogoutBy, Mark, PageLoad, Received,
    ReceivedFile, Record, Upload,
};
pub use simulator::Simulator;
