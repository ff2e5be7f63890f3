//! The simulator in a real Chromium: its page, the page of its phone, and its control API.

mod chromium;
mod control;
mod page;
mod seed;
