//! `doctor` on machines in many conditions.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use simulator::Options;

use crate::world::{NOWHERE, Ran, StandIn, World, names};

/// The line of a check: its status, its detail and its remedy.
pub fn line(report: &Value, check: &str) -> (String, String) {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("no {check}: {report:#}"));
    let text = format!("{} -> {}", found["detail"].as_str().unwrap(), found["remedy"].as_str().unwrap_or_default());
    (found["status"].as_str().unwrap().to_owned(), text)
}

fn doctor(world: &World) -> (Ran, Value) {
    let ran = world.run(&["doctor", "--json"]);
    assert_eq!(ran.err, "", "nothing but the report");
    let report = ran.json();
    // Whatever the condition is: the exit code, the summary and the lines agree.
    let checks = report["checks"].as_array().unwrap();
    let count = |status: &str| checks.iter().filter(|line| line["status"] == status).count() as u64;
    for status in ["ok", "warning", "failure", "skipped"] {
        assert_eq!(report["summary"][status], count(status), "{report:#}");
    }
    assert_eq!(report["ok"], count("failure") == 0);
    assert_eq!(ran.code, Some(i32::from(count("failure") > 0)));
    for line in checks {
        let is_bad = line["status"] == "failure" || line["status"] == "warning";
        assert_eq!(is_bad, line["remedy"].is_string(), "{line}");
    }
    (ran, report)
}

/// For tests that do not need Chrome, which takes a second to start.
fn without_chrome() -> World {
    let mut world = World::new();
    world.set("CHROME_PATH", NOWHERE);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_machine_passes_and_is_left_as_it_was() {
    let (world, _simulator) = World::with_simulator(Options::fast()).await;
    let (ran, report) = doctor(&world);
    assert_eq!(ran.code, Some(0), "{report:#}");
    let checks: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|line| line["check"].as_str().unwrap()).collect();
    let expected = [
        "settings",
        "chrome",
        "start",
        "sandbox",
        "shm",
        "fonts",
        "ffmpeg",
        "display",
        "port",
        "tokens",
        "data",
        "profile",
        "profile size",
        "orphans",
        "disk",
        "store",
        "page",
        "surface",
        "clock",
    ];
    assert_eq!(checks, expected);
    for check in ["chrome", "start", "display", "port", "tokens", "profile", "store", "page", "clock"] {
        assert_eq!(line(&report, check).0, "ok", "{check}: {report:#}");
    }
    assert!(line(&report, "page").1.contains("answers Chrome"));
    assert!(report["elapsed_ms"].is_u64() && report["version"].is_string());
    assert_eq!(names(&world.path("")), ["home", "tmp"], "no folder was made");
    assert_eq!(names(&world.path("tmp")), [""; 0], "and nothing left behind");

    let for_people = world.run(&["doctor"]);
    assert_eq!((for_people.code, for_people.err.as_str()), (Some(0), ""));
    assert!(for_people.out.contains("ok        chrome   "), "{}", for_people.out);
    assert!(!for_people.out.contains('\u{1b}'), "colours are for terminals");
}

#[test]
fn a_missing_chrome_is_a_failure_that_hides_nothing_else() {
    let (_, report) = doctor(&without_chrome());
    let (status, text) = line(&report, "chrome");
    assert!(status == "failure" && text.contains(NOWHERE) && text.contains("apt-get install"), "{text}");
    assert_eq!((line(&report, "start").0, line(&report, "sandbox").0), ("skipped".to_owned(), "skipped".to_owned()));
    assert_eq!(line(&report, "shm").0, "ok");

    let mut world = World::new();
    world.set("PATH", world.path("").to_str().unwrap().to_owned().as_str());
    let (_, report) = doctor(&world);
    assert!(line(&report, "chrome").1.contains("No Chrome"), "{report:#}");
}

#[test]
fn a_chrome_that_dies_at_once_is_a_failure_with_its_words() {
    let mut world = World::new();
    let chrome = world.path("chrome");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && exec echo Chromium 99.1.2.3\necho 'loading shared libraries: libx' >&2\nexit 127\n";
    fs::write(&chrome, script).unwrap();
    fs::set_permissions(&chrome, PermissionsExt::from_mode(0o755)).unwrap();
    world.set("CHROME_PATH", chrome.to_str().unwrap());
    let (_, report) = doctor(&world);
    assert_eq!(line(&report, "chrome").0, "ok");
    let (status, text) = line(&report, "start");
    assert!(status == "failure" && text.contains("libx") && text.contains("a library is missing"), "{text}");
    assert_eq!(names(&world.path("tmp")), [""; 0]);
}

#[test]
fn a_window_without_a_display_is_a_failure_and_chrome_is_tried_all_the_same() {
    let mut world = World::new();
    world.set("LOGIN_MODE", "local");
    let (_, report) = doctor(&world);
    assert_eq!((line(&report, "display").0, line(&report, "start").0), ("failure".to_owned(), "ok".to_owned()));
}

#[test]
fn an_unreachable_page_is_a_failure() {
    let (_, report) = doctor(&World::new());
    let (status, text) = line(&report, "page");
    assert!(status == "failure" && text.contains("ERR_CONNECTION_REFUSED") && text.contains("firewall"), "{text}");
    // Without Chrome a plain connection makes the same check.
    let (_, report) = doctor(&without_chrome());
    let (status, text) = line(&report, "page");
    assert!(status == "failure" && text.contains("refused"), "{text}");
}

#[test]
fn who_holds_the_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut world = without_chrome();
    world.set("PORT", &taken.local_addr().unwrap().port().to_string());
    let (status, text) = line(&doctor(&world).1, "port");
    let us = format!("(pid {})", std::process::id());
    assert!(status == "failure" && text.contains(&us) && text.contains("set PORT"), "{text}");
}

#[test]
fn the_mode_of_the_folders_is_judged() {
    let world = without_chrome();
    let tokens = world.path("tokens");
    fs::create_dir(&tokens).unwrap();
    for (mode, status) in [(0o700, "ok"), (0o755, "warning"), (0o777, "failure")] {
        fs::set_permissions(&tokens, PermissionsExt::from_mode(mode)).unwrap();
        let (found, text) = line(&doctor(&world).1, "tokens");
        assert_eq!((found.as_str(), text.contains("chmod 700")), (status, status != "ok"), "{text}");
    }
    fs::remove_dir(&tokens).unwrap();
    fs::write(&tokens, "").unwrap();
    assert_eq!(line(&doctor(&world).1, "tokens").0, "failure");
}

#[test]
fn every_wrong_setting_is_a_line_and_the_others_are_in_force() {
    let mut world = without_chrome();
    world.set("SEND_MODE", "loud").set("PORT", "many").set("SEND_TIMOUT", "5s");
    let (_, report) = doctor(&world);
    let settings: Vec<_> =
        report["checks"].as_array().unwrap().iter().filter(|line| line["check"] == "settings").collect();
    let details: Vec<_> = settings.iter().map(|line| line["detail"].as_str().unwrap()).collect();
    assert!(details.len() == 3 && details[0].starts_with("PORT") && details[1].starts_with("SEND_MODE"), "{details:?}");
    assert!(settings[2]["remedy"].as_str().unwrap().contains("SEND_TIMEOUT"));
    assert!(line(&report, "tokens").1.contains(world.path("tokens").to_str().unwrap()));
}

#[test]
fn who_is_at_work_on_the_profile_is_named() {
    let world = without_chrome();
    let profile = world.path("tokens/admin");
    fs::create_dir_all(&profile).unwrap();
    for folder in [world.path("tokens"), profile.clone()] {
        fs::set_permissions(folder, PermissionsExt::from_mode(0o700)).unwrap();
    }
    let stranger = StandIn::on(&profile, &[]);
    let (_, report) = doctor(&world);
    let (status, text) = line(&report, "profile");
    assert!(status == "failure" && text.contains(&stranger.pid()), "{text}");
    assert!(!line(&report, "orphans").1.contains(&stranger.pid()), "it is none of ours");
    drop(stranger);
    // It has this service's mark, but not the pipe of a running service.
    let orphan = StandIn::on(&profile, &["--session-manager"]);
    let (_, report) = doctor(&world);
    for check in ["profile", "orphans"] {
        let (status, text) = line(&report, check);
        assert!(status == "warning" && text.contains(&orphan.pid()), "{check}: {text}");
    }
    let backup = world.run(&["backup", "file"]);
    assert!(backup.code == Some(75) && backup.err.contains(&orphan.pid()), "{backup:?}");
    drop(orphan);
    assert_eq!(line(&doctor(&world).1, "profile").0, "ok");
}
