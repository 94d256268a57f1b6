//! Sizes for people.

use std::fmt;

/// Bytes in binary units: `812 B`, `1.5 MiB`.
#[derive(Clone, Copy)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        let mut size = self.0 as f64 / 1024.0;
        let mut unit = UNITS[0];
        for larger in &UNITS[1..] {
            // What would be rounded up to 1024 is 1 of the next unit.
            if size < 1023.95 {
                break;
            }
            size /= 1024.0;
            unit = larger;
        }
        f.pad(&format!("{size:.1} {unit}"))
    }
}

/// The same, or a dash for what is not known.
pub fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| Size(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_have_one_unit() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), shown);
        }
    }
}
