//! What Chrome's words for a page that did not load mean, and what helps.

/// Why the page could not be loaded, and what helps, as two parts of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetError {
    pub cause: &'static str,
    pub remedy: &'static str,
    /// The way to the page fails, and that may be the fault of the proxy where there is one.
    pub on_the_way: bool,
}

const PROXY_LOGIN: NetError = NetError {
    cause: "the proxy wants a user and a password that it did not get (407)",
    remedy: "set PROXY_URL=http://USER:PASSWORD@HOST:PORT with those that it takes, or let this machine through without them",
    on_the_way: false,
};
const PROXY_AWAY: NetError = NetError {
    cause: "the proxy cannot be reached",
    remedy: "check PROXY_URL and that the proxy runs",
    on_the_way: false,
};
const PROXY_REFUSES: NetError = NetError {
    cause: "the proxy refuses the way to the page",
    remedy: "let it pass CONNECT to port 443 of the page's host, or set PROXY_URL to another one",
    on_the_way: false,
};
const NO_NAME: NetError = NetError {
    cause: "the name of its host is not known",
    remedy: "look the name up by hand and check /etc/resolv.conf, or WHATSAPP_WEB_URL where that is set",
    on_the_way: false,
};
const NO_NETWORK: NetError = NetError { cause: "this machine has no network", remedy: "connect it", on_the_way: false };
const NOT_TRUSTED: NetError = NetError {
    cause: "the certificate of its host is not accepted",
    remedy: "set the clock right; else something on the way opens TLS: let it leave this host alone",
    on_the_way: false,
};
const NO_ANSWER: NetError = NetError {
    cause: "its host does not answer",
    remedy: "let this machine out to it (TCP port 443) in the firewall, or set PROXY_URL",
    on_the_way: true,
};
const ANSWERS_WRONG: NetError = NetError {
    cause: "its host, or a proxy in between, answers with an error",
    remedy: "see what a browser on this machine shows there, and check PROXY_URL",
    on_the_way: false,
};

/// Parts of Chrome's words. The first that fits counts.
const WORDS: [(&[&str], NetError); 8] = [
    (&["AUTH_CREDENTIALS", "PROXY_AUTH", "HTTP 407"], PROXY_LOGIN),
    (&["PROXY_CONNECTION", "PROXY_CERTIFICATE", "SOCKS"], PROXY_AWAY),
    (&["TUNNEL"], PROXY_REFUSES),
    (&["NAME_NOT_RESOLVED", "NAME_RESOLUTION", "ERR_DNS"], NO_NAME),
    (&["INTERNET_DISCONNECTED", "ADDRESS_UNREACHABLE", "NETWORK_CHANGED", "NETWORK_ACCESS"], NO_NETWORK),
    (&["CERT", "SSL"], NOT_TRUSTED),
    (&["CONNECTION", "TIMED_OUT", "no answer", "EMPTY_RESPONSE"], NO_ANSWER),
    (&["HTTP"], ANSWERS_WRONG),
];

/// Explains Chrome's word, such as `net::ERR_NAME_NOT_RESOLVED`; None for a word that says nothing of the network.
pub fn explained(word: &str) -> Option<NetError> {
    WORDS.into_iter().find(|(parts, _)| parts.iter().any(|part| word.contains(part))).map(|(_, error)| error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_has_its_cause() {
        for (word, error) in [
            // What Chromium says of a proxy that answers 407, with a scheme that it knows and without one.
            ("net::ERR_INVALID_AUTH_CREDENTIALS", PROXY_LOGIN),
            ("net::ERR_PROXY_AUTH_UNSUPPORTED", PROXY_LOGIN),
            ("net::ERR_PROXY_CONNECTION_FAILED", PROXY_AWAY),
            ("net::ERR_SOCKS_CONNECTION_FAILED", PROXY_AWAY),
            ("net::ERR_TUNNEL_CONNECTION_FAILED", PROXY_REFUSES),
            ("net::ERR_NAME_NOT_RESOLVED", NO_NAME),
            ("net::ERR_INTERNET_DISCONNECTED", NO_NETWORK),
            ("net::ERR_CERT_DATE_INVALID", NOT_TRUSTED),
            ("net::ERR_SSL_PROTOCOL_ERROR", NOT_TRUSTED),
            ("net::ERR_CONNECTION_REFUSED", NO_ANSWER),
            ("no answer within 25s", NO_ANSWER),
            ("net::ERR_HTTP_RESPONSE_CODE_FAILURE", ANSWERS_WRONG),
            ("HTTP 503", ANSWERS_WRONG),
        ] {
            assert_eq!(explained(word), Some(error), "{word}");
        }
        assert_eq!(explained("the page came without its scripts"), None);
    }
}
