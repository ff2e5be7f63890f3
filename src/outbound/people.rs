//! The names under which somebody may have asked for no further messages.

use std::time::Duration;

use crate::domain::address::{ChatId, Server};
use crate::domain::state::State;
use crate::transport::web::session::Handle;

/// The page answers from its memory, in milliseconds. One that hangs does not hold up what goes by the Cloud API.
const PATIENCE: Duration = Duration::from_secs(3);

/// Cheap to clone. Without a session nobody is asked.
#[derive(Clone, Default)]
pub(super) struct People(Option<Handle>);

impl People {
    pub(super) fn new(session: Handle) -> Self {
        Self(Some(session))
    }

    /// All names of a person: those of [`names_of`], and while a page is READY what it knows besides. Who writes under a LID whose
    /// number is unknown is kept under the LID alone, and the Cloud API knows people by number.
    pub(super) async fn names(&self, to: &ChatId) -> Vec<String> {
        let mut names = names_of(to);
        if matches!(to.server(), Server::Phone | Server::Lid) {
            for form in to.forms() {
                let Some([lid, phone]) = self.ask(&form).await else { break };
                names.extend(lid);
                let number = phone.and_then(|digits| ChatId::parse_recipient(&digits).ok());
                names.extend(number.map(|number| names_of(&number)).unwrap_or_default());
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The LID and the phone digits that the page knows for somebody; None if there is no page that answers. A blocked person has
    /// them too.
    async fn ask(&self, who: &ChatId) -> Option<[Option<String>; 2]> {
        let page = self.0.as_ref()?.page(State::Ready).ok()?;
        let person = tokio::time::timeout(PATIENCE, page.contact(who)).await.ok()?.ok()?;
        Some([person.lid, person.phone])
    }
}

/// The names under which a recipient may be known to the log. The Cloud API takes a number in any form that its country has, and
/// tells of the person by one of them only.
pub(super) fn names_of(to: &ChatId) -> Vec<String> {
    to.forms().flat_map(|form| [form.user().to_owned(), form.to_string()]).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn who_opted_out_under_one_form_of_the_number_is_found_under_every_other() {
        for (asked, opted_out) in [
            ("541122334455", "5491122334455"),
            ("5491122334455", "541122334455"),
            ("54111522334455", "541122334455"),
            ("525512345678", "5215512345678"),
            ("551187654321", "5511987654321"),
            ("16505551234", "16505551234"),
        ] {
            let names = names_of(&ChatId::parse_recipient(asked).unwrap());
            assert!(names.contains(&opted_out.to_owned()), "{asked}: {names:?}");
        }
        let lid = ChatId::parse("22300000000001@lid").unwrap();
        assert!(names_of(&lid).contains(&"22300000000001@lid".to_owned()));
    }
}
