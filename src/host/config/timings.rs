//! Every span the service waits, in one place, so that tests can scale them together.

use std::time::Duration;

/// Where a figure is WhatsApp's or Chromium's, it was measured on the live page.
#[derive(Clone, Debug, PartialEq)]
pub struct Timings {
    /// From spawning Chrome to an attached page; a cold disk took 9 s.
    pub browser_start: Duration,
    /// A page that has not begun to arrive after this is not coming (an operator waits 30 s to be told why).
    pub page_commit: Duration,
    /// From the first byte to the document being complete, on a slow line.
    pub page_load: Duration,
    /// After a complete document the page keeps defining modules for a while; later than this they are missing.
    pub surface_settle: Duration,
    /// An evaluate that answers takes 1-2 ms on the live page.
    pub page_call: Duration,
    /// Between two proofs that the renderer answers.
    pub heartbeat: Duration,
    /// A renderer that does not answer within this, twice, is hung.
    pub heartbeat_deadline: Duration,
    /// Nothing moves towards READY for this long: stalled.
    pub progress: Duration,
    /// The same after a link: the page itself gives the first history and the critical data 180 s, then it unlinks.
    pub link_progress: Duration,
    /// A login that is refused shows a connected line for less than this, each time.
    pub ready_hold: Duration,
    /// A page without its connection loop, and nothing to explain that: the login is used elsewhere.
    pub conflict: Duration,
    /// What needs a person is looked at again this often: somebody may have mended it.
    pub look_again: Duration,
    /// The page brings its socket back by itself in 2-3 s.
    pub line_grace: Duration,
    /// With the network up: ask the page to reconnect, then reload it, then start the browser again.
    pub reconnect_after: Duration,
    pub reload_after: Duration,
    pub relaunch_after: Duration,
    /// A network found dead is tried again after this.
    pub probe_interval: Duration,
    pub probe_deadline: Duration,
    /// A session that stays well this long has recovered.
    pub stable: Duration,
    /// The first pause before a relaunch; doubled each time up to the maximum.
    pub backoff: Duration,
    pub backoff_max: Duration,
    /// How long the first code of a series and the later ones live.
    pub first_code: Duration,
    pub later_code: Duration,
    /// A pairing code is good for about three minutes.
    pub pairing_code: Duration,
    /// Between the page's word that it is being unlinked and its having cleared its storage: it gives WhatsApp's server
    /// 3 s of that, and then deletes its databases.
    pub unlink_grace: Duration,
    /// `Browser.close` is followed by the exit in 0.1-0.3 s; a loaded machine took 3 s.
    pub browser_close: Duration,
    /// The first pause before a delivery that failed is made again, and the longest.
    pub delivery_backoff: Duration,
    pub delivery_backoff_max: Duration,
    /// How long new messages wait for those that were missed before them, so that they follow them.
    pub missed_hold: Duration,
    /// How long the page is asked for what was missed; it defines its modules for up to 20 s.
    pub missed_tries: Duration,
    /// How often the page's table of messages is looked at for what nobody told.
    pub missed_look: Duration,
    /// How often everything is looked at that may have changed in it.
    pub missed_again: Duration,
    /// How long a message waits for the phone number of its chat before its delivery is given up.
    pub phone_patience: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            browser_start: s(30),
            page_commit: s(25),
            page_load: s(60),
            surface_settle: s(20),
            page_call: s(15),
            heartbeat: s(15),
            heartbeat_deadline: s(10),
            progress: s(120),
            link_progress: s(200),
            ready_hold: s(2),
            conflict: s(20),
            look_again: s(3600),
            line_grace: s(5),
            reconnect_after: s(60),
            reload_after: s(180),
            relaunch_after: s(300),
            probe_interval: s(15),
            probe_deadline: s(5),
            stable: s(60),
            backoff: s(1),
            backoff_max: s(30),
            first_code: s(60),
            later_code: s(20),
            pairing_code: s(180),
            unlink_grace: s(15),
            browser_close: s(5),
            delivery_backoff: s(1),
            delivery_backoff_max: s(300),
            missed_hold: s(60),
            missed_tries: s(30),
            missed_look: s(300),
            missed_again: s(3600),
            phone_patience: s(60),
        }
    }
}

impl Timings {
    /// What the page and the network are waited for, made shorter or longer by `factor`. What depends on the speed of
    /// this machine alone (starting and closing Chrome, a call into the page) stays.
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        let base = Self::default();
        let scale = |span: Duration| span.mul_f64(factor);
        Self {
            surface_settle: scale(base.surface_settle),
            heartbeat: scale(base.heartbeat),
            progress: scale(base.progress),
            link_progress: scale(base.link_progress),
            ready_hold: scale(base.ready_hold),
            conflict: scale(base.conflict),
            look_again: scale(base.look_again),
            line_grace: scale(base.line_grace),
            reconnect_after: scale(base.reconnect_after),
            reload_after: scale(base.reload_after),
            relaunch_after: scale(base.relaunch_after),
            probe_interval: scale(base.probe_interval),
            stable: scale(base.stable),
            backoff: scale(base.backoff),
            backoff_max: scale(base.backoff_max),
            first_code: scale(base.first_code),
            later_code: scale(base.later_code),
            pairing_code: scale(base.pairing_code),
            unlink_grace: scale(base.unlink_grace),
            delivery_backoff: scale(base.delivery_backoff),
            delivery_backoff_max: scale(base.delivery_backoff_max),
            missed_hold: scale(base.missed_hold),
            missed_tries: scale(base.missed_tries),
            missed_look: scale(base.missed_look),
            missed_again: scale(base.missed_again),
            phone_patience: scale(base.phone_patience),
            ..base
        }
    }
}
