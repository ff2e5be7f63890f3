//! The stored shapes: one file for each table whose values are JSON. What is on the disk has types of its own, also
//! where the domain has a type with the same fields, so that a rename in the domain changes no stored byte.
//!
//! Every conversion names all fields in both directions. A field that is new on one side does not compile until the
//! conversion says what becomes of it; `tests/house` allows no `..` here. A changed shape is a step in `migrations`.

mod cloud_send;
mod entry;
mod happening;
mod history;
mod letter;
mod limits;
mod mark;
mod media;
mod notice;
mod origin;
mod send;
#[cfg(test)]
mod tests;
mod upload;
mod values;

pub(super) use cloud_send::StoredCloudSend;
pub(super) use entry::StoredEntry;
pub(super) use letter::StoredLetter;
pub(super) use limits::StoredLimits;
pub(super) use mark::{StoredPlace, StoredRelink};
pub(super) use origin::StoredOrigin;
pub(super) use send::StoredSend;
pub(super) use upload::StoredUpload;
