//! Who the sandbox is: the partner tenant, the API client and its secrets, the key that signs tokens, the certificate
//! for HTTPS.
//!
//! IDs come from the seed, so that two runs with one seed agree. Keys and secrets come from the operating system's
//! randomness at every start: nothing secret is ever compiled in or written down.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{ToSpan, Zoned, civil::Date, tz::TimeZone};
use jsonwebtoken::{DecodingKey, EncodingKey};
use rand::{Rng, SeedableRng, TryRngCore, rngs::OsRng};
use rand_chacha::ChaCha8Rng;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{server::SandboxError, world::Cast};

/// The names, IDs and the secret of one sandbox.
pub(crate) struct Identity {
    pub tenant_id: Uuid,
    /// The partner tenant as Entra's error texts call it.
    pub tenant_name: String,
    /// Its verified domains; each of them names the tenant in a URL as well as its GUID does.
    pub tenant_domains: [String; 2],
    /// The API client's application ID; it is its own resource (facts: cipp 2.1).
    pub client_id: Uuid,
    /// The API client's display name.
    pub client_name: &'static str,
    /// The object ID of the API client's service principal.
    pub service_principal_id: Uuid,
    pub client_secret: String,
    /// In the form of a secret, and none: Entra never had it, or deleted it when the secret was reset.
    pub wrong_secret: String,
    /// An older secret of the client whose time is over; Entra still knows it.
    pub expired_secret: String,
}

impl Identity {
    /// The partner of this cast, and the first of its API clients.
    pub(crate) fn of(cast: &Cast, seed: u64) -> Result<Self, SandboxError> {
        let mut ids = ChaCha8Rng::seed_from_u64(seed);
        let mut random_id = || uuid::Builder::from_random_bytes(ids.random()).into_uuid();
        let partner = &cast.partner;
        let client = cast.api_clients.first();
        Ok(Self {
            tenant_id: partner.id.parse().unwrap_or_else(|_| random_id()),
            tenant_name: partner.display_name.clone(),
            tenant_domains: [partner.default_domain.clone(), partner.initial_domain.clone()],
            client_id: client
                .and_then(|client| client.app_id.parse().ok())
                .unwrap_or_else(&mut random_id),
            client_name: client.map_or("CIPP-API", |client| client.name),
            service_principal_id: random_id(),
            client_secret: client_secret()?,
            wrong_secret: client_secret()?,
            expired_secret: client_secret()?,
        })
    }

    /// Whether a path segment of a token URL names the partner tenant.
    pub(crate) fn is_tenant(&self, segment: &str) -> bool {
        segment.parse() == Ok(self.tenant_id)
            || self
                .tenant_domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(segment))
    }
}

/// Forty characters in the shape of Entra's own secrets: three, a digit, `Q~`, and 34 more (facts: entra A.4).
fn client_secret() -> Result<String, SandboxError> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    let mut random = [0_u8; 37];
    OsRng
        .try_fill_bytes(&mut random)
        .map_err(|error| SandboxError::Randomness(error.to_string()))?;
    let mut letters = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)]));
    let mut secret: String = letters.by_ref().take(3).collect();
    secret.push_str("8Q~");
    secret.extend(letters);
    Ok(secret)
}

/// The key with which tokens are signed, and the certificate under which it is published.
pub(crate) struct SigningKey {
    pub encoding: EncodingKey,
    pub decoding: DecodingKey,
    /// The SHA-1 thumbprint of the certificate, base64url: Entra uses it both as `kid` and as `x5t`.
    pub key_id: String,
    jwk: Value,
}

impl SigningKey {
    pub(crate) fn generate() -> Result<Self, SandboxError> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(SandboxError::certificate)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(SandboxError::certificate)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "accounts.accesscontrol.windows.net");
        let certificate = params.self_signed(&pair).map_err(SandboxError::certificate)?;

        let thumbprint = ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
        let key_id = URL_SAFE_NO_PAD.encode(thumbprint);
        let public = ::aws_lc_rs::rsa::PublicKey::from_der(pair.public_key_raw())
            .map_err(|error| SandboxError::Certificate(error.to_string()))?;
        let jwk = json!({
            "kty": "RSA",
            "use": "sig",
            "kid": key_id,
            "x5t": key_id,
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
            "x5c": [STANDARD.encode(certificate.der())],
            "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
        });
        Ok(Self {
            encoding: EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes())
                .map_err(|error| SandboxError::Certificate(error.to_string()))?,
            decoding: DecodingKey::from_rsa_der(pair.public_key_raw()),
            key_id,
            jwk,
        })
    }

    /// The key document (`/discovery/v2.0/keys`).
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk] })
    }
}

/// What HTTPS needs: the server's side, and the CA for the client's.
pub(crate) struct Certificates {
    pub server: ServerConfig,
    pub ca_pem: String,
}

impl Certificates {
    /// A CA of this name and a leaf for this machine's loopback names, both made now and never stored.
    pub(crate) fn generate(now: jiff::Timestamp, authority: &str) -> Result<Self, SandboxError> {
        let ca_key = KeyPair::generate().map_err(SandboxError::certificate)?;
        let mut ca = CertificateParams::new(Vec::new()).map_err(SandboxError::certificate)?;
        ca.distinguished_name.push(DnType::CommonName, authority);
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut ca, now);
        let ca_certificate = ca.self_signed(&ca_key).map_err(SandboxError::certificate)?;

        let leaf_key = KeyPair::generate().map_err(SandboxError::certificate)?;
        let mut leaf = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into(), "::1".into()])
            .map_err(SandboxError::certificate)?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.use_authority_key_identifier_extension = true;
        set_validity(&mut leaf, now);
        let issuer = Issuer::from_params(&ca, &ca_key);
        let leaf_certificate = leaf.signed_by(&leaf_key, &issuer).map_err(SandboxError::certificate)?;

        let mut server = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(
                    vec![leaf_certificate.der().clone()],
                    PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()),
                )
            })
            .map_err(|error| SandboxError::Certificate(error.to_string()))?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            server,
            ca_pem: ca_certificate.pem(),
        })
    }
}

/// From yesterday, because a client's clock may be behind, for little enough that Apple's limit (825 days) holds.
fn set_validity(params: &mut CertificateParams, now: jiff::Timestamp) {
    let now = Zoned::new(now, TimeZone::UTC).date();
    let day = |date: Date| {
        rcgen::date_time_ymd(
            date.year().into(),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    params.not_before = day(now.saturating_sub(1.day()));
    params.not_after = day(now.saturating_add(365.days()));
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::world::{World, WorldFlags, WorldSize};

    #[test]
    fn a_secret_looks_like_one_of_entras_and_is_never_the_same() {
        let secret = client_secret().unwrap();
        assert_eq!(secret.len(), 40);
        assert_eq!(&secret[3..6], "8Q~");
        assert!(secret.parse::<Uuid>().is_err());
        assert_ne!(secret, client_secret().unwrap());
    }

    #[test]
    fn the_tenant_is_known_by_its_id_and_its_domains() {
        let world = World::generate(WorldSize::Small, 1, Timestamp::UNIX_EPOCH, WorldFlags::default());
        let (one, same) = (
            Identity::of(world.cast(), 1).unwrap(),
            Identity::of(world.cast(), 1).unwrap(),
        );
        assert_eq!(one.service_principal_id, same.service_principal_id);
        assert_ne!(one.client_secret, same.client_secret);
        assert!(one.is_tenant(&one.tenant_id.to_string().to_uppercase()));
        assert!(one.is_tenant(&one.tenant_domains[0].to_uppercase()));
        assert!(!one.is_tenant("common"));
    }
}
