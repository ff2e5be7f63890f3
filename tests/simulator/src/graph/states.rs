//! What a test makes the stand-in do: refuse, forget, be slow, and whom it lets write.

use std::time::{Duration, Instant};

use super::{Graph, GraphFault};

impl Graph {
    /// The next call of a message has this fault.
    pub fn fault(&self, fault: GraphFault) {
        self.shared.state().faults.push_back(fault);
    }

    /// The token that is good from now on.
    pub fn set_token(&self, token: &str) {
        token.clone_into(&mut self.shared.state().token);
    }

    /// The token shows the number and may not send, with this number for the reason; None: it may.
    pub fn forbid_sending(&self, code: Option<i64>) {
        self.shared.state().not_permitted = code;
    }

    /// The state of the number: CONNECTED, BANNED, PENDING.
    pub fn set_status(&self, status: &str) {
        status.clone_into(&mut self.shared.state().status);
    }

    /// Somebody wrote just now.
    pub fn open_window(&self, number: &str) {
        self.shared.state().windows.insert(number.to_owned(), Instant::now());
    }

    /// Everybody can be answered, as if all had just written.
    pub fn open_every_window(&self) {
        self.shared.state().is_open = true;
    }

    pub fn approve_template(&self, name: &str, values: usize) {
        self.shared.state().templates.insert(name.to_owned(), values);
    }

    pub fn set_not_on_whatsapp(&self, number: &str) {
        self.shared.state().not_on_whatsapp.insert(number.to_owned());
    }

    /// Uploads take so long from now on.
    pub fn slow_uploads(&self, span: Duration) {
        self.shared.state().upload = span;
    }

    /// Uploads are refused with this status and number from now on.
    pub fn refuse_uploads(&self, status: u16, code: i64) {
        self.shared.state().upload_refused = Some((status, code));
    }

    /// The next links of files lead to nothing.
    pub fn break_links(&self, count: usize) {
        self.shared.state().links_broken = count;
    }
}
