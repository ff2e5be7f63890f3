//! What a business says of itself.

/// Each part is empty or None where the business does not say it.
#[derive(Clone, Debug, PartialEq)]
pub struct BusinessProfile {
    pub address: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub websites: Vec<String>,
    /// In the language of the account.
    pub categories: Vec<String>,
    pub place: Option<Place>,
    /// The time zone of the hours, by its name in the IANA database.
    pub timezone: Option<String>,
    pub hours: Vec<Opening>,
}

/// Where the business is, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub latitude: f64,
    pub longitude: f64,
}

/// When the business is open. A day with a pause comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub day: Day,
    pub hours: Hours,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    AllDay,
    ByAppointment,
    /// In minutes of the day.
    Between {
        opens: u16,
        closes: u16,
    },
}
