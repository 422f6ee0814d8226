//! The text for graphviz, sorted.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::settle::{Drawn, Kind, Picture};

/// Colours of boxes by crate; dark text can be read on each.
const CRATES: [(&str, &str); 8] = [
    ("freshet_ar", "#fbb6ce"),
    ("freshet_capture", "#9ae6b4"),
    ("freshet_compositor", "#81e6d9"),
    ("freshet_frame", "#90cdf4"),
    ("freshet_inspector", "#cbd5e0"),
    ("freshet_ledger", "#faf089"),
    ("freshet_priority", "#feb2b2"),
    ("freshet_vision", "#d6bcfa"),
];
/// Of a crate without a colour.
const ANOTHER: &str = "#e2e8f0";

pub(super) fn write(picture: &Picture, title: &str) -> String {
    let mut out = format!("digraph {} {{\n", quoted(title));
    line(
        &mut out,
        1,
        "graph [rankdir=LR, compound=true, bgcolor=white, nodesep=0.14, ranksep=0.45, labelloc=b, fontname=Helvetica, fontsize=11]",
    );
    line(
        &mut out,
        1,
        "node [shape=box, style=\"filled,rounded\", penwidth=0, height=0.3, margin=\"0.1,0.04\", fontname=Helvetica, fontsize=11]",
    );
    line(&mut out, 1, "edge [color=\"#718096\", penwidth=1.2, arrowsize=0.7]");
    line(&mut out, 1, &format!("label=<{}>", legend(picture, title)));
    boxes(&mut out, picture, None, 1);
    for (from, to) in &picture.edges {
        line(&mut out, 1, &edge(picture, from, to));
    }
    out.push_str("}\n");
    out
}

fn boxes(out: &mut String, picture: &Picture, within: Option<&str>, depth: usize) {
    for (name, node) in picture.nodes.iter().filter(|(_, node)| node.within.as_deref() == within) {
        if !holds_something(picture, name) {
            line(out, depth, &one_box(name, node));
            continue;
        }
        line(out, depth, &format!("subgraph {} {{", quoted(&cluster(name))));
        let style = "style=\"rounded,filled\"; fillcolor=\"#0000000a\"; color=\"#a0aec0\"; fontcolor=\"#4a5568\"";
        line(out, depth + 1, &format!("label={}; {style}", quoted(&node.title)));
        // Edges to the set lead to this point and end at the rim.
        line(out, depth + 1, &format!("{} [shape=point, style=invis]", quoted(name)));
        boxes(out, picture, Some(name), depth + 1);
        line(out, depth, "}");
    }
}

fn one_box(name: &str, node: &Drawn) -> String {
    let mut title = node.title.clone();
    if !node.alone_in.is_empty() {
        let sets: Vec<&str> = node.alone_in.iter().map(String::as_str).collect();
        write!(title, "\n{}", sets.join(", ")).ok();
    }
    let look = match node.kind {
        Kind::Ours => format!("fillcolor={}", quoted(color(name))),
        Kind::Others => "style=\"rounded,dashed\", penwidth=1, color=\"#718096\", fontcolor=\"#4a5568\"".to_owned(),
        Kind::Set => "style=rounded, penwidth=1, color=\"#a0aec0\", fontcolor=\"#4a5568\"".to_owned(),
    };
    format!("{} [label={}, tooltip={}, {look}]", quoted(name), quoted(&title), quoted(name))
}

fn edge(picture: &Picture, from: &str, to: &str) -> String {
    let rim = |key: &str, end: &str| match holds_something(picture, end) {
        true => format!(" {key}={}", quoted(&cluster(end))),
        false => String::new(),
    };
    let rims = rim("ltail", from) + &rim("lhead", to);
    let rims = if rims.is_empty() { rims } else { format!(" [{}]", rims.trim_start()) };
    format!("{} -> {}{rims}", quoted(from), quoted(to))
}

fn holds_something(picture: &Picture, name: &str) -> bool {
    picture.nodes.values().any(|node| node.within.as_deref() == Some(name))
}

/// The title, and the colours that occur.
fn legend(picture: &Picture, title: &str) -> String {
    let ours = picture.nodes.iter().filter(|(_, node)| node.kind == Kind::Ours);
    let crates: BTreeSet<&str> = ours.map(|(name, _)| owner(name)).collect();
    let cells: String =
        crates.into_iter().map(|owner| format!("<td bgcolor=\"{}\"> {owner} </td>", color(owner))).collect();
    let dashed =
        if picture.nodes.values().any(|node| node.kind == Kind::Others) { "<td> dashed: others' </td>" } else { "" };
    format!("<table border=\"0\" cellspacing=\"6\"><tr><td><b>{title}</b></td>{cells}{dashed}</tr></table>")
}

/// The crate that a system belongs to: of a generic one, the crate of what it is made for.
fn owner(path: &str) -> &str {
    let made_for = path.split_once('<').map(|(_, inside)| inside).filter(|inside| color(first(inside)) != ANOTHER);
    first(made_for.unwrap_or(path))
}

fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

fn color(path: &str) -> &'static str {
    let owner = if path.contains("::") { owner(path) } else { path };
    CRATES.iter().find(|(name, _)| *name == owner).map_or(ANOTHER, |(_, color)| color)
}

fn cluster(name: &str) -> String {
    format!("cluster {name}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn line(out: &mut String, depth: usize, text: &str) {
    writeln!(out, "{:width$}{text}", "", width = depth * 2).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_system_has_the_colour_of_what_it_is_made_for() {
        assert_eq!(owner("freshet_frame::stage::run_stage<freshet_vision::stages::Flow>"), "freshet_vision");
        assert_eq!(owner("freshet_frame::run<core::Option<u8>>"), "freshet_frame");
        assert_eq!(owner("freshet_frame::admit"), "freshet_frame");
        assert_ne!(color("freshet_frame::admit"), color("freshet_frame::run_stage<freshet_vision::Flow>"));
    }

    #[test]
    fn quotes_and_new_lines_are_escaped() {
        assert_eq!(quoted("a \"b\"\nc"), "\"a \\\"b\\\"\\nc\"");
    }
}
