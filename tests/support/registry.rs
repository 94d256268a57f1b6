//! A real registry (Debian's docker-registry) on 127.0.0.1, with a password and with TLS where a test wants them. It ends
//! with its value.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{command, run_ok};

pub const USER: &str = "ci";

pub struct Registry {
    pub port: u16,
    dir: PathBuf,
    /// The certificate to trust, in PEM.
    pub certificate: Option<PathBuf>,
    process: Option<Child>,
}

impl Registry {
    /// On plain HTTP, with its data in `dir`. `token` is the password of [`USER`].
    pub fn start(dir: &Path, token: &str) -> Registry {
        Registry::prepared(dir, Some(token), None)
    }

    /// Without a password.
    pub fn start_open(dir: &Path) -> Registry {
        Registry::prepared(dir, None, None)
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn start_with_tls(dir: &Path, token: &str) -> Registry {
        fs::create_dir_all(dir).unwrap();
        let certificate = dir.join("registry.crt");
        let mut openssl = command("openssl", dir);
        openssl
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            ])
            .args(["-subj", "/CN=127.0.0.1"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .arg(dir.join("registry.key"))
            .arg("-out")
            .arg(&certificate);
        run_ok(&mut openssl, "openssl");
        Registry::prepared(dir, Some(token), Some(certificate))
    }

    fn prepared(dir: &Path, token: Option<&str>, certificate: Option<PathBuf>) -> Registry {
        fs::create_dir_all(dir).unwrap();
        if let Some(token) = token {
            let mut htpasswd = command("sh", dir);
            // From a pipe: a password in an argument would be seen by the tests that look for one.
            htpasswd
                .args([
                    "-c",
                    "printf '%s' \"$TOKEN\" | htpasswd -niB \"$1\"",
                    "sh",
                    USER,
                ])
                .env("TOKEN", token);
            let users = run_ok(&mut htpasswd, "apache2-utils");
            fs::write(dir.join("users"), users + "\n").unwrap();
        }
        let mut registry = Registry {
            port: free_port(),
            dir: dir.to_owned(),
            certificate,
            process: None,
        };
        registry.run();
        registry
    }

    /// Starts it again, on the same port and with the same data.
    pub fn run(&mut self) {
        let tls = match &self.certificate {
            Some(certificate) => format!(
                "\n  tls: {{ certificate: {}, key: {} }}",
                certificate.display(),
                self.dir.join("registry.key").display()
            ),
            None => String::new(),
        };
        let users = self.dir.join("users");
        let auth = match users.exists() {
            true => format!(
                "auth: {{ htpasswd: {{ realm: registry, path: {} }} }}\n",
                users.display()
            ),
            false => String::new(),
        };
        let config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage:\n  filesystem: {{ rootdirectory: {data} }}\n  \
             delete: {{ enabled: true }}\nhttp:\n  addr: 127.0.0.1:{port}{tls}\n\
             {auth}",
            data = self.dir.join("data").display(),
            port = self.port,
        );
        let file = self.dir.join("registry.yml");
        fs::write(&file, config).unwrap();
        let log = fs::File::create(self.dir.join("registry.log")).unwrap();
        let child = command("docker-registry", &self.dir)
            .arg("serve")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("`apt-get install docker-registry` has it");
        self.process = Some(child);
        let patience = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(
                patience.elapsed() < Duration::from_secs(60),
                "{}",
                fs::read_to_string(self.dir.join("registry.log")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
