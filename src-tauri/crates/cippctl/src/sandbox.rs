//! `cippctl sandbox`: Entra and CIPP imitated on this computer, for trying things out and for tests.

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::Args;
use jiff::Timestamp;
use sandbox::{SandboxError, SandboxOptions, Scenario, WorldSize};
use tokio_util::sync::CancellationToken;

use crate::exit::{Code, Failure};

/// What to play, and where.
#[derive(Args, Debug)]
pub struct SandboxArgs {
    /// Address of this computer to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What is played, and what is wrong with it; see --list
    #[arg(long, value_name = "NAME", default_value = "healthy")]
    scenario: Scenario,
    /// How many rows the log has: small (50,000), medium (250,000), large (1,000,000); million and five-million have exactly
    /// that many, over 90 days and 300 tenants
    #[arg(long, value_name = "SIZE", default_value = "small")]
    size: WorldSize,
    /// Serve HTTPS, with a certificate made at start
    #[arg(long)]
    tls: bool,
    /// Another number makes another world
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// What time the sandbox takes it to be, such as 2026-11-20T08:00:00Z [default: the computer's clock]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// How many seconds of a scenario's pauses pass in a second: with 45, a call that is cut off after 45 seconds takes one
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pace: u32,
    /// List the scenarios and end
    #[arg(long)]
    list: bool,
}

/// Prints one line of JSON when ready, and serves until it is told to stop.
pub async fn run(args: SandboxArgs, cancel: &CancellationToken) -> Result<(), Failure> {
    if args.list {
        return list();
    }
    let options = SandboxOptions {
        listen: args.listen,
        scenario: args.scenario,
        size: args.size,
        seed: args.seed,
        tls: args.tls,
        now: args.now,
        pace: args.pace,
    };
    let sandbox = sandbox::start(options).await?;
    {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, sandbox.ready()).map_err(io::Error::from)?;
        writeln!(out)?;
        out.flush()?;
    }
    cancel.cancelled().await;
    sandbox.stop().await;
    Ok(())
}

fn list() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for name in Scenario::names() {
        let scenario: Scenario = name.parse().map_err(|error: sandbox::ScenarioError| {
            Failure::new(Code::Local, error.to_string(), "Install the program again.")
        })?;
        writeln!(out, "{name:<32} {}", scenario.title)?;
    }
    Ok(())
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        let code = match error {
            SandboxError::NotLoopback(_) | SandboxError::Listen { .. } => Code::Usage,
            _ => Code::Local,
        };
        Failure::new(code, error.to_string(), "")
    }
}
