use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn nothing_set_is_a_valid_configuration() -> Result<(), ConfigError> {
    let config = Config::read(&env(&[]))?;
    assert_eq!(config.server.port, 3001);
    assert!(config.server.is_loopback());
    assert_eq!(config.server.hosts.len(), 2, "127.0.0.1 and ::1");
    assert_eq!(config.send.mode, SendMode::Live);
    assert_eq!(config.browser.url, "https://web.whatsapp.com/");
    assert_eq!(config.shutdown_timeout, Duration::from_secs(8));
    Ok(())
}

#[test]
fn an_empty_value_counts_as_unset() -> Result<(), ConfigError> {
    let config = Config::read(&env(&[("PORT", ""), ("CHROME_PATH", " ")]))?;
    assert_eq!((config.server.port, config.browser.chrome_path), (3001, None));
    Ok(())
}

#[test]
fn every_mistake_is_reported_in_one_go() {
    let wrong = env(&[
        ("PORT", "70000"),
        ("SEND_MODE", "maybe"),
        ("SEND_TIMEOUT", "0s"),
        ("HOST", "0.0.0.0"),
        ("PROXY_URL", "socks5://user:pass@host:1"),
        ("CORS_ORIGINS", "https://a.example, ftp://b"),
        ("API_TOKEN", ""),
        ("LOG_LEVEL", "loud=very"),
    ]);
    let names: Vec<_> = Config::read(&wrong).err().map(|e| e.0.iter().map(|p| p.name).collect()).unwrap_or_default();
    assert_eq!(names, ["PORT", "CORS_ORIGINS", "HOST", "PROXY_URL", "SEND_MODE", "SEND_TIMEOUT", "LOG_LEVEL"]);
}

#[test]
fn a_log_level_that_would_silence_everything_is_refused() {
    for level in ["info", "warn,session_manager=debug", "off"] {
        assert!(Config::read(&env(&[("LOG_LEVEL", level)])).is_ok(), "{level}");
    }
    for level in ["verbose", "inof", "info,chrome"] {
        assert!(Config::read(&env(&[("LOG_LEVEL", level)])).is_err(), "{level}");
    }
}

#[test]
fn the_login_and_the_messages_live_apart() {
    for data in ["./tokens", "tokens/data", "tokens"] {
        assert!(Config::read(&env(&[("DATA_DIR", data)])).is_err(), "{data}");
    }
}

#[test]
fn an_address_others_can_reach_needs_a_way_to_keep_them_out() {
    for pair in [
        ("API_TOKEN", "0123456789abcdef"),
        ("TRUSTED_PEERS", "10.0.0.0/8, 192.168.1.7"),
        ("ALLOW_UNAUTHENTICATED", "true"),
    ] {
        assert!(Config::read(&env(&[("HOST", "0.0.0.0"), pair])).is_ok(), "{pair:?}");
    }
    assert!(Config::read(&env(&[("HOST", "::")])).is_err());
    assert!(Config::read(&env(&[("HOST", "0.0.0.0"), ("API_TOKEN", "short")])).is_err());
}

#[test]
fn secrets_are_masked_and_never_quoted() -> Result<(), ConfigError> {
    let config = Config::read(&env(&[("API_TOKEN", "a-very-secret-token")]))?;
    assert!(!format!("{config:?}").contains("a-very-secret-token"));
    let shown = config.effective.iter().find(|e| e.name == "API_TOKEN").map(|e| e.shown.as_str());
    assert_eq!(shown, Some("***"));
    let error = Config::read(&env(&[("API_TOKEN", "secret")])).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(error.err().map(|text| text.contains("secret\"")), Some(false));
    Ok(())
}

#[test]
fn an_address_is_shown_without_its_user_and_password() -> Result<(), ConfigError> {
    let proxy = env(&[("PROXY_URL", "http://user:hunter2@proxy:3128")]);
    let config = Config::read(&proxy)?;
    let told = config.announced();
    assert!(told.contains("***@proxy") && !told.contains("hunter2"), "{told}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let wrong = env(&[("PROXY_URL", "socks5://user:hunter2@proxy:3128")]);
    let told = Config::read(&wrong).map(|_| ()).map_err(|e| e.to_string()).err().unwrap_or_default();
    assert!(told.contains("***@proxy") && told.contains("SOCKS") && !told.contains("hunter2"), "{told}");
    let page = Config::read(&env(&[("WHATSAPP_WEB_URL", "http://user:hunter2@host/")]))?;
    assert!(page.effective.iter().all(|setting| !setting.shown.contains("hunter2")));
    Ok(())
}

#[test]
fn what_differs_from_the_defaults_is_told_on_one_line() -> Result<(), ConfigError> {
    assert_eq!(
        Config::read(&env(&[("PORT", ""), ("LOG_LEVEL", "info")]))?.announced(),
        "every setting has its default"
    );
    let config = Config::read(&env(&[
        ("HOST", "0.0.0.0"),
        ("API_TOKEN", "a-very-secret-token"),
        ("PORT", "3001"),
        ("SEND_MODE", "off"),
        ("CHROME_ARGS", "--lang=es\n--x"),
        ("WEBHOOK_URLS", "https://hook.example/in?token=hunter2"),
    ]))?;
    let told = config.announced();
    let (settings, rest) = told.split_once("; the other ").unwrap_or_default();
    assert_eq!(
        settings,
        "settings: HOST=0.0.0.0 (environment), API_TOKEN=*** (environment), \
         CHROME_ARGS=\"--lang=es\\n--x\" (environment), SEND_MODE=off (environment), \
         WEBHOOK_URLS=https://hook.example/*** (environment)"
    );
    let others = config.effective.len() - 5;
    assert_eq!(rest, format!("{others} have their defaults (`session-manager config` prints all)"));
    Ok(())
}

#[test]
fn an_origin_is_what_a_browser_sends() -> Result<(), ConfigError> {
    let config = Config::read(&env(&[("CORS_ORIGINS", "https://Hub.example:443, http://a:8080/")]))?;
    assert_eq!(config.server.cors_origins, ["https://hub.example", "http://a:8080"]);
    assert!(Config::read(&env(&[("CORS_ORIGINS", "https://user@hub.example")])).is_err());
    Ok(())
}

#[test]
fn a_value_that_is_not_text_is_refused() {
    struct Odd;
    impl Source for Odd {
        fn raw(&self, name: &str) -> Option<std::ffi::OsString> {
            use std::os::unix::ffi::OsStringExt;
            (name == "TOKENS_DIR").then(|| std::ffi::OsString::from_vec(vec![b't', 0xf1]))
        }
        fn names(&self) -> Vec<String> {
            vec![]
        }
    }
    let names: Vec<_> = Config::read(&Odd).err().map(|e| e.0.iter().map(|p| p.name).collect()).unwrap_or_default();
    assert_eq!(names, ["TOKENS_DIR"]);
    assert!(Config::read(&env(&[("API_TOKEN", "contraseña-muy-larga")])).is_err(), "no header carries it");
}

#[test]
fn a_slip_in_a_name_is_noticed() -> Result<(), ConfigError> {
    let config = Config::read(&env(&[("SEND_MOED", "off"), ("HOME", "/"), ("PROT", "1")]))?;
    assert_eq!(config.lookalikes, [("SEND_MOED".to_owned(), "SEND_MODE")]);
    Ok(())
}

#[test]
fn a_pause_is_a_number_or_a_range() -> Result<(), ConfigError> {
    let pause = |text: &str| Config::read(&env(&[("SEND_PAUSE_MS", text)])).map(|config| config.send.pause);
    let ms = Duration::from_millis;
    assert_eq!(pause("")?, ms(1000)..=ms(3000));
    assert_eq!(pause("0")?, ms(0)..=ms(0));
    assert_eq!(pause("500 - 700")?, ms(500)..=ms(700));
    for wrong in ["-", "3-1", "1s", "-5", "1-2-3", "60001"] {
        assert!(pause(wrong).is_err(), "{wrong}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(values in proptest::collection::vec("\\PC{0,20}", 8)) {
        let names = ["PORT", "HOST", "SEND_TIMEOUT", "TRUSTED_PEERS", "CORS_ORIGINS", "PROXY_URL", "WHATSAPP_WEB_URL", "LOG_LEVEL"];
        let pairs: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        let _ = Config::read(&env(&pairs));
    }
}
