//! Reads variables one by one, records where each value came from, and collects all mistakes instead of stopping at
//! the first.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::domain::slip::one_slip_apart;

/// The source of variables: the process environment, or a map in tests.
pub trait Source {
    fn raw(&self, name: &str) -> Option<OsString>;
    fn names(&self) -> Vec<String>;

    /// The value, if it is text.
    fn get(&self, name: &str) -> Option<String> {
        self.raw(name)?.into_string().ok()
    }
}

/// The environment of this process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEnvironment;

impl Source for ProcessEnvironment {
    fn raw(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

impl Source for BTreeMap<String, String> {
    fn raw(&self, name: &str) -> Option<OsString> {
        self.get(name).map(OsString::from)
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}

/// A value in force, and whether the environment set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    pub name: &'static str,
    /// Masked if the variable is a secret.
    pub shown: String,
    pub from_environment: bool,
    /// The environment may also set the default.
    pub is_default: bool,
}

impl Effective {
    /// Where the value came from.
    pub fn origin(&self) -> &'static str {
        if self.from_environment { "environment" } else { "default" }
    }
}

/// On one line, whatever the value: `NAME=value (origin)`.
impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, shown, .. } = self;
        let is_word = !shown.is_empty() && shown.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '"');
        if is_word { write!(f, "{name}={shown}") } else { write!(f, "{name}={shown:?}") }?;
        write!(f, " ({})", self.origin())
    }
}

/// One wrong value: the variable, its value, the allowed values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub name: &'static str,
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.sentence)
    }
}

pub(super) struct Reader<'a> {
    source: &'a dyn Source,
    pub(super) effective: Vec<Effective>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self { source, effective: Vec::new(), problems: Vec::new() }
    }

    /// A variable with a default. `allowed` completes the sentence "… is not …". An empty value counts as unset,
    /// because PM2 and compose files leave empty values.
    pub(super) fn var<T>(
        &mut self,
        name: &'static str,
        default: &str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
        fallback: T,
    ) -> T {
        let given = self.given(name);
        let text = given.as_deref().unwrap_or(default);
        self.note(name, without_user(text), given.is_some(), text == default);
        parse(text).unwrap_or_else(|| {
            self.problem(name, format!("{:?} is not {allowed}", without_user(text)));
            fallback
        })
    }

    /// A variable that may be absent.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let given = self.given(name);
        self.note(name, given.as_deref().map(without_user).unwrap_or_default(), given.is_some(), given.is_none());
        let text = given?;
        let value = parse(&text);
        if value.is_none() {
            self.problem(name, format!("{:?} is not {allowed}", without_user(&text)));
        }
        value
    }

    /// A variable that may be absent and whose value may contain secrets: `show` leaves them out.
    pub(super) fn masked<T>(
        &mut self,
        name: &'static str,
        allowed: &str,
        parse: impl Fn(&str) -> Option<T>,
        show: impl Fn(&str) -> String,
    ) -> Option<T> {
        let given = self.given(name);
        let shown = given.as_deref().map(show).unwrap_or_default();
        self.note(name, without_user(&shown), given.is_some(), given.is_none());
        let value = parse(&given?);
        if value.is_none() {
            self.problem(name, format!("{shown:?} is not {allowed}"));
        }
        value
    }

    /// Whether a variable has a value.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.source.raw(name).is_some_and(|value| !value.to_string_lossy().trim().is_empty())
    }

    /// A secret: its value is neither shown nor quoted in an error.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<String> {
        let given = self.given(name);
        let shown = if given.is_some() { "***" } else { "" };
        self.note(name, shown.to_owned(), given.is_some(), given.is_none());
        given
    }

    pub(super) fn problem(&mut self, name: &'static str, sentence: String) {
        self.problems.push(Problem { name, sentence });
    }

    /// Unused variables that look like a misspelled setting: `(found, meant)`.
    pub(super) fn lookalikes(&self) -> Vec<(String, &'static str)> {
        let known: Vec<_> = self.effective.iter().map(|e| e.name).collect();
        let mut found: Vec<_> = self
            .source
            .names()
            .into_iter()
            .filter(|name| name.len() >= 5 && !known.contains(&name.as_str()))
            .filter_map(|name| {
                let meant = known.iter().find(|known| known.len() >= 5 && one_slip_apart(&name, known))?;
                Some((name, *meant))
            })
            .collect();
        found.sort();
        found
    }

    fn given(&mut self, name: &'static str) -> Option<String> {
        match self.source.raw(name)?.into_string() {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(_) => {
                self.problem(name, "is not text in UTF-8".to_owned());
                None
            }
        }
    }

    fn note(&mut self, name: &'static str, shown: String, from_environment: bool, is_default: bool) {
        self.effective.push(Effective { name, shown, from_environment, is_default });
    }
}

/// An address may carry a user and a password, which must not reach a log.
fn without_user(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#', ',']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => format!("{scheme}://***{}", &rest[user.len()..]),
        None => text.to_owned(),
    }
}
