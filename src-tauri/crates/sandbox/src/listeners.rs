//! The sandbox's ports: which there are, under which addresses they are reached, and the servers behind them.
//!
//! Three from the start: authority, API host and website, three origins as in life, so that a client that sends a token to
//! the wrong one is found out. Two more from the first scenario on that needs them: an API host behind TLS inspection,
//! and a proxy.

use std::net::{IpAddr, SocketAddr, TcpListener};

use axum::Router;
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::task::JoinSet;

use crate::{hosting::connection::ResettableAcceptor, scenario::Scenario, server::SandboxError};

/// The ports that are open from the start.
pub(crate) struct Listeners {
    pub authority: TcpListener,
    pub api: TcpListener,
    pub website: TcpListener,
}

/// Scheme, host and port of each of them, without a slash at the end.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    pub authority: String,
    pub api: String,
    pub website: String,
}

impl Listeners {
    /// The authority at this address, the others at free ports of the same interface.
    pub(crate) fn open(address: SocketAddr) -> Result<Self, SandboxError> {
        let any_port = SocketAddr::new(address.ip(), 0);
        Ok(Self {
            authority: bind(address)?,
            api: bind(any_port)?,
            website: bind(any_port)?,
        })
    }

    pub(crate) fn origins(&self, tls: bool) -> Result<Origins, SandboxError> {
        Ok(Origins {
            authority: origin(&self.authority, tls)?,
            api: origin(&self.api, tls)?,
            website: origin(&self.website, tls)?,
        })
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener, SandboxError> {
    TcpListener::bind(address).map_err(|source| SandboxError::Listen { address, source })
}

fn origin(listener: &TcpListener, tls: bool) -> Result<String, SandboxError> {
    let address = listener.local_addr().map_err(|source| SandboxError::Listen {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        source,
    })?;
    Ok(if tls {
        // MSAL and certificates want a name.
        format!("https://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    })
}

/// A port that only some scenarios need.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Detour {
    Inspected,
    Proxy,
}

/// The addresses of those that were needed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detours {
    /// The API host behind TLS inspection, where the sandbox itself speaks plain http.
    pub inspected: Option<String>,
    /// The proxy that wants a password.
    pub proxy: Option<String>,
}

impl Detours {
    /// Opens what this scenario needs and is not open yet; whoever calls has to serve it.
    pub(crate) fn open(
        &mut self,
        ip: IpAddr,
        scenario: &Scenario,
        tls: bool,
    ) -> Result<Vec<(TcpListener, Detour)>, SandboxError> {
        let mut opened = Vec::new();
        let any_port = SocketAddr::new(ip, 0);
        if scenario.tls_inspected && !tls && self.inspected.is_none() {
            let listener = bind(any_port)?;
            self.inspected = Some(origin(&listener, true)?);
            opened.push((listener, Detour::Inspected));
        }
        if scenario.proxy_wants_password && self.proxy.is_none() {
            let listener = bind(any_port)?;
            self.proxy = Some(origin(&listener, false)?);
            opened.push((listener, Detour::Proxy));
        }
        Ok(opened)
    }
}

/// The servers that run, until they are shut down.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    handles: Vec<Handle<SocketAddr>>,
    running: JoinSet<std::io::Result<()>>,
}

impl Servers {
    pub(crate) fn serve(
        &mut self,
        listener: TcpListener,
        router: Router,
        tls: Option<RustlsConfig>,
    ) -> Result<(), SandboxError> {
        let address = listener.local_addr();
        let handle = Handle::new();
        let server = axum_server::from_tcp(listener).map_err(|source| SandboxError::Listen {
            address: address.unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0))),
            source,
        })?;
        let server = server.handle(handle.clone());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        self.handles.push(handle);
        match tls {
            None => self.running.spawn(server.acceptor(ResettableAcceptor).serve(service)),
            Some(config) => {
                let acceptor = RustlsAcceptor::new(config).acceptor(ResettableAcceptor);
                self.running.spawn(server.acceptor(acceptor).serve(service))
            }
        };
        Ok(())
    }

    /// Closes all connections.
    pub(crate) fn shut_down(&self) {
        for handle in &self.handles {
            handle.shutdown();
        }
    }

    /// Waits until the ports are free again.
    pub(crate) async fn ended(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
