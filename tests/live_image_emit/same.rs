//! One spec gives one expression and one image, wherever and whenever it is built.

use crate::support::image_project::{BUILDERS, Project};
use crate::support::images;

const SPEC: &str = "[image]\nname = \"registry.example.org/team/answer\"\ntag = \"1\"\n[image.source]\nkind = \"python\"\npath = \"answer.py\"\n";

#[test]
fn two_folders_give_one_image() {
    for builder in BUILDERS {
        let (one, two) = (
            Project::new(Some("python"), SPEC),
            Project::new(Some("python"), SPEC),
        );
        for project in [&one, &two] {
            project.emit(&["--builder", builder]);
        }
        assert_eq!(one.read("default.nix"), two.read("default.nix"));
        let mut ids = Vec::new();
        for nix in images::all() {
            let image = one.image(&nix, builder);
            assert_eq!(image.id, two.image(&nix, builder).id, "{builder}");
            // Built once more, without what was built before.
            nix.build_again(&["-E", &one.expression(builder)]).unwrap();
            ids.push(image.id);
        }
    }
}

#[test]
fn a_change_of_the_application_leaves_the_other_layers() {
    for builder in BUILDERS {
        let project = Project::new(Some("python"), SPEC);
        let nix = images::host();
        project.emit(&["--builder", builder]);
        let before = project.image(&nix, builder);
        let changed = project
            .read("answer.py")
            .replace("python answers", "python speaks");
        project.write("answer.py", &changed);
        let after = project.image(&nix, builder);
        let known: Vec<&String> = before.layers.iter().map(|layer| &layer.digest).collect();
        let new = after
            .layers
            .iter()
            .filter(|layer| !known.contains(&&layer.digest));
        let size: u64 = new
            .flat_map(|layer| &layer.entries)
            .map(|entry| entry.size)
            .sum();
        assert!(size < 100_000, "{builder}: {size} bytes in new layers");
    }
}
