//! `GET /capabilities`: what the service needs of WhatsApp's page, and in which of its modules it was found.

use axum::Json;
use axum::extract::State;

use crate::transport::web::session::SessionError;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::capabilities::{Capabilities, Capability};

/// What the service needs of WhatsApp Web's page
///
/// The running page is asked, in whichever state the session is; `session-manager page` prints the answer.
#[utoipa::path(
    get,
    path = "/capabilities",
    operation_id = "capabilities",
    tag = "watching",
    responses((status = 200, body = Capabilities)),
    extensions(("x-errors" = json!(["SESSION_NOT_READY", "WHATSAPP_ERROR"]))),
)]
pub async fn capabilities(State(app): State<App>) -> Result<Json<Capabilities>, ApiError> {
    let page = app.session.any_page()?;
    let table = page.table().await.map_err(SessionError::from)?;
    let capabilities: Vec<_> = table
        .entries
        .into_iter()
        .map(|entry| Capability {
            name: entry.name,
            breaks: entry.breaks,
            found: entry.found,
            on_demand: entry.on_demand,
            modules: entry.modules,
        })
        .collect();
    let missing = capabilities.iter().filter(|capability| capability.found.is_none() && !capability.on_demand).count();
    let (whatsapp_web_version, wrapped) = (table.version, table.wrapped);
    Ok(Json(Capabilities { ok: true, whatsapp_web_version, missing, capabilities, wrapped }))
}
