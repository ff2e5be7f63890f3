//! Every span that the service waits, in one place, so that tests can scale them together.

use std::time::Duration;

/// Figures about WhatsApp or Chromium were measured on the live page.
#[derive(Clone, Debug, PartialEq)]
pub struct Timings {
    /// From the start of Chrome to an attached page; from a cold disk it took 9 s.
    pub browser_start: Duration,
    /// A page that has not begun to arrive by then will not come (an operator waits 30 s for the reason).
    pub page_commit: Duration,
    /// From the first byte to the complete document, on a slow connection.
    pub page_load: Duration,
    /// After its document is complete a page goes on defining modules; later than this they count as missing.
    pub surface_settle: Duration,
    /// The deadline of a call to the page; on the live page an evaluate takes 1-2 ms.
    pub page_call: Duration,
    /// The time between two heartbeats of the renderer.
    pub heartbeat: Duration,
    /// A renderer that twice does not answer within this time is hung.
    pub heartbeat_deadline: Duration,
    /// How often the folder of the profile is looked at while a browser runs on it.
    pub profile_look: Duration,
    /// How often the size of the profile is measured.
    pub profile_size: Duration,
    /// How often the memory of the browser is measured, if it has a limit.
    pub memory_look: Duration,
    /// The least time between two restarts of the browser because of its memory.
    pub recycle_pause: Duration,
    /// If nothing progresses towards READY for this long, the session is stalled.
    pub progress: Duration,
    /// The same after a link: the page waits 180 s for the first history and the critical data, then it unlinks
    /// itself.
    pub link_progress: Duration,
    /// A login that is refused shows a connection for less than this at each attempt.
    pub ready_hold: Duration,
    /// A page that lacks its connection loop this long, without explanation: the login is used elsewhere.
    pub conflict: Duration,
    /// The pause before an error that needs a person is tried again: somebody may have fixed the cause.
    pub look_again: Duration,
    /// The page reconnects its socket by itself in 2-3 s.
    pub line_grace: Duration,
    /// With the network up: the service asks the page to reconnect, then reloads it, then starts the browser again.
    pub reconnect_after: Duration,
    pub reload_after: Duration,
    pub relaunch_after: Duration,
    /// The pause before an unreachable network is probed again.
    pub probe_interval: Duration,
    pub probe_deadline: Duration,
    /// A session that stays well this long has recovered.
    pub stable: Duration,
    /// The first pause before a relaunch; it doubles each time, up to the maximum.
    pub backoff: Duration,
    pub backoff_max: Duration,
    /// How long the first code of a series and the later codes are valid.
    pub first_code: Duration,
    pub later_code: Duration,
    /// A pairing code is valid for about three minutes.
    pub pairing_code: Duration,
    /// The time between the page's report that it is being unlinked and its cleared storage: the page waits up to 3 s
    /// for WhatsApp's server, and then deletes its databases.
    pub unlink_grace: Duration,
    /// After `Browser.close` Chrome exits within 0.1-0.3 s; on a loaded machine it took 3 s.
    pub browser_close: Duration,
    /// The first pause before a failed delivery is repeated, and the longest pause.
    pub delivery_backoff: Duration,
    pub delivery_backoff_max: Duration,
    /// How long new messages wait for missed messages, so that the missed ones come first, while the page tells none of them.
    pub missed_hold: Duration,
    /// How long the page is asked for missed messages; it defines its modules for up to 20 s.
    pub missed_tries: Duration,
    /// How often the page's table of messages is read for messages without an event.
    pub missed_look: Duration,
    /// How often all rows that may have changed are read again.
    pub missed_again: Duration,
    /// How long a message waits for the phone number of its chat before its delivery is given up.
    pub phone_patience: Duration,
    /// The page ends the download of a file of which nothing came for this long.
    pub file_stall: Duration,
    /// How long the phone may take to upload a file again.
    pub file_phone: Duration,
    /// The first pause before a file is tried again; it doubles with each failure, up to the longest. With 24 tries these take
    /// some four days: WhatsApp's links are valid for two weeks, and a phone that was off for days uploads again.
    pub file_again: Duration,
    pub file_again_max: Duration,
    /// How long nothing is fetched after the disk had no room.
    pub file_no_room: Duration,
    /// The pause before a page that could not be told whose presence to follow is told again.
    pub follow_again: Duration,
    /// The time that a message under a key has from its dispatch on, however long its file took.
    pub dispatch: Duration,
    /// How often the Cloud API is asked about the token and the number while it takes messages, and while it does not.
    pub cloud_look: Duration,
    pub cloud_look_again: Duration,
    /// How long nothing is sent by the Cloud API after it refused the token for a message, although it takes the token otherwise.
    pub cloud_refused: Duration,
    /// An upload to the Cloud API of which nothing left for this long has ended.
    pub cloud_stall: Duration,
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
            profile_look: s(30),
            profile_size: s(600),
            memory_look: s(60),
            recycle_pause: s(600),
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
            file_stall: s(60),
            file_phone: s(60),
            file_again: s(30),
            file_again_max: s(6 * 3600),
            file_no_room: s(30),
            follow_again: s(30),
            dispatch: s(10),
            cloud_look: s(300),
            cloud_look_again: s(15),
            cloud_refused: s(300),
            cloud_stall: s(60),
        }
    }
}

impl Timings {
    /// All waits for the page and the network, multiplied by `factor`. Waits that depend only on the speed of this
    /// machine (starting and closing Chrome, a call into the page) stay unchanged.
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        let base = Self::default();
        let scale = |span: Duration| span.mul_f64(factor);
        Self {
            surface_settle: scale(base.surface_settle),
            heartbeat: scale(base.heartbeat),
            profile_look: scale(base.profile_look),
            profile_size: scale(base.profile_size),
            memory_look: scale(base.memory_look),
            recycle_pause: scale(base.recycle_pause),
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
            file_stall: scale(base.file_stall),
            file_phone: scale(base.file_phone),
            file_again: scale(base.file_again),
            file_again_max: scale(base.file_again_max),
            file_no_room: scale(base.file_no_room),
            follow_again: scale(base.follow_again),
            cloud_look: scale(base.cloud_look),
            cloud_look_again: scale(base.cloud_look_again),
            cloud_refused: scale(base.cloud_refused),
            ..base
        }
    }
}
