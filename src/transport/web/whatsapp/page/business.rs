//! The call about what a business says of itself.

use serde::Deserialize;
use serde_json::json;

use super::{Page, PageError};
use crate::domain::address::ChatId;
use crate::domain::business::{BusinessProfile, Day, Hours, Opening, Place};

#[derive(Deserialize)]
struct ProfileShape {
    address: Option<String>,
    description: Option<String>,
    email: Option<String>,
    websites: Vec<String>,
    categories: Vec<String>,
    place: Option<PlaceShape>,
    timezone: Option<String>,
    hours: Vec<OpeningShape>,
}

#[derive(Deserialize)]
struct PlaceShape {
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
struct OpeningShape {
    day: String,
    mode: String,
    opens: u16,
    closes: u16,
}

/// None: a day or a kind of hours that this version does not know.
fn opening(shape: OpeningShape) -> Option<Opening> {
    let OpeningShape { day, mode, opens, closes } = shape;
    let day = match day.as_str() {
        "sun" => Day::Sunday,
        "mon" => Day::Monday,
        "tue" => Day::Tuesday,
        "wed" => Day::Wednesday,
        "thu" => Day::Thursday,
        "fri" => Day::Friday,
        "sat" => Day::Saturday,
        _ => return None,
    };
    let hours = match mode.as_str() {
        "open_24h" => Hours::AllDay,
        "appointment_only" => Hours::ByAppointment,
        "specific_hours" => Hours::Between { opens, closes },
        _ => return None,
    };
    Some(Opening { day, hours })
}

impl From<ProfileShape> for BusinessProfile {
    fn from(shape: ProfileShape) -> Self {
        let ProfileShape { address, description, email, websites, categories, place, timezone, hours } = shape;
        let place = place.map(|PlaceShape { latitude, longitude }| Place { latitude, longitude });
        let hours = hours.into_iter().filter_map(opening).collect();
        Self { address, description, email, websites, categories, place, timezone, hours }
    }
}

impl Page {
    /// What a business says of itself, asked of WhatsApp's server; None: the person is no business, or says nothing.
    pub async fn business(&self, lid: &ChatId) -> Result<Option<BusinessProfile>, PageError> {
        #[derive(Deserialize)]
        struct Told {
            profile: Option<ProfileShape>,
        }
        let told: Told = self.call("business", json!({ "chat": lid.to_string() }), self.deadline).await?;
        Ok(told.profile.map(BusinessProfile::from))
    }
}
