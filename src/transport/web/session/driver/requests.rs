//! Requests to the session, and the callers that wait for an answer.

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::domain::state::{Reason, State};
use crate::transport::web::session::handle::{Connected, LoggedOut, PairingCode, Reply, Request, SessionError};
use crate::transport::web::session::machine::Input;
use crate::transport::web::whatsapp::PageError;

use super::{Done, Driver, Slot};

/// A logout in progress: the page was asked, and its confirmation is awaited.
pub(super) struct LogOut {
    pub(super) until: Instant,
    force: bool,
    reply: Reply<LoggedOut>,
}

impl Driver {
    // Sending a reply fails if the caller no longer waits; that is ignored.
    pub(super) fn serve(&mut self, request: Request) {
        match request {
            // The profile is being removed.
            Request::Connect(reply) if self.wipe => drop(reply.send(Err(SessionError::Busy))),
            Request::Connect(reply) => {
                let already = self.machine.view().active;
                self.feed(Input::Connect);
                let _ = reply.send(Ok(Connected { already }));
            }
            Request::Disconnect(reply) => {
                self.feed(Input::Disconnect(Reason::Operator));
                self.when_at_rest(move || drop(reply.send(Ok(()))));
            }
            Request::SendsUnconfirmed => self.feed(Input::SendsUnconfirmed),
            Request::LogOut { force, reply } => self.log_out(force, reply),
            Request::DropPairingCode(reply) => {
                let Some(reply) = self.in_state(State::QrRequired, reply) else { return };
                self.feed(Input::PairingCodeDropped);
                let _ = reply.send(Ok(()));
            }
            Request::PairingCode { phone, reply } => {
                let Some(reply) = self.in_state(State::QrRequired, reply) else { return };
                let (clock, life) = (self.parts.clock.clone(), self.parts.timings.pairing_code);
                self.with_page(move |page| async move {
                    let given = page.pairing_code(&phone).await;
                    let given = given.map(|code| PairingCode { code, expires_at: clock.now().plus(life) });
                    let is_given = given.is_ok();
                    let _ = reply.send(given.map_err(Into::into));
                    is_given.then_some(Done::PairingCodeGiven)
                });
            }
        }
    }

    /// Returns the reply if the session is in the state that the request needs; otherwise answers with an error.
    fn in_state<T>(&self, needed: State, reply: Reply<T>) -> Option<Reply<T>> {
        let state = self.machine.view().state;
        if state == needed && matches!(self.slot, Slot::Running(_)) {
            return Some(reply);
        }
        let refusal = match needed {
            State::QrRequired => SessionError::NotWaitingForLink(state),
            _ => SessionError::NotReady(state),
        };
        let _ = reply.send(Err(refusal));
        None
    }

    fn when_at_rest(&mut self, act: impl FnOnce() + Send + 'static) {
        let (rest, at_rest) = oneshot::channel();
        self.at_rest.push(rest);
        tokio::spawn(async move {
            // The sender is dropped if the driver ends first; then nothing is left to wait for either.
            let _ = at_rest.await;
            act();
        });
        self.after();
    }

    fn log_out(&mut self, force: bool, reply: Reply<LoggedOut>) {
        let view = self.machine.view();
        let connected = view.connected && view.account.is_some();
        if !connected && !force {
            let _ = reply.send(Err(SessionError::NotConnected));
        } else if self.logging_out.is_some() || self.wipe {
            let _ = reply.send(Err(SessionError::Busy));
        } else {
            let until = Instant::now() + self.parts.timings.page_call + self.parts.timings.unlink_grace;
            self.logging_out = Some(LogOut { until, force, reply });
            if connected {
                self.with_page(|page| async move {
                    // A successful logout may make the page go away before it answers.
                    let refused = page.log_out().await.is_err_and(|error| !matches!(error, PageError::Lost(_)));
                    refused.then_some(Done::LogOutFailed)
                });
            } else {
                self.remove_login(true);
            }
        }
    }

    pub(super) fn log_out_failed(&mut self) {
        if self.logging_out.as_ref().is_some_and(|log_out| log_out.force) {
            self.remove_login(true);
        } else if let Some(log_out) = self.logging_out.take() {
            let _ = log_out.reply.send(Err(SessionError::NotUnlinked));
        }
    }

    /// Brings the session to rest, and then removes the login.
    fn remove_login(&mut self, phone_still_lists: bool) {
        let Some(LogOut { reply, .. }) = self.logging_out.take() else { return };
        self.wipe = true;
        self.feed(Input::Disconnect(Reason::LoggedOut));
        let (profile, results, generation) = (self.parts.profile.clone(), self.results_tx.clone(), self.generation);
        self.when_at_rest(move || {
            tokio::spawn(async move {
                let wiped = tokio::task::spawn_blocking(move || profile.wipe()).await;
                let answer = match wiped.map_err(std::io::Error::other).flatten() {
                    Ok(()) => Ok(LoggedOut { phone_still_lists }),
                    Err(error) => Err(SessionError::NotRemoved(error)),
                };
                let _ = results.send((generation, Done::Wiped(answer.is_ok()))).await;
                let _ = reply.send(answer);
            });
        });
    }

    pub(super) fn wiped(&mut self, gone: bool) {
        self.wipe = false;
        if gone {
            self.feed(Input::LoginRemoved);
        } else {
            self.after();
        }
    }

    /// The page reports that its login is gone, which completes a logout. `told` is false if WhatsApp's server did not
    /// answer the page in time: then the page has only cleared its own storage, and the phone still lists the device.
    pub(super) fn page_unlinked(&mut self, told: bool) {
        if self.logging_out.is_some() {
            self.remove_login(!told);
        }
    }

    /// Answers the callers whose condition is met.
    pub(super) fn settle_waiting(&mut self) {
        let view = self.machine.view();
        if let Some(log_out) = &self.logging_out {
            let unlinked = view.state == State::Disconnected && view.reason == Some(Reason::LoggedOut);
            let late = Instant::now() >= log_out.until;
            // The page clears its storage and is closed after that, so nothing is removed while it runs. The page has
            // not said that WhatsApp's server answered, so the phone may still list the device.
            if unlinked && (late || self.machine.is_at_rest()) {
                self.remove_login(true);
            } else if late {
                self.log_out_failed();
            }
        }
        if self.machine.is_at_rest() || self.machine.view().active {
            for waiting in self.at_rest.drain(..) {
                let _ = waiting.send(());
            }
        }
    }
}
