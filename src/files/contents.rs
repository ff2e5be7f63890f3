//! What a file holds, read by its real type, and whether WhatsApp shows or plays it as what a caller wants it to be.

use std::io::{self, Read, Seek};

use super::audio;
use super::image::Picture;
use super::kind::{self, OPUS, UNKNOWN};
use super::mp4::{Mp4, Track};
use super::ogg::Opus;
use super::source::{Source, shown_seconds};
use crate::domain::media::MediaKind;

/// The edge of a sticker in pixels.
const STICKER: u32 = 512;

pub struct Contents {
    pub mimetype: String,
    pub details: Details,
}

pub enum Details {
    Picture(Picture),
    Movie(Mp4),
    Opus(Opus),
    /// Seconds of a sound in another format.
    Sound(f64),
    /// A file of another type, or one whose header is damaged.
    None,
}

impl Contents {
    pub fn read<R: Read + Seek>(
        source: &mut Source<R>,
        declared: Option<&str>,
        filename: Option<&str>,
    ) -> io::Result<Self> {
        let mut mimetype = kind::sniff(source.up_to(0, kind::HEAD)?, declared, filename);
        let details = match mimetype.as_str() {
            OPUS => Opus::read(source)?.map(Details::Opus),
            "video/mp4" | "video/quicktime" | "video/3gpp" | "video/3gpp2" | "audio/mp4" => {
                Mp4::read(source)?.map(Details::Movie)
            }
            picture if picture.starts_with("image/") => Picture::read(source, picture)?.map(Details::Picture),
            other => audio::seconds(source, other)?.map(Details::Sound),
        };
        let details = details.unwrap_or(Details::None);
        // Most programs write the same first bytes for an MP4 that has sound only.
        if let Details::Movie(movie) = &details
            && mimetype == "video/mp4"
            && movie.video().is_none()
            && movie.sounds().next().is_some()
        {
            mimetype = "audio/mp4".to_owned();
        }
        Ok(Self { mimetype, details })
    }

    /// Width and height as they are shown.
    pub fn size(&self) -> Option<(u32, u32)> {
        let size = match &self.details {
            Details::Picture(picture) => Some(picture.shown()),
            Details::Movie(movie) => movie.video().map(|track| (track.width, track.height)),
            _ => None,
        };
        size.filter(|(width, height)| *width > 0 && *height > 0)
    }

    /// Whether it is a picture that moves.
    pub fn is_animated(&self) -> bool {
        matches!(&self.details, Details::Picture(picture) if picture.is_animated)
    }

    pub fn seconds(&self) -> Option<u32> {
        match &self.details {
            Details::Movie(movie) => shown_seconds(movie.seconds),
            Details::Opus(opus) => shown_seconds(opus.seconds()),
            Details::Sound(seconds) => shown_seconds(*seconds),
            Details::Picture(_) | Details::None => None,
        }
    }

    /// Whether WhatsApp shows or plays the file as that kind.
    pub fn suits(&self, kind: MediaKind) -> bool {
        let is = |types: &[&str]| types.contains(&self.mimetype.as_str());
        match (kind, &self.details) {
            (MediaKind::Document, _) => true,
            (MediaKind::Image, Details::Picture(_)) => is(&["image/jpeg", "image/png", "image/webp"]),
            (MediaKind::Sticker, Details::Picture(picture)) => {
                is(&["image/webp"]) && picture.shown() == (STICKER, STICKER)
            }
            (MediaKind::Video, Details::Movie(movie)) => is(&["video/mp4", "video/3gpp"]) && is_played(movie),
            (MediaKind::Gif | MediaKind::VideoNote, Details::Movie(movie)) => is(&["video/mp4"]) && is_played(movie),
            (MediaKind::Audio, Details::Movie(movie)) => {
                is(&["audio/mp4"]) && movie.sounds().next().is_some() && movie.sounds().all(is_aac)
            }
            (MediaKind::Audio, Details::Opus(_)) => true,
            (MediaKind::Audio, Details::Sound(_)) => is(&["audio/mpeg", "audio/aac", "audio/amr"]),
            (MediaKind::Voice, Details::Opus(opus)) => opus.is_mono(),
            _ => false,
        }
    }

    /// Whether a converter can make a file of that kind out of this one.
    pub fn converts_to(&self, kind: MediaKind) -> bool {
        let is_movie = self.mimetype.starts_with("video/");
        let is_picture = self.mimetype.starts_with("image/") && self.mimetype != "image/svg+xml";
        match kind {
            MediaKind::Document => false,
            MediaKind::Image | MediaKind::Sticker => is_picture,
            MediaKind::Gif => is_movie || self.mimetype == "image/gif",
            MediaKind::Video | MediaKind::VideoNote => is_movie,
            MediaKind::Audio | MediaKind::Voice => {
                is_movie || self.mimetype.starts_with("audio/") || self.mimetype == "application/ogg"
            }
        }
    }

    /// What the file is, for a sentence.
    pub fn description(&self) -> String {
        let name = self.mimetype.as_str();
        match &self.details {
            Details::Picture(picture) => {
                let (width, height) = picture.shown();
                format!("{name} of {width}x{height} pixels")
            }
            Details::Movie(movie) => {
                let codecs: Vec<String> = movie.tracks.iter().take(3).filter_map(codec).collect();
                format!(
                    "{name} with {}",
                    if codecs.is_empty() { "nothing known".to_owned() } else { codecs.join(", ") }
                )
            }
            Details::Opus(opus) if opus.channels > 1 => format!("{name} with {} channels", opus.channels),
            Details::Opus(opus) if !opus.is_mono() => format!("{name} with several streams"),
            Details::Opus(_) | Details::Sound(_) => name.to_owned(),
            Details::None if name == UNKNOWN => "of no known type".to_owned(),
            Details::None => name.to_owned(),
        }
    }
}

fn is_played(movie: &Mp4) -> bool {
    let is_h264 = |track: &Track| matches!(&track.codec, b"avc1" | b"avc3") && track.width > 0 && track.height > 0;
    movie.video().is_some_and(is_h264) && movie.sounds().all(is_aac)
}

fn is_aac(track: &Track) -> bool {
    &track.codec == b"mp4a"
}

/// The name of a codec, unless a stranger wrote something else there.
fn codec(track: &Track) -> Option<String> {
    let name = std::str::from_utf8(&track.codec).ok()?.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| name.to_owned())
}
