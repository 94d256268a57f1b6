//! Reading what a URL leads to, as a stream of any length.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::header::CONTENT_ENCODING;

use super::ClientSettings;
use crate::process::redact;

/// As many as nixpkgs' `fetchurl` follows.
const MAX_REDIRECTS: usize = 20;

#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// Ask no server; files of this disk only.
    pub offline: bool,
    /// For a connection; for an answer; for the next piece of it. A download that goes on has no limit.
    pub timeout: Duration,
    /// A file of certificates to trust beside the system's: Nix's `NIX_SSL_CERT_FILE`.
    pub certificates: Option<PathBuf>,
}

/// Reads files by their URLs; share it between threads.
#[derive(Debug)]
pub struct Downloads {
    options: DownloadOptions,
    client: OnceLock<Result<Client, String>>,
}

/// Why there is no file. URLs are shown without credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    #[error("`{url}` cannot be parsed as a URL: {reason}")]
    Url { url: String, reason: String },
    /// A scheme that is not read here.
    #[error("{url}: `{scheme}` URLs are not read")]
    Scheme { url: String, scheme: String },
    #[error("{url}: not available offline")]
    Offline { url: String },
    /// The server's answer is not the file.
    #[error("{url}: the server answers with status {status}")]
    Status { url: String, status: u16 },
    /// The answer is compressed for the way, which some fetchers undo and others do not.
    #[error("{url}: the server sends it with `content-encoding: {encoding}`")]
    Encoded { url: String, encoding: String },
    #[error("{}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("{url}: no answer within {} s", timeout.as_secs_f32())]
    Timeout { url: String, timeout: Duration },
    /// No connection, or one that broke.
    #[error("{url}: {reason}")]
    Network { url: String, reason: String },
}

impl DownloadError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            DownloadError::Url { .. } => Some("check the URL"),
            DownloadError::Offline { .. } => Some("run once without `--offline`"),
            DownloadError::Status { .. } => {
                Some("check the URL; a server may also hide a file from who may not read it")
            }
            DownloadError::Timeout { .. } => {
                Some("check that the server can be reached, or raise the timeout")
            }
            _ => None,
        }
    }

    /// Whether the same question may be answered elsewhere or later: nothing was said about the file itself.
    pub fn is_unreachable(&self) -> bool {
        match self {
            DownloadError::Offline { .. }
            | DownloadError::Timeout { .. }
            | DownloadError::Network { .. } => true,
            DownloadError::Status { status, .. } => matches!(status, 407 | 408 | 429 | 500..),
            _ => false,
        }
    }
}

impl Downloads {
    pub fn new(options: DownloadOptions) -> Downloads {
        Downloads {
            options,
            client: OnceLock::new(),
        }
    }

    /// What `take` makes of the content at `url`: http, https or file. An answer that is not whole is an error,
    /// whatever `take` made of it. When the connection breaks it is all done once more, so `take` begins anew.
    pub fn read<T>(
        &self,
        url: &str,
        mut take: impl FnMut(&mut dyn Read) -> io::Result<T>,
    ) -> Result<T, DownloadError> {
        let parsed = Url::parse(url).map_err(|error| DownloadError::Url {
            url: redact(url),
            reason: error.to_string(),
        })?;
        match parsed.scheme() {
            "file" => from_disk(&parsed, &mut take),
            "http" | "https" if self.options.offline => Err(DownloadError::Offline {
                url: shown(&parsed),
            }),
            "http" | "https" => match self.ask_server(&parsed, &mut take) {
                Err(DownloadError::Network { .. }) => self.ask_server(&parsed, &mut take),
                outcome => outcome,
            },
            scheme => Err(DownloadError::Scheme {
                scheme: scheme.to_owned(),
                url: shown(&parsed),
            }),
        }
    }

    fn ask_server<T>(
        &self,
        url: &Url,
        take: &mut impl FnMut(&mut dyn Read) -> io::Result<T>,
    ) -> Result<T, DownloadError> {
        let mut response = self
            .client(url)?
            .get(url.clone())
            .send()
            .map_err(|error| self.failure(url, error))?;
        self.check(url, &response)?;
        let taken = take(&mut response);
        taken.map_err(|error| match error.downcast::<reqwest::Error>() {
            Ok(error) => self.failure(url, error),
            Err(error) => DownloadError::Network {
                url: shown(url),
                reason: redact(&error.to_string()),
            },
        })
    }

    fn check(&self, url: &Url, response: &Response) -> Result<(), DownloadError> {
        let status = response.status().as_u16();
        if status != 200 {
            return Err(DownloadError::Status {
                url: shown(url),
                status,
            });
        }
        let encoding = response
            .headers()
            .get(CONTENT_ENCODING)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
        match encoding {
            Some(encoding)
                if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") =>
            {
                Err(DownloadError::Encoded {
                    url: shown(url),
                    encoding,
                })
            }
            _ => Ok(()),
        }
    }

    fn failure(&self, url: &Url, error: reqwest::Error) -> DownloadError {
        if error.is_timeout() {
            return DownloadError::Timeout {
                url: shown(url),
                timeout: self.options.timeout,
            };
        }
        DownloadError::Network {
            url: shown(url),
            reason: reason(&error.without_url()),
        }
    }

    fn client(&self, url: &Url) -> Result<&Client, DownloadError> {
        let made = self.client.get_or_init(|| {
            let settings = ClientSettings {
                proxy: None,
                no_proxy: None,
                certificates: self.options.certificates.clone(),
                verify: true,
                connect_timeout: self.options.timeout,
                idle_timeout: Some(self.options.timeout),
            };
            let builder = Client::builder()
                .user_agent(concat!("cotter/", env!("CARGO_PKG_VERSION")))
                // The hash is taken over what the server keeps.
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .no_zstd()
                .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS));
            settings
                .configure(builder)
                .map_err(|error| error.to_string())?
                .build()
                .map_err(|error| reason(&error))
        });
        made.as_ref().map_err(|reason| DownloadError::Network {
            url: shown(url),
            reason: reason.clone(),
        })
    }
}

fn from_disk<T>(
    url: &Url,
    take: &mut impl FnMut(&mut dyn Read) -> io::Result<T>,
) -> Result<T, DownloadError> {
    let path = url.to_file_path().map_err(|()| DownloadError::Url {
        url: shown(url),
        reason: "it names no file of this machine".to_owned(),
    })?;
    let failed = |reason: String| DownloadError::File {
        path: path.clone(),
        reason,
    };
    let io = |error: io::Error| failed(error.to_string());
    // Looked at before it is opened: opening a pipe waits for somebody to write.
    if !std::fs::metadata(&path).map_err(io)?.is_file() {
        return Err(failed("not a file".to_owned()));
    }
    let mut file = File::open(&path).map_err(io)?;
    take(&mut file).map_err(io)
}

/// `url` as messages show it: without user, password, and the query, which may hold a token.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Refused only by URLs that can have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("…"));
    }
    url.set_fragment(None);
    url.to_string().replace("%E2%80%A6", "…")
}

/// An error and its causes in one line.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !text.is_empty() && !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = error.source();
    }
    redact(&parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_credential() {
        let shown = |url: &str| shown(&Url::parse(url).unwrap());
        assert_eq!(
            shown("https://me:pw@host/x?X-Amz-Signature=abc#f"),
            "https://host/x?…"
        );
        assert_eq!(shown("http://host:8080/x"), "http://host:8080/x");
        assert_eq!(shown("file:///a%20b"), "file:///a%20b");
    }

    #[test]
    fn what_is_no_file_is_said_without_a_network() {
        let downloads = Downloads::new(DownloadOptions {
            offline: true,
            timeout: Duration::from_secs(1),
            certificates: None,
        });
        let error = |url: &str| downloads.read(url, |_| Ok(())).unwrap_err();
        assert!(matches!(error("x"), DownloadError::Url { .. }));
        assert!(matches!(
            error("ftp://h/x"),
            DownloadError::Scheme { scheme, .. } if scheme == "ftp"
        ));
        assert!(matches!(
            error("https://h/x"),
            DownloadError::Offline { .. }
        ));
        assert!(matches!(error("file:///"), DownloadError::File { .. }));
        assert!(matches!(
            error("file://elsewhere/x"),
            DownloadError::Url { .. }
        ));
        assert!(matches!(
            error("file:///dev/null"),
            DownloadError::File { .. }
        ));
    }
}
