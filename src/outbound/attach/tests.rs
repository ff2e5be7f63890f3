#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::time::Duration;

use tempfile::TempDir;

use super::voice::PROGRAM;
use super::*;

struct World {
    attacher: Attacher,
    blobs: Blobs,
    _dir: TempDir,
}

impl World {
    async fn new(search_path: Option<OsString>) -> Self {
        let dir = TempDir::new().unwrap();
        let blobs = Blobs::open(dir.path(), 64 << 20).await.unwrap();
        Self { attacher: Attacher::new(blobs.clone(), search_path), blobs, _dir: dir }
    }

    async fn pin(&self, bytes: Vec<u8>) -> Pin {
        let mut writer = self.blobs.writer(None, 32 << 20).await.unwrap();
        writer.write(bytes).await.unwrap();
        writer.finish().await.unwrap().pin
    }

    async fn attach(&self, bytes: Vec<u8>, wanted: Wanted) -> Result<Attached, AttachError> {
        self.attacher.attach(self.pin(bytes).await, wanted, Instant::now() + Duration::from_secs(60)).await
    }
}

fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(40, 30, image::Rgb([200, 10, 10]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// One second of a tone in 16 bits and one channel.
fn sound() -> Vec<u8> {
    let samples: Vec<u8> = (0..8000_u16).flat_map(|n| ((n % 110 * 37).cast_signed() - 2048).to_le_bytes()).collect();
    let mut wav = Vec::from(*b"RIFF");
    wav.extend((36 + samples.len() as u32).to_le_bytes());
    wav.extend(*b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(8000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(*b"data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples);
    wav
}

#[tokio::test]
async fn a_picture_is_sent_as_one_unless_another_kind_is_wanted() {
    let world = World::new(None).await;
    let named = Wanted { filename: Some(Secret::new("../a/foto\u{202e}.png")), ..Wanted::default() };
    let sent = world.attach(picture(), Wanted { caption: Some(Secret::new("hola")), ..named.clone() }).await.unwrap();
    let file = &sent.attachment;
    assert_eq!((file.kind, file.mimetype.as_str(), file.filename.is_some()), (MediaKind::Image, "image/png", false));
    assert_eq!((file.width, file.height, file.thumbnail.is_some(), file.given), (Some(40), Some(30), true, file.id));
    assert_eq!((sent.pin.id(), sent.pin.size()), (file.id, file.size));

    let document = world.attach(picture(), Wanted { kind: Some(MediaKind::Document), ..named }).await.unwrap();
    let name = document.attachment.filename.map(|name| name.reveal().to_owned());
    assert_eq!((document.attachment.kind, name.as_deref()), (MediaKind::Document, Some("foto.png")));
    let nameless = world.attach(b"%PDF-1.7".to_vec(), Wanted::default()).await.unwrap().attachment;
    assert_eq!(nameless.filename.map(|name| name.reveal().to_owned()).as_deref(), Some(UNNAMED));
}

#[tokio::test]
async fn what_does_not_fit_the_kind_is_refused() {
    let world = World::new(None).await;
    let wanted = |kind| Wanted { kind: Some(kind), ..Wanted::default() };
    assert!(matches!(world.attach(Vec::new(), Wanted::default()).await, Err(AttachError::Empty)));
    let wrong = world.attach(picture(), wanted(MediaKind::Video)).await;
    assert!(matches!(wrong, Err(AttachError::WrongType(_))));
    let wrong = world.attach(picture(), wanted(MediaKind::Voice)).await;
    assert!(
        matches!(wrong, Err(AttachError::VoiceFormat(sentence)) if !sentence.contains("ffmpeg")),
        "no sound at all"
    );
    let once = Wanted { view_once: true, ..wanted(MediaKind::Document) };
    assert!(matches!(world.attach(picture(), once).await, Err(AttachError::ViewOnce(MediaKind::Document))));
    let without = world.attach(sound(), wanted(MediaKind::Voice)).await;
    assert!(matches!(without, Err(AttachError::VoiceFormat(sentence)) if sentence.contains("With ffmpeg installed")));
}

#[tokio::test]
async fn a_sound_becomes_a_voice_note_and_is_known_by_what_was_given() {
    let path = std::env::var_os("PATH");
    if find_converter(path.as_deref()).is_none() {
        return;
    }
    let world = World::new(path).await;
    let given = world.pin(sound()).await;
    let wanted = Wanted { kind: Some(MediaKind::Voice), view_once: true, ..Wanted::default() };
    let deadline = Instant::now() + Duration::from_secs(60);
    let note = world.attacher.attach(given.clone(), wanted.clone(), deadline).await.unwrap();
    let file = &note.attachment;
    assert_eq!((file.kind, file.mimetype.as_str()), (MediaKind::Voice, "audio/ogg; codecs=opus"));
    assert_eq!((file.given, file.duration_s, file.waveform.is_some()), (given.id(), Some(1), true));
    assert_ne!(file.id, file.given);
    let again = world.attacher.attach(given.clone(), wanted.clone(), deadline).await.unwrap();
    assert_eq!(again.attachment.id, file.id, "the same sound is the same note");
    let words = Wanted { caption: Some(Secret::new("x")), ..wanted.clone() };
    assert!(matches!(world.attacher.attach(given.clone(), words, deadline).await, Err(AttachError::Caption(_))));
    let late = world.attacher.attach(given, wanted, Instant::now()).await;
    assert!(matches!(late, Err(AttachError::Late)));
    // A playlist names other files of the machine.
    let playlist = format!("ffconcat version 1.0\nfile {}\n", note.pin.path().display()).into_bytes();
    let refused = world.attach(playlist, Wanted { kind: Some(MediaKind::Voice), ..Wanted::default() }).await;
    assert!(matches!(refused, Err(AttachError::VoiceFormat(_))));
}

#[tokio::test]
async fn a_program_that_fails_makes_no_note() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let program = folder.path().join(PROGRAM);
    for script in ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\necho half; exit 1\n", "no program"] {
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let world = World::new(Some(folder.path().into())).await;
        let wanted = Wanted { kind: Some(MediaKind::Voice), ..Wanted::default() };
        let refused = world.attach(sound(), wanted).await;
        assert!(matches!(refused, Err(AttachError::VoiceFormat(_))), "{script}: {refused:?}");
        assert_eq!(world.blobs.usage().files, 1, "nothing of the note stays");
    }
}
