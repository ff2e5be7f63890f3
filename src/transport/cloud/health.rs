//! Whether the Cloud API can be used: the number is asked for now and then, and a call that is refused tells of it too.

use std::mem::discriminant;

use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::client::{CALL, Client};
use super::errors;
use super::shapes::PhoneNumber;
use crate::transport::NothingLeft;

/// What is known of the token and the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Nothing was asked yet.
    #[default]
    Unknown,
    Good(Number),
    /// Meta shows the number, and says that it sends nothing; why. A person has to see to it at Meta.
    Disabled(Number, &'static str),
    /// A person has to give the service another token.
    Unauthorized(String),
    /// Meta cannot be reached, or answers nothing of use.
    Unreachable(String),
}

/// The number that sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Digits only.
    pub phone: Option<String>,
    pub name: Option<String>,
    /// Meta's word for how people take its messages: GREEN, YELLOW, RED.
    pub quality: Option<String>,
    /// The version in which Meta answered: another than the one asked for, where that has reached its end.
    pub version: Option<String>,
    /// The time at Meta's server when it answered, in seconds since the epoch.
    pub server_time: Option<u64>,
}

/// What is known, and what it is known from.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub health: Health,
    /// When a call was refused because of the token, while the number is shown with the same token: a permission is missing. None
    /// once a message was taken, and where the number is not shown either.
    refused_at: Option<Instant>,
}

impl Client {
    /// Looks at the token and the number now and then: often while the token is not good, so that a good one is noticed.
    pub async fn watch(self, stop: CancellationToken) {
        loop {
            let mut known = self.0.known.subscribe();
            let is_good = matches!(self.look().await, Health::Good(_));
            let pause = if is_good { self.0.timings.cloud_look } else { self.0.timings.cloud_look_again };
            let mut beat = tokio::time::interval_at(Instant::now() + pause, pause);
            beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
            known.mark_unchanged();
            tokio::select! {
                () = stop.cancelled() => return,
                _ = beat.tick() => {}
                // A refused message tells of a bad token before the next look.
                _ = known.wait_for(|known| matches!(known.health, Health::Unauthorized(_))), if is_good => {}
            }
        }
    }

    /// Asks for the number, and remembers what the answer says. A call that was refused counts for more than a number that is
    /// shown, because showing it needs another permission: for a while nothing is sent, and then the next message tells.
    pub async fn look(&self) -> Health {
        let looked = self.ask().await;
        self.note(|known| match (&looked, known.refused_at) {
            (Health::Unauthorized(_), _) => Known { health: looked, refused_at: None },
            (_, Some(at)) if at.elapsed() < self.0.timings.cloud_refused => known,
            _ => Known { health: looked, refused_at: None },
        })
    }

    /// Asks for the number.
    pub async fn ask(&self) -> Health {
        let url = self.url(&format!(
            "{}?fields=display_phone_number,verified_name,quality_rating,status",
            self.0.settings.phone_number_id
        ));
        match self.call(self.0.http.get(url), CALL).await {
            Err(no_answer) => Health::Unreachable(no_answer.words()),
            Ok(answer) if answer.status.is_success() => match answer.read::<PhoneNumber>() {
                Some(number) => {
                    let disabled = number.status.as_deref().and_then(disabled);
                    let number = Number {
                        phone: number
                            .display_phone_number
                            .map(|text| text.chars().filter(char::is_ascii_digit).collect()),
                        name: number.verified_name,
                        quality: number.quality_rating,
                        version: answer
                            .headers
                            .get("facebook-api-version")
                            .and_then(|v| v.to_str().ok())
                            .map(str::to_owned),
                        server_time: answer.server_time(),
                    };
                    match disabled {
                        Some(why) => Health::Disabled(number, why),
                        None => Health::Good(number),
                    }
                }
                None => Health::Unreachable("its answer is no JSON of Meta's".to_owned()),
            },
            Ok(answer) => match errors::nothing_left(answer.status.as_u16(), answer.error().as_ref(), None) {
                Some(NothingLeft::Unauthorized(why)) => Health::Unauthorized(why),
                Some(refusal) => Health::Unreachable(refusal.to_string()),
                None => Health::Unreachable(format!("it answers {}", answer.status.as_u16())),
            },
        }
    }

    /// Notes that a call was refused because of the token, `by_meta` or by a proxy in between.
    pub(super) fn note_refused(&self, why: &str, by_meta: bool) {
        self.note(|known| {
            // Where the number is not shown either, the next look that shows it tells that the token is good again. It also tells
            // that a proxy said nothing of the token.
            let is_shown = known.refused_at.is_some() || !matches!(known.health, Health::Unauthorized(_));
            let refused_at = (is_shown && by_meta).then(Instant::now).or(known.refused_at);
            Known { health: Health::Unauthorized(why.to_owned()), refused_at }
        });
    }

    /// Notes that a message was taken: the next look decides alone.
    pub(super) fn note_taken(&self) {
        self.0.known.send_if_modified(|known| known.refused_at.take().is_some());
    }

    /// Changes what is known, and tells the log of another state of health.
    fn note(&self, change: impl FnOnce(Known) -> Known) -> Health {
        let (mut before, mut after) = (Health::Unknown, Health::Unknown);
        self.0.known.send_modify(|known| {
            before = known.health.clone();
            *known = change(std::mem::take(known));
            after = known.health.clone();
        });
        if discriminant(&before) != discriminant(&after) {
            tell(&after);
        }
        after
    }
}

fn tell(health: &Health) {
    match health {
        Health::Good(_) => tracing::info!("the Cloud API accepts the token"),
        Health::Unauthorized(why) => {
            tracing::error!(why, "nothing is sent by the Cloud API until there is a good token")
        }
        Health::Disabled(_, why) => tracing::error!(why, "the Cloud API sends nothing for the number"),
        Health::Unreachable(why) => tracing::warn!(why, "the Cloud API cannot be reached"),
        Health::Unknown => {}
    }
}

/// Why a number with this status sends nothing; None where it sends, be it less than it could. The words are those of Meta's
/// field `status` of a phone number.
fn disabled(status: &str) -> Option<&'static str> {
    Some(match status {
        "BANNED" => "Meta has banned the number",
        "DELETED" => "the number was deleted at Meta",
        "DISCONNECTED" => "the number is not connected to the Cloud API (any more): register it there",
        "MIGRATED" => "the number was moved to another account at Meta",
        "PENDING" => "the number is not registered at the Cloud API yet: register it there",
        _ => return None,
    })
}
