//! The recipient of a message: found in the form that WhatsApp knows, permitted, and with an id for the message.

use std::time::Duration;

use super::left;
use super::{Sender, Sending, not_stored};
use crate::domain::address::{ChatId, Server};
use crate::domain::via::Via;
use crate::outbound::SendError;
use crate::outbound::ledger::Ledger;
use crate::outbound::new_contacts::FirstMessage;
use crate::outbound::people::names_of;
use crate::transport::{Reservation, Restriction, Transport};

/// The wait that the caller is told if WhatsApp does not say when a limit on new chats ends.
const RESTRICTED_AGAIN: Duration = Duration::from_secs(3600);

impl<T: Transport, L: Ledger> Sender<T, L> {
    /// Resolves the recipient and reserves an id. A number that WhatsApp denies is asked for in its country's second form.
    pub(super) async fn reserve(
        &self,
        sending: &mut Sending,
    ) -> Result<(Reservation, Option<FirstMessage>), SendError> {
        sending.turn.asks();
        let to = sending.outgoing.to.clone();
        let denied = match self.reserve_for(sending, &to).await {
            Err(SendError::NotOnWhatsApp) => SendError::NotOnWhatsApp,
            result => return result,
        };
        let Some(second) = to.second_form() else { return Err(denied) };
        let (mut reservation, first) = self.reserve_for(sending, &second).await?;
        // The answer and the log name the number that was reached.
        reservation.phone.get_or_insert_with(|| second.user().to_owned());
        Ok((reservation, first))
    }

    /// WhatsApp's server is asked about a number that the page does not know, but only if a first message is permitted.
    async fn reserve_for(
        &self,
        sending: &Sending,
        to: &ChatId,
    ) -> Result<(Reservation, Option<FirstMessage>), SendError> {
        self.refuse_opted_out(self.people.names(to).await).await?;
        let mut known = self.transport.recipient(to).await?;
        known.talked = self.has_talked(to, known.talked).await?;
        let first = self.first(sending, known.talked, known.restricted)?;
        let mut reservation = self.transport.reserve(to, left(sending.deadline)).await?;
        if self.transport.via() == Via::Cloud {
            reservation.recipient.talked = known.talked;
        }
        let names = [Some(reservation.chat_id.clone()), reservation.phone.clone()];
        self.refuse_opted_out(names.into_iter().flatten().collect()).await?;
        let now = &reservation.recipient;
        match now.restricted.filter(|_| !known.is_known) {
            Some(restricted) => drop(self.first(sending, now.talked, Some(restricted))?),
            None if now.talked => return Ok((reservation, None)),
            None => {}
        }
        Ok((reservation, first))
    }

    /// Whether this account and the recipient have written to each other. The page knows; of what went by the Cloud API the log
    /// knows as far back as `RETENTION_DAYS`.
    async fn has_talked(&self, to: &ChatId, says_the_way: bool) -> Result<bool, SendError> {
        if self.transport.via() == Via::Web || !self.new_contacts.are_counted() {
            return Ok(says_the_way);
        }
        self.ledger.has_talked(names_of(to)).await.map_err(not_stored)
    }

    /// Refuses a recipient who wants no further messages. Where that cannot be looked up, nothing is sent either.
    async fn refuse_opted_out(&self, names: Vec<String>) -> Result<(), SendError> {
        if self.ledger.has_opted_out(names).await.map_err(not_stored)? { Err(SendError::OptedOut) } else { Ok(()) }
    }

    /// Permission for a first message to somebody, if this is one: WhatsApp's own limits come first, then the daily
    /// cap.
    fn first(
        &self,
        sending: &Sending,
        talked: bool,
        restricted: Option<Restriction>,
    ) -> Result<Option<FirstMessage>, SendError> {
        if talked || sending.outgoing.to.server() == Server::Group {
            return Ok(None);
        }
        if let Some(Restriction { until_s }) = restricted {
            let now = self.clock.now().as_millis() / 1000;
            let wait = until_s.map_or(RESTRICTED_AGAIN, |until| Duration::from_secs(until.saturating_sub(now)));
            return Err(SendError::NewChatsRestricted { retry_after: wait });
        }
        self.new_contacts.first(sending.turn.day(), self.clock.now())
    }
}
