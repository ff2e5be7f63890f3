//! x
pub mod names;
pub mod range;
