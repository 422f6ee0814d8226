//! The name of a stage, and how it is written in each place.

/// A valid module name in `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageName(String);

/// Words that cannot be the name of a module.
const TAKEN: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

impl StageName {
    /// Takes the name, or says what is wrong with it.
    pub fn new(name: &str) -> Result<Self, String> {
        let word = |word: &str| {
            !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if !name.split('_').all(word) || !name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
            return Err(format!(
                "{name:?} is not snake_case: small letters, digits and single underscores, letter first"
            ));
        }
        if TAKEN.contains(&name) {
            return Err(format!("{name:?} is a word of Rust; take another, such as \"{name}_step\""));
        }
        Ok(Self(name.to_owned()))
    }

    /// `edge_map`
    pub fn snake(&self) -> &str {
        &self.0
    }

    /// `EdgeMap`
    pub fn pascal(&self) -> String {
        let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
        self.0.split('_').map(word).collect()
    }

    /// `EDGE_MAP`
    pub fn screaming(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_three_ways() {
        let name = StageName::new("edge_map2").unwrap();
        assert_eq!((name.snake(), &*name.pascal(), &*name.screaming()), ("edge_map2", "EdgeMap2", "EDGE_MAP2"));
    }

    #[test]
    fn names_that_are_no_module_are_refused_with_the_reason() {
        for name in ["", "_", "EdgeMap", "edge-map", "edge__map", "edge_", "_edge", "2d", "édge", "a/b", ".."] {
            assert!(StageName::new(name).unwrap_err().contains("snake_case"), "{name:?}");
        }
        assert!(StageName::new("match").unwrap_err().contains("word of Rust"));
    }
}
