//! The session: one machine that decides, one task that acts, a handle and snapshots for everybody else.

mod machine;
mod words;

pub use machine::{Code, Machine};
