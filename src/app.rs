//! The service put together (`compose`) and run (`run`).

pub mod compose;
mod run;

pub use compose::Service;
pub use run::run;
