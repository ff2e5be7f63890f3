//! Meta's Cloud API: whether the token is good for the number, whether the version is still served, and whether Meta's webhook
//! would be answered.

use crate::host::config::{Cloud, Timings};
use crate::transport::cloud::{Client, Health, Number};

use super::Finding;

const CHECK: &str = "cloud";

pub(super) async fn check(settings: Option<&Cloud>) -> Vec<Finding> {
    let Some(settings) = settings.cloned() else {
        let remedy = "set CLOUD_API_TOKEN, CLOUD_API_PHONE_NUMBER_ID, CLOUD_API_APP_SECRET and CLOUD_API_VERIFY_TOKEN";
        return vec![Finding::failure(CHECK, "the Cloud API is not configured", remedy)];
    };
    let version = settings.version.clone();
    let made = tokio::task::spawn_blocking(move || Client::new(settings, Timings::default())).await;
    let health = match made {
        Ok(Ok(client)) => client.ask().await,
        Ok(Err(error)) => Health::Unreachable(error.to_string()),
        Err(_) => Health::Unknown,
    };
    judge(&health, &version)
}

fn judge(health: &Health, version: &str) -> Vec<Finding> {
    let number = match health {
        Health::Good(number) => number,
        Health::Disabled(_, why) => {
            let remedy =
                "open WhatsApp Manager at Meta: it says why, and there the number is registered or an appeal is made";
            return vec![Finding::failure(CHECK, format!("the number sends nothing: {why}"), remedy)];
        }
        Health::Unauthorized(why) => {
            let remedy =
                "make a token at Meta that does not expire, with whatsapp_business_messaging, and set CLOUD_API_TOKEN";
            return vec![Finding::failure(CHECK, why.clone(), remedy)];
        }
        Health::Unreachable(why) => {
            let remedy = "let this machine out to CLOUD_API_BASE_URL on port 443, and check CLOUD_API_PHONE_NUMBER_ID";
            return vec![Finding::failure(CHECK, format!("Meta gives no number: {why}"), remedy)];
        }
        Health::Unknown => return vec![Finding::skipped(CHECK, "it was not asked")],
    };
    let Number { phone, name, quality, version: served, server_time: _ } = number;
    let phone = phone.as_deref().map_or("…".to_owned(), crate::domain::secret::masked);
    let name = name.as_deref().unwrap_or("a business without a name");
    let detail = format!("the token is good for {name} ({phone})");
    let mut findings = vec![match quality.as_deref() {
        Some(quality @ ("RED" | "YELLOW")) => Finding::warning(
            CHECK,
            format!("{detail}, and Meta rates its messages {quality}"),
            "send less, and only to people who want it: Meta lowers the limits of such a number",
        ),
        _ => Finding::ok(CHECK, detail),
    }];
    // Meta answers a version that has ended with the oldest that it still serves.
    if let Some(served) = served.as_deref().filter(|served| *served != version) {
        let detail = format!("version {version} of the Graph API has ended, Meta answers with {served}");
        findings.push(Finding::warning(CHECK, detail, format!("set CLOUD_API_VERSION={served} or a later one")));
    }
    findings
}

/// Whether the webhook of a running service answers Meta's question.
pub(super) async fn webhook(settings: Option<&Cloud>, port: u16, is_running: bool) -> Option<Finding> {
    const CHECK: &str = "webhook";
    let settings = settings?;
    if !is_running {
        return Some(Finding::skipped(CHECK, "no service runs that Meta could ask"));
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.verify_token", settings.verify_token.reveal())
        .append_pair("hub.challenge", "1158201444")
        .finish();
    let client = crate::host::http_client::without_certificates().ok()?.build().ok()?;
    let asked = client.get(format!("http://127.0.0.1:{port}/cloud/webhook?{query}"));
    let answer = match tokio::time::timeout(std::time::Duration::from_secs(5), asked.send()).await {
        Ok(Ok(answer)) if answer.status().is_success() => answer.text().await.unwrap_or_default(),
        Ok(Ok(answer)) => format!("status {}", answer.status().as_u16()),
        _ => "nothing".to_owned(),
    };
    Some(if answer == "1158201444" {
        let remedy =
            "see at Meta that the address of the webhook ends in /cloud/webhook and that `messages` is subscribed";
        Finding { remedy: Some(remedy.to_owned()), ..Finding::ok(CHECK, "the running service answers Meta's question") }
    } else {
        let remedy = "restart the service, so that it has these settings too";
        Finding::failure(CHECK, format!("the running service answers Meta's question with {answer}"), remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn each_trouble_has_its_remedy_and_the_number_is_not_printed() {
        let number = |quality: &str, version: &str| {
            Health::Good(Number {
                phone: Some("5491150000001".to_owned()),
                name: Some("Negocio".to_owned()),
                quality: Some(quality.to_owned()),
                version: Some(version.to_owned()),
                server_time: None,
            })
        };
        let statuses = |health: &Health| judge(health, "v24.0").iter().map(|one| one.status).collect::<Vec<_>>();
        assert_eq!(statuses(&number("GREEN", "v24.0")), [Status::Ok]);
        assert_eq!(statuses(&number("RED", "v24.0")), [Status::Warning]);
        assert_eq!(statuses(&number("GREEN", "v25.0")), [Status::Ok, Status::Warning]);
        assert_eq!(statuses(&Health::Unauthorized("why".to_owned())), [Status::Failure]);
        assert_eq!(statuses(&Health::Unreachable("why".to_owned())), [Status::Failure]);
        assert_eq!(statuses(&Health::Disabled(Number::default(), "why")), [Status::Failure]);
        assert!(!format!("{:?}", judge(&number("GREEN", "v24.0"), "v24.0")).contains("5491150000001"));
    }
}
