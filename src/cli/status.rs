//! `session-manager status`: the answer of `/status`, for a person.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::Value;

use crate::host::config::Config;

use super::client::Client;
use super::options::StatusOptions;
use super::{Outcome, REFUSED};

pub(super) async fn run(options: StatusOptions, config: &Config) -> Outcome {
    let client = Client::new(&options.service, config)?;
    let status = client.status().await?;
    let text = if options.json { format!("{status:#}\n") } else { described(&status) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if status["connected"] == true { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// The `recommended_action` as a sentence.
fn advice(action: &str) -> &str {
    match action {
        "NONE" => "nothing to do",
        "WAIT" => "wait",
        "SCAN_QR" => "scan the code: session-manager qr",
        "CONNECT" => "connect: POST /connect",
        "CHECK_SERVER" => "check the machine: session-manager doctor",
        other => other,
    }
}

/// Lines of a name and a value; unknown values are left out.
fn described(status: &Value) -> String {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let since = text(&status["since"]).map(|since| format!(" since {since}")).unwrap_or_default();
    let reason = text(&status["reason"]).map(|reason| format!(" ({reason})")).unwrap_or_default();
    let account = &status["account"];
    let account = [&account["pushname"], &account["phone"]].into_iter().filter_map(text).collect::<Vec<_>>().join(", ");
    let send = &status["send"];
    let sending = match (send["available"].as_bool(), text(&send["reason"])) {
        (Some(true), _) => "available".to_owned(),
        (_, Some(reason)) => format!("not now: {reason}"),
        (_, None) => "not now".to_owned(),
    };
    let catching_up = (status["reconciling"] == true).then(|| "what was missed is being fetched".to_owned());
    let attempts = status["reconnection_attempts"].as_u64().filter(|attempts| *attempts > 0);
    let lines = [
        ("state", text(&status["state"]).map(|state| format!("{state}{reason}{since}"))),
        ("detail", text(&status["detail"])),
        ("to do", status["recommended_action"].as_str().map(|action| advice(action).to_owned())),
        ("account", Some(account).filter(|account| !account.is_empty())),
        (
            "sending",
            Some(format!("{sending} (mode {}, {} waiting)", send["mode"].as_str().unwrap_or("?"), send["queued"])),
        ),
        ("attempts", attempts.map(|attempts| format!("{attempts} to reconnect"))),
        ("messages", catching_up),
        ("browser", text(&status["browser_version"])),
        ("page", text(&status["whatsapp_web_version"])),
    ];
    lines.into_iter().filter_map(|(name, value)| Some(format!("{name:<10}{}\n", value?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_what_is_known_and_what_to_do() {
        let status = json!({
            "state": "QR_REQUIRED", "since": "2026-11-22T10:00:00.000Z", "reason": "LOGGED_OUT",
            "detail": "Scan the code.", "recommended_action": "SCAN_QR", "account": null, "reconnection_attempts": 0,
            "send": { "mode": "live", "available": false, "reason": "the session is not READY", "queued": 0 },
        });
        assert_eq!(
            described(&status),
            "state     QR_REQUIRED (LOGGED_OUT) since 2026-11-22T10:00:00.000Z\n\
             detail    Scan the code.\n\
             to do     scan the code: session-manager qr\n\
             sending   not now: the session is not READY (mode live, 0 waiting)\n"
        );
    }
}
