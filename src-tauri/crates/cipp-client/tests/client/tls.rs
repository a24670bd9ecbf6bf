//! HTTPS with a certificate that only the connection's own CA file vouches for.

use std::io::Write;
use std::net::TcpListener;

use axum::Router;
use axum_server::tls_rustls::{RustlsConfig, from_tcp_rustls};
use cipp_client::{Client, ClientError, ClientOptions, Connection, ReachCause, Secret};

use crate::support::*;

/// An HTTPS server, and its certificate as a file.
async fn https() -> (Connection, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    let config = RustlsConfig::from_der(vec![made.cert.der().to_vec()], made.signing_key.serialize_der())
        .await
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/msp.example/oauth2/v2.0/token", good_tokens())
        .route("/api/{endpoint}", good_list());
    tokio::spawn(async move {
        from_tcp_rustls(listener, config)
            .unwrap()
            .serve(routes.into_make_service())
            .await
    });
    (connection(&address, &address), file)
}

fn made(connection: Connection) -> Result<Client, ClientError> {
    Client::new(connection, Secret::parse(SECRET).unwrap(), ClientOptions::default())
}

#[tokio::test]
async fn a_certificate_of_the_connections_ca_file_is_trusted_and_no_other() {
    let (mut connection, file) = https().await;
    let error = soon(read(&made(connection.clone()).unwrap())).await.unwrap_err();
    assert!(
        matches!(
            error,
            ClientError::Unreachable {
                cause: ReachCause::Tls,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.remedy().contains("CA certificate"));
    connection.ca_cert = Some(file.path().to_owned());
    assert_eq!(soon(read(&made(connection).unwrap())).await, Ok(2));
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_named() {
    let (mut connection, _file) = https().await;
    let mut wrong = tempfile::NamedTempFile::new().unwrap();
    wrong.write_all(b"hello").unwrap();
    for (path, expected) in [
        (wrong.path().to_owned(), "holds no certificate"),
        ("missing.pem".into(), "cannot be read"),
    ] {
        connection.ca_cert = Some(path.clone());
        let error = made(connection.clone()).unwrap_err();
        assert!(
            matches!(&error, ClientError::Local { detail } if detail.contains(expected) && detail.contains(&path.display().to_string())),
            "{error:?}"
        );
    }
}
