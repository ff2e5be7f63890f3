//! Tests whether WhatsApp's host can be reached at all, before anything is closed because of the network.

use std::time::Duration;

use ::http::Uri;
use tokio::net::TcpStream;

/// Whether the host behind `address` (the page, or the proxy in front of it) accepts a TCP connection.
pub(super) async fn reachable(address: &str, deadline: Duration) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
        Some("http") => 80,
        Some("socks4" | "socks5") => 1080,
        _ => 443,
    });
    matches!(tokio::time::timeout(deadline, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tells_a_listening_host_from_a_deaf_one() -> std::io::Result<()> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/", listener.local_addr()?);
        assert!(reachable(&address, Duration::from_secs(5)).await);
        drop(listener);
        assert!(!reachable(&address, Duration::from_secs(5)).await);
        assert!(!reachable("not an address", Duration::from_secs(5)).await);
        Ok(())
    }
}
