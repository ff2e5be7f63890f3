//! Publishes the session after each step: the snapshot, with the pictures of the code.

use std::sync::Arc;

use crate::transport::web::session::code::{self, LinkCode};
use crate::transport::web::session::machine::Code;
use crate::transport::web::session::snapshot::Snapshot;

use super::{Done, Driver};

impl Driver {
    /// Follows every input: draws a new code, answers waiting callers, publishes the snapshot.
    pub(super) fn after(&mut self) {
        // This comes first because it may move the session once more.
        self.settle_waiting();
        let view = self.machine.view();
        self.draw(view.code.as_ref());
        let code = view.code.as_ref().and_then(|shown| {
            let (drawn, pictures) = self.code.as_ref()?;
            pictures.clone().filter(|_| drawn == shown)
        });
        let version = self.browser_version.clone().filter(|_| view.active);
        let last = Arc::clone(&self.snapshot.borrow());
        let mut next = Snapshot::new(last.n, view, code, version);
        if next != *last {
            next.n += 1;
            self.snapshot.send_replace(Arc::new(next));
        }
    }

    fn draw(&mut self, code: Option<&Code>) {
        let Some(code) = code else {
            self.code = None;
            return;
        };
        let known = self.code.as_ref().is_some_and(|(drawn, _)| drawn == code) || self.drawing.as_ref() == Some(code);
        if known {
            return;
        }
        self.drawing = Some(code.clone());
        let code = code.clone();
        self.start(async move {
            let drawn = tokio::task::spawn_blocking(move || code::render(&code)).await;
            let drawn = drawn.map_err(|error| error.to_string()).and_then(|drawn| drawn.map_err(|e| e.to_string()));
            Some(Done::Drawn(drawn.inspect_err(|error| tracing::error!(error, "the code could not be drawn")).ok()))
        });
    }

    pub(super) fn drawn(&mut self, drawn: Option<LinkCode>) {
        // The pictures of an older code may arrive after a newer code was requested.
        let ours = |code: &mut Code| drawn.as_ref().is_none_or(|drawn| drawn.generated_at == code.generated_at);
        if let Some(code) = self.drawing.take_if(ours) {
            // A code that cannot be drawn is stored without pictures, or it would be tried for ever.
            self.code = Some((code, drawn.map(Arc::new)));
        }
        self.after();
    }
}
