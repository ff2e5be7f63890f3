//! What the machine knows of the page of a running browser.

use std::time::Duration;

use crate::host::config::Timings;
use crate::transport::web::whatsapp::{Level, SocketState, StreamState, Surface};

use super::{Code, Progress};

#[derive(Debug)]
pub(super) struct Live {
    pub(super) load: Load,
    /// Failed loads in a row.
    pub(super) load_tries: u32,
    pub(super) level: Option<Level>,
    pub(super) surface: Option<Surface>,
    pub(super) code: Option<Code>,
    /// The code that was taken off the page; it may come back unchanged.
    pub(super) shelved: Option<Code>,
    /// After this time the code counts as stale: no other code has followed although it should have.
    pub(super) code_until: Option<Duration>,
    /// Codes shown since a phone was first asked for, and since the page began its current series.
    pub(super) attempt: u32,
    pub(super) in_series: u32,
    /// Until when a pairing code is valid.
    pub(super) pairing_until: Option<Duration>,
    /// The page reported that it was unlinked; its reports of an identity are stale until a new document.
    pub(super) unlinked: bool,
    /// By this time at the latest an unlinked page is closed: it clears its storage first.
    pub(super) leave_at: Option<Duration>,
    /// Since when socket and stream are both connected.
    pub(super) line_since: Option<Duration>,
    /// This page has been connected, and the server did not refuse it.
    pub(super) was_connected: bool,
    /// When the page lost its connection loop without an explanation.
    pub(super) comms_gone_since: Option<Duration>,
    /// The page reported that it is too old, or that a logout has begun: this explains what follows.
    pub(super) explained: bool,
    /// A phone was linked while this browser ran: the first sync is in progress.
    pub(super) linked_here: bool,
    pub(super) progress: Option<Progress>,
    pub(super) lost: Option<Lost>,
    pub(super) probe: Probe,
    pub(super) progress_at: Duration,
    /// How many steps towards READY this document has reached: going back and forth is no progress.
    pub(super) furthest: u8,
    /// When new codes were requested since the last code.
    pub(super) code_asked_at: Option<Duration>,
    pub(super) beat: Beat,
    /// The last reload for lost reports, and the next one if more reports were lost too soon after it.
    pub(super) reloaded_at: Option<Duration>,
    pub(super) reload_at: Option<Duration>,
    /// When the browser's memory is measured next; None while the answer is awaited.
    pub(super) memory_look: Option<Duration>,
}

#[derive(Debug)]
pub(super) enum Load {
    /// No document has arrived yet.
    Asked {
        until: Duration,
    },
    /// A document has arrived; its modules may still be loading.
    Arrived {
        until: Duration,
    },
    Failed {
        retry_at: Duration,
    },
}

/// A connection that left CONNECTED.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) since: Duration,
    /// Since when the network is up; while it is down, the page is left alone.
    pub(super) up_since: Option<Duration>,
    /// How far recovery has gone while the network was up.
    pub(super) step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Waited,
    Reconnected,
    Reloaded,
}

/// The probe of WhatsApp's host: nothing is closed or reloaded because of a network that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    Idle,
    Asked,
    /// The host did not answer.
    Down {
        again_at: Duration,
    },
}

#[derive(Debug)]
pub(super) struct Beat {
    /// None while an answer is awaited.
    pub(super) next: Option<Duration>,
    pub(super) missed: u32,
}

impl Live {
    pub(super) fn new(mono: Duration, timings: &Timings) -> Self {
        Self {
            load: Load::Asked { until: mono + timings.page_commit + timings.page_load },
            load_tries: 0,
            level: None,
            surface: None,
            code: None,
            shelved: None,
            code_until: None,
            attempt: 0,
            in_series: 0,
            pairing_until: None,
            unlinked: false,
            leave_at: None,
            line_since: None,
            was_connected: false,
            comms_gone_since: None,
            explained: false,
            linked_here: false,
            progress: None,
            lost: None,
            probe: Probe::Idle,
            progress_at: mono,
            furthest: 0,
            code_asked_at: None,
            beat: Beat { next: Some(mono + timings.heartbeat), missed: 0 },
            reloaded_at: None,
            reload_at: None,
            memory_look: Some(mono),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.level.as_ref().is_some_and(|level| level.socket == SocketState::Connected)
    }

    /// Whether the network is up, according to the browser and the page.
    pub(super) fn is_online(&self) -> bool {
        self.level.as_ref().is_none_or(|level| level.online && level.network != Some(false))
    }

    /// A new document: reports of the old one no longer hold.
    pub(super) fn begin_document(&mut self, mono: Duration, timings: &Timings) {
        self.load = Load::Arrived { until: mono + timings.page_load };
        self.level = None;
        self.surface = None;
        self.take_code_off();
        self.shelved = None;
        self.in_series = 0;
        self.pairing_until = None;
        self.unlinked = false;
        self.line_since = None;
        self.was_connected = false;
        self.comms_gone_since = None;
        self.explained = false;
        self.progress_at = mono;
        self.furthest = 0;
    }

    pub(super) fn take_code_off(&mut self) {
        self.shelved = self.code.take().or(self.shelved.take());
        self.code_until = None;
    }

    /// The connection is unreliable from now on, whatever the page reported last.
    pub(super) fn doubt(&mut self, mono: Duration) {
        let up_since = self.is_online().then_some(mono);
        self.lost.get_or_insert(Lost { since: mono, up_since, step: Step::Waited });
    }

    /// While the network is down the page is left alone, however long it takes: it recovers by itself.
    pub(super) fn network_told(&mut self, online: bool, mono: Duration) {
        let Some(lost) = &mut self.lost else { return };
        if !online {
            (lost.up_since, lost.step) = (None, Step::Waited);
            self.probe = Probe::Idle;
        } else if self.probe == Probe::Idle {
            lost.up_since.get_or_insert(mono);
        }
    }

    /// Takes in a new level; real progress moves the deadline.
    pub(super) fn note(&mut self, level: &Level, mono: Duration) {
        let on_line = level.socket == SocketState::Connected && level.stream == StreamState::Connected;
        // These steps come in one order after a link and in another at a later start.
        let steps = [level.account.is_some(), on_line, level.synced, level.caught_up, level.subscribed];
        let far = u8::try_from(steps.iter().filter(|step| **step).count()).unwrap_or(u8::MAX);
        let back_online = level.online && !self.is_online();
        if far > self.furthest || back_online {
            self.progress_at = mono;
        }
        self.furthest = self.furthest.max(far);
        self.line_since = on_line.then(|| self.line_since.unwrap_or(mono));
        let loop_gone = level.comms == Some(false) && level.account.is_some() && !self.explained;
        self.comms_gone_since = loop_gone.then(|| self.comms_gone_since.unwrap_or(mono));
        self.level = Some(level.clone());
    }

    /// Whether everything that sending and receiving need is there at this moment.
    pub(super) fn is_whole(&self) -> bool {
        let complete = |level: &Level| level.synced && level.caught_up && level.subscribed;
        self.line_since.is_some() && self.level.as_ref().is_some_and(complete)
    }

    /// A first sync or a backlog has progressed: the deadline and the recovery of the connection start again. Repeated
    /// reports are no progress.
    pub(super) fn moved(&mut self, progress: Progress, mono: Duration) {
        let same =
            |last: &Progress| (&last.step, last.done, last.total) == (&progress.step, progress.done, progress.total);
        if progress.done.is_some() && self.progress.as_ref().is_some_and(same) {
            return;
        }
        self.progress = Some(progress);
        self.progress_at = mono;
        self.be_patient(mono);
    }

    /// The page is working on its connection: its time starts again.
    pub(super) fn be_patient(&mut self, mono: Duration) {
        if let Some(lost) = &mut self.lost {
            lost.up_since = lost.up_since.map(|_| mono);
            lost.step = Step::Waited;
        }
    }
}
