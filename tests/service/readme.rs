//! Runs the examples of the README and the runbook: their curl lines, and their check of a webhook's signature.

use std::process::{Output, Stdio};

use serde_json::Value;
use simulator::{Incoming, Options};
use tokio::process::Command;

use crate::receiver::{Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World};

const WRITTEN: [&str; 2] = [include_str!("../../README.md"), include_str!("../../deploy/OPERACION.md")];
/// curl's exit code for a timeout, which is expected for streams.
const TIMED_OUT: i32 = 28;

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let open = format!("```{language}\n");
    let blocks = WRITTEN.iter().flat_map(|text| text.split(&open).skip(1));
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The curl lines that request one of these paths, in order.
fn lines(of: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let lines = blocks("sh").into_iter().flat_map(str::lines).filter(|line| line.starts_with("curl "));
    lines.filter(|line| of(line)).collect()
}

fn asks_for(line: &str, paths: &[&str]) -> bool {
    paths.iter().any(|path| line.contains(&format!(":3001{path}")))
}

async fn run(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    tokio::time::timeout(DEADLINE, child.output()).await.expect("it does not end").unwrap()
}

/// Runs a line unchanged except for the addresses, and checks the answer.
async fn works(world: &World, line: &str) {
    let simulator = world.simulator.url();
    let address = |url: &str| url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let real =
        line.replace("localhost:3001", &address(&world.url("/"))).replace("127.0.0.1:3002", &address(&simulator));
    assert_ne!(real, line, "it goes to neither the service nor the simulator");
    let output = run(Command::new("sh").args(["-c", &real])).await;
    let answer = String::from_utf8(output.stdout).unwrap();
    let wanted = if line.contains("--max-time") { TIMED_OUT } else { 0 };
    assert_eq!(output.status.code(), Some(wanted), "{line}: {answer} {}", String::from_utf8_lossy(&output.stderr));
    match ["/qr.txt", "/metrics", "/events"].into_iter().find(|path| asks_for(line, &[path])) {
        Some("/qr.txt") => assert!(answer.contains('█'), "{line}: {answer}"),
        Some("/metrics") => assert!(answer.contains("session_manager_state{"), "{line}: {answer}"),
        Some(_) => assert!(answer.starts_with("retry:") || answer.contains(": following"), "{line}: {answer}"),
        None => {
            let body: Value =
                serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{line}: {error} in {answer}"));
            assert!(body["ok"] != false && body["success"] != false && body["error"].is_null(), "{line}: {body}");
        }
    }
}

/// The friend wants no further messages.
async fn opts_out(world: &World) {
    world.simulator.incoming(Incoming::text(FRIEND, "BAJA")).unwrap();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get("/opt-outs").await.1["items"][0]["id"] != FRIEND {
        assert!(tokio::time::Instant::now() < deadline, "the opt-out did not come");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_curl_works() {
    let (linking, ending) = (["/qr.txt", "/pairing-code"], ["/disconnect", "/connect", "/logout"]);
    let world = &mut World::started().await;
    world.until_session("a code", |session| session.code.is_some()).await;
    let mut worked = 0;
    for line in lines(|line| asks_for(line, &linking)) {
        works(world, line).await;
        worked += 1;
    }
    world.simulator.pairing_event("refresh_alt_linking_code");
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    for line in lines(|line| !asks_for(line, &linking) && !asks_for(line, &ending) && line.contains(":3001")) {
        if asks_for(line, &["/opt-outs/"]) {
            opts_out(world).await;
        }
        works(world, line).await;
        worked += 1;
    }
    // The simulator's lines come last in READY: one of them makes the simulator acknowledge nothing any more.
    for line in lines(|line| line.contains(":3002")) {
        works(world, line).await;
        worked += 1;
    }
    for line in lines(|line| asks_for(line, &ending)) {
        works(world, line).await;
        worked += 1;
    }
    assert_eq!(worked, lines(|_| true).len());
    assert!(worked > 15, "{worked} lines");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_the_signature_tells_ours_from_others() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).set("WEBHOOK_SECRET", SECRET).start().await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "¿hola?")).unwrap();
    let taken = receiver.until("a message", |taken| messages(taken).len() == 1).await;
    let one = taken.iter().find(|one| one.body["type"] == "message").unwrap();
    let headers: serde_json::Map<String, Value> =
        one.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().into())).collect();
    let check = blocks("js").into_iter().find(|block| block.contains("createHmac")).unwrap();
    let script = world.folder().join("check.mjs");
    let trial =
        "const [headers, body, secret] = JSON.parse(process.argv[2]);\nconsole.log(isSigned(headers, body, secret));\n";
    std::fs::write(&script, format!("{check}\n{trial}")).unwrap();
    let body = String::from_utf8(one.raw.to_vec()).unwrap();
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (body, secret, wanted) in
        [(body.clone(), SECRET, "true"), (body.replace("hola", "chau"), SECRET, "false"), (body, other, "false")]
    {
        let argument = serde_json::json!([headers, body, secret]).to_string();
        let output = run(Command::new("node").arg(&script).arg(argument)).await;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert_eq!(said, wanted, "{}", String::from_utf8_lossy(&output.stderr));
    }
    world.stop().await;
}
