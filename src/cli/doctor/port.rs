//! The port: free, held by the running service, or held by another process.

use crate::host::config::Server;
use crate::host::listen::{self, BindError};

use super::Finding;

const CHECK: &str = "port";

/// `service` is the running service on these folders.
pub(super) async fn check(server: &Server, service: Option<i32>) -> Finding {
    // The check binds the port for an instant, exactly as the service would.
    let bound = listen::bind(&server.hosts, server.port).await;
    judge(server, bound.map(drop), service)
}

fn judge(server: &Server, bound: Result<(), BindError>, service: Option<i32>) -> Finding {
    let port = server.port;
    match bound {
        Ok(()) if port == 0 => Finding::ok(CHECK, "PORT=0: any free one, which the log names"),
        Ok(()) => {
            let hosts: Vec<_> = server.hosts.iter().map(ToString::to_string).collect();
            Finding::ok(CHECK, format!("{port} is free on {}", hosts.join(" and ")))
        }
        Err(BindError::Taken { holder: Some(holder), .. }) if Some(holder.pid.cast_signed()) == service => {
            Finding::ok(CHECK, format!("{port} is served by the running {holder}"))
        }
        Err(BindError::Taken { holder: Some(holder), .. }) => {
            Finding::failure(CHECK, format!("{port} is taken by {holder}"), "stop that, or set PORT")
        }
        Err(BindError::Taken { holder: None, .. }) => {
            let remedy = "find it as root (ss -tlnp), stop it, or set PORT";
            Finding::failure(CHECK, format!("{port} is taken by a process of another user"), remedy)
        }
        Err(BindError::Denied { .. }) => Finding::failure(
            CHECK,
            format!("{port} needs rights that this user does not have"),
            "set PORT to 1024 or higher",
        ),
        Err(BindError::Other { address, source }) => {
            let detail = format!("nobody can listen on {address}: {source}");
            Finding::failure(CHECK, detail, "set HOST to an address of this machine")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    use super::super::report::Status;
    use super::*;
    use crate::host::config::Config;
    use crate::host::listen::Holder;

    #[test]
    fn a_port_of_the_running_service_is_no_failure() {
        let server = Config::read(&BTreeMap::<String, String>::new()).unwrap().server;
        let taken = |pid: Option<u32>| {
            let holder = pid.map(|pid| Holder { pid, name: "session-manager".to_owned() });
            Err(BindError::Taken { address: (Ipv4Addr::LOCALHOST, 3001).into(), holder })
        };
        assert_eq!(judge(&server, taken(Some(7)), Some(7)).status, Status::Ok);
        for (holder, service) in [(Some(7), Some(8)), (Some(7), None), (None, Some(7))] {
            assert_eq!(judge(&server, taken(holder), service).status, Status::Failure);
        }
        assert!(judge(&server, taken(Some(7)), None).detail.contains("(pid 7)"));
        assert_eq!(judge(&server, Ok(()), None).detail, "3001 is free on 127.0.0.1 and ::1");
    }
}
