//! A webhook: it gets every event, signed by the Standard Webhooks scheme.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::client::{Address, Client};
use super::sign::signature;
use super::target::{Outcome, Target, Wants};
use crate::domain::event::{CodeShown, Event, What};
use crate::domain::filter::Filter;
use crate::domain::time::{Clock, Timestamp};
use crate::host::config::SigningKey;
use crate::journal::wire;

/// The picture of a code, while the code is valid.
pub type Codes = Arc<dyn Fn(&CodeShown) -> Option<String> + Send + Sync>;

pub(super) struct Webhook {
    pub client: Client,
    pub url: Address,
    pub filter: Filter,
    pub key: Option<SigningKey>,
    pub clock: Arc<dyn Clock>,
    /// Set if the webhook may have the code itself.
    pub codes: Option<Codes>,
}

/// The webhook's name, under which its position is stored: it stays the same as long as the address does.
pub(super) fn name(url: &str) -> String {
    let digest = Sha256::digest(url);
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("webhook-{short}")
}

impl Target for Webhook {
    fn wants(&self, event: &Event, now: Timestamp) -> Wants {
        match &event.what {
            // The code has expired, so nobody can scan it.
            What::Code(code) if code.expires_at <= now => Wants::No,
            _ if self.filter.takes(event) => Wants::Yes,
            _ => Wants::No,
        }
    }

    async fn deliver(&self, event: &Event) -> Outcome {
        let code = match (&event.what, &self.codes) {
            (What::Code(shown), Some(codes)) => codes(shown),
            _ => None,
        };
        let body = match serde_json::to_vec(&wire::Event::new(event, code.as_deref())) {
            Ok(body) => body,
            Err(error) => return Outcome::Refused(format!("it cannot be written as JSON: {error}")),
        };
        let (id, seconds) = (event.id(), self.clock.now().as_millis() / 1000);
        let signed = self.key.as_ref().and_then(|key| signature(key, &id, seconds, &body));
        let mut headers = vec![(HeaderName::from_static("webhook-timestamp"), HeaderValue::from(seconds))];
        for (name, value) in [("webhook-id", Some(id)), ("webhook-signature", signed)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.push((HeaderName::from_static(name), value));
            }
        }
        self.client.deliver(&self.url, headers, body).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_nothing_of_the_address_and_is_stable() {
        assert_eq!(name("https://a.example/hook?token=1"), name("https://a.example/hook?token=1"));
        assert_ne!(name("https://a.example/hook?token=1"), name("https://a.example/hook?token=2"));
        assert_eq!(name("https://a.example/").len(), "webhook-".len() + 8);
    }
}
