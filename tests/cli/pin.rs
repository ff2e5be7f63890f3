//! A document of the page is kept, and a later start uses it instead of the one on the network.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use simulator::{LoginRefusal, Options};

use crate::world::{Service, World, names};

/// A comment that only the kept document has.
const MARK: &str = "<!-- kept -->";

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_the_page_that_runs_is_kept_and_pins_its_version() {
    let (mut world, simulator) = World::with_simulator(Options::fast()).await;
    let file = world.path("page.html");
    let shown = file.display().to_string();
    let save = |url: &str, more: &[&str]| world.run(&[&["page", "--url", url, "--save", &shown], more].concat());
    assert_eq!(save("http://127.0.0.1:9", &[]).code, Some(69), "no service answers");

    let mut service = Service::start(&world);
    service.link(&simulator).await;
    let ran = save(&service.url, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let version = service.status().await["whatsapp_web_version"].as_str().unwrap().to_owned();
    assert!(ran.out.contains(&version) && ran.out.contains(&format!("WHATSAPP_WEB_HTML={shown}")), "{ran:?}");
    let kept = std::fs::read_to_string(&file).unwrap();
    let client = session_manager::host::http_client::without_certificates().unwrap().build().unwrap();
    let served = client.get(simulator.url()).send().await.unwrap().text().await.unwrap();
    // The simulator numbers its documents.
    assert_eq!(kept, served.replace("data-load=\"2\"", "data-load=\"1\""), "byte for byte");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
    let refused = save(&service.url, &[]);
    assert!(refused.code == Some(1) && refused.err.contains("--force"), "{refused:?}");
    std::fs::write(&file, "older").unwrap();
    assert_eq!(save(&service.url, &["--force"]).code, Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
    assert_eq!(names(file.parent().unwrap()).iter().filter(|name| name.starts_with(".tmp")).count(), 0);
    assert_eq!(service.status().await["pinned"], false);
    service.stop();

    // The login is the old one, and the document is the file's: only that has the mark.
    std::fs::write(&file, format!("{kept}{MARK}")).unwrap();
    world.set("WHATSAPP_WEB_HTML", &shown);
    let mut service = Service::start(&world);
    service.reaches("READY");
    let status = service.status().await;
    assert_eq!(
        (&status["pinned"], status["whatsapp_web_version"].as_str()),
        (&Value::Bool(true), Some(version.as_str()))
    );
    let runs = client.get(format!("{}/document", service.url)).send().await.unwrap();
    assert_eq!(runs.headers()["content-type"], "application/octet-stream", "no browser shows it as our page");
    assert!(runs.text().await.unwrap().ends_with(MARK));

    simulator.faults(|faults| faults.login = Some(LoginRefusal::of(405)));
    service.reaches("RECONNECTING");
    let told = service.status().await;
    assert_eq!(told["reason"], "VERSION_DEPRECATED", "{told}");
    assert!(told["detail"].as_str().unwrap().contains("WHATSAPP_WEB_HTML"), "{told}");
    service.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_document_is_named_with_its_setting() {
    let (mut world, _simulator) = World::with_simulator(Options::fast()).await;
    let file = world.path("page.html").display().to_string();
    world.set("WHATSAPP_WEB_HTML", &file).set("MAX_RECONNECTION_ATTEMPTS", "0");
    let mut service = Service::start(&world);
    service.reaches("ERROR");
    let told = service.status().await;
    assert_eq!(told["reason"], "BROWSER_LAUNCH_FAILED", "{told}");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.starts_with(&format!("WHATSAPP_WEB_HTML {file} cannot be read")), "{detail}");
    service.stop();
}
