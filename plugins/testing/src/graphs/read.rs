//! Reads what `bevy_mod_debugdump` writes.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::vec::IntoIter;

/// What was drawn, by the names that the text gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// Systems and sets in the order in which they are written.
    pub(super) nodes: Vec<ReadNode>,
    /// Which comes before which.
    pub(super) edges: Vec<ReadEdge>,
    /// Systems that are in a set whose box they are not drawn in: system and set.
    pub(super) also_in: Vec<(String, String)>,
}

/// A system or a set.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReadNode {
    pub(super) name: String,
    pub(super) is_set: bool,
    /// What is written on it.
    pub(super) label: String,
    /// A system's whole path.
    pub(super) path: String,
    /// The set in whose box it is drawn.
    pub(super) within: Option<String>,
}

/// One edge.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReadEdge {
    pub(super) ends: [String; 2],
    /// What both ends are called.
    pub(super) names: [String; 2],
}

/// Reads a graph. What is not understood is passed over.
pub(super) fn read(dot: &str) -> Read {
    let mut read = Read::default();
    let mut words = words(dot).into_iter().peekable();
    statements(&mut words, None, &mut read);
    read
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// In quotes or not.
    Text(String),
    /// One of `{ } [ ] = ; ,` or `>` for an arrow.
    Mark(char),
}

fn words(dot: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut letters = dot.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next().filter(|&letter| letter != '"') {
                    match letter {
                        '\\' => text.extend(letters.next()),
                        _ => text.push(letter),
                    }
                }
                words.push(Word::Text(text));
            }
            '-' if letters.peek() == Some(&'>') => {
                letters.next();
                words.push(Word::Mark('>'));
            }
            '{' | '}' | '[' | ']' | '=' | ';' | ',' => words.push(Word::Mark(letter)),
            letter if letter.is_whitespace() => {}
            letter => {
                let mut text = String::from(letter);
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
                    text.push(letter);
                }
                words.push(Word::Text(text));
            }
        }
    }
    words
}

type Words = Peekable<IntoIter<Word>>;

/// Reads up to the brace that closes the box of `set`.
fn statements(words: &mut Words, set: Option<&str>, read: &mut Read) {
    while let Some(word) = words.next() {
        match word {
            Word::Mark('}') => return,
            Word::Text(text) if text == "subgraph" => {
                if let Some(Word::Text(cluster)) = words.next() {
                    let name = plain(&cluster);
                    let within = set.map(str::to_owned);
                    read.nodes.push(ReadNode { name: name.clone(), is_set: true, within, ..ReadNode::default() });
                    statements(words, Some(&name), read);
                }
            }
            Word::Text(text) => statement(&text, words, set, read),
            Word::Mark(_) => {}
        }
    }
}

/// An attribute of the box, a node or an edge.
fn statement(text: &str, words: &mut Words, set: Option<&str>, read: &mut Read) {
    if words.next_if_eq(&Word::Mark('=')).is_some() {
        if let (Some(Word::Text(value)), "label", Some(set)) = (words.next(), text, set)
            && let Some(node) = read.nodes.iter_mut().find(|node| node.name == set)
        {
            node.label = value;
        }
    } else if words.next_if_eq(&Word::Mark('>')).is_some() {
        let Some(Word::Text(to)) = words.next() else { return };
        let given = attributes(words);
        let ends = [plain(text), plain(&to)];
        if given.get("dir").is_some_and(|dir| dir == "none") {
            // Drawn from either end.
            let [one, other] = ends;
            read.also_in.push(if is_set(&one) { (other, one) } else { (one, other) });
        } else {
            let both = given.get("tooltip").cloned().unwrap_or_default();
            let (from, to) = both.split_once(" → ").unwrap_or_default();
            read.edges.push(ReadEdge { ends, names: [from.to_owned(), to.to_owned()] });
        }
    } else {
        let given = attributes(words);
        let get = |key: &str| given.get(key).cloned().unwrap_or_default();
        // Sets have an invisible node to which edges lead.
        if !matches!(text, "digraph" | "node" | "edge" | "graph" | "") && get("style") != "invis" {
            let within = set.map(str::to_owned);
            let (label, path) = (get("label"), get("tooltip"));
            read.nodes.push(ReadNode { name: plain(text), is_set: false, label, path, within });
        }
    }
}

fn attributes(words: &mut Words) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    if words.next_if_eq(&Word::Mark('[')).is_none() {
        return given;
    }
    let mut key = String::new();
    while let Some(word) = words.next().filter(|word| *word != Word::Mark(']')) {
        match (word, words.peek()) {
            (Word::Text(text), Some(Word::Mark('='))) => key = text,
            (Word::Text(text), _) => {
                given.insert(std::mem::take(&mut key), text);
            }
            _ => {}
        }
    }
    given
}

/// A box, its invisible node and a node of the same set have one name.
fn plain(name: &str) -> String {
    let name = name.strip_prefix("cluster").unwrap_or(name);
    let name = name.strip_prefix("set_marker_").unwrap_or(name);
    name.strip_prefix("node_").unwrap_or(name).to_owned()
}

fn is_set(name: &str) -> bool {
    name.starts_with("Set(")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_systems_edges_and_memberships_are_read() {
        let dot = r##"digraph "" {
	"compound"="true";
	edge ["penwidth"="2"];
	subgraph "clusternode_Set(1)" {
		"style"="rounded,filled";
		"label"="Makes(\"luma\")";
		"set_marker_node_Set(1)" ["style"="invis", "label"="", "shape"="point"]
		"node_System(4)" ["label"="begin", "tooltip"="a::begin"]
	}

	"node_System(5)" -> "set_marker_node_Set(1)" ["dir"="none", "color"="blue"]
	"node_System(5)" ["label"="run
In multiple sets, A", "tooltip"="a::run"]
	"node_System(4)" -> "node_System(5)" ["lhead"="", "tooltip"="begin → run"]
}"##;
        let node = |name: &str, is_set, label: &str, path: &str, within: Option<&str>| ReadNode {
            name: name.into(),
            is_set,
            label: label.into(),
            path: path.into(),
            within: within.map(str::to_owned),
        };
        let expected = Read {
            nodes: vec![
                node("Set(1)", true, "Makes(\"luma\")", "", None),
                node("System(4)", false, "begin", "a::begin", Some("Set(1)")),
                node("System(5)", false, "run\nIn multiple sets, A", "a::run", None),
            ],
            edges: vec![ReadEdge {
                ends: ["System(4)".into(), "System(5)".into()],
                names: ["begin".into(), "run".into()],
            }],
            also_in: vec![("System(5)".into(), "Set(1)".into())],
        };
        assert_eq!(read(dot), expected);
    }

    #[test]
    fn half_a_text_is_no_panic() {
        assert_eq!(read("digraph \"\" {\n subgraph \"x\" { \"a\" [\"b\"=").nodes.len(), 2);
    }
}
