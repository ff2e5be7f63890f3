//! Binding: every address on the same port, and a clear error if the port is taken.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use procfs::net::TcpState;
use tokio::net::{TcpListener, TcpSocket};

/// With port 0 the system picks a port that is free on the first address; on the other addresses it may be taken.
const PICKS: usize = 10;
/// Connections that the system completes before they are accepted. If there are more, callers have to try again, which
/// takes them a second; the system may allow fewer (net.core.somaxconn).
const QUEUE: u32 = 4096;
/// On a loaded machine the search took more than 50 ms. With very many processes the name is not worth a longer wait.
const SEARCH_DEADLINE: Duration = Duration::from_millis(500);

/// The process that listens on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// `holder` is None if the process belongs to another user, or ended meanwhile.
    #[error(
        "port {} is taken by {}: stop it or set PORT",
        address.port(),
        holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    Taken { address: SocketAddr, holder: Option<Holder> },
    #[error("port {} needs rights that this user does not have: set PORT to 1024 or higher", address.port())]
    Denied { address: SocketAddr, source: io::Error },
    #[error("cannot listen on {address}: set HOST to an address of this machine")]
    Other { address: SocketAddr, source: io::Error },
}

/// Listens on all `hosts` at `port`; with port 0 at a port that the system chooses. Without IPv6, `::1` beside other
/// hosts is left out. Never waits.
pub async fn bind(hosts: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, BindError> {
    let mut picks_left = if port == 0 { PICKS } else { 1 };
    loop {
        picks_left -= 1;
        match bind_all(hosts, port).await {
            Err(Refusal { error, .. }) if error.kind() == ErrorKind::AddrInUse && picks_left > 0 => {}
            result => return result.map_err(BindError::from),
        }
    }
}

struct Refusal {
    address: SocketAddr,
    error: io::Error,
}

async fn bind_all(hosts: &[IpAddr], mut port: u16) -> Result<Vec<TcpListener>, Refusal> {
    let mut listeners = Vec::with_capacity(hosts.len());
    for host in hosts {
        let address = SocketAddr::new(*host, port);
        let refused = |error| Refusal { address, error };
        match listen(address) {
            Ok(listener) => {
                port = listener.local_addr().map_err(refused)?.port();
                listeners.push(listener);
            }
            Err(error) if !listeners.is_empty() && *host == Ipv6Addr::LOCALHOST && is_missing(&error) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // The address is free at once after a stop, although the last connections to it linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(Errno::EAFNOSUPPORT as i32)
}

impl From<Refusal> for BindError {
    fn from(Refusal { address, error: source }: Refusal) -> Self {
        match source.kind() {
            ErrorKind::AddrInUse => Self::Taken { address, holder: holder_of(address) },
            ErrorKind::PermissionDenied => Self::Denied { address, source },
            _ => Self::Other { address, source },
        }
    }
}

/// The process that keeps `address` from being bound. Blocking, but bounded.
fn holder_of(address: SocketAddr) -> Option<Holder> {
    // An IPv6 socket may serve IPv4 too; an IPv4 socket blocks IPv6 only on the unspecified address.
    let both = address.is_ipv4() || address.ip().is_unspecified();
    let v4 = if both { procfs::net::tcp().unwrap_or_default() } else { Vec::new() };
    let sockets: Vec<String> = v4
        .into_iter()
        .chain(procfs::net::tcp6().unwrap_or_default())
        .filter(|entry| entry.state == TcpState::Listen && is_in_the_way(entry.local_address, address))
        .map(|entry| format!("socket:[{}]", entry.inode))
        .collect();
    let deadline = Instant::now() + SEARCH_DEADLINE;
    let entries = if sockets.is_empty() { None } else { fs::read_dir("/proc").ok() }?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pid = pids.take_while(|_| Instant::now() < deadline).find(|pid| has_open(*pid, &sockets))?;
    Some(Holder { pid, name: name_of(pid) })
}

/// Whether a socket that listens at `taken` keeps `wanted` from being bound.
fn is_in_the_way(taken: SocketAddr, wanted: SocketAddr) -> bool {
    let (host, wanted_host) = (taken.ip().to_canonical(), wanted.ip().to_canonical());
    taken.port() == wanted.port() && (wanted_host.is_unspecified() || host.is_unspecified() || host == wanted_host)
}

fn has_open(pid: u32, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// The program's file name, because a process may call itself anything (Node's main thread does). One line.
fn name_of(pid: u32) -> String {
    let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
    let program = program.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let name = program.or_else(|| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    let name = name.unwrap_or_else(|| "a process".to_owned());
    name.trim_end_matches(" (deleted)").replace(char::is_control, "")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener as Listener};

    use super::*;

    const PAIR: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

    fn has_ipv6() -> bool {
        Listener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    async fn holder(hosts: &[IpAddr], port: u16) -> Option<Holder> {
        match bind(hosts, port).await {
            Err(BindError::Taken { holder, address }) => {
                assert_eq!(address.port(), port);
                holder
            }
            other => unreachable!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn both_loopbacks_share_a_port() {
        let listeners = bind(&PAIR, 0).await.unwrap();
        assert_eq!(listeners.len(), if has_ipv6() { 2 } else { 1 });
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        assert!(ports.iter().all(|port| *port == ports[0] && *port != 0), "{ports:?}");
    }

    #[tokio::test]
    async fn the_holder_of_a_taken_port_is_named() {
        for host in ["127.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1"] {
            let Ok(taken) = Listener::bind((host, 0)) else { continue };
            let port = taken.local_addr().unwrap().port();
            let begun = Instant::now();
            let found = holder(&PAIR, port).await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(1));
            assert_eq!(found.pid, std::process::id(), "{host}");
            let program = std::env::current_exe().unwrap();
            assert_eq!(found.name, program.file_name().unwrap().to_str().unwrap());
        }
    }

    #[tokio::test]
    async fn every_address_is_refused_where_one_is_taken() {
        let taken = Listener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let all: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        for host in &all[..if has_ipv6() { 2 } else { 1 }] {
            assert_eq!(holder(&[*host], port).await.unwrap().pid, std::process::id(), "{host}");
        }
    }

    #[tokio::test]
    async fn a_port_taken_on_the_second_address_only_is_taken() {
        if !has_ipv6() {
            return;
        }
        let taken = Listener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(holder(&PAIR, port).await.unwrap().pid, std::process::id());
        // A refused bind leaves nothing bound.
        drop(taken);
        bind(&PAIR, port).await.unwrap();
    }

    #[test]
    fn says_who_in_one_line() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 3001));
        let holder = Some(Holder { pid: 1234, name: "node".to_owned() });
        let taken = BindError::Taken { address, holder };
        assert_eq!(taken.to_string(), "port 3001 is taken by node (pid 1234): stop it or set PORT");
        let taken = BindError::Taken { address, holder: None };
        assert_eq!(taken.to_string(), "port 3001 is taken by another process: stop it or set PORT");
        let denied = BindError::from(Refusal { address, error: ErrorKind::PermissionDenied.into() });
        assert!(matches!(denied, BindError::Denied { .. }));
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused() {
        // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
        let refused = bind(&["192.0.2.1".parse().unwrap()], 0).await.unwrap_err();
        assert_eq!(refused.to_string(), "cannot listen on 192.0.2.1:0: set HOST to an address of this machine");
    }

    #[test]
    fn a_socket_is_in_the_way_of_its_own_address_and_of_every_address() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (taken, wanted) in [
            ("127.0.0.1:3001", "127.0.0.1:3001"),
            ("0.0.0.0:3001", "127.0.0.1:3001"),
            ("[::]:3001", "127.0.0.1:3001"),
            ("[::ffff:127.0.0.1]:3001", "127.0.0.1:3001"),
            ("127.0.0.1:3001", "0.0.0.0:3001"),
            ("[::1]:3001", "[::1]:3001"),
        ] {
            assert!(is_in_the_way(at(taken), at(wanted)), "{taken} and {wanted}");
        }
        for (taken, wanted) in [("127.0.0.1:3002", "127.0.0.1:3001"), ("10.0.0.1:3001", "127.0.0.1:3001")] {
            assert!(!is_in_the_way(at(taken), at(wanted)), "{taken} and {wanted}");
        }
    }
}
