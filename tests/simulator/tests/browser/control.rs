//! The control API and the page of the phone.

use crate::chromium::{Browser, Outcome};
use serde_json::{Value, json};
use simulator::{Options, Simulator};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DEADLINE: Duration = Duration::from_secs(10);
const ME: &str = "5491150000001";
const FRIEND: &str = "5491122334455";

/// One call, as curl makes it: a body is posted. The answer is the status and the JSON.
async fn call(simulator: &Simulator, path: &str, body: Option<&Value>) -> Outcome<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", simulator.port())).await?;
    let (method, body) = body.map_or(("GET", String::new()), |body| ("POST", body.to_string()));
    let head = format!("{method} {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or("no status")?.parse()?;
    let (_, content) = answer.split_once("\r\n\r\n").ok_or("no end of the head")?;
    Ok((status, serde_json::from_str(content)?))
}

/// Opens a page that shows a code, again if need be.
async fn waiting(simulator: &Simulator, browser: &mut Browser) -> Outcome {
    browser.open(&simulator.url()).await?;
    browser
        .wait_for("require('WAWebSocketModel').Socket.state === 'UNPAIRED' && require('WAWebConnModel').Conn.ref")
        .await
}

#[tokio::test]
async fn every_documented_call_works_as_it_stands() -> Outcome {
    let simulator = Simulator::start(Options::fast()).await?;
    let profile = tempfile::tempdir()?;
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    waiting(&simulator, &mut browser).await?;

    let (_, index) = call(&simulator, "/control/", None).await?;
    let operations = index["operations"].as_array().ok_or("no operations")?;
    assert_eq!(operations.len(), 32);
    for operation in operations {
        let (path, mut example) = (operation["path"].as_str().ok_or("no path")?, operation["example"].clone());
        let curl = operation["curl"].as_str().ok_or("no curl")?;
        let (address, body) = curl.split_once(" -d '").ok_or("no body")?;
        assert!(address.ends_with(path), "{curl}");
        assert_eq!(serde_json::from_str::<Value>(body.trim_end_matches('\''))?, example);
        if path == "/control/pairing-code" {
            // The one thing that no example can know: what the page shows now.
            waiting(&simulator, &mut browser).await?;
            let ask = format!(
                "(async () => {{ const api = require('WAWebAltDeviceLinkingApi'); \
                 await api.initializeAltDeviceLinking(); return api.startAltLinkingFlow('{ME}', true); }})()"
            );
            example["code"] = browser.evaluate(&ask).await?;
        }
        let (status, answer) = call(&simulator, path, Some(&example)).await?;
        assert_eq!(status, 200, "{curl}: {answer}");
        if matches!(path, "/control/scan" | "/control/pairing-code") {
            simulator.wait_until("the page", DEADLINE, simulator::Record::connected).await?;
        }
    }
    for read in index["reads"].as_array().ok_or("no reads")? {
        let (status, answer) = call(&simulator, read["path"].as_str().ok_or("no path")?, None).await?;
        assert_eq!(status, 200, "{read}: {answer}");
    }
    let record = simulator.record();
    assert_eq!((record.links.len(), record.logouts.len()), (2, 1));
    browser.close().await
}

#[tokio::test]
async fn an_operation_is_done_by_the_phone_that_is_named() -> Outcome {
    let simulator = Simulator::start(Options::fast()).await?;
    let other = json!({ "number": "5491150000002", "name": "Bea" });
    assert_eq!(call(&simulator, "/control/account", Some(&other)).await?.0, 200);
    let message = json!({ "account": "+54 9 11 5000-0002", "to": ME, "body": "hola" });
    assert_eq!(call(&simulator, "/control/from-phone", Some(&message)).await?.0, 200);
    let read = json!({ "account": "5491150000002", "message": "last", "ack": 3 });
    assert_eq!(call(&simulator, "/control/ack", Some(&read)).await?.0, 200);
    for (account, mine, ack) in [(ME, false, 1), ("5491150000002", true, 3)] {
        let (_, chats) = call(&simulator, &format!("/control/chats?account={account}"), None).await?;
        let message = &chats[0]["messages"][0];
        assert_eq!(
            (&message["fromMe"], &message["ack"], &message["body"]),
            (&json!(mine), &json!(ack), &json!("hola"))
        );
    }
    let (_, state) = call(&simulator, "/control/state", None).await?;
    assert_eq!(state["accounts"][1]["name"], "Bea");
    let nobody = json!({ "account": "5491199999999" });
    assert_eq!(call(&simulator, "/control/conflict", Some(&nobody)).await?.0, 404);
    assert_eq!(call(&simulator, "/control/scan", Some(&json!({ "account": 7 }))).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn the_control_api_does_what_the_library_does() -> Outcome {
    let simulator = Simulator::start(Options::fast()).await?;
    let profile = tempfile::tempdir()?;
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    browser.open(&format!("{}phone", simulator.url())).await?;
    browser
        .wait_for("document.querySelector('#scan').disabled && document.querySelector('#number').textContent")
        .await?;
    let post = |operation: &str, body: &str| {
        format!(
            "fetch('/control/{operation}', {{ method: 'POST', body: JSON.stringify({body}) }}) \
             .then(async (a) => [a.status, await a.json()])"
        )
    };
    let incoming = browser.evaluate(&post("incoming", &format!("{{ from: '{FRIEND}', body: 'hello' }}"))).await?;
    assert_eq!(incoming[0], 200);
    assert!(incoming[1]["message"].as_str().is_some_and(|key| key.starts_with("false_")));
    browser.wait_for("document.querySelector('.message').textContent.startsWith('hello')").await?;
    let faults = browser.evaluate(&post("faults", "{ send: 'hang', slow_boot_ms: 7 }")).await?;
    assert_eq!(faults[1]["slow_boot_ms"], 7);
    let mended = browser.evaluate(&post("faults", "{ reset: true }")).await?;
    assert_eq!(mended[1]["send"], "none");
    assert_eq!(browser.evaluate(&post("scan", "{}")).await?[0], 409);
    assert_eq!(browser.evaluate(&post("revoke", "{ message: 'no' }")).await?[0], 404);
    assert_eq!(browser.evaluate(&post("faults", "{ sned: 'hang' }")).await?[0], 400);
    browser.close().await
}

#[tokio::test]
async fn the_phone_is_worked_by_hand() -> Outcome {
    let simulator = Simulator::start(Options { code_scale: Some(1.0), ..Options::fast() }).await?;
    let (here, there) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut page = Browser::launch(here.path(), &[]).await?;
    let mut phone = Browser::launch(there.path(), &[]).await?;
    waiting(&simulator, &mut page).await?;
    phone.open(&format!("{}phone", simulator.url())).await?;
    let click = |selector: &str| format!("document.querySelector('{selector}').click()");

    phone.wait_for("!document.querySelector('#scan').disabled").await?;
    phone.evaluate(&click("#scan")).await?;
    phone.wait_for("document.querySelector('.dot.online') !== null").await?;

    // A contact is added, writes, and is answered on the phone.
    let add =
        format!("document.querySelector('#new-contact input').value = '{FRIEND}'; {}", click("#new-contact button"));
    phone.evaluate(&add).await?;
    phone.wait_for("document.querySelector('#with').textContent.startsWith('+')").await?;
    for (writer, text) in [("theirs", "one"), ("mine", "two")] {
        let write =
            format!("document.querySelector('#write input').value = '{text}'; {}", click(&format!("#write .{writer}")));
        phone.evaluate(&write).await?;
        phone
            .wait_for(&format!(
                "[...document.querySelectorAll('.message')].some((m) => m.textContent.startsWith('{text}'))"
            ))
            .await?;
    }
    page.wait_for("require('WAWebCollections').Msg.filter((m) => m.type === 'chat').length === 2").await?;
    assert_eq!(simulator.chats()[0].messages.iter().map(|m| m.from_me).collect::<Vec<_>>(), [false, true]);

    // Broken, and mended.
    phone.evaluate("const send = document.querySelector('[name=send]'); send.value = 'hang'; send.dispatchEvent(new Event('change', { bubbles: true }))").await?;
    phone.wait_for("document.querySelector('[name=send]').classList.contains('broken')").await?;
    phone.evaluate(&click("#airplane")).await?;
    simulator.wait_until("the cut", DEADLINE, |record| !record.connected()).await?;
    phone.wait_for("!document.querySelector('#mend').disabled && document.querySelector('#airplane').checked").await?;
    phone.evaluate(&click("#mend")).await?;
    simulator.wait_until("the page", DEADLINE, simulator::Record::connected).await?;
    phone.wait_for("document.querySelector('#mend').disabled").await?;

    phone.evaluate(&click("#devices button")).await?;
    simulator.wait_until("the end of the link", DEADLINE, |record| record.logouts.len() == 1).await?;
    page.close().await?;
    phone.close().await
}

#[tokio::test]
async fn the_phone_shows_files_and_sends_them() -> Outcome {
    let simulator = Simulator::start(Options::fast()).await?;
    let profile = tempfile::tempdir()?;
    let mut phone = Browser::launch(profile.path(), &[]).await?;
    let other = json!({ "number": "5491150000002" });
    assert_eq!(call(&simulator, "/control/account", Some(&other)).await?.0, 200);
    let contact = json!({ "number": FRIEND, "name": "Ana" });
    assert_eq!(call(&simulator, "/control/person", Some(&contact)).await?.0, 200);
    phone.open(&format!("{}phone", simulator.url())).await?;
    let open = |name: &str| {
        format!(
            "[...document.querySelectorAll('#people button')].find((b) => b.textContent.startsWith('{name}'))?.click() ?? true"
        )
    };
    phone.wait_for("document.querySelectorAll('#people button').length === 2").await?;
    phone.evaluate(&open("Ana")).await?;
    phone.wait_for("document.querySelector('#with').textContent.startsWith('Ana')").await?;

    // A picture is chosen, and written to with a caption; a text is dropped, and sent by the owner.
    phone
        .evaluate(
            "(async () => {
               const canvas = Object.assign(document.createElement('canvas'), { width: 240, height: 120 });
               canvas.getContext('2d').fillRect(0, 0, 240, 120);
               const picture = await new Promise((done) => canvas.toBlob(done));
               globalThis.chosen = new DataTransfer();
               chosen.items.add(new File([picture], 'a.png', { type: 'image/png' }));
               const input = document.querySelector('#attach');
               input.files = chosen.files;
               input.dispatchEvent(new Event('change'));
               document.querySelector('#write input').value = 'look';
               document.querySelector('#write .theirs').click();
             })()",
        )
        .await?;
    phone.wait_for("document.querySelector('.message img')?.naturalWidth === 240").await?;
    phone.wait_for("document.querySelector('.message').textContent.startsWith('look') && document.querySelector('#attached').hidden").await?;
    phone
        .evaluate(
            "globalThis.dropped = new DataTransfer();
             dropped.items.add(new File(['hello'], 'a.txt', { type: 'text/plain' }));
             document.querySelector('#messages').dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer: dropped }));
             document.querySelector('#write .mine').click()",
        )
        .await?;
    phone.wait_for("document.querySelector('.message.mine a[download]')?.download === 'a.txt'").await?;
    let read = "fetch(document.querySelector('.message.mine a').href) \
                .then(async (a) => [await a.text(), a.headers.get('content-disposition')])";
    assert_eq!(phone.evaluate(read).await?, json!(["hello", "attachment"]));

    let chat = simulator.chats().remove(0);
    let [picture, text] = &chat.messages[..] else { return Err("two messages".into()) };
    assert_eq!((picture.kind.as_str(), text.kind.as_str()), ("image", "document"));
    let said = |name: &str| picture.fields.get(name).cloned().unwrap_or_default();
    assert_eq!((said("width"), said("height"), said("caption")), (json!(240), json!(120), json!("look")));
    assert!(picture.body.starts_with("/9j/"), "the thumbnail is a JPEG");

    // A file of one account's phone arrives at the other's.
    let note = json!({ "to": "5491150000002", "media": { "kind": "ptt", "size": 2_500_000, "seconds": 3 } });
    assert_eq!(call(&simulator, "/control/from-phone", Some(&note)).await?.0, 200);
    phone.evaluate("location.hash = '5491150000002'").await?;
    phone.wait_for("document.querySelector('.message:not(.mine) audio') !== null").await?;
    let size = "fetch(document.querySelector('.message audio').src).then(async (a) => (await a.blob()).size)";
    assert_eq!(phone.evaluate(size).await?, 2_500_000);
    assert_eq!(call(&simulator, "/control/from-phone", Some(&json!({ "to": FRIEND, "media": {} }))).await?.0, 400);
    phone.close().await
}
