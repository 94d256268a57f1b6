//! The leg of a Dockerfile: built by a real BuildKit, through docker and buildx as a machine has them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::scene::{REPOSITORY, Scene, TOKEN, printed};
use crate::secrets::keeps_it;
use crate::support::buildkit::{self, Buildkit};
use crate::support::cotter::{Run, ran};
use crate::support::dockerd::Dockerd;
use crate::support::{command, run, run_ok};

/// A scene whose arm64 is of a Dockerfile, and whose user has buildx as docker's plugin.
fn scene(dockerfile: &str) -> Scene {
    let mut scene = Scene::new();
    buildkit::install_plugin(&scene.path("home"));
    let context = scene.path("context");
    fs::create_dir(&context).unwrap();
    fs::write(context.join("app"), "the application\n").unwrap();
    fs::write(scene.path("Dockerfile"), dockerfile).unwrap();
    let file = scene.path("Dockerfile");
    scene.spec["ids"]["arm64"] = json!("of a Dockerfile");
    scene.spec["images"]["arm64"] = json!({
        "kind": "dockerfile", "path": file, "buildContext": context, "platform": "linux/arm64",
    });
    scene
}

const PLAIN: &str = "FROM scratch\nCOPY app /srv/app\nCMD [\"/srv/app\"]\n";

/// A run with the BuildKit at `address`.
fn with(scene: &Scene, address: &str, args: &[&str]) -> Run {
    let mut command = scene.command(args);
    ran(command
        .env("BUILDKIT_ADDR", address)
        .env("VERSION", "1.0.0"))
}

/// Nothing of a run is in the registry.
#[track_caller]
fn is_untouched(scene: &Scene) {
    for tag in ["1.0.0-amd64", "1.0.0-arm64", "1.0.0", "latest"] {
        assert_eq!(scene.digest(tag), None, "{tag}");
    }
    scene.assert_cleaned_up();
}

#[test]
fn it_has_one_digest_wherever_it_is_built() {
    let scene = scene(PLAIN);
    let (one, two) = (Buildkit::start(&[]), Buildkit::start(&[]));
    let verified = with(&scene, &one.address(), &["verify-digest"]).expect(0);
    let digest = printed(&verified, "arm64 ");
    let run = with(&scene, &two.socket(), &["publish", "--publish"]).expect(0);
    assert_eq!(printed(&run, "arm64 "), digest);
    assert!(scene.manifest("1.0.0").contains(&digest));

    // A release that was published is the same release when it is built anew, and may be finished by another run.
    let link = format!(
        "registry/data/docker/registry/v2/repositories/{REPOSITORY}/_manifests/tags/latest/current/link"
    );
    fs::remove_file(scene.path(&link)).unwrap();
    let again = with(&scene, &one.address(), &["publish", "--publish"]).expect(0);
    assert!(again.err.contains("arm64: unchanged"), "{}", again.err);
    assert_eq!(scene.digest("latest"), scene.digest("1.0.0"));
    scene.assert_cleaned_up();
    // The builder was this run's alone.
    assert!(!scene.path("home/.docker/buildx").exists());
}

/// The base is in the registry that is published to. The user's credentials are with a program that is not there: they
/// are not asked for.
#[test]
fn a_base_is_taken_with_the_token_of_the_run() {
    let mut scene = scene(PLAIN);
    let registry = format!("127.0.0.1:{}", scene.proxy.port);
    let mut push = scene.reader("skopeo");
    push.args([
        "--insecure-policy",
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
    ])
    .arg(format!(
        "docker-archive:{}",
        scene.path("arm64-1.tar").display()
    ))
    .arg(format!("docker://{registry}/team/base:1"));
    run_ok(&mut push, "skopeo");
    let digest = scene.digest_in("team/base", "1").unwrap();
    fs::write(
        scene.path("Dockerfile"),
        format!("FROM {registry}/team/base@{digest}\nCOPY app /app\n"),
    )
    .unwrap();
    scene.spec["ids"]["arm64"] = json!("of a Dockerfile on a base");
    let config =
        r#"{ "credsStore": "of-another-machine", "auths": { "registry.example.org": { } } }"#;
    fs::write(scene.path("home/.docker/config.json"), config).unwrap();

    let buildkit = Buildkit::start(&[&registry]);
    let run = keeps_it(&scene, || {
        with(&scene, &buildkit.address(), &["publish", "--publish"])
    });
    let run = run.expect(0);
    assert!(scene.manifest("1.0.0").contains(&printed(&run, "arm64 ")));
    let layers: serde_json::Value = serde_json::from_str(&scene.manifest("1.0.0-arm64")).unwrap();
    assert_eq!(layers["layers"].as_array().unwrap().len(), 2);
    assert_eq!(
        fs::read_to_string(scene.path("home/.docker/config.json")).unwrap(),
        config
    );
}

#[test]
fn a_buildkit_that_is_down_is_named_before_anything_is_pushed() {
    let scene = scene(PLAIN);
    let nothing = format!("127.0.0.1:{}", crate::support::container::free_port());
    let socket = scene.path("nothing.sock").display().to_string();
    for (address, why) in [
        (format!("tcp://{nothing}"), "Connection refused"),
        (format!("unix://{socket}"), "no socket is there"),
    ] {
        let words = ["BLOCKER(buildkit-down)", &address, why, "BUILDKIT_ADDR"];
        with(&scene, &address, &["publish", "--publish"])
            .expect(3)
            .says(&words);
        is_untouched(&scene);
        for action in ["verify-digest", "stage"] {
            let args = [
                &[action][..],
                if action == "stage" { &["arm64"] } else { &[] },
            ]
            .concat();
            with(&scene, &address, &args).expect(3).says(&words);
        }
        with(&scene, &address, &["publish"]).expect(0).says(&words);
        // Whatever needs no BuildKit asks for none.
        let staged = with(&scene, &address, &["stage", "amd64"]).expect(0);
        assert!(staged.out.starts_with("amd64 "), "{}", staged.out);
    }
    // Without an address it is the local Docker's.
    let mut local = scene.command(&["publish", "--publish"]);
    local.env("DOCKER_HOST", format!("unix://{socket}"));
    ran(&mut local)
        .expect(3)
        .says(&["BLOCKER(buildkit-down)", "docker daemon"]);
    is_untouched(&scene);
}

/// What listens is not a BuildKit: the registry itself.
#[test]
fn another_service_at_the_address_is_no_buildkit() {
    let scene = scene(PLAIN);
    let address = format!("tcp://127.0.0.1:{}", scene.registry.port);
    with(&scene, &address, &["publish", "--publish"])
        .expect(3)
        .says(&["BLOCKER(buildkit-down)", &address]);
    is_untouched(&scene);
}

#[test]
fn a_missing_buildx_is_named_before_anything_is_pushed() {
    let scene = scene(PLAIN);
    fs::remove_file(scene.path("home/.docker/cli-plugins/docker-buildx")).unwrap();
    let home = scene.path("home");
    let has_buildx = run(
        command("docker", &home).args(["buildx", "version"]),
        "docker.io",
    );
    if has_buildx.status.success() {
        eprintln!("left out: this machine's docker has buildx for everybody");
        return;
    }
    let words = ["BLOCKER(missing-tool)", "built by buildx", "cli-plugins"];
    let address = "tcp://127.0.0.1:1";
    with(&scene, address, &["publish", "--publish"])
        .expect(3)
        .says(&words);
    with(&scene, address, &["publish"]).expect(0).says(&words);
    is_untouched(&scene);
}

#[test]
fn a_dockerfile_that_cannot_be_built_leaves_the_index_alone() {
    let scene = scene("FROM scratch\nCOPY nothing /app\n");
    let buildkit = Buildkit::start(&[]);
    let run = with(&scene, &buildkit.address(), &["publish", "--publish"]).expect(3);
    let dockerfile = scene.path("Dockerfile").display().to_string();
    run.says(&["BLOCKER(build-failed)", &dockerfile, "/nothing"]);
    for tag in ["1.0.0-arm64", "1.0.0", "latest"] {
        assert_eq!(scene.digest(tag), None, "{tag}");
    }
    scene.assert_cleaned_up();
}

#[test]
fn an_image_of_another_architecture_is_refused() {
    let mut scene = scene(PLAIN);
    scene.spec["images"]["arm64"]["platform"] = json!("linux/amd64");
    let buildkit = Buildkit::start(&[]);
    with(&scene, &buildkit.address(), &["publish", "--publish"])
        .expect(4)
        .says(&["BLOCKER(architecture-mismatch)"]);
    assert_eq!(scene.digest("1.0.0"), None);
}

/// Without an address, a container of the local Docker builds it, which is made for the run and goes with it; with one, a
/// container that is there. Its image, which a network would bring, is made of the programs of the tests.
#[test]
fn a_container_of_the_local_docker_builds_it() {
    let scene = scene(PLAIN);
    let dockerd = Dockerd::start();
    import_buildkit(&dockerd, &scene.path("buildkit"));
    let docker = |args: &[&str]| run_ok(dockerd.docker().args(args), "docker.io");

    let mut publish = scene.command(&["publish", "--publish"]);
    publish
        .env("DOCKER_HOST", dockerd.host())
        .env("VERSION", "1.0.0");
    let run = ran(&mut publish).expect(0);
    let digest = printed(&run, "arm64 ");
    assert!(scene.manifest("1.0.0").contains(&digest));
    assert!(!run.err.contains(TOKEN));
    assert_eq!(docker(&["ps", "--all", "--quiet"]), "");
    assert_eq!(docker(&["volume", "ls", "--quiet"]), "");

    let image = "moby/buildkit:buildx-stable-1";
    docker(&["run", "--detach", "--privileged", "--name", "kept", image]);
    let mut verify = scene.command(&["verify-digest"]);
    verify
        .env("DOCKER_HOST", dockerd.host())
        .env("BUILDKIT_ADDR", "docker-container://kept");
    let verified = ran(&mut verify).expect(0);
    assert_eq!(printed(&verified, "arm64 "), digest);
    assert_eq!(docker(&["ps", "--format", "{{.Names}}"]), "kept");
    scene.assert_cleaned_up();
}

#[test]
fn a_run_that_is_ended_takes_its_container_along() {
    let scene =
        scene("FROM scratch\nCOPY busybox /busybox\nRUN [\"/busybox\", \"sleep\", \"3617\"]\n");
    fs::copy("/bin/busybox", scene.path("context/busybox")).unwrap();
    let dockerd = Dockerd::start();
    import_buildkit(&dockerd, &scene.path("buildkit"));
    let docker = |args: &[&str]| {
        let output = run(dockerd.docker().args(args), "docker.io");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let publish = scene
        .command(&["publish", "--publish"])
        .env("DOCKER_HOST", dockerd.host())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let container = docker(&["ps", "--quiet"]);
        if !container.is_empty() && docker(&["top", &container]).contains("sleep 3617") {
            break;
        }
        assert!(Instant::now() < end, "no build: {container}");
        thread::sleep(Duration::from_millis(50));
    }
    let id = rustix::process::Pid::from_child(&publish);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let output = publish.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143));
    assert_eq!(docker(&["ps", "--all", "--quiet"]), "");
    assert_eq!(docker(&["volume", "ls", "--quiet"]), "");
    scene.assert_cleaned_up();
}

/// Gives `dockerd` the image that buildx starts, made in `dir`.
fn import_buildkit(dockerd: &Dockerd, dir: &Path) {
    let root = dir.join("root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::create_dir_all(root.join("tmp")).unwrap();
    let tools = crate::support::images::image_tools();
    for program in ["buildctl", "buildkitd"] {
        fs::copy(tools.join(program), root.join("usr/bin").join(program)).unwrap();
    }
    fs::copy("/usr/sbin/runc", root.join("usr/bin/runc")).unwrap();
    let libraries = run_ok(command("ldd", dir).arg("/usr/sbin/runc"), "libc-bin");
    let paths = libraries
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    for path in paths {
        let to = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    let archive = dir.join("image.tar");
    run_ok(
        Command::new("tar")
            .arg("-C")
            .arg(&root)
            .arg("-cf")
            .arg(&archive)
            .arg("."),
        "tar",
    );
    let mut import = dockerd.docker();
    import
        .args(["import", "--change", "ENTRYPOINT [\"/usr/bin/buildkitd\"]"])
        .args(["--change", "ENV PATH=/usr/bin"])
        .arg(&archive)
        .arg("moby/buildkit:buildx-stable-1");
    run_ok(&mut import, "docker.io");
}
