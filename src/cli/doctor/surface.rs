//! What a running service needs of WhatsApp's page, and whether the page has it.

use serde_json::Value;

use crate::host::config::Config;

use super::super::Failure;
use super::super::client::Client;
use super::super::options::ServiceOptions;
use super::Finding;

const CHECK: &str = "surface";
const REMEDY: &str = "session-manager page names the modules: update session-manager, or set ADAPTER_PATH to an adapter that \
                      finds them";

/// `service` is the running service on these folders; without a running service there is no page to ask.
pub(super) async fn check(config: &Config, service: Option<i32>) -> Finding {
    if service.is_none() {
        return Finding::skipped(CHECK, "no service runs whose page could be asked");
    }
    judge(ask(config).await)
}

async fn ask(config: &Config) -> Result<Value, Failure> {
    Client::new(&ServiceOptions::default(), config)?.capabilities().await
}

fn judge(answer: Result<Value, Failure>) -> Finding {
    let table = match answer {
        Ok(table) => table,
        Err(failure) => return Finding::skipped(CHECK, failure.sentence),
    };
    let version = table["whatsapp_web_version"].as_str().unwrap_or("of unknown version");
    let entries = table["capabilities"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let missing: Vec<_> = entries
        .iter()
        .filter(|entry| entry["found"].is_null() && entry["on_demand"] != true)
        .map(|entry| format!("{} (without it breaks: {})", text(&entry["name"]), text(&entry["breaks"])))
        .collect();
    if missing.is_empty() {
        return Finding::ok(CHECK, format!("WhatsApp Web {version} has all {} capabilities", entries.len()));
    }
    Finding::failure(CHECK, format!("WhatsApp Web {version} lacks {}", missing.join(", ")), REMEDY)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::report::Status;
    use super::*;

    #[test]
    fn a_page_that_lacks_something_is_a_failure_that_names_it() {
        let entry = |name: &str, found: Option<&str>| json!({ "name": name, "breaks": "sending", "found": found });
        let later = json!({ "name": "group_create", "breaks": "groups", "found": null, "on_demand": true });
        let table = |entries: Vec<Value>| json!({ "whatsapp_web_version": "2.3000.1", "capabilities": entries });
        let whole = judge(Ok(table(vec![entry("chats", Some("WAWebCollections")), later])));
        assert_eq!((whole.status, whole.detail.as_str()), (Status::Ok, "WhatsApp Web 2.3000.1 has all 2 capabilities"));
        let lacking = judge(Ok(table(vec![entry("chats", Some("WAWebCollections")), entry("limits", None)])));
        assert_eq!(lacking.status, Status::Failure);
        assert!(lacking.detail.ends_with("lacks limits (without it breaks: sending)"), "{}", lacking.detail);
        assert_eq!(judge(Err(Failure::refused("the service refused: no page"))).status, Status::Skipped);
    }
}
