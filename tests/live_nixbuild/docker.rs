//! Images loaded into a Docker of the test's own, and run. Needs docker.io, and to be root.

use crate::scene::Scene;
use crate::support::cotter::ran;
use crate::support::dockerd::Dockerd;
use crate::support::{run, run_ok};

/// cotter, as it builds `package` for Docker.
fn load(scene: &Scene, package: &str, host: &str) -> crate::support::cotter::Run {
    scene.write("manifest.yaml", &scene.nixbuild("hello", package));
    let mut command = scene.command();
    let arguments = ["build", "manifest.yaml", "--format", "json"];
    command.args(arguments).args(["--load", "docker"]);
    ran(command.env("DOCKER_HOST", host))
}

fn inspect(dockerd: &Dockerd, image: &str, format: &str) -> String {
    let mut docker = dockerd.docker();
    docker.args(["image", "inspect", "--format", format, image]);
    run_ok(&mut docker, "docker.io")
}

#[test]
fn what_was_loaded_is_listed_and_runs() {
    let scene = Scene::new();
    let dockerd = Dockerd::start();
    let built = load(&scene, "stream", &dockerd.host()).expect(0).json();
    assert_eq!(built["loaded_into"], "docker");
    // This Docker keeps no manifest of what it loads: the configuration's digest is all there is.
    assert_eq!(built["digest"], built["image_id"]);
    let tag = scene.tag();
    assert_eq!(built["image_id"], inspect(&dockerd, &tag, "{{.Id}}"));
    assert_eq!(
        inspect(&dockerd, &tag, "{{json .RepoTags}}"),
        format!("[\"{tag}\"]")
    );
    let ran = run(dockerd.docker().args(["run", "--rm", &tag]), "docker.io");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "hello from a test\n");

    // A second time is the same; the compressed archive is the same image.
    for package in ["stream", "compressed"] {
        let again = load(&scene, package, &dockerd.host()).expect(0).json();
        assert_eq!(again["image_id"], built["image_id"], "{package}");
    }
    scene.is_clean();
}

/// Whatever architecture it is for.
#[test]
fn another_image_takes_the_tag() {
    let scene = Scene::new();
    let dockerd = Dockerd::start();
    let first = load(&scene, "stream", &dockerd.host()).expect(0).json();
    let mut arm = scene.command();
    let text = scene.nixbuild("hello", "arm");
    scene.write(
        "manifest.yaml",
        &text.replace("x86_64-linux", "aarch64-linux"),
    );
    let config = "experimental-features = nix-command\nsandbox = false\nsubstituters =\nbuild-users-group =\nextra-platforms = aarch64-linux\n";
    arm.args(["build", "manifest.yaml", "--format", "json"])
        .args(["--load", "docker"])
        .env("NIX_CONFIG", config)
        .env("DOCKER_HOST", dockerd.host());
    let built = ran(&mut arm).expect(0).json();
    assert_ne!(built["image_id"], first["image_id"]);
    assert_eq!(
        inspect(&dockerd, &scene.tag(), "{{.Id}} {{.Architecture}}"),
        format!("{} arm64", built["image_id"].as_str().unwrap())
    );
}

#[test]
fn no_daemon_is_named_with_what_to_do() {
    let scene = Scene::new();
    let nowhere = format!("unix://{}", scene.dir.path().join("sock").display());
    let run = load(&scene, "stream", &nowhere).expect(3);
    let said = run.json();
    let message = said["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("docker load")
            && message.contains("Cannot connect")
            && message.contains(&nowhere),
        "{said}"
    );
    assert!(
        said["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("DOCKER_HOST"),
        "{said}"
    );
    scene.is_clean();
}
