//! The files of a stage, with places for its name.

use super::name::StageName;

/// File name and text, in the order in which a reader wants them. The shader is named after its stage.
const TEMPLATES: [(&str, &str); 4] = [
    ("mod.rs", include_str!("../../templates/stage/mod.rs")),
    ("prepare.rs", include_str!("../../templates/stage/prepare.rs")),
    ("{{name}}.wgsl", include_str!("../../templates/stage/shader.wgsl")),
    ("tests.rs", include_str!("../../templates/stage/tests.rs")),
];

/// Each file with the name filled in.
pub fn filled(name: &StageName) -> Vec<(String, String)> {
    TEMPLATES.iter().map(|(file_name, text)| (fill(file_name, name), fill(text, name))).collect()
}

fn fill(text: &str, name: &StageName) -> String {
    text.replace("{{name}}", name.snake()).replace("{{Name}}", &name.pascal()).replace("{{NAME}}", &name.screaming())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_is_left_open() {
        let files = filled(&StageName::new("edge_map").unwrap());
        for (file_name, text) in &files {
            assert!(!file_name.contains("{{") && !text.contains("{{"), "{file_name}");
        }
        assert_eq!(files[2].0, "edge_map.wgsl");
    }

    #[test]
    fn names_are_filled_in_as_they_are_written() {
        let name = StageName::new("edge_map").unwrap();
        assert_eq!(fill("{{name}} {{Name}} {{NAME}} {{other}}", &name), "edge_map EdgeMap EDGE_MAP {{other}}");
    }

    #[test]
    fn the_seven_questions_are_there_to_be_answered() {
        let (_, module) = &filled(&StageName::new("edge_map").unwrap())[0];
        assert!((1..=7).all(|number| module.contains(&format!("//! {number}. "))), "{module}");
    }
}
