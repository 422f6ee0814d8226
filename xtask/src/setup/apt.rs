//! Installing with apt-get.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

use crate::failure::{Failure, Outcome};
use crate::{process, say};

const INSTALL: [&str; 4] = ["install", "--yes", "--no-install-recommends", "-qq"];

/// What one would type, after `sudo`.
pub fn by_hand(packages: &[&str]) -> String {
    format!("apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Reads the package lists, then installs. Asks no questions.
pub fn install(packages: &[&str]) -> Outcome {
    let Some(prefix) = prefix(is_root(), process::succeeds(process::program("sudo").arg("--version"))) else {
        let hand = by_hand(packages);
        return Err(Failure::Asked(format!("neither root nor sudo; as root: {hand} (or go on with --no-install)")));
    };
    say!("set-up: installing with {}apt-get; a minute or two", if prefix.is_empty() { "" } else { "sudo " });
    apt_get(prefix, &["update", "-qq"])?;
    apt_get(prefix, &[&INSTALL[..], packages].concat())
}

/// The words before `apt-get`; none as root, and no way at all without sudo.
fn prefix(root: bool, sudo: bool) -> Option<&'static [&'static str]> {
    match (root, sudo) {
        (true, _) => Some(&[]),
        (false, true) => Some(&["sudo"]),
        (false, false) => None,
    }
}

/// What goes wrong is on standard error; the hundred lines about what goes right are left out.
fn apt_get(prefix: &[&str], arguments: &[&str]) -> Outcome {
    let mut command = command(prefix, arguments, std::io::stdin().is_terminal());
    process::run(command.stdout(Stdio::null())).map_err(|failure| match failure {
        Failure::Step(text) => Failure::Step(format!("{text} (--no-install goes on without)")),
        asked => asked,
    })
}

/// `sudo` empties the environment, so the variable is set behind it. Without a terminal nobody can type a password.
fn command(prefix: &[&str], arguments: &[&str], terminal: bool) -> Command {
    let quiet: &[&str] = if prefix.is_empty() || terminal { &[] } else { &["-n"] };
    let apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "Dpkg::Use-Pty=0"];
    let words = [prefix, quiet, &apt, arguments].concat();
    let mut command = process::program(words[0]);
    command.args(&words[1..]);
    command
}

fn is_root() -> bool {
    process::output(process::program("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_needs_no_sudo() {
        assert_eq!(prefix(true, false), Some(&[][..]));
        assert_eq!(prefix(false, true), Some(&["sudo"][..]));
        assert_eq!(prefix(false, false), None);
    }

    #[test]
    fn no_question_is_asked() {
        let line = |prefix: &[&str], terminal| process::line_of(&command(prefix, &["update"], terminal));
        let apt = "env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 update";
        assert_eq!(line(&[], false), apt);
        assert_eq!(line(&["sudo"], true), format!("sudo {apt}"));
        assert_eq!(line(&["sudo"], false), format!("sudo -n {apt}"));
    }
}
