//! Builds the service (`compose`) and runs it (`run`).

pub mod compose;
mod ground;
mod run;

pub use compose::Service;
pub use run::run;
