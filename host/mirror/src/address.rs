//! Where PostgreSQL is, and how the way there is kept from others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Error;

/// How long a server is given to answer a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Where PostgreSQL is.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub config: Config,
    /// As it is told, without the password.
    pub shown: String,
    /// Whose certificates are believed.
    pub trusted: Option<PathBuf>,
}

impl Address {
    /// Reads a URL, or the words `key=value` of libpq. Over a network TLS is asked for,
    /// unless it says otherwise.
    pub fn parse(url: &str, trusted: Option<&Path>) -> Result<Self, Error> {
        let parsed = url.parse::<Config>();
        let mut config = parsed.map_err(|error| {
            let told = error.to_string();
            // It may repeat what it was given, with a password in it.
            let what = told.split(':').next().unwrap_or_default().to_owned();
            Error::Address { what }
        })?;
        let hosts = config.get_hosts();
        if hosts.is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::Address { what: "it names no host".to_owned() });
        }
        // The rest of a password that has one would be shown as the host.
        let has_at = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if hosts.iter().any(has_at) {
            let what = "an `@` in its password is written `%40`".to_owned();
            return Err(Error::Address { what });
        }
        let near = |host: &Host| match host {
            Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        let is_near = hosts.iter().all(near) && config.get_hostaddrs().is_empty();
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(if is_near { SslMode::Disable } else { SslMode::Require });
        }
        if config.get_password().is_none()
            && let Some(password) = std::env::var_os("PGPASSWORD")
        {
            config.password(password.into_encoded_bytes());
        }
        config.application_name("sandtable mirror");
        config.connect_timeout(*config.get_connect_timeout().unwrap_or(&CONNECT_MAX));
        // A server whose machine is gone says nothing.
        config.keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(20));
        let shown = shown(&config);
        Ok(Self { config, shown, trusted: trusted.map(Path::to_owned) })
    }

    /// What believes the server's certificate.
    pub fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        let mut roots = RootCertStore::empty();
        match &self.trusted {
            Some(path) => {
                let failed =
                    |what: String| Error::Certificates { path: path.display().to_string(), what };
                let text = fs::read(path).map_err(|error| failed(error.to_string()))?;
                let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
                let found = found.map_err(|error| failed(error.to_string()))?;
                let (added, _) = roots.add_parsable_certificates(found);
                if added == 0 {
                    return Err(failed("none is in it".to_owned()));
                }
            }
            None => {
                let found = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(found.certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions();
        let builder = builder
            .map_err(|error| Error::Away { address: self.shown.clone(), why: error.to_string() })?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }
}

/// The name under which a server is to show its certificate.
pub(crate) fn server_name(domain: &str) -> Result<ServerName<'static>, rustls::Error> {
    let name = ServerName::try_from(domain.to_owned());
    name.map_err(|error| rustls::Error::General(error.to_string()))
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or("postgres");
    format!("{host}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_crossed_encrypted_unless_it_is_said_otherwise() {
        for (url, mode) in [
            ("postgres://me@localhost/db", SslMode::Disable),
            ("host=/run/postgresql user=me", SslMode::Disable),
            ("postgres://me@db.example.com/db", SslMode::Require),
            ("postgres://me@db.example.com/db?sslmode=disable", SslMode::Disable),
            ("postgres://me@localhost/db?sslmode=require", SslMode::Require),
        ] {
            let address = Address::parse(url, None).expect(url);
            assert_eq!(address.config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn no_password_is_told() {
        let address = Address::parse("postgres://me:secret@localhost:1/db", None).expect("read");
        assert_eq!(address.shown, "localhost:1/db");
        for wrong in [
            "postgres://me:secret@localhost:x/db",
            "postgres://me:x@secret@localhost/db",
            "secret",
            "host=a secret=b",
            "",
        ] {
            let told = Address::parse(wrong, None).expect_err(wrong).to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
