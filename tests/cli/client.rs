//! `qr`, `status` and the commands that only print.

use simulator::Options;

use crate::world::{DEADLINE, Running, Service, World};

/// The printed codes as half-block characters, one after the other.
fn codes(lines: &[String]) -> Vec<String> {
    let is_code = |line: &String| line.chars().count() > 40 && line.chars().all(|c| " █▀▄".contains(c));
    let mut codes = vec![];
    for lines in lines.chunk_by(|a, b| is_code(a) == is_code(b)).filter(|lines| is_code(&lines[0])) {
        codes.push(lines.join("\n"));
    }
    codes
}

/// The text that a phone would read from a dark terminal.
fn scanned(code: &str) -> String {
    let rows: Vec<Vec<char>> = code.lines().map(|line| line.chars().collect()).collect();
    let (width, height) = (rows[0].len() * 4, rows.len() * 8);
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        let upper = y % 8 < 4;
        let lit = match rows[y / 8][x / 4] {
            '█' => true,
            '▀' => upper,
            '▄' => !upper,
            _ => false,
        };
        if lit { 255 } else { 0 }
    });
    picture.detect_grids().first().expect("no code to be seen").decode().unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn qr_follows_the_rotation_until_the_phone_is_linked() {
    // The first code lives 2.4 s, the later codes 0.8 s.
    let (world, simulator) = World::with_simulator(Options { code_scale: Some(0.04), ..Options::fast() }).await;
    let mut service = Service::start(&world);
    service.reaches("QR_REQUIRED");
    let mut qr = Running::spawn(world.command(&["qr", "--url", &service.url]));
    for nth in ["a code", "the next code"] {
        qr.line(nth, |line| line.starts_with("WhatsApp on the phone"));
    }
    let shown = codes(&qr.seen);
    assert!(shown.len() == 2 && shown[0] != shown[1], "{} codes", shown.len());
    assert!(shown.iter().all(|code| scanned(code).starts_with("2@") || scanned(code).contains(',')));

    let code = simulator.code(DEADLINE).await.unwrap();
    simulator.scan(&code).unwrap();
    let ran = qr.exit();
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.ends_with("READY: the phone is linked."), "{}", ran.out);
    service.reaches("READY").stop_disconnected(&world).await;
}

impl Service {
    /// Disconnects the session: `qr` and `status` must say so.
    async fn stop_disconnected(&mut self, world: &World) {
        assert_eq!(self.post("/disconnect").await, 200);
        let qr = world.run(&["qr", "--url", &self.url]);
        assert_eq!((qr.code, qr.out.as_str()), (Some(1), ""));
        assert!(qr.err.contains("DISCONNECTED") && qr.err.contains("POST /connect"), "{qr:?}");
        let status = world.run(&["status", "--url", &self.url]);
        assert_eq!(status.code, Some(1));
        assert!(status.out.contains("connect: POST /connect"), "{status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_people_and_scripts() {
    let (mut world, simulator) = World::with_simulator(Options::fast()).await;
    world.set("API_TOKEN", "a-token-of-the-service");
    let mut service = Service::start(&world);
    service.reaches("QR_REQUIRED");
    let waiting = world.run(&["status", "--url", &service.url]);
    assert_eq!((waiting.code, waiting.err.as_str()), (Some(1), ""));
    assert!(waiting.out.contains("QR_REQUIRED") && waiting.out.contains("session-manager qr"), "{}", waiting.out);
    service.scan(&simulator).await;
    // HOST, PORT and API_TOKEN name the service, as they do for the service itself.
    let port = service.url.rsplit_once(':').unwrap().1.to_owned();
    world.set("PORT", &port);
    let ready = world.run(&["status", "--json"]);
    assert_eq!((ready.code, &ready.json()["state"]), (Some(0), &"READY".into()));

    let replayed = world.run(&["replay"]);
    assert_eq!((replayed.code, replayed.out.as_str()), (Some(0), "there are no dead letters\n"));
    let unknown = world.run(&["replay", "--target", "hub-persistence"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("not among the settings"), "{unknown:?}");

    world.set("API_TOKEN", "not-the-token-of-the-service");
    let refused = world.run(&["status"]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.contains("API_TOKEN") && !refused.err.contains("not-the-token"), "{refused:?}");
    service.stop();
}

#[test]
fn without_a_service_that_is_said() {
    let mut world = World::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for command in ["status", "qr"] {
        let ran = world.run(&[command, "--url", &format!("http://{closed}")]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(69), ""), "{ran:?}");
        assert!(ran.err.contains(&closed.to_string()) && ran.err.contains("start the service"), "{ran:?}");
        assert_eq!(world.run(&[command]).code, Some(64), "PORT=0 says nothing of where");
        assert_eq!(world.run(&[command, "--url", "no address"]).code, Some(64));
    }
    world.set("PORT", "many");
    let ran = world.run(&["status"]);
    assert!(ran.code == Some(78) && ran.err.contains("PORT"), "{ran:?}");
}

#[test]
fn every_command_has_help_with_examples() {
    let world = World::new();
    let commands = ["doctor", "config", "qr", "status", "backup", "restore", "openapi", "completions"];
    for arguments in commands.map(|command| vec![command, "--help"]).into_iter().chain([vec!["--help"]]) {
        let ran = world.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(ran.out.contains("Examples:\n  session-manager"), "{}", ran.out);
    }
    assert_eq!(world.run(&["frobnicate"]).code, Some(64));
    assert_eq!(world.run(&["backup"]).code, Some(64));
}

#[test]
fn the_document_of_the_api_is_printed_without_a_service() {
    let ran = World::new().run(&["openapi"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let document = ran.json();
    assert_eq!((&document["openapi"], &document["info"]["title"]), (&"3.1.0".into(), &"session-manager".into()));
    assert!(document["paths"]["/send"]["post"].is_object());
}

#[test]
fn completions_are_scripts_that_name_the_commands() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = world.run(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        assert!(ran.out.contains("doctor") && ran.out.contains("restore"), "{shell}");
    }
    let script = world.path("completions.bash");
    std::fs::write(&script, world.run(&["completions", "bash"]).out).unwrap();
    assert!(std::process::Command::new("bash").arg("-n").arg(script).status().unwrap().success());
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new();
    let folder = world.path("man");
    let ran = world.run(&["man", folder.to_str().unwrap()]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    for command in ["", "-doctor", "-config", "-qr", "-status", "-page", "-backup", "-restore", "-store-accept"] {
        let page = std::fs::read_to_string(folder.join(format!("session-manager{command}.1"))).unwrap();
        assert!(page.contains(&format!(".TH session-manager{command} 1")), "{page}");
    }
    // Only packages ask for them.
    assert!(!world.run(&["--help"]).out.contains("manual pages") && !folder.join("session-manager-man.1").exists());
    std::fs::write(world.path("file"), "").unwrap();
    let refused = world.run(&["man", world.path("file").to_str().unwrap()]);
    assert!(refused.code == Some(70) && refused.err.contains("cannot be written in"), "{refused:?}");
}
