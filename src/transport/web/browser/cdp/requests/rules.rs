//! Which requests Chrome pauses, and what each is answered: pure decisions.

use std::sync::Arc;

use chromiumoxide_cdp::cdp::browser_protocol::fetch::{
    AuthChallengeResponseResponse, EnableParams, RequestPattern, RequestStage,
};
use chromiumoxide_cdp::cdp::browser_protocol::network::ResourceType;
use serde::Deserialize;
use url::Url;

use crate::host::config::ProxyLogin;

/// The parts of the interface that only a person looks at, by host and type. Nothing else is blocked: what the page
/// decrypts itself has `blob:` and `data:` addresses, its encrypted media are no images to Chrome, and its scripts,
/// styles and workers are never among these types.
const FOR_EYES: [(&str, &[ResourceType]); 3] = [
    ("static.whatsapp.net", &[ResourceType::Image, ResourceType::Font, ResourceType::Media]),
    ("static.xx.fbcdn.net", &[ResourceType::Image, ResourceType::Font, ResourceType::Media]),
    // The pictures of people and groups that the interface shows. Requests of the page's scripts have another type and pass.
    ("pps.whatsapp.net", &[ResourceType::Image]),
];
/// What is blocked of the page's own origin. Its service worker streams decrypted media from there, so media pass.
const FOR_EYES_OF_ORIGIN: [ResourceType; 2] = [ResourceType::Image, ResourceType::Font];

/// What the service does with requests of the page.
#[derive(Clone, Debug, Default)]
pub struct Handling {
    /// The page's origin.
    pub origin: String,
    /// Nobody looks at the page, so images, fonts and media of the interface are not loaded.
    pub unseen: bool,
    /// The login for a proxy that asks for one.
    pub login: Option<ProxyLogin>,
    /// The page's document from `WHATSAPP_WEB_HTML`; None if the document comes from the network.
    pub pinned: Option<Arc<[u8]>>,
}

impl Handling {
    /// For the whole browser: Chrome asks for a login only for requests that it pauses, and anything may be the first
    /// that the proxy stops. So a proxy with a login costs a round trip for each request.
    pub(super) fn of_browser(&self) -> Option<EnableParams> {
        self.login.as_ref()?;
        Some(EnableParams { patterns: Some(everything().collect()), handle_auth_requests: Some(true) })
    }

    /// For the page: its document, and what is blocked. The page's own session comes first for its requests, so the login
    /// of the proxy is answered here too.
    pub(super) fn of_page(&self) -> EnableParams {
        let pattern = |kind: &ResourceType, place: String| RequestPattern {
            url_pattern: Some(place),
            resource_type: Some(kind.clone()),
            request_stage: None,
        };
        let stage = if self.pinned.is_some() { RequestStage::Request } else { RequestStage::Response };
        let document = pattern(&ResourceType::Document, format!("{}/*", self.origin));
        let mut patterns = vec![RequestPattern { request_stage: Some(stage), ..document }];
        if self.login.is_some() {
            patterns.extend(everything());
        } else if self.unseen {
            let elsewhere = FOR_EYES.iter().flat_map(|(host, kinds)| kinds.iter().map(move |kind| (kind, *host)));
            patterns.extend(elsewhere.map(|(kind, host)| pattern(kind, format!("*://{host}/*"))));
            patterns.extend(FOR_EYES_OF_ORIGIN.iter().map(|kind| pattern(kind, format!("{}/*", self.origin))));
        }
        EnableParams { patterns: Some(patterns), handle_auth_requests: self.login.as_ref().map(|_| true) }
    }

    /// The answer for a proxy that refuses the login. Without a window, Chrome's default is to give up, with an error that names
    /// the cause. With a window, the default is a dialog, so the request is cancelled there.
    pub(super) fn refusal(&self) -> AuthChallengeResponseResponse {
        if self.unseen { AuthChallengeResponseResponse::Default } else { AuthChallengeResponseResponse::CancelAuth }
    }

    /// `frame` is the page's main frame if the report came from the page's own session. In the session of the whole
    /// browser the page's service worker asks for what it works with: nothing is touched there.
    pub(super) fn answer(&self, paused: &Paused, frame: Option<&str>) -> Answer {
        let Some(frame) = frame else { return Answer::Continue };
        if self.is_document(paused, frame) {
            return match (paused.response_status_code, &self.pinned) {
                (None, Some(pinned)) if paused.response_error_reason.is_none() => Answer::Fulfil(Arc::clone(pinned)),
                (Some(OK), None) => Answer::Keep,
                _ => Answer::Continue,
            };
        }
        let is_blocked = self.unseen && paused.response_status_code.is_none() && is_for_eyes(paused, &self.origin);
        if is_blocked { Answer::Block } else { Answer::Continue }
    }

    /// Whether it is the document of the page itself: frames in it, and other hosts, have their own.
    fn is_document(&self, paused: &Paused, frame: &str) -> bool {
        let has_origin = |url: Url| url.origin().ascii_serialization() == self.origin;
        paused.resource_type == "Document"
            && paused.frame_id == frame
            && Url::parse(&paused.request.url).is_ok_and(has_origin)
    }
}

/// The status of a document that can be kept. Documents with another status are error pages or redirects.
const OK: u16 = 200;

/// Everything but the requests of the page's scripts: Chrome puts the whole body of a request that it pauses into its
/// report, and the scripts upload files. Chrome sends these requests with the login that the proxy took for the document.
fn everything() -> impl Iterator<Item = RequestPattern> {
    use ResourceType::{Document, Font, Image, Media, Other, Script, Stylesheet};
    let types = [Document, Stylesheet, Image, Media, Font, Script, Other];
    types.into_iter().map(|kind| RequestPattern::builder().url_pattern("*").resource_type(kind).build())
}

fn is_for_eyes(Paused { resource_type, request, .. }: &Paused, origin: &str) -> bool {
    let among = |kinds: &[ResourceType]| kinds.iter().any(|kind| kind.as_ref() == resource_type);
    // The address of a blob has the page's origin too.
    let Some(url) = Url::parse(&request.url).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    FOR_EYES.iter().any(|(place, kinds)| *place == host && among(kinds))
        || (url.origin().ascii_serialization() == origin && among(&FOR_EYES_OF_ORIGIN))
}

/// A paused request. The protocol's own type is not used: a kind of resource that it does not know would make the
/// report unreadable, and the request would stay paused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paused {
    pub(super) request_id: String,
    pub(super) resource_type: String,
    #[serde(default)]
    pub(super) frame_id: String,
    pub(super) request: Asked,
    /// The status of the answer, if the request was made and the answer is what is paused.
    pub(super) response_status_code: Option<u16>,
    pub(super) response_error_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    pub(super) url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Continue,
    Block,
    /// The page's document is kept, and goes on to the page.
    Keep,
    /// The page gets this document.
    Fulfil(Arc<[u8]>),
}

#[cfg(test)]
mod tests;
