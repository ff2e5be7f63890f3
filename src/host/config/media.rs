//! The settings of files.

use super::{parse, reader};
use crate::domain::media::{FILE_MAX, FetchMode, FetchPolicy, MediaKind};

/// What `MEDIA_SEND_MAX_MB` is if it has no value.
const SEND_MB: u64 = 200;
const MIB: u64 = 1 << 20;
const LARGEST_MB: u64 = FILE_MAX / MIB;

/// Which files are fetched and sent, and how much they may take.
#[derive(Clone, Debug)]
pub struct Media {
    /// `MEDIA_FETCH` and `MEDIA_MAX_MB`.
    pub fetch: FetchPolicy,
    /// `MEDIA_SEND_MAX_MB`, in bytes: the largest file that is sent. WhatsApp's page needs 5 to 9 bytes of memory for each.
    pub send_max: u64,
    /// `MEDIA_QUOTA_MB`, in bytes: what all files may take on the disk.
    pub quota: u64,
    /// `MEDIA_URL_PRIVATE`: files are also fetched from private addresses and this machine.
    pub url_private: bool,
}

impl Media {
    pub(super) fn read(r: &mut reader::Reader<'_>) -> Self {
        let kinds = MediaKind::ALL.map(MediaKind::name).join(", ");
        let allowed = format!("`auto`, `ask` or `off`, or with kinds such as auto,video=ask,document=off ({kinds})");
        let nothing = [FetchMode::Off; MediaKind::ALL.len()];
        let modes = r.var("MEDIA_FETCH", "auto", &allowed, modes, nothing);
        let megabytes = |text: &str| text.parse::<u64>().ok();
        let allowed = format!("a number of MB, 1 to {LARGEST_MB}");
        let size = |text: &str| megabytes(text).filter(|mb| (1..=LARGEST_MB).contains(mb));
        let max = r.var("MEDIA_MAX_MB", "64", &allowed, size, 0);
        let send_max = r.var("MEDIA_SEND_MAX_MB", &SEND_MB.to_string(), &allowed, size, SEND_MB);
        let quota = "a number of MB, 1 to 100000000";
        let quota = r.var(
            "MEDIA_QUOTA_MB",
            "2048",
            quota,
            |text| megabytes(text).filter(|mb| (1..=100_000_000).contains(mb)),
            0,
        );
        if quota < max {
            r.problem("MEDIA_QUOTA_MB", "must not be below MEDIA_MAX_MB: the largest file has to fit".to_owned());
        }
        let url_private = r.var("MEDIA_URL_PRIVATE", "false", parse::BOOL, parse::boolean, false);
        Self { fetch: FetchPolicy { modes, max: max * MIB }, send_max: send_max * MIB, quota: quota * MIB, url_private }
    }
}

fn mode(text: &str) -> Option<FetchMode> {
    match text.trim() {
        "auto" => Some(FetchMode::Auto),
        "ask" => Some(FetchMode::Ask),
        "off" => Some(FetchMode::Off),
        _ => None,
    }
}

/// The mode of each kind. The first word is that of the kinds that are not named.
fn modes(text: &str) -> Option<[FetchMode; MediaKind::ALL.len()]> {
    let mut words = text.split(',');
    let mut modes = [mode(words.next()?)?; MediaKind::ALL.len()];
    let mut named = Vec::new();
    for word in words {
        let (kind, given) = word.split_once('=')?;
        let kind = MediaKind::from_name(kind.trim()).filter(|kind| !named.contains(kind))?;
        let place = MediaKind::ALL.iter().position(|one| *one == kind)?;
        *modes.get_mut(place)? = mode(given)?;
        named.push(kind);
    }
    Some(modes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_modes_of_their_own() {
        use FetchMode::{Ask, Auto, Off};
        assert_eq!(modes("ask"), Some([Ask; 8]));
        let policy = FetchPolicy { modes: modes("auto, video = ask,document=off").unwrap_or([Off; 8]), max: 1 };
        let of = |kind| policy.mode(kind);
        assert_eq!([of(MediaKind::Video), of(MediaKind::Document), of(MediaKind::Gif)], [Ask, Off, Auto]);
        for wrong in ["", "never", "video=ask", "auto,films=ask", "auto,video", "auto,video=x", "auto,gif=ask,gif=off"]
        {
            assert_eq!(modes(wrong), None, "{wrong}");
        }
    }
}
