//! `git http-backend` behind a small HTTP server on 127.0.0.1, which may want a password or a header,
//! and which also answers as a proxy. It ends with its value.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::command;

/// What a request must have; without it the answer is 401.
#[derive(Clone, Default)]
pub struct Wants {
    /// A whole header line, e.g. `authorization: Basic bWU6cHc=`; its name in lower case.
    pub header: Option<String>,
    /// Instead of packs there is silence, until the server ends.
    pub silent_packs: bool,
}

pub struct Http {
    pub port: u16,
    stop: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<String>>>,
}

struct Request {
    method: String,
    /// As on the request line: a path, or a whole URL for a proxy.
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Http {
    /// Serves the repositories below `root`: `http://127.0.0.1:PORT/NAME`.
    pub fn serve(root: &Path, wants: Wants) -> Http {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (root, stopped, seen) = (root.to_owned(), stop.clone(), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (root, wants, seen) = (root.clone(), wants.clone(), seen.clone());
                let stopped = stopped.clone();
                thread::spawn(move || {
                    if let Ok(stream) = stream {
                        // A client that goes away in the middle is its own business.
                        let _ = answer(stream, &root, &wants, &seen, &stopped);
                    }
                });
            }
        });
        Http {
            port,
            stop,
            requests,
        }
    }

    /// `METHOD TARGET` of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(
    stream: TcpStream,
    root: &PathBuf,
    wants: &Wants,
    seen: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let request = read(&mut BufReader::new(&stream))?;
    seen.lock()
        .unwrap()
        .push(format!("{} {}", request.method, request.target));
    let mut out = &stream;
    let allowed = wants.header.as_ref().is_none_or(|wanted| {
        request
            .headers
            .iter()
            .any(|(name, value)| format!("{name}: {value}") == *wanted)
    });
    if !allowed {
        return out.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    let fetches = request
        .body
        .windows(13)
        .any(|window| window == b"command=fetch");
    while wants.silent_packs && fetches && !stopped.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(20));
    }
    let output = backend(root, &request)?;
    let split = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or(output.len());
    let headers = String::from_utf8_lossy(&output[..split]).into_owned();
    let status = headers
        .lines()
        .find_map(|line| line.strip_prefix("Status: "))
        .unwrap_or("200 OK");
    let body = output.get(split + 4..).unwrap_or_default();
    write!(out, "HTTP/1.1 {status}\r\n")?;
    for line in headers.lines().filter(|line| !line.starts_with("Status: ")) {
        write!(out, "{line}\r\n")?;
    }
    write!(
        out,
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    out.write_all(body)
}

fn read(input: &mut impl BufRead) -> std::io::Result<Request> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| {
        headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    };
    let mut body = Vec::new();
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut size = String::new();
            input.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
            input.by_ref().take(size).read_to_end(&mut body)?;
            input.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = header("content-length").and_then(|value| value.parse().ok()) {
        input.take(length).read_to_end(&mut body)?;
    }
    Ok(Request {
        method,
        target,
        headers,
        body,
    })
}

fn backend(root: &PathBuf, request: &Request) -> std::io::Result<Vec<u8>> {
    // A proxy is given the whole URL; only the part after the host counts here.
    let local = match request.target.strip_prefix("http://") {
        Some(rest) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => &request.target,
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let mut cgi: Command = command("git", root);
    cgi.arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("CONTENT_LENGTH", request.body.len().to_string());
    for (name, variable) in [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "GIT_PROTOCOL"),
    ] {
        if let Some((_, value)) = request.headers.iter().find(|(other, _)| other == name) {
            cgi.env(variable, value);
        }
    }
    let mut child = cgi
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().expect("a pipe");
    let body = request.body.clone();
    let writer = thread::spawn(move || stdin.write_all(&body));
    let mut output = Vec::new();
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_to_end(&mut output)?;
    child.wait()?;
    let _ = writer.join();
    Ok(output)
}
