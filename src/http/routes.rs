//! What the routes answer: one file a resource.

pub mod capabilities;
pub mod chats;
pub mod cloud;
pub mod connect;
pub mod contacts;
pub mod deliveries;
pub mod directory;
pub mod document;
pub mod events;
pub mod groups;
pub mod health;
pub mod media;
pub mod message_file;
pub mod messages;
pub mod metrics;
pub mod numbers;
pub mod opt_outs;
pub mod presence;
pub mod qr;
pub mod send;
pub mod status;
