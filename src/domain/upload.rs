//! Files that callers uploaded, to be sent by their id.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::media::BlobId;
use super::secret::Secret;
use super::time::Timestamp;

/// How long an upload is kept, whether it is used or not.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The id of an upload, written as 32 lower-case hexadecimal digits. Whoever knows it can send the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadId([u8; 16]);

impl UploadId {
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadId(…)")
    }
}

impl FromStr for UploadId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_written = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).map_err(|_| ())?;
        if is_written { Ok(Self(number.to_be_bytes())) } else { Err(()) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub id: UploadId,
    pub sha256: BlobId,
    /// Bytes.
    pub size: u64,
    /// The type that the file has by its bytes, or else the declared one.
    pub mimetype: String,
    pub filename: Option<Secret>,
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_lower_case_digits() {
        let id = UploadId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(id.to_string().parse(), Ok(id));
        let text = id.to_string();
        for wrong in ["", &text[1..], &format!("0{text}"), &text.to_uppercase(), &format!("+{}", &text[1..])] {
            assert_eq!(wrong.parse::<UploadId>(), Err(()), "{wrong}");
        }
        assert!(!format!("{id:?}").contains("0001"));
    }
}
