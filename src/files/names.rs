//! Names of files from strangers, made safe to keep, to show and to put into a header; and what a type is called on a disk.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest name that the usual file systems keep.
const NAME_MAX: usize = 255;
/// A longer end of a name is no extension, so that it may be cut off.
const EXTENSION_MAX: usize = 20;
/// What a file is called when nothing of its name is left.
const NAMELESS: &str = "file";

/// Types with the extension that names them. The first row of a type is its usual extension, the first row of an extension
/// its usual type.
const EXTENSIONS: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/jpeg", "jpeg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/avif", "avif"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tiff"),
    ("image/tiff", "tif"),
    ("image/svg+xml", "svg"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/3gpp", "3gp"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-msvideo", "avi"),
    ("video/mpeg", "mpg"),
    ("video/ogg", "ogv"),
    ("audio/webm", "weba"),
    ("audio/ogg", "ogg"),
    ("audio/ogg", "opus"),
    ("audio/mpeg", "mp3"),
    ("audio/mp4", "m4a"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/wav", "wav"),
    ("audio/flac", "flac"),
    ("audio/aiff", "aiff"),
    ("application/pdf", "pdf"),
    ("application/zip", "zip"),
    ("application/vnd.rar", "rar"),
    ("application/x-7z-compressed", "7z"),
    ("application/gzip", "gz"),
    ("application/x-tar", "tar"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/epub+zip", "epub"),
    ("application/vnd.android.package-archive", "apk"),
    ("application/msword", "doc"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.ms-outlook", "msg"),
    ("application/rtf", "rtf"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("text/xml", "xml"),
    ("text/html", "html"),
    ("text/html", "htm"),
    ("text/csv", "csv"),
    ("text/markdown", "md"),
    ("text/calendar", "ics"),
    ("text/vcard", "vcf"),
    ("text/plain", "txt"),
    ("text/plain", "log"),
];

/// A name of a file from a stranger as one that can be kept and shown: without folders, invisible characters, characters that
/// turn the direction of writing, leading dots, and what Windows reserves. It has 1 to 255 bytes, and cleaning it again changes
/// nothing.
pub fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or_default();
    let kept: String = last.chars().filter(|letter| !is_invisible(*letter)).map(allowed).collect();
    let trimmed = kept.trim_matches(is_edge);
    let named = match trimmed {
        "" => NAMELESS.to_owned(),
        _ if is_device(trimmed) => format!("_{trimmed}"),
        _ => trimmed.to_owned(),
    };
    cut(&named)
}

/// The value of a `Content-Disposition` header that makes a browser keep the file under this name instead of showing it.
pub fn content_disposition(name: &str) -> String {
    let name = clean(name);
    let plain: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ESCAPED))
}

/// The usual extension of files of a type, without the dot.
pub fn extension_for(mimetype: &str) -> Option<&'static str> {
    let wanted = essence(mimetype)?;
    EXTENSIONS.iter().find(|(known, _)| *known == wanted).map(|(_, extension)| *extension)
}

/// The usual type of files with the extension of this name.
pub fn type_for(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    EXTENSIONS.iter().find(|(_, known)| known.eq_ignore_ascii_case(extension)).map(|(mimetype, _)| *mimetype)
}

/// Whether a browser may show a file of this type in its window: only types that carry no script and no form.
pub fn is_inline_safe(mimetype: &str) -> bool {
    let safe = [
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "video/webm",
        "audio/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/aac",
        "audio/amr",
        "audio/wav",
        "audio/webm",
        "audio/flac",
    ];
    essence(mimetype).is_some_and(|essence| safe.contains(&essence.as_str()))
}

/// `type/subtype` in small letters and without parameters, or none when the text is not of that form.
pub fn essence(mimetype: &str) -> Option<String> {
    if mimetype.len() > 255 || mimetype.contains(|letter: char| !matches!(letter, ' '..='~')) {
        return None;
    }
    let named = mimetype.split(';').next()?.trim();
    let (kind, subtype) = named.split_once('/')?;
    let is_token = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    (is_token(kind) && is_token(subtype)).then(|| named.to_ascii_lowercase())
}

/// RFC 8187: these need no escape in `filename*`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Characters of the quoted form that every browser reads alike. Some decode `%` there.
fn is_plain(letter: char) -> bool {
    matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\' | '%')
}

fn allowed(letter: char) -> char {
    if matches!(letter, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { letter }
}

/// Neither the first nor the last character of a name.
fn is_edge(letter: char) -> bool {
    letter == '.' || letter.is_whitespace()
}

/// Control characters, line separators, and characters without a shape, among them all that turn the direction of writing.
/// The joiners U+200C and U+200D stay: Persian words and emoji need them.
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Names that Windows gives to devices, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered = |prefix: &str| {
        let number = stem.strip_prefix(prefix).and_then(|rest| {
            let mut letters = rest.chars();
            letters.next().filter(|_| letters.next().is_none())
        });
        number.is_some_and(|number| number.is_ascii_digit() || matches!(number, '¹' | '²' | '³'))
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || is_numbered("COM")
        || is_numbered("LPT")
}

/// The name in at most 255 bytes; what is cut off is the end of the part before the extension.
fn cut(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let dot = name.rfind('.').filter(|dot| name.len() - dot <= EXTENSION_MAX);
    let (stem, extension) = name.split_at(dot.unwrap_or(name.len()));
    let mut end = NAME_MAX - extension.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", stem[..end].trim_end_matches(is_edge))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_what_is_dangerous_and_keep_the_rest() {
        for (name, expected) in [
            ("Factura año 2026.pdf", "Factura año 2026.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\photo.jpg", "photo.jpg"),
            ("folder/", "folder"),
            ("..", "file"),
            ("", "file"),
            ("/", "file"),
            (".htaccess", "htaccess"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
            ("a\0b.txt", "ab.txt"),
            ("name . . ", "name"),
            ("what?<is>|this*\".txt", "what__is__this__.txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("com1 .tar.gz", "_com1 .tar.gz"),
            ("lpt².x", "_lpt².x"),
            ("console.log", "console.log"),
            ("com10.txt", "com10.txt"),
            ("\u{feff}\u{2066}", "file"),
            ("👨\u{200d}👩.png", "👨\u{200d}👩.png"),
        ] {
            assert_eq!(clean(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let cut = clean(&format!("{}.docx", "ñ".repeat(300)));
        assert!(cut.len() <= NAME_MAX && cut.len() > NAME_MAX - 2 && cut.ends_with("ñ.docx"));
        assert_eq!(clean(&format!("a{}.txt", " ".repeat(300))), "a.txt");
        assert_eq!(clean(&format!("a.{}", "b".repeat(300))).len(), NAME_MAX);
    }

    #[test]
    fn the_header_has_both_forms_of_the_name() {
        assert_eq!(
            content_disposition("año \"5%\".pdf"),
            "attachment; filename=\"a_o _5__.pdf\"; filename*=UTF-8''a%C3%B1o%20_5%25_.pdf"
        );
    }

    #[test]
    fn types_and_extensions_name_each_other() {
        assert_eq!(extension_for("audio/ogg; codecs=opus"), Some("ogg"));
        assert_eq!(extension_for("IMAGE/JPEG"), Some("jpg"));
        assert_eq!(extension_for("application/x-unknown"), None);
        assert_eq!(type_for("Report.DOCX").and_then(extension_for), Some("docx"));
        assert_eq!(type_for("no extension"), None);
        assert_eq!(EXTENSIONS.iter().filter(|(name, _)| essence(name).as_deref() != Some(name)).count(), 0);
    }

    #[test]
    fn what_may_run_is_never_shown() {
        for safe in ["image/png", "Image/PNG", "video/mp4; codecs=\"avc1\"", "audio/ogg; codecs=opus"] {
            assert!(is_inline_safe(safe), "{safe}");
        }
        for unsafe_ in [
            "image/svg+xml",
            "text/html",
            "application/pdf",
            "text/plain",
            "application/xhtml+xml",
            "image/png\r\nX: y",
            "image/png,text/html",
            "image",
            "audio/x",
            "",
        ] {
            assert!(!is_inline_safe(unsafe_), "{unsafe_}");
        }
    }

    proptest! {
        #[test]
        fn a_clean_name_is_safe_and_stays(name in "(\\PC|[./\\\\ :\u{202e}\u{0}\r\n]|CON|\\.){0,400}") {
            let cleaned = clean(&name);
            prop_assert!(!cleaned.is_empty() && cleaned.len() <= NAME_MAX);
            prop_assert!(!cleaned.contains(|c: char| "/\\<>:\"|?*".contains(c) || is_invisible(c)));
            prop_assert!(!cleaned.starts_with(is_edge) && !cleaned.ends_with(is_edge) && !is_device(&cleaned));
            prop_assert_eq!(clean(&cleaned), cleaned);
        }

        #[test]
        fn a_header_is_one_line_of_ascii_with_one_quoted_name(name in any::<String>()) {
            let header = content_disposition(&name);
            prop_assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(header.matches('"').count(), 2);
            let (_, escaped) = header.rsplit_once("filename*=UTF-8''").unwrap();
            let decoded = percent_encoding::percent_decode_str(escaped).decode_utf8().unwrap();
            prop_assert_eq!(decoded.as_ref(), clean(&name));
            prop_assert!(http::HeaderValue::from_str(&header).is_ok());
        }
    }
}
