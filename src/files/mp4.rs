//! The boxes of an ISO media file (MP4, QuickTime, 3GPP, M4A): what kind of tracks it has, how long and how large they are.

use std::io::{self, Read, Seek};

use super::source::{Source, be16, be32, be64, four};

/// The most boxes that are looked at in one file.
const BOXES_MAX: usize = 10_000;
const TRACKS_MAX: usize = 32;
/// The most bytes of a box that is read as a whole; those that matter here have up to 200.
const BODY_MAX: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Video,
    Sound,
    Other,
}

#[derive(Clone, Debug)]
pub struct Track {
    pub sort: Sort,
    /// `avc1`, `hvc1`, `mp4a` and so on.
    pub codec: [u8; 4],
    /// As it is shown, a rotation by a right angle applied. Zero where the track has no picture.
    pub width: u32,
    pub height: u32,
    seconds: f64,
}

#[derive(Debug, Default)]
pub struct Mp4 {
    pub tracks: Vec<Track>,
    pub seconds: f64,
}

impl Mp4 {
    /// Walks the boxes up to the description of the tracks. None when there is none, or no track in it.
    pub fn read<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<Self>> {
        let mut walk = Walk { source, left: BOXES_MAX };
        let mut at = 0;
        while let Some(found) = walk.next(at, u64::MAX)? {
            if &found.name == b"moov" {
                let movie = walk.movie(&found)?;
                return Ok(Some(movie).filter(|movie| !movie.tracks.is_empty()));
            }
            at = found.end;
        }
        Ok(None)
    }

    pub fn video(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.sort == Sort::Video)
    }

    pub fn sounds(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.sort == Sort::Sound)
    }
}

struct Found {
    name: [u8; 4],
    body: u64,
    end: u64,
}

struct Walk<'a, R> {
    source: &'a mut Source<R>,
    left: usize,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The box at that place, which ends inside of the one around it.
    fn next(&mut self, at: u64, within: u64) -> io::Result<Option<Found>> {
        let len = self.source.len();
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let header = self.source.up_to(at, 16)?;
        let (Some(size), Some(name)) = (be32(header, 0), four(header, 4)) else { return Ok(None) };
        let (header_size, size) = match size {
            0 => (8, len.saturating_sub(at)),
            1 => (16, be64(header, 8).unwrap_or_default()),
            size => (8, u64::from(size)),
        };
        let end = at.saturating_add(size);
        let is_sound = size >= header_size && end <= within;
        Ok(is_sound.then(|| Found { name, body: at + header_size, end }))
    }

    fn children(
        &mut self,
        parent: &Found,
        mut seen: impl FnMut(&mut Self, &Found) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut at = parent.body;
        while at < parent.end {
            let Some(child) = self.next(at, parent.end)? else { break };
            seen(self, &child)?;
            at = child.end;
        }
        Ok(())
    }

    fn body(&mut self, found: &Found) -> io::Result<&[u8]> {
        let size = usize::try_from(found.end - found.body).unwrap_or(usize::MAX).min(BODY_MAX);
        self.source.up_to(found.body, size)
    }

    fn movie(&mut self, moov: &Found) -> io::Result<Mp4> {
        let mut movie = Mp4::default();
        let (mut scale, mut fragmented) = (0, 0);
        self.children(moov, |walk, child| {
            match &child.name {
                b"mvhd" => (scale, movie.seconds) = duration(walk.body(child)?).unwrap_or_default(),
                b"trak" if movie.tracks.len() < TRACKS_MAX => movie.tracks.extend(walk.track(child)?),
                // A file in fragments says its length here, if anywhere.
                b"mvex" => walk.children(child, |walk, child| {
                    if &child.name == b"mehd" {
                        let body = walk.body(child)?;
                        let is_long = body.first() == Some(&1);
                        fragmented = if is_long { be64(body, 4) } else { be32(body, 4).map(u64::from) }.unwrap_or(0);
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        if movie.seconds == 0.0 {
            movie.seconds = movie.tracks.iter().map(|track| track.seconds).fold(0.0, f64::max);
        }
        if movie.seconds == 0.0 && scale > 0 {
            movie.seconds = fragmented as f64 / f64::from(scale);
        }
        Ok(movie)
    }

    fn track(&mut self, trak: &Found) -> io::Result<Option<Track>> {
        let mut track = Track { sort: Sort::Other, codec: [0; 4], width: 0, height: 0, seconds: 0.0 };
        let mut is_turned = false;
        self.children(trak, |walk, child| {
            match &child.name {
                b"tkhd" => is_turned = turned(walk.body(child)?),
                b"mdia" => walk.media(child, &mut track)?,
                _ => {}
            }
            Ok(())
        })?;
        if is_turned {
            std::mem::swap(&mut track.width, &mut track.height);
        }
        Ok((track.codec != [0; 4]).then_some(track))
    }

    fn media(&mut self, mdia: &Found, track: &mut Track) -> io::Result<()> {
        self.children(mdia, |walk, child| {
            match &child.name {
                b"mdhd" => track.seconds = duration(walk.body(child)?).map(|(_, seconds)| seconds).unwrap_or_default(),
                b"hdlr" => {
                    track.sort = match four(walk.body(child)?, 8).as_ref() {
                        Some(b"vide") => Sort::Video,
                        Some(b"soun") => Sort::Sound,
                        _ => Sort::Other,
                    }
                }
                b"minf" => walk.children(child, |walk, child| {
                    if &child.name == b"stbl" {
                        walk.children(child, |walk, child| {
                            if &child.name == b"stsd" {
                                describe(walk.body(child)?, track);
                            }
                            Ok(())
                        })?;
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })
    }
}

/// The codec and the size in the first description of samples.
fn describe(stsd: &[u8], track: &mut Track) {
    let Some(codec) = four(stsd, 12) else { return };
    track.codec = codec;
    // Sound has other fields at these places, which its kind keeps from being read.
    track.width = be16(stsd, 40).map_or(0, u32::from);
    track.height = be16(stsd, 42).map_or(0, u32::from);
}

/// The time scale and the seconds of `mvhd` or `mdhd`. All ones mean that the length is not known.
fn duration(body: &[u8]) -> Option<(u32, f64)> {
    let (scale, length) = match body.first()? {
        1 => (be32(body, 20)?, be64(body, 24).filter(|length| *length != u64::MAX)?),
        _ => (be32(body, 12)?, be32(body, 16).filter(|length| *length != u32::MAX).map(u64::from)?),
    };
    Some((scale, if scale == 0 { 0.0 } else { length as f64 / f64::from(scale) }))
}

/// Whether the matrix of `tkhd` turns the picture by 90 or 270 degrees: then its first number is 0 and its second is not.
fn turned(tkhd: &[u8]) -> bool {
    let at = if tkhd.first() == Some(&1) { 52 } else { 40 };
    be32(tkhd, at) == Some(0) && be32(tkhd, at + 4).is_some_and(|number| number != 0)
}
