//! How an example ends.

/// Ends the program because of something the user gave: one line, exit code 2.
pub fn fail(message: &str) -> ! {
    complain_of(message);
    std::process::exit(2)
}

fn program() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    path.and_then(|path| Some(path.file_stem()?.display().to_string())).unwrap_or_default()
}

/// Says in one line what is wrong with something the user gave.
pub fn complain_of(message: &str) {
    eprintln!("{}: {}", program(), message.replace('\n', " "));
}

/// An error and what caused it, in one line.
pub fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
