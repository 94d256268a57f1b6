//! Where images are put: files, and a registry on this machine. Needs skopeo and Debian's docker-registry.

use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{IMAGE, Scene};
use crate::support::{command, run_ok};

#[test]
fn an_archive_has_the_tag_of_the_manifest() {
    let scene = Scene::new();
    for package in ["archive", "compressed", "stream"] {
        let built = scene
            .build(package, &["--load", "docker-archive:out.tar"])
            .expect(0)
            .json();
        let file = scene.work().join("out.tar");
        assert_eq!(
            built["loaded_into"],
            format!("docker-archive:{}", file.display())
        );
        let mut archive = tar::Archive::new(fs::File::open(&file).unwrap());
        let mut manifest = String::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.path().unwrap().to_str() == Some("manifest.json") {
                entry.read_to_string(&mut manifest).unwrap();
            }
        }
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        assert_eq!(
            manifest[0]["RepoTags"],
            serde_json::json!([scene.tag()]),
            "{package}"
        );
        // Another reader finds all of it.
        let inspected = run_ok(
            command("skopeo", &scene.work())
                .args(["inspect", "--format", "{{.Architecture}}"])
                .arg(format!("docker-archive:{}:{}", file.display(), scene.tag())),
            "skopeo",
        );
        assert_eq!(inspected, "amd64");
    }
}

#[test]
fn a_layout_has_the_digest_that_is_told() {
    let scene = Scene::new();
    let built = scene
        .build("stream", &["--load", "oci:layout"])
        .expect(0)
        .json();
    let layout = scene.work().join("layout");
    let digest = run_ok(
        command("skopeo", &scene.work())
            .args(["inspect", "--format", "{{.Digest}}"])
            .arg(format!("oci:{}:{}", layout.display(), scene.rev)),
        "skopeo",
    );
    assert_eq!(built["digest"], digest);
    assert_ne!(built["digest"], built["image_id"]);
    scene.is_clean();
}

/// A registry with a password, which ends with the test.
struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    fn start(scene: &Scene) -> Registry {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let dir = scene.dir.path().join("registry");
        fs::create_dir_all(&dir).unwrap();
        let passwords = run_ok(
            command("htpasswd", &dir).args(["-Bbn", "tester", "s3cret-of-a-test"]),
            "apache2-utils",
        );
        fs::write(dir.join("htpasswd"), passwords).unwrap();
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {0}/data\nhttp:\n  addr: 127.0.0.1:{port}\nauth:\n  \
             htpasswd:\n    realm: test\n    path: {0}/htpasswd\n",
            dir.display()
        );
        fs::write(dir.join("config.yml"), config).unwrap();
        let child = command("docker-registry", &dir)
            .arg("serve")
            .arg(dir.join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`apt-get install docker-registry` has it");
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "no registry");
            std::thread::sleep(Duration::from_millis(20));
        }
        Registry { child, port }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_registry_gets_the_image_with_credentials_from_a_file() {
    let scene = Scene::new();
    let registry = Registry::start(&scene);
    let name = format!("127.0.0.1:{}/team/hello", registry.port);
    let text = scene.nixbuild("hello", "stream").replace(IMAGE, &name);
    scene.write("manifest.yaml", &text);
    let args = [
        "build",
        "manifest.yaml",
        "--rename",
        "--load",
        "registry",
        "--insecure-registry",
    ];
    scene.run(&args).expect(3).says(&["skopeo"]);
    let auth = data_encoding::BASE64.encode(b"tester:s3cret-of-a-test");
    let auth = format!(
        "{{\"auths\":{{\"127.0.0.1:{}\":{{\"auth\":\"{auth}\"}}}}}}",
        registry.port
    );
    let auth_file = scene.write("auth.json", &auth);
    let auth_file = auth_file.to_str().unwrap();
    let run = scene
        .run(&[&args[..], &["--auth-file", auth_file, "--format", "json"]].concat())
        .expect(0);
    assert!(!run.err.contains("s3cret"), "{}", run.err);
    let built = run.json();
    assert_eq!(built["loaded_into"], "registry");
    let digest = run_ok(
        command("skopeo", &scene.work())
            .args([
                "inspect",
                "--tls-verify=false",
                "--authfile",
                auth_file,
                "--format",
                "{{.Digest}}",
            ])
            .arg(format!("docker://{name}:{}", scene.rev)),
        "skopeo",
    );
    assert_eq!(built["digest"], digest);
}
