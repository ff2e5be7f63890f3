//! The process and the machine around it: settings, logs, signals, process managers, addresses, locks, counters.

pub mod activity;
pub mod byte_queue;
pub mod config;
pub mod descriptors;
pub mod disk;
pub mod http_client;
pub mod instance;
pub mod listen;
pub mod metrics;
pub mod per_minute;
pub mod pid1;
pub mod shutdown;
pub mod supervisor;
pub mod tasks;
pub mod telemetry;
pub mod trouble;
