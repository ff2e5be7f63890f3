//! `session-manager replay`: dead letters are tried again.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::host::config::Config;

use super::client::Client;
use super::options::ReplayOptions;
use super::{Failure, Outcome};

pub(super) async fn run(options: ReplayOptions, config: &Config) -> Outcome {
    let client = Client::new(&options.service, config)?;
    let targets = match options.target {
        Some(target) => vec![target],
        None => with_dead_letters(&client).await?,
    };
    let mut out = io::stdout();
    if targets.is_empty() {
        writeln!(out, "there are no dead letters")?;
    }
    for target in targets {
        let count = client.replay(&target).await?;
        writeln!(out, "{target}: {count} dead letters are tried again")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn with_dead_letters(client: &Client) -> Result<Vec<String>, Failure> {
    let status = client.status().await?;
    let targets = status["deliveries"].as_array().into_iter().flatten();
    let dead = targets.filter(|target| target["dead_letters"].as_u64().is_some_and(|count| count > 0));
    Ok(dead.filter_map(|target| target["target"].as_str().map(str::to_owned)).collect())
}
