//! Takes the files of Swagger UI, the viewer of `/docs`, out of the archive in the crate `utoipa-swagger-ui-vendored`.
//!
//! The archive holds its files compressed by the method that gzip also uses. They are put into gzip's frame as they are, so
//! that the program carries and serves them compressed, and needs no code that expands them.

use std::error::Error;
use std::io::{Cursor, Read};
use std::path::Path;
use std::{env, fs, io};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::{CompressionMethod, ZipArchive};

/// What a browser needs of the archive. The rest of it are sources and other bundles of the same.
const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];
/// Gzip's magic number, the method deflate, no flags, no time, no extra flags, an unknown system (RFC 1952).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var("OUT_DIR")?;
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for name in FILES {
        fs::write(Path::new(&folder).join(format!("{name}.gz")), gzipped(&mut archive, name)?)?;
    }
    Ok(())
}

/// One file of the archive's folder `dist`, as gzip.
fn gzipped(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    for index in 0..archive.len() {
        let mut file = archive.by_index_raw(index)?;
        if !file.name()?.ends_with(&format!("/dist/{name}")) {
            continue;
        }
        if file.compression() != CompressionMethod::DEFLATE {
            return Err(format!("{name} is not compressed by deflate").into());
        }
        let mut gzip = GZIP_HEAD.to_vec();
        file.read_to_end(&mut gzip)?;
        gzip.extend(file.crc32().to_le_bytes());
        gzip.extend(u32::try_from(file.size())?.to_le_bytes());
        return Ok(gzip);
    }
    Err(io::Error::new(io::ErrorKind::NotFound, format!("Swagger UI has no dist/{name}")).into())
}
