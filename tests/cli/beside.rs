//! Commands that run beside the service, on the same folders.

use serde_json::Value;
use simulator::Options;

use crate::doctor::line;
use crate::world::{Service, World};

#[tokio::test(flavor = "multi_thread")]
async fn doctor_disturbs_nobody_and_says_who_is_at_work() {
    let (mut world, simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&world);
    service.link(&simulator).await;
    let before = service.status().await;
    let port = service.url.rsplit_once(':').unwrap().1;
    world.set("PORT", port);

    let ran = world.run(&["doctor", "--json"]);
    let report: Value = ran.json();
    let us = format!("(pid {})", service.pid());
    for (check, status) in [("port", "ok"), ("profile", "ok"), ("store", "skipped")] {
        let (found, text) = line(&report, check);
        assert!(found == status && text.contains(&us), "{check}: {found} {text}");
    }
    let (found, text) = line(&report, "surface");
    assert!(found == "ok" && text.starts_with("WhatsApp Web 2.3000."), "{found} {text}");
    assert_eq!(ran.code, Some(0), "{report:#}");
    let browser = browser_of(&world);
    assert!(!line(&report, "orphans").1.contains(&browser.to_string()), "{report:#}");

    let after = service.status().await;
    assert_eq!((&after["state"], &after["since"]), (&before["state"], &before["since"]));
    assert_eq!(after["state"], "READY");
    service.stop();
    let after = world.run(&["doctor", "--json"]).json();
    assert!(line(&after, "profile").1.contains("a phone is linked"), "{after:#}");
    assert!(line(&after, "store").1.contains("sound"), "{after:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hand_on_the_folders_is_refused() {
    let (world, _simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&world);
    service.reaches("QR_REQUIRED");
    let us = format!("(pid {})", service.pid());
    std::fs::write(world.path("archive"), "of no importance").unwrap();
    for arguments in [["backup", "file"], ["restore", "archive"]] {
        let ran = world.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(75), ""), "{ran:?}");
        assert!(ran.err.contains(&us), "{ran:?}");
    }
    service.stop();
}

/// The browser that uses a world's profile.
fn browser_of(world: &World) -> i32 {
    let flag = format!("--user-data-dir={}", world.path("tokens/admin").display());
    let is_it = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.split('\0').any(|argument| argument == flag) && !line.contains("--type=")
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(is_it).expect("no browser runs")
}
