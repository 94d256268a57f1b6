//! What is reported to change a fetcher's files, against what real git and Nix fetch.

mod support;

use cotter::git::{CheckoutTrait, FetchMethod, TraitKind, obstacles};
use support::fetchers::{Real, native, new_repo, oid, open};

#[test]
fn a_submodule_is_an_empty_folder() {
    let (_temp, repo) = new_repo();
    repo.write("a", "a");
    repo.write(
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = lib/sub\n\turl = ./nowhere\n",
    );
    let first = repo.commit("first");
    repo.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{first},lib/sub"),
    ]);
    std::fs::create_dir_all(repo.dir().join("lib/sub")).unwrap();
    repo.git(&["commit", "-q", "-m", "gitlink"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    Real::new().agrees(&repo, &commit);

    let traits = open(&repo).checkout_traits(oid(&commit)).unwrap();
    let submodule = CheckoutTrait {
        path: "lib/sub".into(),
        line: None,
        kind: TraitKind::Submodule,
    };
    assert_eq!(traits, [submodule]);
    assert_eq!(obstacles(&traits, FetchMethod::Checkout, false).count(), 0);
    assert_eq!(obstacles(&traits, FetchMethod::Checkout, true).count(), 1);
}

#[test]
fn attributes_without_effect_on_linux_are_no_obstacle() {
    let (_temp, repo) = new_repo();
    // Committed before the attributes, so that git stores the CRs.
    repo.write("crlf.txt", "one\r\ntwo\r\n")
        .write("mixed.txt", "one\r\ntwo\n")
        .write("forced.txt", "a\r\n");
    repo.write("lf.txt", "one\n")
        .write("legacy.txt", "x\r\ny\n")
        .write("bin", b"\0\r\n");
    repo.write("deep/crlf.txt", "a\r\nb\r\n");
    repo.commit("content");
    repo.write(
        ".gitattributes",
        "* text=auto\nforced.txt text\nlf.txt text eol=lf\nlegacy.txt crlf=input\nbin binary diff=hex\n\
         crlf.txt whitespace=cr-at-eol linguist-generated -merge\nmixed.txt -ident !filter -export-ignore\n",
    );
    repo.write("deep/.gitattributes", "*.txt text eol=lf\n");
    repo.git(&["add", ".gitattributes", "deep/.gitattributes"]);
    repo.git(&["commit", "-q", "-m", "attributes"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(repo.git(&["cat-file", "-s", "HEAD:crlf.txt"]), "10");
    assert_eq!(open(&repo).checkout_traits(oid(&commit)).unwrap(), []);
    Real::new().agrees(&repo, &commit);
}

/// Every attribute that is reported does change what the fetchers get for which it is an obstacle.
#[test]
fn attributes_with_effect_are_obstacles_where_they_have_it() {
    let real = Real::new();
    for (line, kind) in [
        ("f export-ignore", TraitKind::ExportIgnore),
        ("f export-subst", TraitKind::ExportSubst),
        ("f ident\r", TraitKind::Ident),
        ("f eol=crlf", TraitKind::EolCrlf),
        (
            "f working-tree-encoding=UTF-16LE",
            TraitKind::WorkingTreeEncoding("UTF-16LE".into()),
        ),
        ("[attr]made ident\nf made", TraitKind::Ident),
    ] {
        let (_temp, repo) = new_repo();
        let blob = "$Id$ $Format:%H$\n";
        repo.write("sub/f", blob).write("f", blob);
        repo.commit("content");
        // A folder's own file counts too; macros are for the root alone.
        let file = if line.starts_with('[') {
            ".gitattributes"
        } else {
            "sub/.gitattributes"
        };
        repo.write(file, format!("# why\n{line}\n"));
        repo.git(&["add", file]);
        repo.git(&["commit", "-q", "-m", "attributes"]);
        let commit = repo.git(&["rev-parse", "HEAD"]);
        let stored = repo.git(&["cat-file", "blob", "HEAD:sub/f"]);
        assert_eq!(stored, blob.trim_end(), "{line}: the blob is as written");

        let traits = open(&repo).checkout_traits(oid(&commit)).unwrap();
        let expected = CheckoutTrait {
            path: file.into(),
            line: Some(2),
            kind,
        };
        assert_eq!(traits, [expected], "{line}");
        let native = native(&repo, &commit);
        for (method, got) in [
            (FetchMethod::Archive, real.archive(&repo, &commit)),
            (FetchMethod::BuiltinFetchGit, real.fetch_git(&repo, &commit)),
            (FetchMethod::Checkout, real.checkout(&repo, &commit)),
        ] {
            let provable = obstacles(&traits, method, false).next().is_none();
            assert_eq!(got == native, provable, "{line}: {method:?}");
        }
    }
}
