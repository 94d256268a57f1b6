//! How every http client of this program is set up: proxies, certificates, limits.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::blocking::ClientBuilder;

/// What a user may configure. Without a `proxy` the environment's (`https_proxy`, `no_proxy`, …) count.
#[derive(Clone, Debug)]
pub(crate) struct ClientSettings {
    /// Empty: none, also where the environment names one.
    pub proxy: Option<String>,
    pub no_proxy: Option<String>,
    /// A file of certificates to trust beside the system's.
    pub certificates: Option<PathBuf>,
    pub verify: bool,
    pub connect_timeout: Duration,
    /// The longest silence, before the answer and in the middle of it.
    pub idle_timeout: Option<Duration>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("{}: {source}", path.display())]
    Certificates {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Setting(#[from] reqwest::Error),
}

impl ClientSettings {
    pub fn configure(&self, builder: ClientBuilder) -> Result<ClientBuilder, ClientError> {
        // Of the blocking client this is the limit of one read, not of the whole.
        let mut builder = builder
            .timeout(self.idle_timeout)
            .connect_timeout(self.connect_timeout)
            .tls_danger_accept_invalid_certs(!self.verify);
        match self.proxy.as_deref() {
            Some("") => builder = builder.no_proxy(),
            Some(proxy) => {
                let no_proxy = self
                    .no_proxy
                    .as_deref()
                    .and_then(reqwest::NoProxy::from_string);
                builder = builder.proxy(reqwest::Proxy::all(proxy)?.no_proxy(no_proxy));
            }
            None => {}
        }
        if let Some(file) = &self.certificates {
            let pem = std::fs::read(file).map_err(|source| ClientError::Certificates {
                path: file.clone(),
                source,
            })?;
            builder = builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&pem)?);
        }
        Ok(builder)
    }
}
