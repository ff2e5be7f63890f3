//! The page in a real Chromium, from the first code to the end of the link.

use crate::chromium::{Browser, Outcome};
use simulator::{Incoming, Network, Options, PageBuild, Record, SendFault, ServerFault, Simulator, SocketState};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(15);
const FRIEND: &str = "5491122334455";

const READY: &str = "require('WAWebSocketModel').Socket.state === 'CONNECTED' \
    && require('WAWebSocketModel').Socket.stream === 'CONNECTED' \
    && require('WAWebSocketModel').Socket.hasSynced && document.querySelector('#pane-side') !== null";

/// The document came after a logout; the page takes the mark off its address at once.
const AFTER_LOGOUT: &str = "performance.getEntriesByType('navigation')[0].name.includes('post_logout=1')";

/// Opens the page on a fresh profile and links it.
async fn linked(simulator: &Simulator, profile: &std::path::Path) -> Outcome<Browser> {
    let mut browser = Browser::launch(profile, &[]).await?;
    browser.open(&simulator.url()).await?;
    let code = simulator.code(DEADLINE).await?;
    simulator.scan(&code)?;
    browser.wait_for(READY).await?;
    Ok(browser)
}

/// Sends a text in the full form; `id` is picked by the page's own generator.
fn send(number: &str, text: &str) -> String {
    format!(
        "(async () => {{
            const wid = require('WAWebWidFactory').createWid('{number}@c.us');
            const found = await require('WAWebQueryExistsJob').queryWidExists(wid);
            if (!found) return null;
            const {{ chat }} = await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid);
            const MsgKey = require('WAWebMsgKey');
            const from = require('WAWebUserPrefsMeUser').getMaybeMeLidUser();
            const id = new MsgKey({{ from, to: chat.id, id: await MsgKey.newId(), selfDir: 'out' }});
            const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, {{
                id, ack: 0, body: '{text}', from, to: chat.id, local: true, self: 'out',
                t: Math.floor(Date.now() / 1000), isNewMsg: true, type: 'chat' }});
            window.result = result;
            await added;
            return String(id);
        }})()"
    )
}

fn received(record: &Record, key: &str) -> Option<u32> {
    record.message(key).map(|message| message.count)
}

#[tokio::test]
async fn links_receives_sends_and_survives() -> Outcome {
    let simulator = Simulator::start(Options::fast()).await?;
    simulator.add_person(FRIEND)?;
    let profile = tempfile::tempdir()?;
    let mut browser = linked(&simulator, profile.path()).await?;

    // The code in the page is the one that was scanned; the page is not seen as driven.
    let record = simulator.wait_until("the marks", DEADLINE, |record| record.mark("synced").is_some()).await?;
    assert_eq!(record.links.len(), 1);
    assert_eq!(record.pages[0].webdriver, Some(false));
    assert!(record.mark("synced") > record.mark("codeShown"));

    // A message arrives under a LID that is not the phone's number.
    browser
        .evaluate("window.seen = []; require('WAWebCollections').Msg.on('add', (m) => m.type === 'chat' && window.seen.push({ key: String(m.id), ...m.serialize() }))")
        .await?;
    let key = simulator.incoming(Incoming::text(FRIEND, "hello").named("Ana"))?;
    browser.wait_for("window.seen.length === 1").await?;
    let message = browser.evaluate("window.seen[0]").await?;
    assert_eq!(message["key"], key.as_str());
    assert_eq!(message["from"]["server"], "lid");
    assert_ne!(message["from"]["user"], FRIEND);
    assert_eq!(message["isNewMsg"], true);
    let phone = browser
        .evaluate("require('WAWebApiContact').getPhoneNumber(require('WAWebCollections').Msg.last().from).user")
        .await?;
    assert_eq!(phone, FRIEND);

    // A message leaves, is acknowledged and comes once.
    let sent = browser.evaluate(&send(FRIEND, "hi")).await?;
    let sent = sent.as_str().ok_or("no key")?;
    assert_eq!(browser.evaluate("window.result.then((r) => r.messageSendResult)").await?, "OK");
    browser.wait_for(&format!("require('WAWebCollections').Msg.get('{sent}').ack === 2")).await?;
    assert_eq!(received(&simulator.record(), sent), Some(1));
    assert_eq!(browser.evaluate(&send("999999999", "nobody")).await?, serde_json::Value::Null);
    let short = "(async () => (await require('WAWebSendTextMsgChatAction').sendTextMsgToChat( \
         require('WAWebCollections').Chat.models[0], 'short')).messageSendResult)()";
    assert_eq!(browser.evaluate(short).await?, "OK");
    assert!(simulator.record().received.iter().any(|message| message.body == "short"));

    // A cut is noticed, survived, and what came meanwhile is news with its own time.
    simulator.network(Network::Full);
    browser.wait_for("!navigator.onLine && require('WAWebSocketModel').Socket.state === 'OPENING'").await?;
    simulator.incoming(Incoming::text("5491100000099", "late").at(1_700_000_000).phone_unknown())?;
    simulator.network(Network::Up);
    browser.wait_for(READY).await?;
    browser.wait_for("window.seen.some((m) => m.body === 'late' && m.isNewMsg && m.t === 1700000000)").await?;

    // A message that did not leave is not sent after a restart, but marked as failed; sent again by hand it keeps its id.
    simulator.faults(|faults| faults.server = ServerFault::Drop);
    let pending = browser.evaluate(&send(FRIEND, "again")).await?;
    let pending = pending.as_str().ok_or("no key")?.to_owned();
    browser.close().await?;
    simulator.faults(|faults| faults.server = ServerFault::None);
    assert_eq!(received(&simulator.record(), &pending), None);
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    browser.open(&simulator.url()).await?;
    browser.wait_for(READY).await?;
    let message = format!("require('WAWebCollections').Msg.get('{pending}')");
    browser.wait_for(&format!("{message}.isSendFailure === true && {message}.ack === 0")).await?;
    assert_eq!(received(&simulator.record(), &pending), None);
    browser.evaluate(&format!("void require('WAWebResendMsgAction').resendMsg({message})")).await?;
    simulator.wait_until("the pending message", DEADLINE, |record| received(record, &pending) == Some(1)).await?;
    assert_eq!(simulator.record().links.len(), 1, "no second link was needed");

    // The phone unlinks: the page goes back to the start and shows a code.
    assert_eq!(simulator.unlink(), 1);
    browser.wait_for(&format!("{AFTER_LOGOUT} && document.querySelector('[data-testid=link-device-qr-code]')")).await?;
    assert!(browser.evaluate("require('WAWebUserPrefsMeUser').getMaybeMePnUser()").await?.is_null());
    browser.close().await?;
    simulator.stop().await;
    Ok(())
}

/// A simulator, a browser, and a page that is linked.
async fn scene(options: Options) -> Outcome<(Simulator, Browser, tempfile::TempDir)> {
    let simulator = Simulator::start(options).await?;
    let profile = tempfile::tempdir()?;
    let browser = linked(&simulator, profile.path()).await?;
    Ok((simulator, browser, profile))
}

#[tokio::test]
async fn refuses_what_the_real_page_refuses() -> Outcome {
    let simulator = Simulator::start(Options { tls: true, ..Options::fast() }).await?;
    let profile = tempfile::tempdir()?;
    let port = simulator.tls_port().ok_or("no TLS")?;
    let key = simulator.spki_sha256_base64().ok_or("no TLS")?;
    let arguments = [
        format!("--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:{port}"),
        format!("--ignore-certificate-errors-spki-list={key}"),
    ];
    let mut browser = Browser::launch(profile.path(), &arguments).await?;

    // An unknown browser is asked to update; the page has no loader.
    browser.agent("Mozilla/5.0 HeadlessChrome/140.0.0.0").await?;
    browser.open("https://web.whatsapp.com/").await?;
    browser.wait_for("document.querySelector('a[href=\"https://www.google.com/chrome/\"]') && !window.require").await?;
    assert!(simulator.record().pages[0].refused);

    // Under a good name, on the real origin: no code before the ref, and eight characters for the account's phone.
    browser.agent(crate::chromium::AGENT).await?;
    browser.open("https://web.whatsapp.com/").await?;
    browser.wait_for("require('WAWebSocketModel').Socket.state === 'UNPAIRED'").await?;
    let linking = "(async () => { const api = require('WAWebAltDeviceLinkingApi'); api.setPairingType('ALT_DEVICE_LINKING'); \
         await api.initializeAltDeviceLinking(); return api.startAltLinkingFlow('5491150000001', true); })()";
    let code = browser.evaluate(linking).await?;
    simulator.enter_pairing_code(code.as_str().ok_or("no code")?)?;
    browser.wait_for(READY).await?;
    assert_eq!(browser.evaluate("try { require('WANothing') } catch (e) { 'thrown' }").await?, "thrown");

    // Nobody loads a page without a network.
    simulator.network(Network::Full);
    let answer = browser.open("https://web.whatsapp.com/").await?;
    assert!(answer["errorText"].is_string(), "{answer}");
    browser.close().await
}

#[tokio::test]
async fn codes_rotate_run_out_and_come_again() -> Outcome {
    let simulator = Simulator::start(Options { code_scale: Some(0.02), ..Options::fast() }).await?;
    // The page is there before its code for longer than a loaded machine needs to look.
    simulator.faults(|faults| faults.code_delay_ms = 4000);
    let profile = tempfile::tempdir()?;
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    browser.open(&simulator.url()).await?;
    browser
        .wait_for("document.querySelector('[data-testid=loading-spinner]') && !document.querySelector('[data-ref]')")
        .await?;
    browser
        .wait_for("document.querySelector('[data-ref]').dataset.ref.startsWith(require('WAWebConnModel').Conn.ref)")
        .await?;
    browser.wait_for("require('WAWebSocketModel').Socket.state === 'UNPAIRED_IDLE'").await?;
    assert_eq!(simulator.record().refs, 6);
    browser.evaluate("require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR()").await?;
    simulator.wait_until("a seventh ref", DEADLINE, |record| record.refs > 6).await?;
    browser.close().await
}

#[tokio::test]
async fn the_socket_is_lost_in_every_way_and_comes_back() -> Outcome {
    let (simulator, mut browser, _profile) = scene(Options::fast()).await?;
    let state = "require('WAWebSocketModel').Socket.state";
    simulator.conflict();
    // Nothing is said of it.
    let replaced =
        "require('WAWebSocketModel').Socket.stream === 'DISCONNECTED' && require('WAComms').getComms() === null";
    browser.wait_for(&format!("{state} === 'CONNECTED' && {replaced}")).await?;
    assert!(browser.evaluate("require('WAWebSocketModel').Socket.takeover()").await.is_err());
    assert!(browser.evaluate("require('WAWebSocketModel').Socket.reconnect()").await.is_err());
    browser.open(&simulator.url()).await?;
    browser.wait_for(READY).await?;
    simulator.second_tab();
    browser.wait_for("require('WAWebUserPrefsTabMutex').currentTabHasMutex() === false").await?;
    assert_eq!(browser.evaluate("require('WAComms').getComms() !== null").await?, true);
    browser.open(&simulator.url()).await?;
    browser.wait_for(READY).await?;

    simulator.faults(|faults| faults.socket_state = Some(SocketState::ProxyBlock));
    browser.wait_for(&format!("{state} === 'PROXYBLOCK'")).await?;
    simulator.faults(|faults| faults.socket_state = None);
    browser.wait_for(READY).await?;

    simulator.network(Network::ServerOnly);
    browser.wait_for(&format!("navigator.onLine && {state} === 'OPENING'")).await?;
    simulator.network(Network::Up);
    browser.wait_for(READY).await?;

    assert_eq!(simulator.busy(Duration::from_millis(50)), 1);
    browser.evaluate("require('WAWebSocketModel').Socket.logout()").await?;
    simulator.wait_until("the logout", DEADLINE, |record| record.logouts.len() == 1).await?;
    browser.wait_for(AFTER_LOGOUT).await?;
    browser.close().await
}

#[tokio::test]
async fn messages_change_are_forgotten_and_are_loaded_again() -> Outcome {
    let (simulator, mut browser, _profile) = scene(Options::fast()).await?;
    let sealed = simulator.incoming(Incoming::text(FRIEND, "sealed").ciphertext(200))?;
    let get = |key: &str| format!("require('WAWebCollections').Msg.get('{key}')");
    browser.wait_for(&format!("{}.type === 'ciphertext'", get(&sealed))).await?;
    browser.wait_for(&format!("{}.type === 'chat' && {0}.body === 'sealed'", get(&sealed))).await?;
    simulator.edit(&sealed, "edited")?;
    browser.wait_for(&format!("{}.body === 'edited'", get(&sealed))).await?;
    simulator.revoke(&sealed)?;
    // The message has the key of the deletion now, and its own beside it.
    let gone =
        format!("m.type === 'revoked' && String(m.protocolMessageKey) === '{sealed}' && String(m.id) !== '{sealed}'");
    browser.wait_for(&format!("require('WAWebCollections').Msg.getModelsArray().some((m) => {gone})")).await?;
    let mine = simulator.from_phone(FRIEND, "from the phone")?;
    browser.wait_for(&format!("{}.id.fromMe && {0}.ack === 2", get(&mine))).await?;

    let keys = simulator.burst(30, |i| Incoming::text(FRIEND, format!("number {i}")))?;
    browser.wait_for(&get(&keys[29])).await?;
    simulator.forget(&keys[29]);
    browser.wait_for(&format!("!{}", get(&keys[29]))).await?;

    // After a reload the last few are in memory, the others can be loaded, what was forgotten is gone.
    browser.open(&simulator.url()).await?;
    browser.wait_for(READY).await?;
    assert_eq!(browser.evaluate("require('WAWebCollections').Msg.length").await?, 5);
    let by_id = format!(
        "require('WAWebCollections').Msg.getMessagesById(['{}', '{}']).then((r) => r.messages.length)",
        keys[0], keys[29]
    );
    assert_eq!(browser.evaluate(&by_id).await?, 1);
    let load = "require('WAWebChatLoadMessages').loadEarlierMsgs({ chat: require('WAWebCollections').Chat.models[0] }).then((l) => l.length)";
    assert_eq!(browser.evaluate(load).await?, 20);
    assert_eq!(
        browser.evaluate(load).await?,
        7,
        "two notices of a new chat are among them, the message read by its id is not"
    );
    assert_eq!(browser.evaluate("require('WAWebCollections').Msg.filter((m) => m.isNewMsg).length").await?, 0);

    // Unlinked while it was away: it still knows who it is, is refused, and starts again.
    browser.open("about:blank").await?;
    simulator.wait_until("the page to be gone", DEADLINE, |record| !record.connected()).await?;
    simulator.unlink();
    browser.open(&simulator.url()).await?;
    browser.wait_for("require('WAWebUserPrefsMeUser').getMaybeMeLidUser().isLid()").await?;
    browser.wait_for(&format!("{AFTER_LOGOUT} && require('WAWebConnModel').Conn.ref")).await?;
    browser.close().await
}

#[tokio::test]
async fn sending_fails_in_every_way() -> Outcome {
    let (simulator, mut browser, _profile) = scene(Options::fast()).await?;
    simulator.add_person(FRIEND)?;
    let set = |fault| simulator.faults(|faults| faults.send = fault);

    set(SendFault::Throw);
    simulator.heard(DEADLINE).await?;
    assert!(browser.evaluate(&send(FRIEND, "thrown")).await.is_err());
    set(SendFault::Error);
    simulator.heard(DEADLINE).await?;
    browser.evaluate(&send(FRIEND, "refused")).await?;
    assert_eq!(browser.evaluate("window.result.then((r) => r.messageSendResult)").await?, "ERROR_UNKNOWN");
    set(SendFault::Hang);
    simulator.heard(DEADLINE).await?;
    let hung = browser.evaluate(&send(FRIEND, "hung")).await?;
    let hung = hung.as_str().ok_or("no key")?;
    set(SendFault::None);
    simulator.heard(DEADLINE).await?;
    simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    let silent = browser.evaluate(&send(FRIEND, "silent")).await?;
    let silent = silent.as_str().ok_or("no key")?;
    simulator.wait_until("the silent one", DEADLINE, |record| received(record, silent) == Some(1)).await?;
    assert_eq!(browser.evaluate(&format!("require('WAWebCollections').Msg.get('{silent}').ack")).await?, 0);
    assert_eq!(received(&simulator.record(), hung), None);

    // A reconnect of the same document sends again what has no ack; a receipt that comes first is one.
    simulator.faults(|faults| faults.server = ServerFault::None);
    browser.evaluate("require('WAWebSocketModel').Socket.reconnect()").await?;
    let both = |record: &Record| received(record, silent).is_some() && received(record, hung) == Some(1);
    simulator.wait_until("both again", DEADLINE, both).await?;
    browser.wait_for(&format!("require('WAWebCollections').Msg.get('{hung}').ack >= 1")).await?;
    simulator.faults(|faults| faults.missing_modules.push("WAWebCmd".to_owned()));
    simulator.heard(DEADLINE).await?;
    assert!(browser.evaluate("require('WAWebCmd')").await.is_err());
    browser.close().await
}

#[tokio::test]
async fn builds_differ_and_a_link_can_be_refused() -> Outcome {
    let page = PageBuild {
        reload_after_link: true,
        unknown_module_null: true,
        msg_key_default: true,
        serialized_ids: false,
        bare_chat: true,
        old_adv_secret: true,
        old_code_element: true,
        ..PageBuild::default()
    };
    let simulator = Simulator::start(Options { page, ..Options::fast() }).await?;
    simulator.faults(|faults| {
        faults.refuse_link = true;
        faults.renamed_modules.insert("WAWebCmd".to_owned(), "WAWebCommand".to_owned());
    });
    let lid = simulator.add_person(FRIEND)?;
    let profile = tempfile::tempdir()?;
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    browser.open(&simulator.url()).await?;
    simulator.scan(&simulator.code(DEADLINE).await?)?;
    browser.wait_for(AFTER_LOGOUT).await?;
    simulator.faults(|faults| faults.refuse_link = false);
    browser.wait_for("document.querySelector('div[data-ref]:not([data-testid])')").await?;
    simulator.scan(&simulator.code(DEADLINE).await?)?;
    browser.wait_for(READY).await?;
    assert_eq!(simulator.record().pages.len(), 4, "opened, logged out, linked, reloaded");

    let facts = format!(
        "(async () => {{
            await require('WAWebQueryExistsJob').queryWidExists(require('WAWebWidFactory').createWid('{FRIEND}@c.us'));
            const chat = await require('WAWebFindChatAction').findOrCreateLatestChat('{lid}');
            const key = new (require('WAWebMsgKey').default)({{ from: '1@lid', to: chat.id, id: 'AB', selfDir: 'out' }});
            return [require('WANothing'), require('WAWebCmd'), Boolean(require('WAWebCommand').Cmd), key._serialized ?? null,
                typeof require('WAWebAdvSignatureApi').getADVSecretKey, 'WAWebCommand' in require('__debug').modulesMap];
        }})()"
    );
    let facts = browser.evaluate(&facts).await?;
    assert_eq!(facts, serde_json::json!([null, null, true, null, "undefined", true]));
    browser.close().await
}
