//! An HTTP proxy in front of a registry, which notes each request and does to it what a test says. One request per
//! connection. It ends with its value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a test sees of a request, and how often one of this method and target came before it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub before: usize,
}

impl Seen {
    pub fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && self.target.contains(part)
    }
}

/// What happens to a request.
pub enum Fate {
    Forward,
    /// Answered by the proxy: a status line's code and text, and more header lines.
    Answer(&'static str, &'static str),
    /// Asked of the registry under another target.
    Elsewhere(String),
    /// The connection breaks off after that many bytes of the body.
    Cut(u64),
}

type Judge = dyn Fn(&Seen) -> Fate + Send + Sync;

pub struct Proxy {
    pub port: u16,
    stop: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    /// In front of 127.0.0.1:`upstream`.
    pub fn start(upstream: u16, judge: impl Fn(&Seen) -> Fate + Send + Sync + 'static) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let judge: Arc<Judge> = Arc::new(judge);
        let (stopped, seen) = (stop.clone(), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (judge, seen) = (judge.clone(), seen.clone());
                thread::spawn(move || {
                    if let Ok(stream) = stream {
                        // Either side may go away in the middle: that is what the tests are about.
                        let _ = pass_on(&stream, upstream, &*judge, &seen);
                        let _ = stream.shutdown(Shutdown::Both);
                    }
                });
            }
        });
        Proxy {
            port,
            stop,
            requests,
        }
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.requests.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.requests.lock().unwrap().clear();
    }

    /// Those requests that are not reads.
    pub fn mutations(&self) -> Vec<String> {
        let all = self.requests();
        all.into_iter()
            .filter(|seen| !matches!(seen.method.as_str(), "GET" | "HEAD"))
            .map(|seen| format!("{} {}", seen.method, seen.target))
            .collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pass_on(
    client: &TcpStream,
    upstream: u16,
    judge: &Judge,
    requests: &Mutex<Vec<Seen>>,
) -> std::io::Result<()> {
    let mut input = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    input.read_line(&mut first)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(());
    };
    let mut headers = String::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        if !line.to_ascii_lowercase().starts_with("connection:") {
            headers += &line;
        }
    }
    let seen = {
        let mut requests = requests.lock().unwrap();
        let same = |other: &&Seen| other.method == method && other.target == target;
        let before = requests.iter().filter(same).count();
        let seen = Seen {
            method,
            target,
            before,
        };
        requests.push(seen.clone());
        seen
    };
    let (target, limit) = match judge(&seen) {
        Fate::Forward => (seen.target, u64::MAX),
        Fate::Elsewhere(target) => (target, u64::MAX),
        Fate::Cut(bytes) => (seen.target, bytes),
        Fate::Answer(status, more) => {
            let mut out = client;
            return write!(
                out,
                "HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    };
    let server = TcpStream::connect(("127.0.0.1", upstream))?;
    write!(
        &server,
        "{} {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n",
        seen.method
    )?;
    let mut to_server = server.try_clone()?;
    let broken = client.try_clone()?;
    let server_too = server.try_clone()?;
    thread::spawn(move || {
        let copied = std::io::copy(&mut input.take(limit), &mut to_server);
        if limit < u64::MAX && copied.is_ok_and(|copied| copied == limit) {
            let _ = broken.shutdown(Shutdown::Both);
            let _ = server_too.shutdown(Shutdown::Both);
        }
    });
    let (mut from_server, mut to_client) = (&server, client);
    std::io::copy(&mut from_server, &mut to_client)?;
    Ok(())
}
