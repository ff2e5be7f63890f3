//! `session-manager qr`: the code to scan, redrawn as it rotates, until the phone is linked and READY.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use console::Term;
use serde_json::Value;

use crate::host::config::Config;

use super::client::Client;
use super::options::QrOptions;
use super::{Failure, Outcome};

/// A code lives 20 s at least.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long the command waits for a service that is being restarted. The first answer must come at once.
const ABSENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(options: QrOptions, config: &Config) -> Outcome {
    let client = Client::new(&options.service, config)?;
    let mut screen = Screen { light: options.light, term: Term::stdout(), shown: None };
    let mut status = client.status().await?;
    let mut answered = Instant::now();
    loop {
        match step(&status) {
            Step::Linked => {
                screen.say("READY: the phone is linked.")?;
                return Ok(ExitCode::SUCCESS);
            }
            Step::Stopped(why) => return Err(Failure::refused(why)),
            Step::Code(identity) if screen.shown.as_ref() != Some(&identity) => {
                // The code may have rotated or been scanned meanwhile. Then the next look at the service says so.
                if let Some(code) = client.code().await? {
                    screen.draw(&code, identity)?;
                }
            }
            Step::Code(_) => {}
            Step::Wait(what) => screen.note(what)?,
        }
        tokio::time::sleep(INTERVAL).await;
        match client.status().await {
            Ok(next) => {
                status = next;
                answered = Instant::now();
            }
            Err(error) if answered.elapsed() > ABSENCE => return Err(error),
            Err(_) => screen.note("The service does not answer; waiting for it.".to_owned())?,
        }
    }
}

enum Step {
    Linked,
    Stopped(String),
    /// There is a code; the time at which it was made distinguishes it from the next.
    Code(String),
    Wait(String),
}

fn step(status: &Value) -> Step {
    let detail = status["detail"].as_str().unwrap_or_default();
    let state = status["state"].as_str().unwrap_or_default();
    match state {
        "READY" => Step::Linked,
        "DISCONNECTED" => {
            Step::Stopped(format!("The session is DISCONNECTED. {detail} Connect it with POST /connect."))
        }
        "ERROR" => Step::Stopped(format!("The session is in ERROR. {detail}")),
        "QR_REQUIRED" => match status["qr"]["generated_at"].as_str() {
            Some(made) => Step::Code(made.to_owned()),
            None => Step::Wait("The next code is coming.".to_owned()),
        },
        _ => Step::Wait(format!("{state}: {detail}")),
    }
}

struct Screen {
    light: bool,
    term: Term,
    /// What the terminal shows last: a code, or a sentence that is not repeated.
    shown: Option<String>,
}

impl Screen {
    fn draw(&mut self, code: &str, identity: String) -> Result<(), Failure> {
        let (width, height) = (code.lines().next().map_or(0, |line| line.chars().count()), code.lines().count() + 2);
        if let Some((rows, columns)) = self.term.is_term().then(|| self.term.size_checked()).flatten()
            && (usize::from(columns) < width || usize::from(rows) < height)
        {
            let sentence = format!(
                "The code needs a terminal of {width} columns and {height} rows, and this one has {columns} and {rows}: \
                 make it larger, or open /qr.png in a browser."
            );
            return self.note(sentence);
        }
        if self.term.is_term() {
            self.term.clear_screen()?;
        }
        let code = if self.light { inverted(code) } else { code.to_owned() };
        let mut out = io::stdout().lock();
        writeln!(out, "{code}WhatsApp on the phone: Linked devices > Link a device.")?;
        out.flush()?;
        self.shown = Some(identity);
        Ok(())
    }

    /// Prints a sentence unless it is already the last line.
    fn note(&mut self, sentence: String) -> Result<(), Failure> {
        if self.shown.as_ref() != Some(&sentence) {
            self.say(&sentence)?;
            self.shown = Some(sentence);
        }
        Ok(())
    }

    fn say(&self, sentence: &str) -> Result<(), Failure> {
        Ok(writeln!(io::stdout(), "{sentence}")?)
    }
}

/// The service draws light blocks on a dark background. On a light background the blocks are swapped.
fn inverted(code: &str) -> String {
    let turned = |block| match block {
        '█' => ' ',
        ' ' => '█',
        '▀' => '▄',
        '▄' => '▀',
        other => other,
    };
    code.chars().map(turned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_state_has_its_step() {
        let step = |state: &str| step(&json!({ "state": state, "detail": "Why." }));
        assert!(matches!(step("READY"), Step::Linked));
        assert!(matches!(step("DISCONNECTED"), Step::Stopped(why) if why.contains("Why. Connect")));
        assert!(matches!(step("ERROR"), Step::Stopped(why) if why.contains("Why.")));
        for state in ["INIT", "AUTHENTICATED", "RECONNECTING", "QR_REQUIRED"] {
            assert!(matches!(step(state), Step::Wait(_)), "{state}");
        }
    }

    #[test]
    fn a_light_ground_swaps_the_halves() {
        assert_eq!(inverted("█▀ ▄\n"), " ▄█▀\n");
        assert_eq!(inverted(&inverted("█▀ ▄\n")), "█▀ ▄\n");
    }
}
