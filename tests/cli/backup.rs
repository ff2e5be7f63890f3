//! `backup` and `restore`: a login that moves to another machine, and mistakes that must not harm it.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use simulator::{Options, Simulator};

use crate::world::{DEADLINE, Running, Service, World, names};

/// A world in which a phone was linked and the service is stopped.
async fn linked() -> (World, Simulator) {
    let (world, simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&world);
    service.link(&simulator).await;
    service.stop();
    (world, simulator)
}

/// Another machine with the same page.
fn elsewhere(simulator: &Simulator) -> World {
    let mut world = World::new();
    world.set("WHATSAPP_WEB_URL", &simulator.url());
    world
}

fn manifest(file: &Path) -> Value {
    let tar = zstd::decode_all(fs::File::open(file).unwrap()).unwrap();
    let mut archive = tar::Archive::new(tar.as_slice());
    let mut last = None;
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        last = Some((entry.path().unwrap().into_owned(), bytes));
    }
    let (name, bytes) = last.unwrap();
    assert_eq!(name, Path::new("manifest.json"));
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_moves_to_another_machine_and_sending_waits_there() {
    let (here, simulator) = linked().await;
    let ran = here.run(&["backup", "admin.tar.zst"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains("the login and the store"), "{}", ran.out);
    let file = here.path("admin.tar.zst");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(names(&here.path("")).iter().filter(|name| name.starts_with(".backup-")).count(), 0);
    let manifest = manifest(&file);
    assert!(manifest["linked"] == true && manifest["chrome"].is_string() && manifest["store_format"].is_u64());
    let files: Vec<_> =
        manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    for part in ["profile/Default/IndexedDB/", "profile/Default/Local Storage/", "profile/Local State", "store/db"] {
        assert!(files.iter().any(|file| file.starts_with(part)), "{part} is missing");
    }
    for part in ["/Cache/", "/Code Cache/", "/GPUCache/", "/Singleton", "/Crashpad/"] {
        assert!(!files.iter().any(|file| file.contains(part)), "{part} is in it");
    }

    let there = elsewhere(&simulator);
    let file = file.to_str().unwrap().to_owned();
    let ran = there.run(&["restore", &file]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains("store accept") && ran.out.contains("link the phone again"), "{}", ran.out);
    assert_eq!(fs::metadata(there.path("tokens/admin")).unwrap().permissions().mode() & 0o777, 0o700);
    let mut service = Service::start(&there);
    service.reaches("READY");
    assert_eq!(simulator.record().links.len(), 1, "no new link was needed");
    let status = service.status().await;
    assert_eq!((&status["connected"], &status["can_send_messages"]), (&true.into(), &false.into()));
    assert_eq!(there.run(&["store", "accept"]).code, Some(0));
    assert_eq!(service.status().await["can_send_messages"], true);
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_without_force_and_nothing_deleted_with_it() {
    let (world, _simulator) = linked().await;
    assert_eq!(world.run(&["backup", "file"]).code, Some(0));
    let before = fs::read(world.path("file")).unwrap();
    let again = world.run(&["backup", "file"]);
    assert!(again.code == Some(1) && again.err.contains("--force"), "{again:?}");
    assert_eq!(fs::read(world.path("file")).unwrap(), before);
    assert_eq!(world.run(&["backup", "--force", "file"]).code, Some(0));

    fs::write(world.path("tokens/admin/mine"), "").unwrap();
    let refused = world.run(&["restore", "file"]);
    assert!(refused.code == Some(1) && refused.err.contains("--force"), "{refused:?}");
    assert!(world.path("tokens/admin/mine").exists());
    let forced = world.run(&["restore", "--force", "file"]);
    assert_eq!(forced.code, Some(0), "{forced:?}");
    assert!(!world.path("tokens/admin/mine").exists());
    for (folder, kept) in [("tokens", "admin.before-restore-"), ("data", "store.before-restore-")] {
        let names = names(&world.path(folder));
        let aside = names.iter().find(|name| name.starts_with(kept)).unwrap();
        assert!(forced.out.contains(aside.as_str()), "{}", forced.out);
        assert!(!names.iter().any(|name| name.starts_with(".restore-")), "{names:?}");
        if folder == "tokens" {
            assert!(world.path("tokens").join(aside).join("mine").exists());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_changes_nothing() {
    let (world, simulator) = linked().await;
    assert_eq!(world.run(&["backup", "file"]).code, Some(0));
    let whole = fs::read(world.path("file")).unwrap();
    let target = elsewhere(&simulator);
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0xff;
    for bytes in [&whole[..whole.len() / 2], &flipped, b"no archive", b""] {
        fs::write(target.path("bad"), bytes).unwrap();
        let ran = target.run(&["restore", "--force", "bad"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert_eq!(names(&target.path("tokens")), [".lock"]);
        assert_eq!(names(&target.path("data")), [".lock"]);
    }
    let absent = target.run(&["restore", "absent"]);
    assert!(absent.code == Some(70) && absent.err.contains("absent"), "{absent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_backup_holds_the_login_and_the_service_is_back() {
    let (world, simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&world);
    service.link(&simulator).await;
    let url = service.url.clone();
    let ran = world.run(&["backup", "--live", "--url", &url, "live.tar.zst"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains("without the store"), "{}", ran.out);
    service.reaches("DISCONNECTED").reaches("READY");
    let manifest = manifest(&world.path("live.tar.zst"));
    assert!(manifest["store_format"].is_null() && manifest["linked"] == true);
    let files = manifest["files"].as_array().unwrap();
    assert!(files.iter().all(|file| file["path"].as_str().unwrap().starts_with("profile/")));

    // The session also comes back if the copy fails, and stays disconnected if it was disconnected before.
    let failed = world.run(&["backup", "--live", "--url", &url, "absent/file"]);
    assert!(failed.code == Some(70) && failed.err.contains("absent"), "{failed:?}");
    service.reaches("DISCONNECTED").reaches("READY");
    assert_eq!(service.post("/disconnect").await, 200);
    assert_eq!(world.run(&["backup", "--live", "--url", &url, "away.tar.zst"]).code, Some(0));
    assert_eq!(service.status().await["state"], "DISCONNECTED");
    service.stop();

    let there = elsewhere(&simulator);
    let ran = there.run(&["restore", world.path("live.tar.zst").to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!ran.out.contains("store accept"), "nothing was forgotten: {}", ran.out);
    let mut service = Service::start(&there);
    service.reaches("READY");
    assert_eq!(simulator.record().links.len(), 1);
    service.stop();
}

#[test]
fn without_a_login_there_is_nothing_to_back_up() {
    let world = World::new();
    let ran = world.run(&["backup", "file"]);
    assert!(ran.code == Some(1) && ran.err.contains("TOKENS_DIR"), "{ran:?}");
    assert_eq!(names(&world.path("")), ["home", "tmp"], "no folder was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_other_folders_is_not_disturbed() {
    let (mut here, simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&here);
    service.link(&simulator).await;
    service.stop();
    let there = elsewhere(&simulator);
    let mut stranger = Service::start(&there);
    stranger.reaches("QR_REQUIRED");
    let before = stranger.status().await;
    here.set("AUTO_CONNECT", "false");
    let service = Service::start(&here);
    let ran = here.run(&["backup", "--live", "--url", &stranger.url, "file"]);
    assert!(ran.code == Some(1) && ran.err.contains("--url"), "{ran:?}");
    assert_eq!(stranger.status().await["since"], before["since"]);
    assert!(!here.path("file").exists());
    stranger.stop();
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_no_file_and_the_service_connected() {
    let (world, simulator) = World::with_simulator(Options::fast()).await;
    let mut service = Service::start(&world);
    service.link(&simulator).await;
    // Enough files to interrupt the backup in the middle.
    for number in 0..100 {
        fs::write(world.path("tokens/admin").join(format!("ballast-{number}")), vec![7; 1 << 20]).unwrap();
    }
    let backup = Running::spawn(world.command(&["backup", "--live", "--url", &service.url, "file"]));
    let has_draft = || names(&world.path("")).iter().any(|name| name.starts_with(".backup-"));
    let begun = Instant::now();
    while !has_draft() {
        assert!(begun.elapsed() < DEADLINE, "no copy was begun");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    backup.signal(Signal::SIGINT);
    let ran = backup.exit();
    assert_eq!((ran.code, ran.err.as_str()), (Some(130), "interrupted\n"));
    assert!(!has_draft() && !world.path("file").exists());
    service.reaches("DISCONNECTED").reaches("READY");
    service.stop();
}
