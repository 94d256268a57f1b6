//! Hashes as Nix spells them, and the NAR serialisation that they are taken over.
