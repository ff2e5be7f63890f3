//! The requests of one page that the service answers itself. Only this file uses the protocol's Fetch domain.
//!
//! Chrome pauses each request that matches one of the patterns and reports it; the task of this file answers every
//! report, because a request without an answer stays paused for ever. All other requests pass without a round trip.
//!
//! ```text
//! patterns (Handling::params) ──► Chrome ──paused──► reader of the pipe ──own queue──► task ──fail, continue──► Chrome
//! ```

use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::fetch::{
    ContinueRequestParams, DisableParams, EnableParams, FailRequestParams, RequestPattern,
};
use chromiumoxide_cdp::cdp::browser_protocol::network::{ErrorReason, ResourceType};
use serde::Deserialize;
use tokio::sync::watch;

use crate::host::byte_queue;

use super::tab::Tab;
use super::{CallError, Event, Losses, WeakConnection};

/// The prefix of the events that this file handles.
pub(super) const DOMAIN: &str = "Fetch.";
/// Bytes of reports on their way to the task: some 2,000 paused requests at once, more than any page makes.
pub(super) const QUEUE: u32 = 4 << 20;
/// The deadline of an answer; Chrome takes each within a millisecond.
const ANSWER: Duration = Duration::from_secs(10);
const PAUSED: &str = "Fetch.requestPaused";

/// The parts of the interface that only a person looks at, by type and place. Nothing else is blocked: what the page
/// decrypts itself has `blob:` and `data:` addresses, its encrypted media are no images to Chrome, and its scripts,
/// styles and workers are never among these types.
const FOR_EYES: [(ResourceType, &str); 7] = [
    (ResourceType::Image, "*://static.whatsapp.net/*"),
    (ResourceType::Font, "*://static.whatsapp.net/*"),
    (ResourceType::Media, "*://static.whatsapp.net/*"),
    (ResourceType::Image, "*://static.xx.fbcdn.net/*"),
    (ResourceType::Font, "*://static.xx.fbcdn.net/*"),
    (ResourceType::Media, "*://static.xx.fbcdn.net/*"),
    // The pictures of people and groups; whoever asks for them by the page's scripts gets them.
    (ResourceType::Image, "*://pps.whatsapp.net/*"),
];
/// What is blocked of the page's own origin. Its service worker streams decrypted media from there, so media pass.
const FOR_EYES_OF_ORIGIN: [ResourceType; 2] = [ResourceType::Image, ResourceType::Font];

/// What the service does with requests of the page.
#[derive(Clone, Debug, Default)]
pub struct Handling {
    /// The page's origin, if nobody looks at the page: what is only looked at is not loaded.
    pub unseen: Option<String>,
}

impl Handling {
    /// The patterns of the requests that Chrome pauses; None if it has to pause none.
    fn params(&self) -> Option<EnableParams> {
        let pattern = |(kind, place): (ResourceType, String)| RequestPattern {
            url_pattern: Some(place),
            resource_type: Some(kind),
            request_stage: None,
        };
        let origin = self.unseen.as_ref()?;
        let elsewhere = FOR_EYES.into_iter().map(|(kind, place)| (kind, place.to_owned()));
        let here = FOR_EYES_OF_ORIGIN.into_iter().map(|kind| (kind, format!("{origin}/*")));
        let patterns = elsewhere.chain(here).map(pattern).collect();
        Some(EnableParams { patterns: Some(patterns), handle_auth_requests: None })
    }

    fn answer(&self, paused: &Paused) -> Answer {
        let for_eyes = matches!(paused.resource_type.as_str(), "Image" | "Font" | "Media");
        if self.unseen.is_some() && for_eyes { Answer::Block } else { Answer::Continue }
    }
}

/// A paused request. The protocol's own type is not used: a kind of resource that it does not know would make the
/// report unreadable, and the request would stay paused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused {
    request_id: String,
    resource_type: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Continue,
    Block,
}

/// Lets Chrome pause what is to be handled, and starts the task that answers. The task ends with the connection.
pub(super) async fn handle(
    tab: &Tab,
    handling: Handling,
    events: byte_queue::Receiver<Event>,
    losses: watch::Receiver<Losses>,
) -> Result<(), CallError> {
    let Some(params) = handling.params() else { return Ok(()) };
    tab.call(params.clone(), ANSWER).await?;
    let task = Task { connection: tab.connection.downgrade(), session: tab.session.clone(), handling, params };
    tokio::spawn(task.run(events, losses));
    Ok(())
}

struct Task {
    /// The task must not keep the pipe open.
    connection: WeakConnection,
    session: String,
    handling: Handling,
    params: EnableParams,
}

impl Task {
    async fn run(self, mut events: byte_queue::Receiver<Event>, losses: watch::Receiver<Losses>) {
        let mut lost = 0;
        while let Some(event) = events.recv().await {
            let Some(tab) = self.tab() else { return };
            if event.session.as_deref() == Some(&self.session)
                && let Err(error) = self.answer(&tab, &event).await
            {
                // The page may have given the request up meanwhile.
                tracing::debug!(%error, "a paused request of the page could not be answered");
            }
            let known = std::mem::replace(&mut lost, losses.borrow().requests);
            if lost > known {
                self.release(&tab).await;
            }
        }
    }

    fn tab(&self) -> Option<Tab> {
        Some(Tab { connection: self.connection.upgrade()?, session: self.session.clone() })
    }

    async fn answer(&self, tab: &Tab, event: &Event) -> Result<(), CallError> {
        if event.method != PAUSED {
            return Ok(());
        }
        let paused: Paused = serde_json::from_str(event.params.get())?;
        match self.handling.answer(&paused) {
            Answer::Continue => tab.call(ContinueRequestParams::new(paused.request_id), ANSWER).await.map(|_| ()),
            Answer::Block => {
                let blocked = FailRequestParams::new(paused.request_id, ErrorReason::BlockedByClient);
                tab.call(blocked, ANSWER).await.map(|_| ())
            }
        }
    }

    /// Reports were lost, so requests would stay paused for ever: Chrome lets all of them go when it stops pausing.
    async fn release(&self, tab: &Tab) {
        tracing::warn!("more requests of the page waited than the service keeps: all of them are let go");
        let released = async {
            tab.call(DisableParams::default(), ANSWER).await?;
            tab.call(self.params.clone(), ANSWER).await.map(|_| ())
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "paused requests of the page could not be let go");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn paused(kind: &str) -> Paused {
        Paused { request_id: "1".to_owned(), resource_type: kind.to_owned() }
    }

    #[test]
    fn a_page_that_a_person_looks_at_is_left_alone() {
        assert!(Handling::default().params().is_none());
        assert_eq!(Handling::default().answer(&paused("Image")), Answer::Continue);
    }

    #[test]
    fn only_what_is_looked_at_is_paused_and_every_pattern_has_a_type_and_a_place_on_the_network() {
        let unseen = Handling { unseen: Some("https://web.whatsapp.com".to_owned()) };
        let patterns = unseen.params().unwrap().patterns.unwrap();
        for pattern in &patterns {
            let kind = pattern.resource_type.clone().unwrap();
            assert!(matches!(kind, ResourceType::Image | ResourceType::Font | ResourceType::Media), "{kind:?}");
            assert!(pattern.url_pattern.as_ref().unwrap().contains("://"), "{pattern:?}");
        }
        let media = |pattern: &&RequestPattern| pattern.resource_type == Some(ResourceType::Media);
        let of_origin = |pattern: &RequestPattern| pattern.url_pattern.as_ref().unwrap().contains("web.whatsapp");
        assert!(!patterns.iter().filter(media).any(of_origin), "the service worker streams decrypted media there");
        assert_eq!(unseen.answer(&paused("Font")), Answer::Block);
        for kind in ["Document", "Script", "Stylesheet", "XHR", "Fetch", "Other", "SomethingNew"] {
            assert_eq!(unseen.answer(&paused(kind)), Answer::Continue, "{kind}");
        }
    }
}
