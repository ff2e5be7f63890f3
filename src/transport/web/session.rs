//! The session: a machine decides, one task acts, and the other modules use a handle and snapshots.

mod code;
mod driver;
mod handle;
mod machine;
mod network;
mod presences;
mod profile_size;
mod snapshot;
mod status_text;

pub use code::LinkCode;
pub use driver::{Parts, TASK, start};
pub use handle::{Connected, Handle, LoggedOut, PairingCode, SessionError};
pub use machine::{Ban, Progress};
pub use presences::{FOLLOWED_MAX, Following};
pub use snapshot::Snapshot;
