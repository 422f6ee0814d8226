//! The tree that both syntaxes become.

use crate::camera::error::CalibrationFileError;

/// A value and where it stood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// Counted from 1.
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
}

/// How deep values may lie in each other.
pub(super) const MAX_DEPTH: usize = 32;

/// A broken text.
pub(super) fn broken(line: usize, problem: impl Into<String>) -> CalibrationFileError {
    CalibrationFileError::Syntax { line, problem: problem.into() }
}

/// A name in small letters, without `_`, `-` and spaces.
pub(super) fn plain_name(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

impl Node {
    pub fn text(line: usize, text: impl Into<String>) -> Self {
        Self { line, value: Value::Text(text.into()) }
    }

    fn entries(&self) -> &[(String, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The first entry with one of these plain names; earlier names win over later ones.
    pub fn find(&self, names: &[&str]) -> Option<(&str, &Self)> {
        names.iter().find_map(|wanted| {
            let mut entries = self.entries().iter();
            entries.find(|(name, _)| plain_name(name) == *wanted).map(|(name, node)| (name.as_str(), node))
        })
    }

    /// The names of all entries, for people.
    pub fn names(&self) -> String {
        const MOST: usize = 12;
        let names: Vec<_> = self.entries().iter().map(|(name, _)| name.as_str()).collect();
        match names.len() {
            0 => "nothing".into(),
            1..=MOST => names.join(", "),
            more => format!("{} and {} more", names[..MOST].join(", "), more - MOST),
        }
    }

    pub fn wrong(&self, name: &str, problem: String) -> CalibrationFileError {
        CalibrationFileError::Value { line: self.line, name: name.into(), problem }
    }

    /// All numbers of a scalar, a list, a list of lists or a matrix with `rows`, `cols` and `data`, row by row.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, CalibrationFileError> {
        let Some((_, data)) = self.find(&["data"]) else {
            let mut numbers = Vec::new();
            self.collect(name, &mut numbers)?;
            return Ok(numbers);
        };
        let numbers = data.numbers(name)?;
        let side = |wanted: &str| self.find(&[wanted]).map(|(_, side)| side.numbers(wanted)).transpose();
        if let (Some(rows), Some(columns)) = (side("rows")?, side("cols")?)
            && let (&[rows], &[columns]) = (rows.as_slice(), columns.as_slice())
            && rows * columns != numbers.len() as f64
        {
            return Err(self.wrong(name, format!("is said to be {rows}x{columns} and has {} numbers", numbers.len())));
        }
        Ok(numbers)
    }

    fn collect(&self, name: &str, numbers: &mut Vec<f64>) -> Result<(), CalibrationFileError> {
        match &self.value {
            Value::Text(text) => {
                for word in text.split_whitespace() {
                    let number = number(word).ok_or_else(|| self.wrong(name, format!("holds {word:?}, no number")))?;
                    numbers.push(number);
                }
                Ok(())
            }
            Value::List(items) => items.iter().try_for_each(|item| item.collect(name, numbers)),
            // `<_>` is how XML writes the items of a list.
            Value::Map(entries) if entries.iter().all(|(key, _)| key == "_") => {
                entries.iter().try_for_each(|(_, item)| item.collect(name, numbers))
            }
            Value::Map(_) => Err(self.wrong(name, format!("holds {}, and no numbers", self.names()))),
        }
    }
}

/// OpenCV writes `.Nan` and `.Inf`.
fn number(word: &str) -> Option<f64> {
    match word.to_ascii_lowercase().as_str() {
        ".nan" => Some(f64::NAN),
        ".inf" | "+.inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        word => word.parse().ok(),
    }
}
