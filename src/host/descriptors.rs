//! The limit of open files: each connection takes one descriptor.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How many descriptors this process may have.
pub fn allowed() -> usize {
    // An unlimited number does not fit on machines with small addresses.
    getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| usize::try_from(soft).unwrap_or(usize::MAX))
}

/// Raises the soft limit to `wanted`, or to the hard limit if that is lower. Returns the soft limit before and after, and
/// the hard one. The limit is never lowered.
pub fn raise(wanted: usize) -> Result<Raised, Errno> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX).min(hard);
    if wanted <= soft {
        return Ok(Raised { before: soft, after: soft, hard });
    }
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard)?;
    Ok(Raised { before: soft, after: wanted, hard })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    pub before: u64,
    pub after: u64,
    pub hard: u64,
}
