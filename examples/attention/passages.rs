//! Documents cut into passages: a paragraph, a list item, a table's row, a block of code, the docs of an item.

/// A piece of a document that can answer a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// The document, as a path.
    pub title: String,
    /// What it stands under: a heading, its own first words in bold, or the item that it documents.
    pub heading: String,
    /// Plain text, without marks.
    pub text: String,
    /// How much its words count, 0 to 1: prose 1, the docs of a module 0.9, of an item 0.7, of a field or method 0.5.
    pub weight: f32,
}

/// Cuts a document. What ends in `.rs` is read for its doc comments up to its tests, everything else as Markdown.
pub fn passages(title: &str, text: &str) -> Vec<Passage> {
    let mut cutter = Cutter { title, base: String::new(), heading: String::new(), weight: 1.0, passages: Vec::new() };
    if title.ends_with(".rs") {
        cutter.rust(text);
    } else {
        cutter.markdown(text.lines());
    }
    cutter.passages
}

struct Cutter<'a> {
    title: &'a str,
    /// Of the document, or the item whose docs are cut.
    base: String,
    heading: String,
    weight: f32,
    passages: Vec<Passage>,
}

impl Cutter<'_> {
    fn rust(&mut self, source: &str) {
        let module: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("//!")).collect();
        let path = self.title.trim_end_matches("/mod.rs").trim_end_matches("/src/lib.rs").trim_end_matches(".rs");
        (self.heading, self.weight) = (path.rsplit('/').next().unwrap_or(path).to_owned(), 0.9);
        self.markdown(module.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)));
        let (mut docs, mut owner) = (Vec::new(), String::new());
        for line in source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
            let code = line.trim_start();
            if let Some(doc) = code.strip_prefix("///") {
                docs.push(doc.strip_prefix(' ').unwrap_or(doc));
            } else if !code.starts_with("#[") && !code.is_empty() {
                let is_inner = line.starts_with(' ');
                let (name, is_item) = item(code);
                if !is_inner && is_item {
                    owner.clone_from(&name);
                }
                if !docs.is_empty() {
                    self.weight = if is_inner { 0.5 } else { 0.7 };
                    self.heading = if is_inner { format!("{owner}::{name}") } else { name };
                    self.markdown(docs.drain(..));
                }
            }
        }
    }

    fn markdown<'b>(&mut self, lines: impl Iterator<Item = &'b str>) {
        let mut lines = lines.peekable();
        self.base.clone_from(&self.heading);
        let (mut paragraph, mut fence) = (String::new(), None);
        while let Some(line) = lines.next() {
            let line = line.trim();
            if let Some(language) = line.strip_prefix("```") {
                self.add(&std::mem::take(&mut paragraph));
                // What is drawn in characters says nothing to a reader of one line.
                fence = if fence.is_none() { Some(!language.starts_with("text")) } else { None };
            } else if let Some(is_kept) = fence {
                if is_kept {
                    paragraph.extend([line, "\n"]);
                }
            } else if line.starts_with('#') {
                self.add(&std::mem::take(&mut paragraph));
                let own = plain(line.trim_start_matches('#').trim());
                self.heading = if self.base.is_empty() { own } else { format!("{}: {own}", self.base) };
            } else if line.starts_with('|') {
                self.add(&std::mem::take(&mut paragraph));
                // A row stands under its first cell. Pictures say nothing here, nor does the row above the rule.
                let is_rule = |line: &str| line.starts_with('|') && line.contains("--");
                if !is_rule(line) && !line.contains("![") && !lines.peek().is_some_and(|next| is_rule(next.trim())) {
                    let cells: Vec<_> = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
                    let (first, others) = cells.split_first().unwrap_or((&"", &[]));
                    self.add(&format!("**{}**: {}", first.replace("**", ""), others.join("; ")));
                }
            } else if line.is_empty() && self.weight < 0.9 {
                // The docs of an item are one passage: their first line alone says little.
            } else if line.is_empty() || line.starts_with("![") {
                self.add(&std::mem::take(&mut paragraph));
            } else if let Some(first) = list_item(line) {
                self.add(&std::mem::take(&mut paragraph));
                paragraph.push_str(first);
            } else {
                paragraph.extend([if paragraph.is_empty() { "" } else { " " }, line]);
            }
        }
        self.add(&paragraph);
        self.heading.clone_from(&self.base);
    }

    fn add(&mut self, marked: &str) {
        let lead = marked.strip_prefix("**").and_then(|rest| rest.split("**").next());
        let lead = lead.map(|lead| plain(lead.trim_end_matches(':')));
        let text = plain(marked.trim());
        if !text.is_empty() {
            let heading = match lead {
                Some(lead) if !self.base.is_empty() => format!("{}: {lead}", self.base),
                Some(lead) => lead,
                None => self.heading.clone(),
            };
            self.passages.push(Passage { title: self.title.to_owned(), heading, text, weight: self.weight });
        }
    }
}

/// What follows `- `, `* ` or `1. `.
fn list_item(line: &str) -> Option<&str> {
    let number = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let counted = (number.len() < line.len()).then(|| number.strip_prefix(". ")).flatten();
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).or(counted)
}

/// The name of what a line of Rust declares, and whether it is a type or an `impl` that owns what is inside it.
fn item(code: &str) -> (String, bool) {
    const OWNERS: &[&str] = &["struct", "enum", "trait", "impl", "union"];
    let words: Vec<&str> = code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
    let mut names = words.iter().filter(|word| !word.is_empty());
    let owner = names.clone().position(|word| OWNERS.contains(word)).filter(|place| *place < 3);
    if let Some(place) = owner {
        let for_type = code.split(" for ").nth(1).and_then(|rest| rest.split(['<', ' ', '{']).next());
        let own = names.nth(place + 1).map_or("", |name| name);
        return (for_type.unwrap_or(own).to_owned(), true);
    }
    let skipped = ["pub", "crate", "super", "const", "async", "unsafe", "fn", "static", "type", "mod", "mut"];
    (names.find(|word| !skipped.contains(word)).map_or(String::new(), |name| (*name).to_owned()), false)
}

/// Without the marks of Markdown: bold, code, links.
fn plain(marked: &str) -> String {
    let mut text = String::with_capacity(marked.len());
    let mut rest = marked;
    while let Some(place) = rest.find("](") {
        text.push_str(&rest[..place]);
        if let Some(open) = text.rfind('[') {
            text.remove(open);
        }
        rest = rest[place..].split_once(')').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.replace("**", "").replace("[`", "").replace("`]", "").replace('`', "").trim_matches('*').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(title: &str, text: &str) -> Vec<(String, String)> {
        passages(title, text).into_iter().map(|passage| (passage.heading, passage.text)).collect()
    }

    #[test]
    fn markdown_falls_into_paragraphs_items_and_rows() {
        let text = "# Top\nOne\nline.\n\n**Lead here.** More `code`, [a link](x.md).\n- item\n\n| a | b |\n|---|---|\n\
                    | **Formats** | NV12 | x |\n| ![A](b.png) |\n```text\ndrawn\n```\n```rust\nlet kept = 1;\n```\n";
        let wanted = [
            ("Top", "One line."),
            ("Lead here.", "Lead here. More code, a link."),
            ("Top", "item"),
            ("Formats", "Formats: NV12; x"),
            ("Top", "let kept = 1;"),
        ];
        let found = cut("a.md", text);
        assert_eq!(found.iter().map(|(heading, text)| (&**heading, &**text)).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn rust_gives_the_docs_of_modules_and_items() {
        let text = "//! The module.\n//!\n//! 1. **Blocking:** none.\n\n/// A lamp.\n///\n/// For rooms.\n#[derive(Debug)]\npub struct Lamp {\n    /// How bright.\n    \
                    pub lux: f32,\n}\nimpl Drop for Lamp {\n    /// Goes out.\n    fn drop(&mut self) {}\n}\n\
                    #[cfg(test)]\nmod tests {\n    /// Not this.\n    fn test() {}\n}\n";
        let wanted = [
            ("light", "The module."),
            ("light: Blocking", "Blocking: none."),
            ("Lamp", "A lamp. For rooms."),
            ("Lamp::lux", "How bright."),
            ("Lamp::drop", "Goes out."),
        ];
        let found = cut("src/light/mod.rs", text);
        assert_eq!(found.iter().map(|(heading, text)| (&**heading, &**text)).collect::<Vec<_>>(), wanted);
    }

    proptest! {
        #[test]
        fn any_text_is_cut(text in "([#|`*\\[\\](/!-]{0,4}[a-zé .]{0,8}\n?){0,12}", rust in any::<bool>()) {
            for passage in passages(if rust { "a.rs" } else { "a.md" }, &text) {
                prop_assert!(!passage.text.trim().is_empty());
            }
        }
    }
}
