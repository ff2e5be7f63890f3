//! Files that are made here, looked at whole, cut off and damaged.

#![allow(clippy::unwrap_used)]

mod builders;
mod facts;
mod hostile;
mod kinds;
