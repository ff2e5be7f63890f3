//! `session-manager page`: what the service needs of the running page, and where it was found.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::HumanBytes;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::host::config::Config;

use super::backup::exists;
use super::client::Client;
use super::options::PageOptions;
use super::{Failure, Outcome, REFUSED};

pub(super) async fn run(options: PageOptions, config: &Config) -> Outcome {
    let client = Client::new(&options.service, config)?;
    if let Some(file) = &options.save {
        return save(file, options.force, &client).await;
    }
    let table = client.capabilities().await?;
    let text = if options.json { format!("{table:#}\n") } else { described(&table) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if table["missing"] == 0 { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Writes the document under a temporary name, and renames it once it is complete.
async fn save(file: &Path, force: bool, client: &Client) -> Outcome {
    if !force && file.symlink_metadata().is_ok() {
        return Err(exists(file));
    }
    let document = client.document().await?;
    let version = client.status().await?["whatsapp_web_version"].as_str().unwrap_or("of unknown version").to_owned();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wrong = || Failure::io(file.display());
    let mut draft = NamedTempFile::new_in(folder).map_err(wrong())?;
    draft.write_all(&document).and_then(|()| draft.as_file().sync_all()).map_err(wrong())?;
    let kept = if force { draft.persist(file) } else { draft.persist_noclobber(file) };
    match kept {
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(file)),
        kept => kept.map(drop).map_err(|refused| wrong()(refused.error))?,
    }
    let size = HumanBytes(u64::try_from(document.len()).unwrap_or(u64::MAX));
    let told = format!(
        "kept the document of WhatsApp Web {version} in {} ({size}); WHATSAPP_WEB_HTML={} pins it\n",
        file.display(),
        std::path::absolute(file)?.display()
    );
    io::stdout().write_all(told.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each capability, missing ones first.
fn described(table: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut entries: Vec<_> = table["capabilities"].as_array().into_iter().flatten().collect();
    entries.sort_by_key(|entry| entry["found"].is_string() || entry["on_demand"] == true);
    let lines = entries.iter().map(|entry| {
        let found = entry["found"].as_str().map_or_else(
            || {
                let modules: Vec<_> = entry["modules"].as_array().into_iter().flatten().map(text).collect();
                let modules = modules.join(", ");
                if entry["on_demand"] == true {
                    return format!("fetched when it is used: {modules}");
                }
                format!("MISSING: none of {modules}")
            },
            str::to_owned,
        );
        format!("{:<18}{:<18}{found}\n", text(&entry["name"]), text(&entry["breaks"]))
    });
    let version = table["whatsapp_web_version"].as_str().unwrap_or("unknown");
    let head = format!("WhatsApp Web {version}\n\n{:<18}{:<18}{}\n", "CAPABILITY", "WITHOUT IT BREAKS", "FOUND IN");
    let wrapped: Vec<_> = table["wrapped"].as_array().into_iter().flatten().map(text).collect();
    let foot = if wrapped.is_empty() { String::new() } else { format!("\nwrapped: {}\n", wrapped.join(", ")) };
    std::iter::once(head).chain(lines).chain(std::iter::once(foot)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_comes_first_with_where_it_was_looked_for() {
        let table = json!({
            "whatsapp_web_version": "2.3000.1", "missing": 1, "wrapped": ["WAWebCallCollection.add"],
            "capabilities": [
                { "name": "socket", "breaks": "session", "found": "WAWebSocketModel", "modules": ["WAWebSocketModel"] },
                { "name": "chats", "breaks": "send", "found": null, "modules": ["WAWebCollections", "WAWebChatCollection"] },
            ],
        });
        let lines: Vec<_> = described(&table).lines().map(str::to_owned).collect();
        assert!(lines[0].contains("2.3000.1"));
        assert!(lines[3].starts_with("chats") && lines[3].ends_with("none of WAWebCollections, WAWebChatCollection"));
        assert_eq!(lines.last().map(String::as_str), Some("wrapped: WAWebCallCollection.add"));
        assert!(lines[4].starts_with("socket") && lines[4].ends_with("WAWebSocketModel"));
    }
}
