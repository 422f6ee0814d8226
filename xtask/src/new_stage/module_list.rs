//! Adding a module to a list of `pub mod` lines.

/// The file with `pub mod name;` in its alphabetical place; `None` when the module is there already.
pub fn with(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let listed: Vec<(usize, &str)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, module_of(line)?))).collect();
    if listed.iter().any(|(_, other)| *other == name) {
        return None;
    }
    let public = || listed.iter().filter(|(at, _)| lines[*at].starts_with("pub mod "));
    let after = public().find(|(_, other)| *other > name).map(|(at, _)| above_attributes(&lines, *at));
    let at = after.or_else(|| public().next_back().map(|(at, _)| at + 1));
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let line = format!("pub mod {name};");
    match at {
        Some(at) => lines.insert(at, line),
        None => insert_first(&mut lines, line),
    }
    Some(lines.join("\n") + "\n")
}

/// The module that a line declares.
fn module_of(line: &str) -> Option<&str> {
    line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "))?.strip_suffix(';')
}

/// Documentation and attributes belong to the line below them.
fn above_attributes(lines: &[&str], at: usize) -> usize {
    let own = |line: &&&str| line.starts_with("///") || line.starts_with("#[");
    at - lines[..at].iter().rev().take_while(own).count()
}

/// There is no `pub mod` yet: it goes below the file's own documentation.
fn insert_first(lines: &mut Vec<String>, line: String) {
    let head = lines.iter().take_while(|line| line.starts_with("//!") || line.starts_with("#![")).count();
    if head > 0 {
        lines.insert(head, String::new());
    }
    lines.insert(if head > 0 { head + 1 } else { 0 }, line);
    // A blank line before what follows.
    let next = if head > 0 { head + 2 } else { 1 };
    if lines.get(next).is_some_and(|line| !line.is_empty()) {
        lines.insert(next, String::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! Stages.\n\npub mod convert;\n/// Reads the code.\n#[cfg(feature = \"x\")]\npub mod frame_code;\npub mod pyramid;\n\npub use convert::Convert;\n";

    #[test]
    fn a_module_goes_to_its_alphabetical_place() {
        let before_code = with(LIST, "edge").unwrap();
        assert!(before_code.contains("pub mod convert;\npub mod edge;\n/// Reads the code.\n"), "{before_code}");
        assert!(with(LIST, "luma").unwrap().contains("frame_code;\npub mod luma;\npub mod pyramid;\n"));
        assert!(with(LIST, "blur").unwrap().contains("\n\npub mod blur;\npub mod convert;\n"));
        assert!(with(LIST, "warp").unwrap().contains("pyramid;\npub mod warp;\n\npub use"));
        assert_eq!(with(LIST, "warp").unwrap().lines().count(), LIST.lines().count() + 1);
    }

    #[test]
    fn a_module_that_is_there_is_refused() {
        assert_eq!(with(LIST, "pyramid"), None);
        assert_eq!(with("mod edge;\n", "edge"), None);
    }

    #[test]
    fn the_first_module_goes_below_the_documentation() {
        assert_eq!(with("//! Stages.\n", "edge").unwrap(), "//! Stages.\n\npub mod edge;\n");
        assert_eq!(with("//! Stages.\nuse x;\n", "edge").unwrap(), "//! Stages.\n\npub mod edge;\n\nuse x;\n");
        assert_eq!(with("//! Stages.\n\nuse x;\n", "edge").unwrap(), "//! Stages.\n\npub mod edge;\n\nuse x;\n");
        assert_eq!(with("", "edge").unwrap(), "pub mod edge;\n");
    }

    #[test]
    fn private_modules_stay_where_they_are() {
        assert_eq!(with("mod zoom;\npub mod luma;\n", "edge").unwrap(), "mod zoom;\npub mod edge;\npub mod luma;\n");
    }
}
