//! What others do besides writing: calls, changes of groups, names; and what the account's owner reads on the phone.

use crate::error::Error;
use crate::simulator::Simulator;

impl Simulator {
    /// Somebody calls the first account.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::BadNumber`].
    pub fn call(&self, from: &str, id: &str, video: bool) -> Result<(), Error> {
        self.with(|world| world.phone_of(None).and_then(|phone| world.call(&phone, from, id, video, None)))
    }

    /// The caller hangs up.
    ///
    /// # Errors
    /// As [`Simulator::call`].
    pub fn hang_up(&self, from: &str, id: &str) -> Result<(), Error> {
        self.with(|world| world.phone_of(None).and_then(|phone| world.call(&phone, from, id, false, Some("Missed"))))
    }

    /// Somebody (`by`) changes a group: `add`, `promote`… a member (`of`, a number), `leave`, `subject` (`of`, the text)…
    ///
    /// # Errors
    /// As [`Simulator::call`].
    pub fn change_group(&self, group: &str, what: &str, by: &str, of: Option<&str>) -> Result<(), Error> {
        self.with(|world| world.phone_of(None).and_then(|phone| world.change_group(&phone, group, what, by, of)))
    }

    /// Somebody takes another name.
    ///
    /// # Errors
    /// As [`Simulator::call`].
    pub fn rename(&self, number: &str, name: &str) -> Result<(), Error> {
        self.with(|world| world.phone_of(None).and_then(|phone| world.rename(&phone, number, name)))
    }

    /// The account's owner reads a chat on the phone.
    ///
    /// # Errors
    /// As [`Simulator::call`].
    pub fn read_on_phone(&self, number: &str) -> Result<(), Error> {
        self.with(|world| world.phone_of(None).and_then(|phone| world.read_on_phone(&phone, number)))
    }
}
