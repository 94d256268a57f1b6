//! One connection to a remote: opening it as the user's git configuration says, and asking which refs
//! the remote has.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::time::Duration;

use gix::protocol::handshake::Ref;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::Transport;
use gix::protocol::transport::client::blocking_io::connect::{Options, connect};
use gix::protocol::transport::client::git::ConnectMode;
use gix::protocol::transport::client::git::blocking_io::Connection as Daemon;
use gix::remote::Direction;
use gix::url::Scheme;

use super::error::{GitError, reason, scrub};
use super::refs::{HEADS, TAGS};
use super::ssh::{self, Said};
use super::watch::Watch;
use super::{Head, Oid, Refs, credentials, http};

/// A remote and how it is asked. `config` is a repository whose only use is that the configuration of
/// the user and the machine is read through it.
#[derive(Clone)]
pub(super) struct Remote {
    pub config: gix::ThreadSafeRepository,
    pub url: gix::Url,
    /// What messages call it.
    pub location: String,
    pub timeout: Duration,
}

/// The refs that count, under the names that they have.
pub(super) const SPECS: [&str; 3] = [
    "HEAD",
    "+refs/heads/*:refs/heads/*",
    "+refs/tags/*:refs/tags/*",
];

pub(super) type Connection<'remote, 'auth, 'repo> =
    gix::remote::Connection<'remote, 'auth, 'repo, Box<dyn Transport + Send>>;

/// A transport that is open, and what ssh says about it on the side.
pub(super) struct Open {
    transport: Box<dyn Transport + Send>,
    options: Option<Box<dyn std::any::Any>>,
    said: Option<Said>,
}

impl Open {
    /// The connection for `remote`, and what is needed to explain its failure.
    pub fn connection<'remote, 'auth, 'repo>(
        self,
        config: &'auth gix::Repository,
        remote: &'remote gix::Remote<'repo>,
        watch: &'auth Watch,
    ) -> (Connection<'remote, 'auth, 'repo>, Option<Said>) {
        let mut connection = remote
            .to_connection_with_transport(self.transport)
            .with_credentials(move |action| credentials::answer(config, watch, action));
        if let Some(options) = self.options {
            connection.set_transport_options(options);
        }
        (connection, self.said)
    }
}

impl Remote {
    pub fn open(&self, config: &gix::Repository, watch: &Watch) -> Result<Open, GitError> {
        let failed = |error: &gix::Error| self.failure(error, None);
        let io = |error: io::Error| self.network(scrub(&error.to_string()));
        let remote = config
            .remote_at_without_url_rewrite(self.url.clone())
            .map_err(|e| failed(&e))?;
        let (url, version) = remote
            .sanitized_url_and_version(Direction::Fetch)
            .map_err(|e| failed(&e))?;
        let (transport, said): (Box<dyn Transport + Send>, _) = match url.scheme {
            Scheme::Ssh => {
                let options = config.ssh_connect_options().map_err(|e| failed(&e))?;
                let (transport, said) = ssh::connect(&url, version, &options, watch).map_err(io)?;
                (Box::new(transport), Some(said))
            }
            Scheme::Git => (Box::new(self.daemon(&url, version).map_err(io)?), None),
            _ => {
                let options = Options {
                    version,
                    ..Options::default()
                };
                (connect(url.clone(), options).map_err(|e| failed(&e))?, None)
            }
        };
        let options = http::options(config, &url, self.timeout).map_err(|e| failed(&e))?;
        Ok(Open {
            transport,
            options,
            said,
        })
    }

    /// The git protocol over TCP. Reads end by themselves when the remote falls silent.
    fn daemon(
        &self,
        url: &gix::Url,
        version: Protocol,
    ) -> io::Result<Daemon<TcpStream, TcpStream>> {
        use std::net::ToSocketAddrs;
        let host = url.host().ok_or(io::ErrorKind::InvalidInput)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in (bare, url.port.unwrap_or(9418)).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(self.timeout))?;
                    stream.set_write_timeout(Some(self.timeout))?;
                    return Ok(Daemon::new(
                        stream.try_clone()?,
                        stream,
                        version,
                        url.path.clone(),
                        Some((host.to_owned(), url.port)),
                        ConnectMode::Daemon,
                        false,
                    ));
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The branches, tags and HEAD of the remote. Whether each leads to a commit is not known yet.
    pub fn refs(&self, watch: &Watch) -> Result<Refs, GitError> {
        let config = self.config.to_thread_local();
        let remote = config
            .remote_at_without_url_rewrite(self.url.clone())
            .and_then(|remote| remote.with_refspecs(SPECS, Direction::Fetch))
            .map_err(|e| self.failure(&e, None))?
            .with_fetch_tags(gix::remote::fetch::Tags::None);
        let open = self.open(&config, watch)?;
        let (connection, said) = open.connection(&config, &remote, watch);
        let (map, _) = connection
            .ref_map(watch.pulse(), Default::default())
            .map_err(|e| self.failure(&e, said.as_ref()))?;
        Ok(listed(&map.remote_refs))
    }

    /// Why the remote gave no answer.
    pub fn failure(&self, error: &gix::Error, said: Option<&Said>) -> GitError {
        if error.is_unauthenticated() {
            return GitError::Password {
                location: self.location.clone(),
            };
        }
        let said = said.map(Said::text).unwrap_or_default();
        self.network(if said.is_empty() {
            reason(error)
        } else {
            scrub(&said)
        })
    }

    fn network(&self, reason: String) -> GitError {
        GitError::Network {
            location: self.location.clone(),
            reason,
        }
    }
}

/// What a remote listed, tags peeled.
pub(super) fn listed(refs: &[Ref]) -> Refs {
    let mut head = None;
    let mut by_name = BTreeMap::new();
    for item in refs {
        let (name, id, peeled) = item.unpack();
        let Some(id) = peeled.or(id).filter(|id| !id.is_null()) else {
            continue;
        };
        let id = Oid(id.to_owned());
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        if name == "HEAD" {
            let branch = match item {
                Ref::Symbolic { target, .. } => std::str::from_utf8(target)
                    .ok()
                    .and_then(|target| target.strip_prefix(HEADS))
                    .map(str::to_owned),
                _ => None,
            };
            head = Some(Head { branch, id });
        } else if name.starts_with(HEADS) || name.starts_with(TAGS) {
            by_name.insert(name.to_owned(), id);
        }
    }
    Refs { head, by_name }
}
