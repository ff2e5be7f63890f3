//! `/docs`: Swagger UI, on the document of this service. Its files come from a crate (`build.rs` at the top takes them out)
//! and are served by this program, so that a browser asks no other host.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::http::error::ApiError;

const PAGE: &str = include_str!("index.html");
/// The content security policy: the viewer loads its own files and asks this service, nothing else. Trusted types keep every
/// text from becoming markup; `start.js` replaces the one part of Swagger UI that makes markup of text. `data:` is for the
/// signs in Swagger UI's style.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

struct File {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
    /// Swagger UI's own files are kept and served compressed. Every browser expands gzip.
    is_gzip: bool,
}

/// The files that the page loads from `/docs/`.
const FILES: [File; 4] = [
    File { name: "start.js", kind: SCRIPT, body: include_bytes!("start.js"), is_gzip: false },
    File { name: "start.css", kind: STYLE, body: include_bytes!("start.css"), is_gzip: false },
    File {
        name: "swagger-ui-bundle.js",
        kind: SCRIPT,
        body: include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
        is_gzip: true,
    },
    File {
        name: "swagger-ui.css",
        kind: STYLE,
        body: include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
        is_gzip: true,
    },
];

/// Whether a path may be read without a token: the viewer holds no data, and asks the person for the token.
pub(super) fn is_static(path: &str) -> bool {
    let file = path.strip_prefix("/docs/");
    path == "/docs" || file.is_some_and(|name| FILES.iter().any(|file| file.name == name))
}

pub async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, PAGE).into_response()
}

pub async fn file(Path(name): Path<String>) -> Result<Response, ApiError> {
    let found =
        FILES.iter().find(|file| file.name == name).ok_or_else(|| ApiError::of_status(StatusCode::NOT_FOUND))?;
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, found.kind);
    // Browsers ask again each time, so that they have the files of the running version.
    set(header::CACHE_CONTROL, "no-cache");
    if found.is_gzip {
        set(header::CONTENT_ENCODING, "gzip");
    }
    Ok((headers, found.body).into_response())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_the_page_loads_is_served() {
        let loaded = PAGE.match_indices("\"docs/").map(|(at, mark)| PAGE[at + mark.len()..].split('"').next().unwrap());
        let loaded: Vec<_> = loaded.collect();
        assert_eq!(loaded.len(), FILES.len(), "{loaded:?}");
        assert!(loaded.iter().all(|name| is_static(&format!("/docs/{name}"))), "{loaded:?}");
    }

    #[test]
    fn nothing_of_ours_is_inline_or_comes_from_elsewhere() {
        assert!(!PAGE.contains("style=") && !PAGE.contains("<style") && !PAGE.contains(" onclick"));
        assert!(PAGE.match_indices("<script").all(|(at, _)| PAGE[at..].starts_with("<script src=\"docs/")));
        for file in FILES.iter().filter(|file| !file.is_gzip) {
            let text = std::str::from_utf8(file.body).unwrap();
            assert!(!text.contains("://") && !text.contains("innerHTML"), "{}", file.name);
        }
    }

    #[test]
    fn only_its_own_paths_are_free() {
        assert!(["/docs", "/docs/start.js", "/docs/swagger-ui.css"].into_iter().all(is_static));
        assert!(!["/docs/", "/docs/x", "/docs/../status", "/docsx", "/status"].into_iter().any(is_static));
    }

    #[test]
    fn swagger_ui_is_in_the_frame_of_gzip() {
        for file in FILES.iter().filter(|file| file.is_gzip) {
            let (head, rest) = file.body.split_at(10);
            assert_eq!(head[..4], [0x1f, 0x8b, 8, 0], "{}", file.name);
            let size = u32::from_le_bytes(rest[rest.len() - 4..].try_into().unwrap());
            assert!(size as usize > file.body.len(), "{}", file.name);
        }
    }
}
