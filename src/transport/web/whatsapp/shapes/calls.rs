//! The forms of calls.

use serde::Deserialize;

use crate::domain::call::{Call, CallEnd};

#[derive(Deserialize)]
pub(in super::super) struct CallShape {
    id: String,
    peer: String,
    phone: Option<String>,
    group: Option<String>,
    video: bool,
    offline: bool,
    t: u64,
}

#[derive(Deserialize)]
pub(in super::super) struct CallEndShape {
    id: String,
    outcome: String,
    duration_s: Option<u32>,
}

impl From<CallShape> for Call {
    fn from(shape: CallShape) -> Self {
        let CallShape { id, peer, phone, group, video, offline, t } = shape;
        Self { id, peer, phone, group, video, offline, t }
    }
}

impl From<CallEndShape> for CallEnd {
    fn from(shape: CallEndShape) -> Self {
        let CallEndShape { id, outcome, duration_s } = shape;
        Self { id, outcome, duration_s }
    }
}
