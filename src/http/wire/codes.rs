//! The code to scan.

use serde::Serialize;
use utoipa::ToSchema;

use super::{State, Timestamp};
use crate::domain::state;
use crate::transport::web::session::LinkCode;

/// The code to scan, or that there is none.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Qr {
    Available(QrCode),
    None(NoCode),
}

#[derive(Serialize, ToSchema)]
pub struct QrCode {
    /// `QR_AVAILABLE`.
    pub status: &'static str,
    /// `data:image/png;base64,…`
    pub qr: String,
    /// How many codes were shown before and with this one.
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct NoCode {
    /// `NO_QR`.
    pub status: &'static str,
    pub state: State,
}

/// The code as the hub knows it.
#[derive(Serialize, ToSchema)]
pub struct HubCode {
    /// `data:image/png;base64,…`
    #[serde(rename = "qrDataUrl")]
    pub data_url: String,
    /// The same.
    pub qr: String,
    pub status: State,
}

/// The bytes of a picture.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only the schema is used")]
pub struct Picture(Vec<u8>);

impl Qr {
    pub fn none(state: state::State) -> Self {
        Self::None(NoCode { status: "NO_QR", state: state.into() })
    }

    pub fn available(code: &LinkCode) -> Self {
        Self::Available(QrCode {
            status: "QR_AVAILABLE",
            qr: code.data_url.clone(),
            attempt: code.attempt,
            generated_at: code.generated_at.into(),
            expires_at: code.expires_at.into(),
        })
    }
}
