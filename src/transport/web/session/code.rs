//! The link code as pictures, drawn once for each code and shared by all readers.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, ImageEncoder, Luma};
use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

use crate::domain::time::Timestamp;

use super::machine::Code;

/// The width in pixels of one module of the QR code; with about 60 modules a phone reads the picture at arm's length.
const MODULE_PIXELS: u32 = 6;

#[derive(Clone, PartialEq, Eq)]
pub struct LinkCode {
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
    pub png: Vec<u8>,
    /// The PNG as a `data:` URL.
    pub data_url: String,
    pub svg: String,
    /// Half-block characters, light on dark, that a phone scans from a terminal.
    pub text: String,
}

impl std::fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LinkCode({})", self.attempt)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the page's code does not fit a QR code: {0}")]
    TooLong(#[from] qrcode::types::QrError),
    #[error("the picture could not be written: {0}")]
    Picture(#[from] image::ImageError),
}

/// Draws a code. This takes milliseconds of one core, so it belongs on a blocking thread.
pub(super) fn render(code: &Code) -> Result<LinkCode, RenderError> {
    let qr = QrCode::with_error_correction_level(code.text.reveal(), EcLevel::L)?;
    let png = png(&qr)?;
    let mut data_url = "data:image/png;base64,".to_owned();
    STANDARD.encode_string(&png, &mut data_url);
    let svg = qr.render::<svg::Color<'_>>().min_dimensions(400, 400).build();
    // Most terminals are dark, so the light modules are drawn.
    let blocks = qr
        .render::<unicode::Dense1x2>()
        .dark_color(unicode::Dense1x2::Light)
        .light_color(unicode::Dense1x2::Dark)
        .build();
    let mut text = String::with_capacity(blocks.len() + 1);
    let _ = writeln!(text, "{blocks}");
    Ok(LinkCode {
        attempt: code.attempt,
        generated_at: code.generated_at,
        expires_at: code.expires_at,
        png,
        data_url,
        svg,
        text,
    })
}

fn png(qr: &QrCode) -> Result<Vec<u8>, image::ImageError> {
    let picture = qr.render::<Luma<u8>>().module_dimensions(MODULE_PIXELS, MODULE_PIXELS).build();
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.write_image(&picture, picture.width(), picture.height(), ExtendedColorType::L8)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use image::GrayImage;

    use crate::domain::secret::Secret;

    use super::*;

    const TEXT: &str = "2@AbCdEfGh/IjKl+MnOp,c3RhdGljLWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc=,aWRlbnRpdHkta2V5LTAxMjM0NTY3ODkwMTIzNDU=,YWR2LXNlY3JldC0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTA=,1";

    fn rendered() -> LinkCode {
        let at = Timestamp::from_millis(0);
        render(&Code { text: Secret::new(TEXT), attempt: 1, generated_at: at, expires_at: at }).unwrap()
    }

    fn scan(picture: &GrayImage) -> String {
        let size = (picture.width() as usize, picture.height() as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(size.0, size.1, |x, y| {
            picture.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0]
        });
        prepared.detect_grids().first().unwrap().decode().unwrap().1
    }

    #[test]
    fn the_picture_scans() {
        let code = rendered();
        let picture = image::load_from_memory(&code.png).unwrap();
        assert_eq!(scan(&picture.to_luma8()), TEXT);
        assert!(code.data_url.starts_with("data:image/png;base64,iVBOR"));
        assert!(code.svg.contains("<svg"));
    }

    /// Paints the characters as a dark terminal shows them, each in a cell of 4 by 8 pixels, and scans the picture.
    #[test]
    fn the_half_blocks_scan_from_a_dark_terminal() {
        let text = rendered().text;
        let rows: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let (width, height) = (rows[0].len(), rows.len());
        assert!(rows.iter().all(|row| row.len() == width), "ragged lines");
        let size = |n: usize, unit: u32| u32::try_from(n).unwrap() * unit;
        let picture = GrayImage::from_fn(size(width, 4), size(height, 8), |x, y| {
            let cell = rows[(y / 8) as usize][(x / 4) as usize];
            let upper = y % 8 < 4;
            let lit = match cell {
                '█' => true,
                '▀' => upper,
                '▄' => !upper,
                ' ' => false,
                other => panic!("not a half block: {other:?}"),
            };
            Luma([if lit { 255 } else { 0 }])
        });
        assert_eq!(scan(&picture), TEXT);
    }
}
