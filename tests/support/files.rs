//! A server of files on 127.0.0.1 that can also do what servers should not. It ends with its value.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a path is answered with.
#[derive(Clone)]
pub enum Answer {
    File(Vec<u8>),
    /// So many zeros, made up as they are sent.
    Zeros(u64),
    /// The same by pieces of unknown number.
    Chunked(Vec<u8>),
    /// To a path or a whole URL.
    Redirect(String),
    Status(u16),
    /// Says the length of the file, sends so many bytes of it and closes the connection.
    Broken(Vec<u8>, usize),
    /// By pieces, without the last one.
    BrokenChunked(Vec<u8>),
    /// What the second says, but the first time a closed connection.
    AtSecond(Vec<u8>),
    /// Begins to answer and falls silent until the server ends.
    Silent,
    /// A file that is said to be encoded for the way.
    Encoded(Vec<u8>),
    /// The file for those who say this `authorization`, else 401.
    For(String, Vec<u8>),
}

pub struct Files {
    pub port: u16,
    stop: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Files {
    pub fn serve(answers: impl IntoIterator<Item = (&'static str, Answer)>) -> Files {
        let answers: HashMap<&str, Answer> = answers.into_iter().collect();
        let answers = Arc::new(answers);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (stopped, seen) = (stop.clone(), requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (answers, seen, stopped) = (answers.clone(), seen.clone(), stopped.clone());
                thread::spawn(move || {
                    if let Ok(stream) = stream {
                        // A client that goes away in the middle is its own business.
                        let _ = answer(&stream, &answers, &seen, &stopped);
                    }
                });
            }
        });
        Files {
            port,
            stop,
            requests,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The targets asked for so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(
    stream: &TcpStream,
    answers: &HashMap<&str, Answer>,
    seen: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut authorization = None;
    loop {
        let mut line = String::new();
        input.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                authorization = Some(value.to_owned());
            }
            Some(_) => {}
            None => break,
        }
    }
    let times = {
        let mut seen = seen.lock().unwrap();
        seen.push(target.clone());
        seen.iter().filter(|other| **other == target).count()
    };
    let path = match target.strip_prefix("http://") {
        Some(rest) => &rest[rest.find('/').unwrap_or(rest.len())..],
        None => &target,
    };
    let path = path.split('?').next().unwrap_or_default();
    let answer = answers.get(path).cloned().unwrap_or(Answer::Status(404));
    let mut out = stream;
    let mut head = |status: &str, headers: &str| {
        write!(
            out,
            "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n"
        )
    };
    let length = |length: usize| format!("Content-Length: {length}\r\n");
    match answer {
        Answer::File(bytes) => {
            head("200 OK", &length(bytes.len()))?;
            out.write_all(&bytes)
        }
        Answer::Zeros(count) => {
            head("200 OK", &format!("Content-Length: {count}\r\n"))?;
            let piece = [0; 65536];
            let mut left = count;
            while left > 0 {
                let now = left.min(piece.len() as u64) as usize;
                out.write_all(&piece[..now])?;
                left -= now as u64;
            }
            Ok(())
        }
        Answer::Chunked(bytes) => {
            head("200 OK", "Transfer-Encoding: chunked\r\n")?;
            for piece in bytes.chunks(1000) {
                write!(out, "{:x}\r\n", piece.len())?;
                out.write_all(piece)?;
                write!(out, "\r\n")?;
            }
            write!(out, "0\r\n\r\n")
        }
        Answer::Redirect(to) => head("302 Found", &format!("Location: {to}\r\n{}", length(0))),
        Answer::Status(status) => {
            head(&format!("{status} As Told"), &length(4))?;
            out.write_all(b"page")
        }
        Answer::Broken(bytes, sent) => {
            head("200 OK", &length(bytes.len()))?;
            out.write_all(&bytes[..sent])
        }
        Answer::BrokenChunked(bytes) => {
            head("200 OK", "Transfer-Encoding: chunked\r\n")?;
            write!(out, "{:x}\r\n", bytes.len())?;
            out.write_all(&bytes)?;
            write!(out, "\r\n")
        }
        Answer::AtSecond(bytes) => match times {
            1 => Ok(()),
            _ => {
                head("200 OK", &length(bytes.len()))?;
                out.write_all(&bytes)
            }
        },
        Answer::Silent => {
            head("200 OK", &length(100))?;
            while !stopped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Answer::Encoded(bytes) => {
            let headers = format!("Content-Encoding: gzip\r\n{}", length(bytes.len()));
            head("200 OK", &headers)?;
            out.write_all(&bytes)
        }
        Answer::For(wanted, bytes) => match authorization == Some(wanted) {
            true => {
                head("200 OK", &length(bytes.len()))?;
                out.write_all(&bytes)
            }
            false => head("401 Unauthorized", &length(0)),
        },
    }
}
