//! Every JSON shape that enters or leaves by HTTP, with its schema: one file a resource. The shapes of events and messages are
//! in `journal/wire`, because webhooks tell them too. A rename in the domain or in the store changes none of them.
//!
//! Where a shape stands for one type of the domain, its conversion names all fields of that type. A field that is new there
//! does not compile until the conversion says what becomes of it; `tests/house` allows no `..` here.

pub mod business;
pub mod capabilities;
pub mod chats;
pub mod cloud;
pub mod codes;
pub mod contacts;
pub mod deliveries;
pub mod directory;
pub mod error;
pub mod group_requests;
pub mod groups;
pub mod health;
pub mod messages;
pub mod numbers;
pub mod opt_outs;
pub mod presence;
pub mod requests;
pub mod sent;
pub mod session;
pub mod status;
pub mod uploads;

pub use crate::journal::wire::{Ack, Event, Message, MessageId, Reaction, Reason, Source, State, Timestamp, Vote};
