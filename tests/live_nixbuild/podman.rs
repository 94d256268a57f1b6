//! Images loaded into the storage of a podman of the test's own, and run. Needs podman and runc, and to be root.

use crate::scene::Scene;
use crate::support::cotter::ran;
use crate::support::podman::Podman;
use crate::support::{run, run_ok};

/// cotter, as it builds `package` for podman.
fn load(scene: &Scene, package: &str, variables: &[(&str, String)]) -> crate::support::cotter::Run {
    scene.write("manifest.yaml", &scene.nixbuild("hello", package));
    let mut command = scene.command();
    let arguments = ["build", "manifest.yaml", "--format", "json"];
    command.args(arguments).args(["--load", "podman"]);
    ran(command.envs(variables.iter().map(|(name, value)| (name, value))))
}

#[test]
fn what_was_loaded_is_listed_and_runs() {
    let scene = Scene::new();
    let podman = Podman::new();
    let built = load(&scene, "stream", &podman.variables()).expect(0).json();
    assert_eq!(built["loaded_into"], "podman");
    let tag = scene.tag();
    let inspected = run_ok(podman.command().args(["image", "inspect", &tag]), "podman");
    let inspected: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(inspected[0]["Digest"], built["digest"]);
    assert!(built["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_ne!(built["digest"], built["image_id"]);
    // The name that it was built under is not there.
    assert_eq!(inspected[0]["RepoTags"], serde_json::json!([tag]));
    let id = format!("sha256:{}", inspected[0]["Id"].as_str().unwrap());
    assert_eq!(built["image_id"], id);
    let ran = run(podman.command().args(["run", "--rm", &tag]), "podman");
    let err = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{err}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "hello from a test\n");

    for package in ["stream", "compressed"] {
        let again = load(&scene, package, &podman.variables()).expect(0).json();
        assert_eq!(again["digest"], built["digest"], "{package}");
    }
    scene.is_clean();
}

/// podman itself needs no daemon, but may be told to ask one.
#[test]
fn no_service_is_named_with_what_to_do() {
    let scene = Scene::new();
    let nowhere = format!("unix://{}", scene.dir.path().join("sock").display());
    let variables = [("CONTAINER_HOST", nowhere)];
    let said = load(&scene, "stream", &variables).expect(3).json();
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.contains("unable to connect to Podman"), "{said}");
    assert!(
        said["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("CONTAINER_HOST"),
        "{said}"
    );
    scene.is_clean();
}
