//! The types that every other module uses: states, numbers, chats, messages, time. No tokio and no I/O here.

pub mod account;
pub mod address;
pub mod backoff;
pub mod call;
pub mod content;
pub mod dead_letter;
pub mod event;
pub mod filter;
pub mod history;
pub mod idempotency;
pub mod limits;
pub mod log;
pub mod media;
pub mod message;
pub mod notice;
pub mod secret;
pub mod slip;
pub mod state;
pub mod steady_clock;
pub mod template;
pub mod time;
pub mod upload;
pub mod via;
pub mod wamid;
