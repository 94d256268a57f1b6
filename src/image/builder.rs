//! The functions that build images, and the arguments that each takes. They refuse every other.

/// A function that builds an image, or a layer of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builder {
    /// `dockerTools.buildLayeredImage`
    LayeredImage,
    /// `dockerTools.streamLayeredImage`
    StreamLayeredImage,
    /// `dockerTools.buildImage`
    BuildImage,
    /// `nix2container.buildImage`
    Nix2Container,
    /// `nix2container.buildLayer`
    Nix2ContainerLayer,
    /// A `buildImage` that a file gets from somewhere: that of dockerTools or that of nix2container.
    SomeBuildImage,
}

/// Of every version of nixpkgs; the newer ones do not take what only old ones took.
const STREAM: &[&str] = &[
    "name",
    "tag",
    "fromImage",
    "contents",
    "config",
    "architecture",
    "variant",
    "created",
    "mtime",
    "uid",
    "gid",
    "uname",
    "gname",
    "maxLayers",
    "extraCommands",
    "fakeRootCommands",
    "enableFakechroot",
    "includeStorePaths",
    "includeNixDB",
    "layeringPipeline",
    "debug",
    "passthru",
    "meta",
];

const BUILD_IMAGE: &[&str] = &[
    "name",
    "tag",
    "fromImage",
    "fromImageName",
    "fromImageTag",
    "copyToRoot",
    "contents",
    "keepContentsDirlinks",
    "config",
    "architecture",
    "variant",
    "extraCommands",
    "uid",
    "gid",
    "runAsRoot",
    "diskSize",
    "buildVMMemorySize",
    "created",
    "compressor",
    "includeNixDB",
    "passthru",
    "meta",
];

const NIX2CONTAINER: &[&str] = &[
    "name",
    "tag",
    "config",
    "layers",
    "copyToRoot",
    "contents",
    "fromImage",
    "arch",
    "perms",
    "maxLayers",
    "initializeNixDatabase",
    "nixUid",
    "nixGid",
    "created",
    "meta",
];

const NIX2CONTAINER_LAYER: &[&str] = &[
    "deps",
    "copyToRoot",
    "contents",
    "ignore",
    "layers",
    "reproducible",
    "perms",
    "maxLayers",
    "metadata",
];

/// What every name begins with that nix2container goes by, beside its own.
const SHORT_NIX2CONTAINER: &str = "n2c";

impl Builder {
    /// The builder that `names` lead to, as far as they tell.
    pub fn of(names: &[Option<String>]) -> Option<Builder> {
        let (last, before) = names.split_last()?;
        let mut home = before.iter().rev().flatten().filter_map(|name| home(name));
        let home = home.next();
        Some(match (last.as_deref()?, home) {
            // No other function is called so, and many files get them as arguments.
            (
                "buildLayeredImage" | "buildLayeredImageWithNixDb",
                None | Some(Home::DockerTools),
            ) => Builder::LayeredImage,
            ("streamLayeredImage", None | Some(Home::DockerTools)) => Builder::StreamLayeredImage,
            ("buildImage" | "buildImageWithNixDb", Some(Home::DockerTools)) => Builder::BuildImage,
            ("buildImage", Some(Home::Nix2Container)) => Builder::Nix2Container,
            ("buildLayer", Some(Home::Nix2Container)) => Builder::Nix2ContainerLayer,
            ("buildImage", None) if before.is_empty() => Builder::SomeBuildImage,
            _ => return None,
        })
    }

    /// As a reader knows it.
    pub fn name(self) -> &'static str {
        match self {
            Builder::LayeredImage => "dockerTools.buildLayeredImage",
            Builder::StreamLayeredImage => "dockerTools.streamLayeredImage",
            Builder::BuildImage => "dockerTools.buildImage",
            Builder::Nix2Container => "nix2container.buildImage",
            Builder::Nix2ContainerLayer => "nix2container.buildLayer",
            Builder::SomeBuildImage => "buildImage",
        }
    }

    /// The builders that it may be.
    pub fn candidates(self) -> &'static [Builder] {
        match self {
            Builder::LayeredImage => &[Builder::LayeredImage],
            Builder::StreamLayeredImage => &[Builder::StreamLayeredImage],
            Builder::BuildImage => &[Builder::BuildImage],
            Builder::Nix2Container => &[Builder::Nix2Container],
            Builder::Nix2ContainerLayer => &[Builder::Nix2ContainerLayer],
            Builder::SomeBuildImage => &[Builder::BuildImage, Builder::Nix2Container],
        }
    }

    /// Whether it is sure to be dockerTools'.
    pub fn is_docker_tools(self) -> bool {
        matches!(
            self,
            Builder::LayeredImage | Builder::StreamLayeredImage | Builder::BuildImage
        )
    }

    /// Whether it is sure to be nix2container's.
    pub fn is_nix2container(self) -> bool {
        matches!(self, Builder::Nix2Container | Builder::Nix2ContainerLayer)
    }

    /// Whether it makes a whole image, with a config.
    pub fn makes_image(self) -> bool {
        self != Builder::Nix2ContainerLayer
    }

    /// Whether some version of it takes an argument `name`.
    pub fn takes(self, name: &str) -> bool {
        let is_taken = |builder: &Builder| match builder {
            Builder::LayeredImage => STREAM.contains(&name) || name == "compressor",
            Builder::StreamLayeredImage => STREAM.contains(&name),
            Builder::BuildImage => BUILD_IMAGE.contains(&name),
            Builder::Nix2Container => NIX2CONTAINER.contains(&name),
            Builder::Nix2ContainerLayer => NIX2CONTAINER_LAYER.contains(&name),
            Builder::SomeBuildImage => true,
        };
        self.candidates().iter().any(is_taken)
    }

    /// The arguments, of one that is sure.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Builder::LayeredImage | Builder::StreamLayeredImage => STREAM,
            Builder::BuildImage => BUILD_IMAGE,
            Builder::Nix2Container => NIX2CONTAINER,
            Builder::Nix2ContainerLayer => NIX2CONTAINER_LAYER,
            Builder::SomeBuildImage => &[],
        }
    }
}

/// Whose function it is.
enum Home {
    DockerTools,
    Nix2Container,
}

fn home(name: &str) -> Option<Home> {
    let name = name.to_ascii_lowercase();
    if name.contains("dockertools") {
        Some(Home::DockerTools)
    } else if name.contains("nix2container") || name.starts_with(SHORT_NIX2CONTAINER) {
        Some(Home::Nix2Container)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str) -> Option<Builder> {
        let names: Vec<Option<String>> = path
            .split('.')
            .map(|name| Some(name.to_owned()).filter(|name| name != "?"))
            .collect();
        Builder::of(&names)
    }

    #[test]
    fn the_names_before_tell_whose_it_is() {
        assert_eq!(of("pkgs.dockerTools.buildImage"), Some(Builder::BuildImage));
        assert_eq!(
            of("nix2container.?.buildImage"),
            Some(Builder::Nix2Container)
        );
        assert_eq!(
            of("inputs.nix2container.packages.?.nix2container.buildLayer"),
            Some(Builder::Nix2ContainerLayer)
        );
        assert_eq!(of("n2c.buildImage"), Some(Builder::Nix2Container));
        assert_eq!(of("buildLayeredImage"), Some(Builder::LayeredImage));
        assert_eq!(of("buildImage"), Some(Builder::SomeBuildImage));
    }

    #[test]
    fn what_is_of_another_house_is_no_builder_that_we_know() {
        assert_eq!(of("ourLib.buildImage"), None);
        assert_eq!(of("?.buildImage"), None);
        assert_eq!(of("buildLayer"), None);
        assert_eq!(of("nix2container.buildLayeredImage"), None);
        assert_eq!(of("dockerTools.buildImage.?"), None);
    }

    #[test]
    fn an_unsure_builder_takes_what_either_takes() {
        assert!(Builder::SomeBuildImage.takes("runAsRoot"));
        assert!(Builder::SomeBuildImage.takes("layers"));
        assert!(!Builder::SomeBuildImage.takes("deps"));
        assert!(!Builder::StreamLayeredImage.takes("compressor"));
        assert!(Builder::LayeredImage.takes("compressor"));
    }
}
