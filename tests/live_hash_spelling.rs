//! Spellings of hashes against the real Nix.

mod support;

use cotter::hash::{Algo, HashText, Spelling};
use support::store::Store;

#[test]
fn spellings_are_those_of_nix() {
    let store = Store::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "some content").unwrap();
    for algo in Algo::ALL {
        let name = algo.name();
        let path = file.path().to_str().unwrap();
        let hex = store.run("nix-hash", &["--type", name, "--flat", path]);
        let hash = HashText::parse(&hex, Some(algo)).unwrap().hash;
        assert_eq!(hash.spell(Spelling::Base16), hex);
        let nix32 = store.run("nix-hash", &["--type", name, "--to-base32", &hex]);
        assert_eq!(hash.spell(Spelling::Nix32), nix32);
        let sri = store.run("nix", &["hash", "to-sri", "--type", name, &hex]);
        assert_eq!(hash.spell(Spelling::Sri), sri);
        let base64 = store.run("nix", &["hash", "to-base64", "--type", name, &hex]);
        assert_eq!(hash.spell(Spelling::Base64), base64);
        // And back: Nix reads what cotter writes as cotter does.
        for spelling in Spelling::ALL {
            let text = hash.spell(spelling);
            let read = store.run("nix", &["hash", "to-base16", "--type", name, &text]);
            assert_eq!(read, hex, "{text}");
        }
        let upper = hex.to_uppercase();
        assert_eq!(
            store.run("nix-hash", &["--type", name, "--to-base32", &upper]),
            nix32
        );
        assert_eq!(HashText::parse(&upper, Some(algo)).unwrap().hash, hash);
        let unpadded = sri.trim_end_matches('=');
        assert_eq!(store.run("nix", &["hash", "to-base16", unpadded]), hex);
        assert_eq!(HashText::parse(unpadded, None).unwrap().hash, hash);
    }
}
