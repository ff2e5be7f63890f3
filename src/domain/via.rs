//! The ways in which messages leave and arrive.

use std::fmt;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Via {
    /// WhatsApp Web in a browser of this service.
    #[default]
    Web,
    /// Meta's Cloud API.
    Cloud,
}

impl Via {
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Cloud => "cloud",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Web, Self::Cloud].into_iter().find(|via| via.name() == name)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
