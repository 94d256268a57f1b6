//! A registry that fails, and pushes that are not what they have to be: each has a name, `latest` stays, and the next run
//! completes what this one left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::scene::{REPOSITORY, Scene};
use crate::support::cotter::ran;
use crate::support::proxy::Fate;

/// A run that fails with `code` and `words` and leaves no index and no `latest`.
#[track_caller]
fn fails(scene: &Scene, code: i32, words: &[&str]) {
    scene.publish("1.2.3").expect(code).says(words);
    assert_eq!(scene.digest("1.2.3"), None);
    assert_eq!(scene.digest("latest"), None);
    scene.assert_cleaned_up();
}

#[track_caller]
fn publishes(scene: &Scene) {
    scene.publish("1.2.3").expect(0);
    assert!(scene.digest("1.2.3").is_some());
    assert_eq!(scene.digest("latest"), scene.digest("1.2.3"));
    scene.assert_cleaned_up();
}

#[test]
fn a_registry_that_is_down() {
    let mut scene = Scene::new();
    scene.registry.stop();
    scene.spec["repositories"]["default"] =
        json!(format!("127.0.0.1:{}/{REPOSITORY}", scene.registry.port));
    fails(
        &scene,
        3,
        &["BLOCKER(registry-down)", "Nothing was changed"],
    );
    // A dry run plans without it.
    let dry = scene.run("1.2.3", &["publish"]).expect(0);
    assert!(dry.err.contains("BLOCKER(registry-down)"), "{}", dry.err);
    assert!(dry.out.contains("3  latest"), "{}", dry.out);
    scene.registry.run();
    publishes(&scene);
}

#[test]
fn an_answer_that_no_registry_gives() {
    let scene = Scene::judged(|_| Fate::Answer("404 Not Found", ""));
    fails(&scene, 3, &["BLOCKER(registry-down)", "answers 404"]);
}

#[test]
fn a_token_that_the_registry_does_not_take() {
    let scene = Scene::new();
    ran(scene
        .command(&["publish", "--publish"])
        .env("VERSION", "1.2.3")
        .env("REGISTRY_TOKEN", "of-somebody-else"))
    .expect(3)
    .says(&["BLOCKER(bad-credential)"]);
    assert_eq!(scene.proxy.mutations(), Vec::<String>::new());
}

#[test]
fn a_token_that_may_not_write() {
    let scene = Scene::judged(|seen| match seen.method.as_str() {
        "POST" => Fate::Answer("403 Forbidden", ""),
        _ => Fate::Forward,
    });
    fails(&scene, 3, &["BLOCKER(bad-credential)"]);
}

#[test]
fn too_many_requests_are_tried_again_after_the_time_that_the_answer_names() {
    let scene = Scene::judged(|seen| {
        // Uploads of one architecture and the writing of the index.
        let hit = (seen.method == "POST" || seen.is("PUT", "manifests/1.2.3")) && seen.before == 0;
        match hit {
            true => Fate::Answer("429 Too Many Requests", "Retry-After: 1\r\n"),
            false => Fate::Forward,
        }
    });
    publishes(&scene);
}

#[test]
fn an_error_of_the_server_is_tried_again() {
    for (method, part) in [
        ("GET", "/v2/"),
        ("HEAD", "manifests/1.2.3-arm64"),
        ("POST", "uploads"),
        ("PUT", "manifests/1.2.3-amd64"),
        ("HEAD", "manifests/sha256"),
        ("PUT", "manifests/1.2.3"),
        ("HEAD", "manifests/latest"),
        ("PUT", "manifests/latest"),
    ] {
        let scene = Scene::judged(
            move |seen| match seen.is(method, part) && seen.before == 0 {
                true => Fate::Answer("500 Internal Server Error", ""),
                false => Fate::Forward,
            },
        );
        publishes(&scene);
        assert!(
            scene
                .proxy
                .requests()
                .iter()
                .any(|seen| seen.is(method, part)),
            "{method} {part}"
        );
    }
}

#[test]
fn an_error_of_the_server_that_stays() {
    let scene = Scene::judged(|seen| match seen.is("PUT", "manifests/1.2.3-arm64") {
        true => Fate::Answer("500 Internal Server Error", ""),
        false => Fate::Forward,
    });
    fails(
        &scene,
        3,
        &["BLOCKER(registry-refused)", "1.2.3-arm64", "failed 3 times"],
    );
}

#[test]
fn a_blob_that_breaks_off_is_sent_again() {
    // Of the layers, which are long; a configuration has ended before.
    let scene = Scene::judged(|seen| match seen.method == "PATCH" {
        true => Fate::Cut(100_000),
        false => Fate::Forward,
    });
    fails(&scene, 3, &["BLOCKER(registry-refused)"]);
    let once = AtomicBool::new(false);
    let scene = Scene::judged(move |seen| {
        match seen.method == "PATCH" && !once.swap(true, Ordering::SeqCst) {
            true => Fate::Cut(100_000),
            false => Fate::Forward,
        }
    });
    publishes(&scene);
}

#[test]
fn an_index_that_cannot_be_written_leaves_latest_and_the_next_run_completes_it() {
    let mut scene =
        Scene::judged(
            |seen| match seen.is("PUT", "manifests/1.2.3") && seen.before < 30 {
                true => match seen.target.ends_with("/1.2.3") {
                    true => Fate::Answer("503 Service Unavailable", ""),
                    false => Fate::Forward,
                },
                false => Fate::Forward,
            },
        );
    fails(
        &scene,
        3,
        &["BLOCKER(registry-refused)", "writing the index"],
    );
    // The same registry, past its trouble.
    let port = scene.registry.port;
    scene.spec["repositories"]["default"] = json!(format!("127.0.0.1:{port}/{REPOSITORY}"));
    publishes(&scene);
}

/// Whatever request breaks off (every other one is tried): `latest` is what it was or what the whole run makes it, and
/// the next run completes it.
#[test]
fn a_run_that_breaks_off_at_any_request_is_completed_by_the_next() {
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let count = left.clone();
    let mut scene = Scene::judged(move |_| match count.fetch_sub(1, Ordering::SeqCst) {
        0 => Fate::Cut(0),
        _ => Fate::Forward,
    });
    let mut failed = 0;
    for request in (0..).step_by(2) {
        let version = format!("1.0.{request}");
        scene.build("amd64", request);
        let before = scene.digest("latest");
        left.store(request, Ordering::SeqCst);
        let run = ran(scene
            .command(&["publish", "--publish"])
            .env("VERSION", &version)
            .env("PUBLISH_TRIES", "1"));
        let reached = left.swap(usize::MAX, Ordering::SeqCst) > request;
        if run.code != Some(0) {
            failed += 1;
            assert!(run.err.contains("BLOCKER("), "{request}: {}", run.err);
            let latest = scene.digest("latest");
            assert!(
                latest == before || latest == scene.digest(&version),
                "{request}"
            );
            scene.publish(&version).expect(0);
        }
        assert!(scene.digest(&version).is_some());
        assert_eq!(scene.digest("latest"), scene.digest(&version), "{request}");
        scene.assert_cleaned_up();
        if !reached {
            // There is no such request.
            assert_eq!(run.code, Some(0));
            break;
        }
    }
    assert!(failed > 0);
}

#[test]
fn an_architecture_that_was_not_pushed() {
    let scene = Scene::new();
    scene
        .run("1.2.3", &["push", "amd64", "--publish"])
        .expect(0);
    scene
        .run("1.2.3", &["index", "--publish"])
        .expect(4)
        .says(&["BLOCKER(missing-arch)", "arm64"]);
    let dry = scene.run("1.2.3", &["index"]).expect(0);
    assert!(
        dry.err
            .contains("would be stopped: BLOCKER(missing-arch): arm64"),
        "{}",
        dry.err
    );
    assert_eq!(scene.digest("1.2.3"), None);
    assert_eq!(scene.digest("latest"), None);
}

#[test]
fn an_architecture_that_an_older_run_pushed_is_not_taken() {
    let mut scene = Scene::new();
    let step = |scene: &Scene, run: &str, args: &[&str]| {
        ran(scene
            .command(args)
            .env("VERSION", "1.2.3")
            .env("PUBLISH_RUN_ID", run))
    };
    step(&scene, "16", &["push", "amd64", "--publish"]).expect(0);
    step(&scene, "16", &["push", "arm64", "--publish"]).expect(0);
    step(&scene, "17", &["push", "amd64", "--publish"]).expect(0);
    step(&scene, "17", &["index", "--publish"])
        .expect(4)
        .says(&["BLOCKER(stale-arch)", "arm64"]);
    // Of the same run, but another image than the one that is there now.
    step(&scene, "17", &["push", "arm64", "--publish"]).expect(0);
    scene.build("arm64", 2);
    step(&scene, "17", &["index", "--publish"])
        .expect(4)
        .says(&["BLOCKER(stale-arch)", "arm64-2.tar"]);
    assert_eq!(scene.digest("1.2.3"), None);
}

#[test]
fn a_push_that_fails_stops_the_index() {
    let mut scene = Scene::new();
    let nowhere = scene.path("nowhere.tar");
    scene.describe("arm64", "archive", &nowhere);
    fails(&scene, 3, &["BLOCKER(build-failed)", "arm64"]);
    std::fs::write(&nowhere, "no archive").unwrap();
    fails(&scene, 3, &["BLOCKER(build-failed)", "arm64"]);
}

#[test]
fn a_tool_that_cannot_be_run() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("bin")).unwrap();
    let bin = scene.path("bin");
    crate::scene::write_program(&bin.join("regctl"), "#!/bin/sh\nexec /nothing/regctl\n");
    fails(&scene, 3, &["BLOCKER(missing-tool)", "/nothing/regctl"]);
}

#[test]
fn an_image_under_the_name_of_another_architecture() {
    let mut scene = Scene::new();
    let amd64 = scene.path("amd64-1.tar");
    scene.describe("arm64", "archive", &amd64);
    fails(
        &scene,
        4,
        &["BLOCKER(architecture-mismatch)", "linux/amd64"],
    );
}

#[test]
fn a_registry_that_rewrites_a_tag() {
    // What it serves under the version's tag once that is written is the image of one architecture.
    let written = AtomicBool::new(false);
    let scene = Scene::judged(move |seen| {
        let tag = seen.target.ends_with("/manifests/1.2.3");
        if tag && seen.method == "PUT" {
            written.store(true, Ordering::SeqCst);
        }
        match tag && seen.method != "PUT" && written.load(Ordering::SeqCst) {
            true => Fate::Elsewhere(format!("/v2/{REPOSITORY}/manifests/1.2.3-amd64")),
            false => Fate::Forward,
        }
    });
    scene
        .publish("1.2.3")
        .expect(4)
        .says(&["BLOCKER(index-mismatch)", "rewrites tags"]);
    assert_eq!(scene.digest("latest"), None);
}

#[test]
fn a_registry_that_loses_an_architecture_of_the_index() {
    // An index that was written with one platform less, as regctl does when it cannot read a configuration.
    let scene = Scene::new();
    scene.publish("0.9.0").expect(0);
    let index: Value = serde_json::from_str(&scene.manifest("0.9.0")).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
    let short = {
        let mut short = index.clone();
        short["manifests"].as_array_mut().unwrap().pop();
        short.to_string()
    };
    let stand_in = scene.path("bin/regctl");
    std::fs::create_dir_all(stand_in.parent().unwrap()).unwrap();
    std::fs::write(scene.path("short.json"), short).unwrap();
    let real = crate::support::images::image_tools().join("regctl");
    // Writes the short one where the whole one was asked for.
    let script = format!(
        "#!/bin/bash\nif [[ \" $* \" == *' index create '* ]]; then\n  for word; do\n    \
         if [[ $word == *:1.2.3 ]]; then\n      exec {real} --host reg=${{word%%/*}},tls=disabled manifest put \
         --content-type application/vnd.oci.image.index.v1+json \"$word\" <{short}\n    fi\n  done\nfi\nexec {real} \"$@\"\n",
        real = real.display(),
        short = scene.path("short.json").display(),
    );
    crate::scene::write_program(&stand_in, &script);
    let before = scene.digest("latest");
    scene
        .publish("1.2.3")
        .expect(4)
        .says(&["BLOCKER(index-mismatch)", "linux/arm64"]);
    assert_eq!(scene.digest("latest"), before);
}
