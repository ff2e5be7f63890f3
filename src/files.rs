//! Looks at files which a caller wants to send, and helps to serve files safely. A pure library: it reads what it is given
//! and decides. Each file is taken to be hostile, so each walk through one has a bound, and damage is no error of ours.

mod audio;
mod contents;
mod image;
mod inspect;
mod kind;
mod mp4;
pub mod names;
mod ogg;
pub mod range;
mod source;
#[cfg(test)]
mod tests;
mod thumbnail;

pub use inspect::{InspectError, Inspected, inspect, needs_transcoding};
