//! Serves the simulator as a program of its own.

use clap::Parser;
use simulator::graph::{Graph, GraphOptions};
use simulator::{Error, Options, Simulator};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

/// A stand-in for web.whatsapp.com. The phone is at /phone, the control API at /control/.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on. Whoever reaches it works the phone: anything but loopback is for containers.
    #[arg(long, default_value_t = Ipv4Addr::LOCALHOST.into())]
    host: IpAddr,
    /// Port of the page; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Also serve with TLS, as web.whatsapp.com, on this port; 0 takes any free one.
    #[arg(long)]
    tls_port: Option<u16>,
    /// Factor on all times: 1 is the real page, 0.1 ten times faster.
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// Factor on the life of the linking codes alone (60 s the first, 20 s the later ones); default as all times.
    #[arg(long)]
    code_scale: Option<f64>,
    /// Phone number of the first account, digits only.
    #[arg(long)]
    phone: Option<String>,
    /// Phone number of a further account; may be given again and again.
    #[arg(long = "account")]
    accounts: Vec<String>,
    /// Also serve a stand-in of Meta's Graph API on this port.
    #[arg(long)]
    graph_port: Option<u16>,
    /// Where the stand-in of the Graph API reports what becomes of messages.
    #[arg(long, requires = "graph_port")]
    graph_webhook: Option<String>,
    /// Seed of everything that looks random: the same calls then have the same results.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let _graph = graph(&arguments).await?;
    let defaults = Options::default();
    let simulator = Simulator::start(Options {
        host: arguments.host,
        port: arguments.port,
        tls: arguments.tls_port.is_some(),
        tls_port: arguments.tls_port.unwrap_or(0),
        time_scale: arguments.time_scale,
        code_scale: arguments.code_scale,
        phone: arguments.phone.unwrap_or(defaults.phone.clone()),
        more_accounts: arguments.accounts,
        seed: arguments.seed,
        ..defaults
    })
    .await?;
    announce(&simulator);
    // However the wait ended, the simulator stops now.
    tokio::signal::ctrl_c().await.ok();
    simulator.stop().await;
    Ok(())
}

/// The stand-in of the Graph API: everybody has just written, so everybody can be answered.
async fn graph(arguments: &Arguments) -> Result<Option<Graph>, Error> {
    let Some(port) = arguments.graph_port else { return Ok(None) };
    let graph = Graph::start(GraphOptions { port, ..GraphOptions::default() }).await?;
    graph.open_every_window();
    if let Some(webhook) = &arguments.graph_webhook {
        graph.report_to(webhook);
    }
    Ok(Some(graph))
}

#[expect(clippy::print_stdout, reason = "the address is what the caller of the binary reads")]
fn announce(simulator: &Simulator) {
    match (simulator.tls_port(), simulator.spki_sha256_base64()) {
        (Some(port), Some(spki)) => println!("{} tls_port={port} spki_sha256_base64={spki}", simulator.url()),
        _ => println!("{}", simulator.url()),
    }
}

#[expect(clippy::print_stderr, reason = "the binary's only way to say why it does not start")]
fn complain(error: &Error) -> ExitCode {
    eprintln!("whatsapp-simulator: {error}");
    ExitCode::FAILURE
}
