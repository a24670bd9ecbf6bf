//! Connection + secret -> token -> request -> rows: the client of CIPP's API.
//!
//! Here lives everything that speaks to Entra's token endpoint and to one CIPP instance: what a connection
//! consists of, how a token is got and kept (in memory alone), the compiled-in list of reads, how a reply is
//! told from a web page, and how a body becomes rows while it arrives.
//!
//! Deliberately not here: where connections and secrets rest (the `connections` crate), what is done with
//! rows (the `log-archive` crate), anything that changes something in CIPP, Entra or Azure, and any window.
//!
//! ```no_run
//! # async fn read() -> Result<(), Box<dyn std::error::Error>> {
//! use cipp_client::{Client, ClientOptions, Connection, ListLogs, Secret};
//! use tokio_util::sync::CancellationToken;
//!
//! let connection = Connection {
//!     api_url: "https://cipp.example.net".parse()?,
//!     tenant_id: "msp.example".parse()?,
//!     client_id: "7d3c1b9e-5a41-4a7f-9a53-0d8a1c2b3e4f".parse()?,
//!     authority: Default::default(),
//!     ca_cert: None,
//! };
//! let client = Client::new(connection, Secret::parse("the secret's value")?, ClientOptions::default())?;
//! let cancel = CancellationToken::new();
//! let mut rows = client.list_logs(&ListLogs::day("20260808".parse()?), &cancel).await?;
//! while let Some(row) = rows.next().await {
//!     println!("{}", row?.raw());
//! }
//! # Ok(())
//! # }
//! ```

mod aadsts;
mod client;
mod connection;
mod day;
mod endpoints;
mod error;
mod explain;
mod field;
mod knock;
mod ledger;
mod pace;
mod proxy;
mod reply;
mod retry;
mod row;
mod rows;
mod scrub;
mod secret;
mod split;
mod token;
mod wire;

pub use client::{Client, ClientOptions};
pub use connection::{ApiUrl, Authority, ClientId, Connection, TenantId};
pub use day::{Day, DaysNewestFirst};
pub use endpoints::exec_access_checks::{
    AccessCheck, AccessCheckKind, GdapCheck, GdapIssue, MissingPermission, PermissionsCheck, Reach, TenantAccess,
    TokenDetails, query as access_check_query,
};
pub use endpoints::exec_api_client::{ApiClient, query as api_clients_query};
pub use endpoints::get_version::Version;
pub use endpoints::list_api_test::ApiTest;
pub use endpoints::list_logs::ListLogs;
pub use endpoints::list_tenants::Tenant;
pub use endpoints::me::Me;
pub use endpoints::public_ping::Ping;
pub use endpoints::{ENDPOINTS, Endpoint};
pub use error::{ClientError, ErrorKind, ReachCause, Refusal, WrongDoor};
pub use field::{Field, FieldError};
pub use knock::{Certificate, Knock, KnockReply};
pub use ledger::{Ledger, NetworkCall, OpenCall};
pub use proxy::{ManualProxy, ProxyAddress, ProxyChoice};
pub use retry::{Again, Failure, RetryPolicy, Tries};
pub use row::{Fields, Row, RowProblem, parse_date_time};
pub use rows::Rows;
pub use scrub::{Known, excerpt, one_line};
pub use secret::Secret;
pub use token::TokenClaims;
pub use wire::{cause_of, certificates, chain};
