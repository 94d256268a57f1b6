//! Scripts, and the arguments at fault in them.

use crate::shell::{ShellText, commands};

/// The arguments at fault of `script`.
fn at_fault(script: &str) -> Vec<&str> {
    let all = commands(&ShellText::verbatim(script, 0));
    let secrets = all.iter().flat_map(super::secrets);
    secrets.map(|secret| &script[secret.range]).collect()
}

#[test]
fn passwords_of_registries() {
    for (script, wanted) in [
        ("skopeo copy --dest-creds ci:$T a b", "ci:$T"),
        (
            "skopeo copy --dest-creds=\"$U:$T\" a b",
            "--dest-creds=\"$U:$T\"",
        ),
        (
            "nix run .#image.copyToRegistry -- --dest-creds \"$CREDS\"",
            "\"$CREDS\"",
        ),
        (
            "\"$copy\" --dest-creds \"ci:$(pass show ci)\"",
            "\"ci:$(pass show ci)\"",
        ),
        (
            "sudo docker --config x login -u ci -p \"$T\" example.org",
            "\"$T\"",
        ),
        ("docker login -u ci -p$T", "-p$T"),
        (
            "podman login --password=hunter2 example.org",
            "--password=hunter2",
        ),
        ("crane auth login example.org -u ci -p ${T}", "${T}"),
        ("helm registry login -p \"$T\" -u ci example.org", "\"$T\""),
        (
            "regctl registry login --user ci --pass $T example.org",
            "$T",
        ),
        ("podman push --creds ci:$T a", "ci:$T"),
        (
            "nix run nixpkgs#skopeo -- login -p $T -u ci example.org",
            "$T",
        ),
        ("cachix authtoken \"$T\"", "\"$T\""),
        ("x=(--dest-creds \"ci:$T\")", "\"ci:$T\""),
    ] {
        assert_eq!(at_fault(script), [wanted], "{script}");
    }
}

#[test]
fn passwords_of_requests() {
    for (script, wanted) in [
        ("curl -fsSu ci:$T https://example.org", "ci:$T"),
        ("curl -uci:$T https://example.org", "-uci:$T"),
        ("curl --user \"$U:${P}\" https://example.org", "\"$U:${P}\""),
        (
            "curl -u \"$CI_TOKEN:\" https://example.org",
            "\"$CI_TOKEN:\"",
        ),
        (
            "curl -H \"Authorization: Bearer $T\" x",
            "\"Authorization: Bearer $T\"",
        ),
        (
            "curl -H 'PRIVATE-TOKEN: glpat-abcdefgh' x",
            "'PRIVATE-TOKEN: glpat-abcdefgh'",
        ),
        ("curl --oauth2-bearer $T x", "$T"),
        (
            "wget --header=\"Authorization: token $T\" x",
            "--header=\"Authorization: token $T\"",
        ),
        ("wget --password=$T x", "--password=$T"),
        ("sshpass -p $P ssh a", "$P"),
        ("sshpass -p$P scp -p x y", "-p$P"),
        (
            "git push https://ci:$T@example.org/x main",
            "https://ci:$T@example.org/x",
        ),
        (
            "git clone \"https://$GIT_TOKEN@example.org/x\"",
            "\"https://$GIT_TOKEN@example.org/x\"",
        ),
        (
            "git -c http.extraHeader=\"Authorization: Basic $B\" fetch",
            "http.extraHeader=\"Authorization: Basic $B\"",
        ),
        (
            "curl -s http://a:b1c2@example.org/",
            "http://a:b1c2@example.org/",
        ),
        ("bash -c 'curl -u ci:$T x'", "ci:$T"),
    ] {
        assert_eq!(at_fault(script), [wanted], "{script}");
    }
}

#[test]
fn a_message_names_the_variable_that_is_the_secret() {
    let script = "git push https://$USER:$TOKEN@example.org/$REPOSITORY HEAD:$BRANCH";
    let all = commands(&ShellText::verbatim(script, 0));
    let messages: Vec<String> = all
        .iter()
        .flat_map(super::secrets)
        .map(|secret| secret.message)
        .collect();
    assert_eq!(
        messages,
        ["a URL passes `$TOKEN` in the arguments of `git`"]
    );
}

#[test]
fn what_only_looks_like_it() {
    for script in [
        "printf %s \"$T\" | docker login -u ci --password-stdin example.org",
        "echo \"https://ci:$T@example.org\" > .git-credentials",
        "regctl registry login --user ci --pass-stdin example.org",
        "gh auth login --with-token <<< \"$T\"",
        "curl -u \"$USER\" x",
        "curl -u ci: x",
        "curl -H \"Accept: $TYPE\" -H @headers -H \"@$HEADERS\" x",
        "curl -H \"X-Tokens-Left: 12345678\" x",
        "curl -H 'Authorization: Bearer QQ==' x",
        "curl --netrc-file n -K - -o user:$X x",
        "curl -d user:$X https://example.org/a:b@c",
        "skopeo copy --authfile $F --dest-tls-verify=false a b",
        "nats --creds user.creds sub x",
        "mkdir -p \"$DIR\"; ssh -p $PORT a; docker run -p 80:80 x login -p $Y",
        "# docker login -p $T",
        "cat > x <<EOF\ncurl -u ci:$T x\nEOF",
        "git clone https://example.org:8443/x@y; git clone git@example.org:x",
        "git clone ssh://git@example.org/x https://ci@example.org/x",
        "git clone https://$USER@example.org/$KEY; curl $BASE://a:b@example.org",
        "wget --password= x; curl -u \"${USER}\" --proxy-user \"$PROXY_USER\"",
        "sshpass -e ssh -p $PORT a; sshpass -f f ssh -p $PORT a",
    ] {
        assert_eq!(at_fault(script), [] as [&str; 0], "{script}");
    }
}
