//! The turn of a send: when it may go, and why not.

use tokio::time::Instant;

use super::pacing::Refusal;
use super::queue::{Turn, until_tomorrow};
use super::{Outbound, SendError};
use crate::domain::via::Via;

impl Outbound {
    /// Waits for the send's turn, and checks admission again when it comes.
    pub(super) async fn turn(&self, arrived: Instant, via: Via) -> Result<Turn, SendError> {
        let latest = self.latest(arrived);
        let turn = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(SendError::Stopping),
            turn = self.queue.turn(latest) => turn,
        };
        let turn = turn.map_err(|refusal| refusal.map_or(SendError::Stopping, |refusal| self.limited(refusal)))?;
        self.availability_via(via).await.admit()?;
        Ok(turn)
    }

    fn limited(&self, refusal: Refusal) -> SendError {
        let (why, retry_after) = match refusal {
            Refusal::TooLate(wait) => ("more is being sent than SEND_RATE_PER_MINUTE and SEND_PAUSE_MS allow", wait),
            Refusal::LineFull(wait) => ("SEND_QUEUE_MAX sends are waiting already", wait),
            Refusal::DayFull => ("SEND_DAILY_MAX messages were sent today", until_tomorrow(self.clock.now())),
        };
        SendError::RateLimited { why, retry_after }
    }
}
