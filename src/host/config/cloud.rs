//! Meta's Cloud API.

use super::parse;
use super::reader::Reader;
use crate::domain::secret::Secret;

/// The account at the Cloud API.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// `CLOUD_API_TOKEN`.
    pub token: Secret,
    /// `CLOUD_API_PHONE_NUMBER_ID`: Meta's id of the number that sends.
    pub phone_number_id: String,
    /// `CLOUD_API_APP_SECRET`: signs what Meta's webhook tells.
    pub app_secret: Secret,
    /// `CLOUD_API_VERIFY_TOKEN`: what Meta says when it sets the webhook up.
    pub verify_token: Secret,
    /// `CLOUD_API_BASE_URL`, without a slash at the end.
    pub base_url: String,
    /// `CLOUD_API_VERSION`.
    pub version: String,
}

const BASE: &str = "https://graph.facebook.com";
const VERSION: &str = "v24.0";
/// Without any of these there is no Cloud API; all of them are needed for it.
const NEEDED: [&str; 4] =
    ["CLOUD_API_TOKEN", "CLOUD_API_PHONE_NUMBER_ID", "CLOUD_API_APP_SECRET", "CLOUD_API_VERIFY_TOKEN"];

impl Cloud {
    /// None if it is not configured.
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let token = r.secret("CLOUD_API_TOKEN");
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.to_owned());
        let phone_number_id = r.optional("CLOUD_API_PHONE_NUMBER_ID", "Meta's id of the number: digits", digits);
        let app_secret = r.secret("CLOUD_API_APP_SECRET");
        let verify_token = r.secret("CLOUD_API_VERIFY_TOKEN");
        let address = "an http:// or https:// address without user, password and query";
        let base = |text: &str| parse::endpoint(text).filter(|url| !url.contains(['?', '#']));
        let base_url = r.var("CLOUD_API_BASE_URL", BASE, address, base, String::new());
        let version = |text: &str| is_version(text).then(|| text.to_owned());
        let version = r.var("CLOUD_API_VERSION", VERSION, "a version such as v24.0", version, String::new());
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            r.problem(
                "CLOUD_API_TOKEN",
                "must be letters, digits and signs of ASCII: a header carries no others".to_owned(),
            );
        }
        let is_given = NEEDED.map(|name| r.is_given(name));
        if is_given.contains(&true) {
            for (name, _) in NEEDED.iter().zip(is_given).filter(|(_, is_given)| !is_given) {
                r.problem(name, format!("is missing: {} belong together, set all or none", NEEDED.join(", ")));
            }
        }
        Some(Self {
            token: Secret::new(token?),
            phone_number_id: phone_number_id?,
            app_secret: Secret::new(app_secret?),
            verify_token: Secret::new(verify_token?),
            base_url: base_url.trim_end_matches('/').to_owned(),
            version,
        })
    }
}

fn is_version(text: &str) -> bool {
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    parts.is_some_and(|(major, minor)| number(major) && number(minor))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::host::config::{Config, SendVia};

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(&settings).map_err(|problems| problems.to_string())
    }

    const ALL: [(&str, &str); 4] = [
        ("CLOUD_API_TOKEN", "EAAG-secreto"),
        ("CLOUD_API_PHONE_NUMBER_ID", "106540352242922"),
        ("CLOUD_API_APP_SECRET", "app-secreto"),
        ("CLOUD_API_VERIFY_TOKEN", "verify-secreto"),
    ];

    #[test]
    fn the_cloud_api_is_configured_as_a_whole_or_not_at_all() {
        assert!(read(&[]).unwrap().cloud.is_none());
        let config = read(&[&ALL[..], &[("SEND_VIA", "cloud")]].concat()).unwrap();
        let cloud = config.cloud.unwrap();
        assert_eq!((cloud.base_url.as_str(), config.send.via), (BASE, SendVia::Cloud));
        let shown = format!("{:?}", config.effective);
        assert!(!shown.contains("secreto"), "{shown}");
        for missing in 0..ALL.len() {
            let mut some = ALL.to_vec();
            let (name, _) = some.remove(missing);
            assert!(read(&some).unwrap_err().contains(&format!("{name}: is missing")), "{name}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        assert!(read(&[("SEND_VIA", "cloud")]).unwrap_err().contains("SEND_VIA"));
        assert!(read(&[("SEND_VIA", "auto")]).is_ok(), "until there is a Cloud API, auto is web");
        assert!(read(&[("SEND_VIA", "meta")]).is_err() && read(&[("CLOUD_API_VERSION", "24")]).is_err());
        assert!(read(&[("CLOUD_API_BASE_URL", "ftp://x")]).is_err());
        let words = read(&[("OPT_OUT_WORDS", "Cancelar, no más")]).unwrap().opt_out_words;
        assert_eq!(words, ["Cancelar", "no más"]);
    }
}
