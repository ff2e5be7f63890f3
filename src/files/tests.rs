//! Files that are made here, looked at whole, cut off and damaged.

mod builders;
mod facts;
mod hostile;
mod kinds;
