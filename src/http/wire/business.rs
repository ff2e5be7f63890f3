//! What a business says of itself.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::business;

/// What a business says of itself, in its own words.
#[derive(Serialize, ToSchema)]
pub struct BusinessProfile {
    pub address: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub websites: Vec<String>,
    /// As WhatsApp names them, in the account's language.
    pub categories: Vec<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// The time zone of `hours`, such as `America/Argentina/Buenos_Aires`.
    pub timezone: Option<String>,
    /// A day with a pause comes twice; a day that is not there is one on which it is closed.
    pub hours: Vec<Opening>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BusinessOpening)]
pub struct Opening {
    pub day: Day,
    pub mode: Mode,
    /// `HH:MM`, of `specific_hours` alone.
    pub opens: Option<String>,
    /// `HH:MM`; `24:00` is the end of the day.
    pub closes: Option<String>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BusinessDay)]
pub enum Day {
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
}

/// `open_24h`: all day; `appointment_only`; `specific_hours`: from `opens` to `closes`.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = BusinessMode)]
pub enum Mode {
    #[serde(rename = "open_24h")]
    Open24h,
    AppointmentOnly,
    SpecificHours,
}

impl From<business::Day> for Day {
    fn from(day: business::Day) -> Self {
        match day {
            business::Day::Sunday => Self::Sunday,
            business::Day::Monday => Self::Monday,
            business::Day::Tuesday => Self::Tuesday,
            business::Day::Wednesday => Self::Wednesday,
            business::Day::Thursday => Self::Thursday,
            business::Day::Friday => Self::Friday,
            business::Day::Saturday => Self::Saturday,
        }
    }
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

impl From<business::Opening> for Opening {
    fn from(opening: business::Opening) -> Self {
        let business::Opening { day, hours } = opening;
        let (mode, opens, closes) = match hours {
            business::Hours::AllDay => (Mode::Open24h, None, None),
            business::Hours::ByAppointment => (Mode::AppointmentOnly, None, None),
            business::Hours::Between { opens, closes } => {
                (Mode::SpecificHours, Some(clock(opens)), Some(clock(closes)))
            }
        };
        Self { day: day.into(), mode, opens, closes }
    }
}

impl From<business::BusinessProfile> for BusinessProfile {
    fn from(profile: business::BusinessProfile) -> Self {
        let business::BusinessProfile { address, description, email, websites, categories, place, timezone, hours } =
            profile;
        let (latitude, longitude) = (place.map(|place| place.latitude), place.map(|place| place.longitude));
        let hours = hours.into_iter().map(Opening::from).collect();
        Self { address, description, email, websites, categories, latitude, longitude, timezone, hours }
    }
}
