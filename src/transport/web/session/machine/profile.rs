//! The folder of the profile, which may become unusable at any time: its disk is full, or somebody changed its owner.
//!
//! ```text
//! looked at while a browser runs ──trouble──► told in `detail`, and nothing is done: the page goes on
//! found at a launch ──trouble──► ERROR, and looked at often; once it is mended the launch is tried again at once
//! ```

use crate::domain::state::{Reason, State};

use super::{Machine, Now, Phase};

/// A folder in trouble is looked at this many times as often as a sound one.
const OFTENER: u32 = 6;

impl Machine {
    /// Trying again does not help before somebody has mended the folder, so no attempts are counted.
    pub(super) fn profile_unusable(&mut self, why: String, now: Now) {
        // A launch that was called off is followed by `Closed`.
        if matches!(self.phase, Phase::Launching) {
            self.fail(Reason::BrowserLaunchFailed, why.clone(), now);
            // What a launch would find is seen without one, and nobody is told of launches that cannot succeed.
            self.phase = Phase::Failed { retry_at: None };
            self.note_profile(Some(why), now);
        }
    }

    pub(super) fn profile_looked(&mut self, trouble: Option<String>, now: Now) {
        let is_mended = self.profile_trouble.is_some() && trouble.is_none();
        self.note_profile(trouble, now);
        let waited_for = self.state == State::Error && self.reason.is_some_and(|reason| !reason.is_permanent());
        if is_mended && waited_for && matches!(self.phase, Phase::Failed { .. }) {
            self.try_again(now);
        }
    }

    /// A browser was started on it.
    pub(super) fn profile_is_sound(&mut self, now: Now) {
        self.note_profile(None, now);
    }

    fn note_profile(&mut self, trouble: Option<String>, now: Now) {
        let pause = if trouble.is_some() { self.timings.profile_look / OFTENER } else { self.timings.profile_look };
        (self.profile_trouble, self.profile_look) = (trouble, Some(now.mono + pause));
    }

    /// Whether the folder is to be looked at: a browser runs on it, or its trouble is what the session waits for.
    pub(super) fn minds_profile(&self) -> bool {
        match self.phase {
            Phase::Live(_) => true,
            Phase::Failed { .. } => self.profile_trouble.is_some(),
            _ => false,
        }
    }

    /// The sentence for people; while a browser runs, also what is wrong with the folder.
    pub(super) fn detail_with_profile(&self) -> String {
        match &self.profile_trouble {
            Some(trouble) if matches!(self.phase, Phase::Live(_)) && self.detail.is_empty() => trouble.clone(),
            Some(trouble) if matches!(self.phase, Phase::Live(_)) => format!("{} {trouble}", self.detail),
            _ => self.detail.clone(),
        }
    }
}
