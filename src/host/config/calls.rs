//! What becomes of calls to the account.

use super::reader::Reader;
use crate::domain::content::Content;

#[derive(Clone, Debug)]
pub struct Calls {
    /// `CALLS=reject`.
    pub reject: bool,
    /// `CALLS_REJECT_TEXT`: what whoever called is told.
    pub text: Option<Content>,
}

impl Calls {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let words = |text: &str| ["ignore", "reject"].contains(&text).then(|| text == "reject");
        let reject = r.var("CALLS", "ignore", "`ignore` or `reject`", words, false);
        let content = |text: &str| Content::text(text).ok();
        // The text goes to people, so the log holds its length only.
        let shown = |text: &str| format!("{} characters", text.chars().count());
        let text = r.masked("CALLS_REJECT_TEXT", "a text of 1 to 65,536 characters", content, shown);
        if text.is_some() && !reject {
            let why = "is for CALLS=reject: nobody is told anything while calls are left to ring";
            r.problem("CALLS_REJECT_TEXT", why.to_owned());
        }
        Self { reject, text }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use crate::host::config::Config;

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::read(&settings).map_err(|problems| problems.to_string())
    }

    #[test]
    fn calls_ring_unless_they_are_to_be_refused() {
        assert!(!read(&[]).unwrap().calls.reject);
        let config = read(&[("CALLS", "reject"), ("CALLS_REJECT_TEXT", "Write to us, please.")]).unwrap();
        assert!(config.calls.reject && config.calls.text.is_some());
        assert!(!config.announced().contains("Write to us"), "{}", config.announced());
        for (settings, name) in
            [(&[("CALLS", "refuse")][..], "CALLS"), (&[("CALLS_REJECT_TEXT", "Write")], "CALLS_REJECT_TEXT")]
        {
            let problems = read(settings).unwrap_err();
            assert!(problems.contains(name), "{settings:?}: {problems}");
        }
    }
}
