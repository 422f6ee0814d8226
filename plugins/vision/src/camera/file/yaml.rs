//! The part of YAML that calibration files use: blocks by indentation, `- ` lists, `[…]` and `{…}`, tags (skipped),
//! comments. JSON is part of it.

use super::node::{MAX_DEPTH, Node, Value, broken};
use crate::camera::error::CalibrationFileError;

type Parsed = Result<Node, CalibrationFileError>;

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Parsed {
    let lines = lines(text)?;
    let Some(first) = lines.first() else { return Err(broken(1, "the file is empty")) };
    let line = first.number;
    if first.text.starts_with(['{', '[']) {
        let joined: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        return Flow::new(&joined.join("\n"), line).whole();
    }
    let mut blocks = Blocks { lines, next: 0 };
    let indent = blocks.lines[0].indent;
    let root = blocks.block(indent, 0)?;
    match blocks.lines.get(blocks.next) {
        Some(rest) => Err(broken(rest.number, "indented less than the first line of the file")),
        None => Ok(root),
    }
}

struct Line {
    number: usize,
    /// Spaces before the text.
    indent: usize,
    text: String,
}

/// Lines that say something, without comments, directives and document marks.
fn lines(text: &str) -> Result<Vec<Line>, CalibrationFileError> {
    let mut found = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        let content = without_comment(raw).trim_end();
        let text = content.trim_start_matches(' ');
        if text.is_empty() || text.starts_with('%') || text == "---" || text == "..." {
            continue;
        }
        if text.starts_with('\t') {
            return Err(broken(number, "indented with a tab; YAML wants spaces"));
        }
        found.push(Line { number, indent: content.len() - text.len(), text: text.to_owned() });
    }
    Ok(found)
}

/// A comment starts with `#` at the line's begin or after a space, outside quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') if before.is_whitespace() => return &line[..at],
            _ => {}
        }
        before = letter;
    }
    line
}

/// `!!opencv-matrix rest` → `rest`.
fn without_tag(text: &str) -> &str {
    match text.strip_prefix('!') {
        Some(tag) => tag.find(char::is_whitespace).map_or("", |end| tag[end..].trim_start()),
        None => text,
    }
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Splits `name: value` at the first colon that ends a name. Colons in quotes do not.
fn entry(text: &str) -> Option<(&str, &str)> {
    let start = match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].find(quote)? + 2,
        _ => 0,
    };
    let end = text[start..].char_indices().map(|(at, _)| start + at).find(|&at| {
        let rest = &text[at..];
        rest == ":" || rest.starts_with(": ") || rest.starts_with(":\t")
    })?;
    Some((unquoted(text[..end].trim()), text[end + 1..].trim()))
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

struct Blocks {
    lines: Vec<Line>,
    next: usize,
}

impl Blocks {
    /// All lines from here on that are indented by `indent`.
    fn block(&mut self, indent: usize, depth: usize) -> Parsed {
        let line = self.lines[self.next].number;
        if depth > MAX_DEPTH {
            return Err(broken(line, "values lie too deep in each other"));
        }
        let value = if is_item(&self.lines[self.next].text) {
            Value::List(self.items(indent, depth)?)
        } else {
            Value::Map(self.entries(indent, depth)?)
        };
        Ok(Node { line, value })
    }

    /// The next line, if it belongs to the block.
    fn peek(&self, indent: usize) -> Result<Option<&Line>, CalibrationFileError> {
        match self.lines.get(self.next) {
            Some(line) if line.indent > indent => Err(broken(line.number, "indented more than the lines before it")),
            Some(line) if line.indent == indent => Ok(Some(line)),
            _ => Ok(None),
        }
    }

    fn entries(&mut self, indent: usize, depth: usize) -> Result<Vec<(String, Node)>, CalibrationFileError> {
        let mut entries = Vec::new();
        while let Some(line) = self.peek(indent)? {
            let number = line.number;
            let text = line.text.clone();
            let (name, value) = entry(&text)
                .ok_or_else(|| broken(number, format!("expected `name: value`, found {:?}", clip(&text))))?;
            self.next += 1;
            let node = self.value(without_tag(value), number, indent, depth)?;
            entries.push((name.to_owned(), node));
        }
        Ok(entries)
    }

    fn items(&mut self, indent: usize, depth: usize) -> Result<Vec<Node>, CalibrationFileError> {
        let mut items = Vec::new();
        while let Some(line) = self.peek(indent)? {
            if !is_item(&line.text) {
                break;
            }
            let number = line.number;
            let rest = line.text[1..].trim_start().to_owned();
            let inner_indent = indent + line.text.len() - rest.len();
            let plain = without_tag(&rest);
            if is_item(plain) || (!plain.starts_with(['[', '{']) && entry(plain).is_some()) {
                // `- - 1` and `- name: value`: the rest of the line opens a block of its own.
                self.lines[self.next] = Line { number, indent: inner_indent, text: plain.to_owned() };
                items.push(self.block(inner_indent, depth + 1)?);
            } else {
                self.next += 1;
                items.push(self.value(plain, number, indent, depth)?);
            }
        }
        Ok(items)
    }

    /// What follows a name or a dash: `text` on the same line, or the lines below it.
    fn value(&mut self, text: &str, number: usize, indent: usize, depth: usize) -> Parsed {
        if text.starts_with(['[', '{']) {
            return self.flow(text, number, depth);
        }
        let below = self
            .lines
            .get(self.next)
            .filter(|line| line.indent > indent || (line.indent == indent && text.is_empty() && is_item(&line.text)));
        let Some(below) = below else { return Ok(Node::text(number, unquoted(text))) };
        let below_indent = below.indent;
        if text.is_empty() {
            return if below.text.starts_with(['[', '{']) {
                let (text, number) = (below.text.clone(), below.number);
                self.next += 1;
                self.flow(&text, number, depth)
            } else if is_item(&below.text) && below_indent == indent {
                Ok(Node { line: below.number, value: Value::List(self.items(indent, depth + 1)?) })
            } else {
                self.block(below_indent, depth + 1)
            };
        }
        // A text that goes on below, more indented.
        let mut whole = text.to_owned();
        while let Some(more) = self.lines.get(self.next).filter(|line| line.indent > indent) {
            whole.push(' ');
            whole.push_str(&more.text);
            self.next += 1;
        }
        Ok(Node::text(number, unquoted(&whole)))
    }

    /// Joins lines until the brackets are closed.
    fn flow(&mut self, first: &str, number: usize, depth: usize) -> Parsed {
        let mut text = first.to_owned();
        let mut last = number;
        while open_brackets(&text) > 0 {
            let Some(line) = self.lines.get(self.next) else {
                return Err(broken(number, "a bracket is opened here and never closed"));
            };
            // Blank lines and comments between keep the numbers right.
            text.extend(std::iter::repeat_n('\n', line.number - last));
            text.push_str(&line.text);
            last = line.number;
            self.next += 1;
        }
        let mut flow = Flow::new(&text, number);
        flow.depth = depth;
        flow.whole()
    }
}

fn open_brackets(text: &str) -> i64 {
    let mut quote = None;
    let mut open = 0;
    for letter in text.chars() {
        match (quote, letter) {
            (Some(mark), _) if mark == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => open += 1,
            (None, ']' | '}') => open -= 1,
            _ => {}
        }
    }
    open
}

/// The start of a text, for messages.
fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Values in brackets.
struct Flow {
    letters: Vec<char>,
    next: usize,
    line: usize,
    depth: usize,
}

impl Flow {
    fn new(text: &str, line: usize) -> Self {
        Self { letters: text.chars().collect(), next: 0, line, depth: 0 }
    }

    fn whole(&mut self) -> Parsed {
        let node = self.value()?;
        match self.peek() {
            Some(letter) => Err(broken(self.line, format!("{letter:?} after the closing bracket"))),
            None => Ok(node),
        }
    }

    /// The next letter that is no space.
    fn peek(&mut self) -> Option<char> {
        while let Some(&letter) = self.letters.get(self.next) {
            if !letter.is_whitespace() {
                return Some(letter);
            }
            self.line += usize::from(letter == '\n');
            self.next += 1;
        }
        None
    }

    fn value(&mut self) -> Parsed {
        let first = self.peek();
        let line = self.line;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(broken(line, "values lie too deep in each other"));
        }
        let value = match first {
            Some('[') => Value::List(self.list()?),
            Some('{') => Value::Map(self.map()?),
            _ => Value::Text(self.word()?),
        };
        self.depth -= 1;
        Ok(Node { line, value })
    }

    fn list(&mut self) -> Result<Vec<Node>, CalibrationFileError> {
        let mut items = Vec::new();
        self.next += 1;
        while self.peek() != Some(']') {
            items.push(self.value()?);
            self.comma(']')?;
        }
        self.next += 1;
        Ok(items)
    }

    fn map(&mut self) -> Result<Vec<(String, Node)>, CalibrationFileError> {
        let mut entries = Vec::new();
        self.next += 1;
        while self.peek() != Some('}') {
            let name = self.word()?;
            if self.peek() != Some(':') {
                return Err(broken(self.line, format!("expected `:` after {:?}", clip(&name))));
            }
            self.next += 1;
            entries.push((name, self.value()?));
            self.comma('}')?;
        }
        self.next += 1;
        Ok(entries)
    }

    fn comma(&mut self, close: char) -> Result<(), CalibrationFileError> {
        match self.peek() {
            Some(',') => {
                self.next += 1;
                Ok(())
            }
            Some(letter) if letter == close => Ok(()),
            Some(letter) => Err(broken(self.line, format!("expected `,` or `{close}`, found {letter:?}"))),
            None => Err(broken(self.line, format!("expected `,` or `{close}`, found the end of the file"))),
        }
    }

    /// A quoted or a bare word, on one line.
    fn word(&mut self) -> Result<String, CalibrationFileError> {
        let quote = self.peek().filter(|letter| matches!(letter, '"' | '\''));
        let start = self.next + usize::from(quote.is_some());
        let ends = |letter: &char| match quote {
            Some(quote) => *letter == quote || *letter == '\n',
            None => matches!(letter, ',' | ':' | '[' | ']' | '{' | '}' | '\n'),
        };
        let length = self.letters[start.min(self.letters.len())..].iter().take_while(|letter| !ends(letter)).count();
        let end = start + length;
        let word: String = self.letters.get(start..end).unwrap_or_default().iter().collect();
        if let Some(quote) = quote {
            if self.letters.get(end) != Some(&quote) {
                return Err(broken(self.line, "a quote is opened here and never closed"));
            }
            self.next = end + 1;
            return Ok(word);
        }
        self.next = end;
        if word.trim().is_empty() {
            return Err(broken(self.line, "a value is missing"));
        }
        Ok(word.trim().to_owned())
    }
}
