//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use crate::failure::{Failure, Outcome};
use crate::help;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Print this text.
    Help(&'static str),
    /// Run the main example.
    Demo(Demo),
    /// Run the checks.
    Test(Test),
    /// Make a stage's folder.
    NewStage(NewStage),
    /// Draw the schedules.
    Graph {
        /// Only print what the set-up would install.
        no_install: bool,
    },
    /// Make the media again.
    Media,
}

/// The options of `demo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demo {
    /// Only print what the set-up would install.
    pub no_install: bool,
    /// Where the files go.
    pub out: Option<PathBuf>,
    /// Arguments for the example.
    pub extra: Vec<String>,
}

/// The options of `test`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Test {
    /// Only print what the set-up would install.
    pub no_install: bool,
    /// Run the other steps when one has failed.
    pub keep_going: bool,
    /// The steps to run; all when empty.
    pub steps: Vec<String>,
}

/// The options of `new-stage`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewStage {
    /// The stage's name as it was typed.
    pub name: String,
    /// Another folder than the usual one.
    pub folder: Option<PathBuf>,
}

/// Reads the words after `cargo xtask`.
pub fn parse(words: impl Iterator<Item = OsString>) -> Outcome<Job> {
    let mut words: Vec<OsString> = words.collect();
    let command = if words.is_empty() { String::new() } else { words.remove(0).to_string_lossy().into_owned() };
    if words.iter().take_while(|word| *word != "--").any(|word| word == "-h" || word == "--help") {
        return help_on(&command);
    }
    let job = match &*command {
        "demo" => demo(words).map(Job::Demo),
        "test" => test(words).map(Job::Test),
        "new-stage" => new_stage(words).map(Job::NewStage),
        "graph" => graph(words).map(|no_install| Job::Graph { no_install }),
        "media" => nothing_more(words).map(|()| Job::Media),
        "help" | "-h" | "--help" => {
            return help_on(&words.first().map(|word| word.to_string_lossy()).unwrap_or_default());
        }
        "" => return Err(mistake("no command is given")),
        _ => return Err(mistake(&format!("there is no command {command:?}"))),
    };
    job.map_err(|cause| mistake(&cause.to_string()))
}

fn help_on(command: &str) -> Outcome<Job> {
    help::about(command).map(Job::Help).ok_or_else(|| mistake(&format!("there is no command {command:?}")))
}

fn mistake(text: &str) -> Failure {
    Failure::Asked(format!("{text}; see `cargo xtask help`"))
}

fn demo(mut words: Vec<OsString>) -> Result<Demo, lexopt::Error> {
    let mut demo = Demo::default();
    if let Some(at) = words.iter().position(|word| word == "--") {
        demo.extra = words.split_off(at).iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    }
    let mut parser = Parser::from_args(words);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("no-install") => demo.no_install = true,
            Arg::Long("out") => demo.out = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(demo)
}

fn test(words: Vec<OsString>) -> Result<Test, lexopt::Error> {
    let mut test = Test::default();
    let mut parser = Parser::from_args(words);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("no-install") => test.no_install = true,
            Arg::Long("keep-going") => test.keep_going = true,
            Arg::Value(step) => test.steps.push(step.to_string_lossy().into_owned()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(test)
}

fn graph(words: Vec<OsString>) -> Result<bool, lexopt::Error> {
    let (mut no_install, mut parser) = (false, Parser::from_args(words));
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("no-install") => no_install = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(no_install)
}

fn new_stage(words: Vec<OsString>) -> Result<NewStage, lexopt::Error> {
    let (mut name, mut folder) = (None, None);
    let mut parser = Parser::from_args(words);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("in") => folder = Some(parser.value()?.into()),
            Arg::Value(word) if name.is_none() => name = Some(word.to_string_lossy().into_owned()),
            other => return Err(other.unexpected()),
        }
    }
    let name = name.ok_or("the stage has no name")?;
    Ok(NewStage { name, folder })
}

fn nothing_more(words: Vec<OsString>) -> Result<(), lexopt::Error> {
    Parser::from_args(words).next()?.map_or(Ok(()), |argument| Err(argument.unexpected()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Outcome<Job> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_follows_two_dashes_goes_to_the_example() {
        let demo = Demo {
            no_install: true,
            out: Some("there".into()),
            extra: vec!["--frames".to_owned(), "5".to_owned(), "--help".to_owned()],
        };
        assert_eq!(read("demo --no-install --out=there -- --frames 5 --help"), Ok(Job::Demo(demo)));
    }

    #[test]
    fn steps_and_options_may_be_mixed() {
        let test = Test { keep_going: true, steps: vec!["fmt".to_owned(), "doc".to_owned()], ..Test::default() };
        assert_eq!(read("test fmt --keep-going doc"), Ok(Job::Test(test)));
        let stage = NewStage { name: "edge".to_owned(), folder: Some("here".into()) };
        assert_eq!(read("new-stage --in here edge"), Ok(Job::NewStage(stage)));
    }

    #[test]
    fn help_is_found_in_every_way_one_asks() {
        for line in ["help demo", "demo --help", "demo -h"] {
            assert_eq!(read(line), Ok(Job::Help(help::DEMO)), "{line}");
        }
        for line in ["help", "--help", "-h"] {
            assert_eq!(read(line), Ok(Job::Help(help::OVERVIEW)), "{line}");
        }
    }

    #[test]
    fn a_mistake_is_one_line_that_names_it() {
        let cases = [
            ("", "no command"),
            ("tset", "tset"),
            ("tset --help", "tset"),
            ("help tset", "tset"),
            ("demo --oot", "--oot"),
            ("demo --out", "--out"),
            ("demo stray", "stray"),
            ("test --no-intsall", "--no-intsall"),
            ("new-stage", "no name"),
            ("new-stage a b", "\"b\""),
            ("graph all", "all"),
            ("media now", "now"),
        ];
        for (line, named) in cases {
            let failure = read(line).unwrap_err();
            let Failure::Asked(text) = &failure else { panic!("{failure:?}") };
            assert!(text.contains(named) && !text.contains('\n'), "{text:?}");
        }
    }
}
