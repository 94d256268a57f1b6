//! Runs that nothing goes wrong in: what is in the registry afterwards, and what is not asked of it.

use std::collections::HashSet;
use std::fs;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::{Scene, printed};
use crate::support::cotter::ran;
use crate::support::made_image::digest;
use crate::support::proxy::Fate;

#[test]
fn a_release_is_an_index_of_both_architectures_and_latest() {
    let scene = Scene::new();
    let run = ran(scene
        .command(&["publish", "--publish"])
        .env("CI", "true")
        .env("VERSION", "v1.2.3"))
    .expect(0);

    let index = scene.manifest("1.2.3");
    let written = digest(index.as_bytes());
    let parsed: Value = serde_json::from_str(&index).unwrap();
    let platforms: Vec<Value> = parsed["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| json!([entry["platform"], entry["digest"]]))
        .collect();
    assert_eq!(
        platforms,
        [
            json!([{ "architecture": "amd64", "os": "linux" }, scene.digest("1.2.3-amd64")]),
            json!([{ "architecture": "arm64", "os": "linux" }, scene.digest("1.2.3-arm64")]),
        ]
    );
    assert_eq!(printed(&run, "1.2.3 "), written);
    assert_eq!(printed(&run, "latest "), written);
    assert_eq!(scene.digest("latest"), Some(written));
    // What each architecture's manifest names is there too.
    let arm64: Value = serde_json::from_str(&scene.manifest("1.2.3-arm64")).unwrap();
    assert_eq!(arm64["layers"].as_array().unwrap().len(), 1);
    scene.assert_cleaned_up();
}

#[test]
fn outside_of_a_pipeline_the_tag_is_what_version_says() {
    let scene = Scene::new();
    scene.publish("v1.2.3").expect(0);
    assert_eq!(scene.digest("1.2.3"), None);
    assert_eq!(scene.digest("latest"), scene.digest("v1.2.3"));
}

#[test]
fn only_a_release_moves_latest() {
    let mut scene = Scene::new();
    scene.publish("1.2.3").expect(0);
    let released = scene.digest("1.2.3");
    scene.build("amd64", 2);
    for version in ["1.2.3-rc.1", "dev", "1.2", "1.2.3.4", "2024-01-01"] {
        scene.publish(version).expect(0);
        assert!(
            scene
                .digest(version)
                .is_some_and(|digest| Some(digest) != released)
        );
        assert_eq!(scene.digest("latest"), released, "{version}");
    }
    scene
        .run("1.3.0", &["publish", "--publish", "--no-latest"])
        .expect(0);
    assert_eq!(scene.digest("latest"), released);
}

#[test]
fn a_dry_run_only_reads_and_its_plan_is_what_a_run_does() {
    let scene = Scene::new();
    let file = scene.path("plan.json");
    let dry = scene
        .run(
            "1.2.3",
            &["publish", "--prune", "--plan-json", file.to_str().unwrap()],
        )
        .expect(0);
    let requests = scene.proxy.requests();
    assert!(!requests.is_empty());
    assert_eq!(scene.proxy.mutations(), Vec::<String>::new());
    assert!(dry.err.contains("nothing was changed"));

    let plan: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let steps: Vec<(i64, &str, &str)> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let text = |key: &str| step[key].as_str().unwrap();
            (step["wave"].as_i64().unwrap(), text("step"), text("to"))
        })
        .collect();
    let tags = ["1.2.3-amd64", "1.2.3-arm64", "1.2.3", "latest"].map(|tag| scene.reference(tag));
    assert_eq!(
        steps,
        [
            (1, "push", tags[0].as_str()),
            (1, "push", &tags[1]),
            (2, "index", &tags[2]),
            (3, "untag", &tags[0]),
            (3, "untag", &tags[1]),
            (4, "latest", &tags[3]),
        ]
    );

    let again = scene.path("again.json");
    let real = scene
        .run(
            "1.2.3",
            &[
                "publish",
                "--publish",
                "--prune",
                "--plan-json",
                again.to_str().unwrap(),
            ],
        )
        .expect(0);
    assert_eq!(fs::read(file).unwrap(), fs::read(again).unwrap());
    assert!(real.out.starts_with(&dry.out), "{}", real.out);
    // The tags that it wrote, in their order; how a tag is removed is regctl's business.
    let mut written: Vec<String> = scene
        .proxy
        .requests()
        .into_iter()
        .filter_map(|seen| {
            let tag = seen.target.rsplit_once("/manifests/")?.1;
            (seen.method == "PUT").then(|| tag.to_owned())
        })
        .collect();
    written[..2].sort();
    assert_eq!(written[..3], ["1.2.3-amd64", "1.2.3-arm64", "1.2.3"]);
    assert_eq!(written.last().unwrap(), "latest");
}

#[test]
fn what_was_published_is_kept_on_the_machine() {
    let scene = Scene::new();
    scene.publish("1.2.3").expect(0);
    let host = format!("127.0.0.1_{}_team_app", scene.proxy.port);
    let file = format!("home/.local/state/cotter/publish/published/{host}/1.2.3.json");
    let record: Value =
        serde_json::from_str(&fs::read_to_string(scene.path(&file)).unwrap()).unwrap();
    let image = |arch: &str| {
        json!({
            "image": scene.path(&format!("{arch}-1.tar")),
            "digest": scene.digest(&format!("1.2.3-{arch}")),
        })
    };
    assert_eq!(
        record,
        json!({
            "repository": scene.reference("1.2.3").trim_end_matches(":1.2.3"),
            "tag": "1.2.3",
            "digest": scene.digest("1.2.3"),
            "images": { "amd64": image("amd64"), "arm64": image("arm64") },
        })
    );
}

#[test]
fn architectures_are_pushed_side_by_side() {
    // No push gets an answer before the other one has begun.
    let begun = Arc::new((Mutex::new(HashSet::new()), Condvar::new()));
    let scene = Scene::judged(move |seen| {
        let push = ["amd64", "arm64"]
            .into_iter()
            .find(|arch| seen.is("HEAD", &format!("manifests/1.2.3-{arch}")));
        let Some(arch) = push else {
            return Fate::Forward;
        };
        let (arches, changed) = &*begun;
        let mut arches = arches.lock().unwrap();
        arches.insert(arch);
        changed.notify_all();
        let waited =
            changed.wait_timeout_while(arches, Duration::from_secs(60), |arches| arches.len() < 2);
        match waited.unwrap().1.timed_out() {
            true => Fate::Answer("403 Forbidden", ""),
            false => Fate::Forward,
        }
    });
    scene.publish("1.2.3").expect(0);
}

#[test]
fn nothing_is_uploaded_where_nothing_changed() {
    let scene = Scene::new();
    let first = scene.publish("1.2.3").expect(0);
    scene.proxy.forget();
    let second = scene.publish("1.2.3").expect(0);
    assert_eq!(scene.proxy.mutations(), Vec::<String>::new());
    for what in ["amd64 ", "arm64 ", "1.2.3 ", "latest "] {
        assert_eq!(printed(&first, what), printed(&second, what));
    }
}

#[test]
fn a_machine_that_has_no_notes_uploads_no_blob_either() {
    let scene = Scene::new();
    scene.publish("1.2.3").expect(0);
    fs::remove_dir_all(scene.path("home/.local")).unwrap();
    scene.proxy.forget();
    scene.publish("1.2.4").expect(0);
    let mutations = scene.proxy.mutations();
    assert!(
        mutations
            .iter()
            .all(|m| m.starts_with("PUT /v2/team/app/manifests/")),
        "{mutations:?}"
    );
}

#[test]
fn verify_digest_says_what_a_push_gives_and_asks_nobody() {
    let scene = Scene::new();
    let verified = scene.run("1.2.3", &["verify-digest"]).expect(0);
    assert!(scene.proxy.requests().is_empty());
    scene.publish("1.2.3").expect(0);
    for arch in ["amd64", "arm64"] {
        let pushed = scene.digest(&format!("1.2.3-{arch}"));
        assert_eq!(Some(printed(&verified, &format!("{arch} "))), pushed);
    }
}

#[test]
fn staging_asks_nobody() {
    let scene = Scene::new();
    let run = scene.run("1.2.3", &["stage", "arm64"]).expect(0);
    assert!(run.out.contains("arm64-1.tar"));
    assert!(scene.proxy.requests().is_empty());
}

#[test]
fn architectures_pushed_by_themselves_are_joined_by_their_digests() {
    let scene = Scene::new();
    let step = |args: &[&str]| {
        ran(scene
            .command(args)
            .env("VERSION", "1.2.3")
            .env("PUBLISH_RUN_ID", "17"))
        .expect(0)
    };
    let amd64 = step(&["push", "amd64", "--publish"]);
    assert_eq!(scene.digest("1.2.3"), None);
    step(&["push", "arm64", "--publish"]);
    step(&["index", "--publish"]);
    assert!(scene.manifest("1.2.3").contains(&printed(&amd64, "amd64 ")));
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
    // What was joined is not joined again by a later run.
    ran(scene
        .command(&["index", "--publish"])
        .env("VERSION", "1.2.3")
        .env("PUBLISH_RUN_ID", "17"))
    .expect(4)
    .says(&["BLOCKER(missing-arch)"]);
}

#[test]
fn tags_of_architectures_go_once_the_index_is_verified() {
    let scene = Scene::new();
    scene
        .run("1.2.3", &["publish", "--publish", "--prune"])
        .expect(0);
    for arch in ["amd64", "arm64"] {
        assert_eq!(scene.digest(&format!("1.2.3-{arch}")), None);
    }
    // The index has not lost what it names.
    let index: Value = serde_json::from_str(&scene.manifest("1.2.3")).unwrap();
    let host = scene.reference("x");
    for entry in index["manifests"].as_array().unwrap() {
        let named = entry["digest"].as_str().unwrap();
        let mut skopeo = scene.reader("skopeo");
        skopeo
            .args(["inspect", "--raw", "--tls-verify=false"])
            .arg(format!("docker://{}@{named}", host.trim_end_matches(":x")));
        let manifest = crate::support::run_ok(&mut skopeo, "skopeo");
        assert_eq!(digest(manifest.as_bytes()), named);
    }
    // And a second run finds nothing that differs.
    let again = scene
        .run("1.2.3", &["publish", "--publish", "--prune"])
        .expect(0);
    assert!(!again.err.contains("differs"), "{}", again.err);
}

#[test]
fn push_image_takes_the_registry_of_a_context_and_a_lone_image_needs_no_index() {
    let mut scene = Scene::new();
    scene
        .run("1.0.0", &["push-image", "prod", "--publish"])
        .expect(0);
    assert!(scene.digest_in("prod/app", "1.0.0").is_some());
    assert_eq!(scene.digest("1.0.0"), None);

    scene.spec["ids"].as_object_mut().unwrap().remove("arm64");
    let run = scene.run("1.1.0", &["push-image", "--publish"]).expect(0);
    let image: Value = serde_json::from_str(&scene.manifest("1.1.0")).unwrap();
    assert!(image["layers"].is_array(), "{image}");
    assert_eq!(scene.digest("1.1.0"), Some(printed(&run, "1.1.0 ")));
    assert_eq!(scene.digest("latest"), scene.digest("1.1.0"));
    // Again, and with another image: what was released stays.
    scene.run("1.1.0", &["push-image", "--publish"]).expect(0);
    let before = scene.digest("1.1.0");
    scene.build("amd64", 2);
    scene
        .run("1.1.0", &["push-image", "--publish"])
        .expect(4)
        .says(&["BLOCKER(tag-exists)"]);
    assert_eq!(scene.digest("1.1.0"), before);
}

#[test]
fn an_image_that_is_not_what_was_pushed_is_told_and_a_release_keeps_its_content() {
    let mut scene = Scene::new();
    scene.publish("1.2.3").expect(0);
    let released = scene.digest("1.2.3");
    scene.build("arm64", 2);
    scene.publish("1.2.3").expect(4).says(&[
        "arm64: differs from what",
        "BLOCKER(tag-exists)",
        "--replace",
    ]);
    assert_eq!(scene.digest("1.2.3"), released);
    assert_eq!(scene.digest("latest"), released);
    scene
        .run("1.2.3", &["publish", "--publish", "--replace"])
        .expect(0);
    assert_ne!(scene.digest("1.2.3"), released);
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
}

#[test]
fn tls_with_a_certificate_of_ones_own() {
    let mut scene = Scene::new();
    let registry =
        crate::support::registry::Registry::start_with_tls(&scene.path("tls"), crate::scene::TOKEN);
    scene.spec["tls"] = json!(true);
    scene.spec["repositories"]["default"] = json!(format!("127.0.0.1:{}/team/app", registry.port));
    ran(scene
        .command(&["publish", "--publish"])
        .env("VERSION", "1.2.3")
        .env("SSL_CERT_FILE", registry.certificate.as_ref().unwrap()))
    .expect(0);
    let tags = scene.path("tls/data/docker/registry/v2/repositories/team/app/_manifests/tags");
    let link = |tag: &str| fs::read_to_string(tags.join(tag).join("current/link")).unwrap();
    assert_eq!(link("latest"), link("1.2.3"));

    // A certificate that nobody vouches for is no registry to send a token to.
    scene
        .run("1.2.4", &["publish", "--publish"])
        .expect(3)
        .says(&["BLOCKER(registry-down)", "certificate"]);
}

#[test]
fn a_tag_that_no_registry_takes_is_refused() {
    let scene = Scene::new();
    for version in ["latest", "feature/x", "-1", "1.0.0+build"] {
        scene.publish(version).expect(2);
    }
    assert!(scene.proxy.requests().is_empty());
}
