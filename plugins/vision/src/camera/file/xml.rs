//! The part of XML that calibration files use: elements and text. Attributes, comments and declarations are skipped.

use super::node::{MAX_DEPTH, Node, Value, broken};
use crate::camera::error::CalibrationFileError;

/// An element whose end has not been seen yet.
struct Open {
    name: String,
    line: usize,
    text: String,
    children: Vec<(String, Node)>,
}

impl Open {
    fn new(name: &str, line: usize) -> Self {
        Self { name: name.into(), line, text: String::new(), children: Vec::new() }
    }

    fn close(self) -> (String, Node) {
        let text = self.text.trim();
        let value = if self.children.is_empty() {
            Value::Text(text.trim_matches('"').to_owned())
        } else {
            Value::Map(self.children)
        };
        (self.name, Node { line: self.line, value })
    }
}

/// Reads a whole file; the root element (`opencv_storage`) is what is given back.
pub(super) fn parse(text: &str) -> Result<Node, CalibrationFileError> {
    let mut open: Vec<Open> = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        if let Some(element) = open.last_mut() {
            element.text.push_str(before);
        }
        line += newlines(before);
        let end = tag_end(tag).ok_or_else(|| broken(line, "a tag is opened here and never closed"))?;
        let (tag, after) = tag.split_at(end);
        if let Some(root) = take_tag(&mut open, tag, line)? {
            return Ok(root);
        }
        line += newlines(tag);
        rest = after;
    }
    match open.last() {
        Some(element) => Err(broken(element.line, format!("<{}> is never closed", element.name))),
        None => Err(broken(line, "no XML element in the file")),
    }
}

/// One tag, with its brackets. Gives the root when it closes it.
fn take_tag(open: &mut Vec<Open>, tag: &str, line: usize) -> Result<Option<Node>, CalibrationFileError> {
    if tag.starts_with("<?") || tag.starts_with("<!") {
        return Ok(None);
    }
    let inner = tag[1..tag.len() - 1].trim();
    let closed = if let Some(name) = inner.strip_prefix('/') {
        let name = name.trim();
        match open.pop() {
            Some(element) if element.name == name => Some(element),
            Some(element) => {
                let problem = format!("</{name}> closes <{}> of line {}", element.name, element.line);
                return Err(broken(line, problem));
            }
            None => return Err(broken(line, format!("</{name}> closes nothing"))),
        }
    } else {
        let name = inner.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
        if name.is_empty() {
            return Err(broken(line, "a tag without a name"));
        }
        open.push(Open::new(name, line));
        if open.len() > MAX_DEPTH {
            return Err(broken(line, "elements lie too deep in each other"));
        }
        if inner.ends_with('/') { open.pop() } else { None }
    };
    let Some((name, node)) = closed.map(Open::close) else { return Ok(None) };
    match open.last_mut() {
        Some(parent) => {
            parent.children.push((name, node));
            Ok(None)
        }
        None => Ok(Some(node)),
    }
}

/// Where the tag at the begin of `text` ends, after its `>`.
fn tag_end(text: &str) -> Option<usize> {
    let mark = if text.starts_with("<!--") { "-->" } else { ">" };
    text.find(mark).map(|at| at + mark.len())
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}
