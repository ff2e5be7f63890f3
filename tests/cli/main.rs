//! The commands, each as a process: their output, their exit codes, the files they leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod beside;
mod client;
mod doctor;
mod last_output;
mod pin;
mod pm2;
mod world;
