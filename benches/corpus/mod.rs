//! A tree of 7,000 Nix files, 50 MB, in the proportions of a large package collection: a third are packages with one
//! fetcher, most others are modules and libraries, and a few generated package sets are as large as all packages
//! together. Always the same bytes. Not real code: nobody evaluates it, but every file parses.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

const PACKAGES: usize = 2450;
const MODULES: usize = 3450;
const WRAPPERS: usize = 1030;
const GENERATED: usize = 70;

/// Writes the tree below `root`, which exists. Returns the number of files and of bytes.
pub fn write(root: &Path) -> io::Result<(usize, usize)> {
    let mut bytes = 0;
    let mut count = 0;
    for (path, text) in files() {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &text)?;
        bytes += text.len();
        count += 1;
    }
    Ok((count, bytes))
}

fn files() -> impl Iterator<Item = (String, String)> {
    let packages = (0..PACKAGES).map(|n| {
        let mut random = Random::new(1, n);
        let name = random.name();
        let path = format!("pkgs/by-name/{}/{name}-{n}/package.nix", &name[..2]);
        (path, package(&mut random, &name))
    });
    let modules = (0..MODULES).map(|n| {
        let mut random = Random::new(2, n);
        let name = random.name();
        let path = format!("modules/services/{}/{name}-{n}.nix", &name[..2]);
        (path, module(&mut random, &name))
    });
    let wrappers = (0..WRAPPERS).map(|n| {
        let mut random = Random::new(3, n);
        let name = random.name();
        let path = format!("pkgs/tools/{name}-{n}/default.nix");
        (path, wrapper(&mut random, &name))
    });
    let generated = (0..GENERATED).map(|n| {
        // A dozen are of 1 MB, the others of 20 to 300 kB.
        let mut random = Random::new(4, n);
        let size = match n {
            0..12 => 1 << 20,
            _ => 20_000 + random.below(280_000),
        };
        let path = format!("pkgs/generated/set-{n}.nix");
        (path, generated(&mut random, size))
    });
    packages.chain(modules).chain(wrappers).chain(generated)
}

fn package(random: &mut Random, name: &str) -> String {
    let version = random.version();
    let (open, own, close) = match random.below(2) {
        0 => ("rec {", "", "}"),
        _ => ("(finalAttrs: {", "finalAttrs.", "})"),
    };
    let (argument, attributes) = match random.below(100) {
        0..55 => {
            let rev = match random.below(4) {
                0 => format!("tag = \"v${{{own}version}}\";"),
                1 => format!("rev = \"{}\";", random.hex(40)),
                2 => format!("rev = \"v${{{own}version}}\";"),
                _ => format!("rev = \"refs/tags/${{{own}version}}\";"),
            };
            let hash = match random.below(3) {
                0 => format!("sha256 = \"{}\";", random.nix32(52)),
                _ => format!("hash = \"sha256-{}=\";", random.base64(43)),
            };
            let owner = random.name();
            let body = format!(
                "    owner = \"{owner}\";\n    repo = \"{name}\";\n    {rev}\n    {hash}\n"
            );
            ("fetchFromGitHub", body)
        }
        55..80 => {
            let hash = random.base64(43);
            let body = format!(
                "    url = \"https://downloads.example.org/{name}/{name}-${{{own}version}}.tar.gz\";\n    \
                 hash = \"sha256-{hash}=\";\n"
            );
            ("fetchurl", body)
        }
        80..93 => {
            let hash = random.base64(43);
            let inherit = match own {
                "" => "inherit pname version;",
                _ => "inherit (finalAttrs) pname version;",
            };
            let body = format!("    {inherit}\n    hash = \"sha256-{hash}=\";\n");
            ("fetchPypi", body)
        }
        _ => {
            let (rev, hash) = (random.hex(40), random.base64(43));
            let body = format!(
                "    url = \"https://git.example.org/{name}.git\";\n    rev = \"{rev}\";\n    \
                 hash = \"sha256-{hash}=\";\n"
            );
            ("fetchgit", body)
        }
    };
    let inputs: Vec<String> = (0..random.below(9)).map(|_| random.name()).collect();
    let mut text = format!("{{\n  lib,\n  stdenv,\n  {argument},\n");
    let mut formals = inputs.clone();
    formals.sort();
    formals.dedup();
    for input in &formals {
        let _ = writeln!(text, "  {input},");
    }
    let _ = write!(
        text,
        "}}:\n\nstdenv.mkDerivation {open}\n  pname = \"{name}\";\n  version = \"{version}\";\n\n  \
         src = {argument} {{\n{attributes}  }};\n\n  buildInputs = [ {} ];\n\n",
        inputs.join(" ")
    );
    for n in 0..random.long_tailed(2) {
        let (flag, value) = (random.name(), random.name());
        let _ = write!(
            text,
            "  # {}\n  {flag}{n}Phase = ''\n    runHook pre{flag}\n    substituteInPlace {value}.in --replace-fail \
             /usr $out\n    install -Dm755 {value} $out/bin/{value}\n    runHook post{flag}\n  '';\n\n",
            random.sentence(),
        );
    }
    let _ = write!(
        text,
        "  meta = {{\n    description = \"{}\";\n    homepage = \"https://{name}.example.org\";\n    \
         license = lib.licenses.mit;\n    maintainers = with lib.maintainers; [ {} ];\n  }};\n{close}\n",
        random.sentence(),
        random.name()
    );
    text
}

fn module(random: &mut Random, name: &str) -> String {
    let mut text = format!(
        "{{ config, lib, pkgs, ... }}:\n\nlet\n  cfg = config.services.{name};\n  inherit (lib) mkIf mkOption types;\nin\n\
         {{\n  options.services.{name} = {{\n    enable = lib.mkEnableOption \"{name}\";\n\n"
    );
    for n in 0..random.long_tailed(21) {
        let (option, sentence) = (random.name(), random.sentence());
        let (kind, default) = match random.below(4) {
            0 => ("types.bool", "false".to_string()),
            1 => ("types.port", random.below(65_000).to_string()),
            2 => ("types.listOf types.str", "[ ]".to_string()),
            _ => ("types.nullOr types.str", "null".to_string()),
        };
        let link = match random.below(12) {
            0 => "        See https://docs.example.org/reference?url=x for what it does.\n",
            _ => "",
        };
        let _ = write!(
            text,
            "    {option}{n} = mkOption {{\n      type = {kind};\n      default = {default};\n      description = ''\n        \
             {sentence}\n{link}      '';\n    }};\n\n"
        );
    }
    let _ = write!(
        text,
        "  }};\n\n  config = mkIf cfg.enable {{\n    systemd.services.{name} = {{\n      \
         description = \"{}\";\n      wantedBy = [ \"multi-user.target\" ];\n      serviceConfig = {{\n        \
         ExecStart = \"${{pkgs.{name}}}/bin/{name}\";\n        DynamicUser = true;\n      }};\n    }};\n  }};\n}}\n",
        random.sentence()
    );
    text
}

fn wrapper(random: &mut Random, name: &str) -> String {
    let mut text =
        format!("{{ lib, callPackage, {name}, ... }}@args:\n\nlib.makeScope args (self: {{\n");
    for n in 0..1 + random.below(12) {
        let _ = writeln!(
            text,
            "  {}{n} = self.callPackage ./{}.nix {{ }};",
            random.name(),
            random.name()
        );
    }
    text.push_str("})\n");
    text
}

/// A set as a generator writes it: hashes by the thousand, but what is fetched is decided elsewhere.
fn generated(random: &mut Random, size: usize) -> String {
    let mut text = String::from("# Generated: do not edit.\n{ callPackage, self }:\n\n{\n");
    let mut n = 0;
    while text.len() < size {
        n += 1;
        let (name, version, hash) = (random.name(), random.version(), random.nix32(52));
        let _ = write!(
            text,
            "  \"{name}_{n}\" = callPackage (\n    {{ mkDerivation, base, {name} }}:\n    mkDerivation {{\n      \
             pname = \"{name}\";\n      version = \"{version}\";\n      sha256 = \"{hash}\";\n      \
             libraryDepends = [\n        base\n        {name}\n      ];\n      description = \"{}\";\n    }}\n  ) {{ }};\n\n",
            random.sentence()
        );
    }
    text.push_str("}\n");
    text
}

/// SplitMix64: a stream of its own for every file, so that a change of one kind leaves the others as they are.
struct Random(u64);

impl Random {
    fn new(kind: u64, n: usize) -> Random {
        Random(kind << 32 | n as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Around `typical`, seldom ten times as much.
    fn long_tailed(&mut self, typical: usize) -> usize {
        let stretch = 1 << self.next().trailing_zeros().min(4);
        1 + self.below(typical * 2) * stretch / 2
    }

    fn letters(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    fn hex(&mut self, length: usize) -> String {
        self.letters(b"0123456789abcdef", length)
    }

    fn nix32(&mut self, length: usize) -> String {
        // The first of 52 digits holds a single bit.
        "0".to_string() + &self.letters(b"0123456789abcdfghijklmnpqrsvwxyz", length - 1)
    }

    fn base64(&mut self, length: usize) -> String {
        // The last of 43 digits holds four bits.
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.letters(ALPHABET, length - 1) + "A"
    }

    fn name(&mut self) -> String {
        const PARTS: &[&str] = &[
            "ka", "lo", "mi", "ne", "ru", "sta", "tor", "vel", "pix", "dra", "gon", "fer", "bal",
            "zen",
        ];
        (0..2 + self.below(2))
            .map(|_| PARTS[self.below(PARTS.len())])
            .collect()
    }

    fn version(&mut self) -> String {
        format!("{}.{}.{}", self.below(9), self.below(30), self.below(12))
    }

    fn sentence(&mut self) -> String {
        (0..6 + self.below(8))
            .map(|_| self.name())
            .collect::<Vec<_>>()
            .join(" ")
    }
}
