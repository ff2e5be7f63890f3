//! What the service needs of WhatsApp Web's page.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Capabilities {
    pub ok: bool,
    /// The version of the page that runs.
    pub whatsapp_web_version: Option<String>,
    /// How many are missing.
    pub missing: usize,
    pub capabilities: Vec<Capability>,
    /// The functions of the page that the service has wrapped, because the page has no event for what they do. Each calls
    /// the page's own function first.
    pub wrapped: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Capability {
    pub name: String,
    /// What does not work without it.
    pub breaks: String,
    /// The module of the page it was found in; null where it is missing.
    pub found: Option<String>,
    /// The page fetches it only when it is used: before that it does not count as missing.
    pub on_demand: bool,
    /// The modules it is looked for in, in this order.
    pub modules: Vec<String>,
}
