//! The step `licences`: every third-party package's licence against the list in `deny.toml`.
//!
//! The list is read here as well, so that the check needs no other program. Where `cargo-deny` is installed it runs too,
//! and looks at duplicate and forbidden packages and at where they come from.

use std::fs;

use serde_json::Value;

use super::policy::{Package, Policy};
use crate::failure::{Failure, Outcome};
use crate::{process, say, workspace};

/// Checks all packages and names every one that is not allowed.
pub fn run() -> Outcome {
    let file = workspace::root().join("deny.toml");
    let text = fs::read_to_string(&file).map_err(|cause| Failure::Step(format!("cannot read deny.toml: {cause}")))?;
    let policy = Policy::from_toml(&text).map_err(|cause| Failure::Step(format!("deny.toml: {cause}")))?;
    let metadata = process::output(&mut process::cargo(["metadata", "--format-version", "1", "--all-features"]))?;
    let packages = third_party(&metadata)?;
    let refused: Vec<String> = packages.iter().filter_map(|package| policy.objection(package)).collect();
    for objection in &refused {
        say!("{objection}");
    }
    if !refused.is_empty() {
        return Err(Failure::Step(format!("{} of {} packages are not allowed", refused.len(), packages.len())));
    }
    say!("the licences of {} packages are allowed", packages.len());
    run_cargo_deny()
}

fn run_cargo_deny() -> Outcome {
    if !process::succeeds(&mut process::cargo(["deny", "--version"])) {
        say!("cargo-deny is not installed: bans and sources are not looked at");
        return Ok(());
    }
    process::run(&mut process::cargo(["deny", "--all-features", "check", "licenses", "bans", "sources"]))
}

/// The packages that come from elsewhere: our own have no source.
fn third_party(metadata: &str) -> Outcome<Vec<Package>> {
    let bad = || Failure::Step("cannot read what cargo metadata says".to_owned());
    let metadata: Value = serde_json::from_str(metadata).map_err(|_| bad())?;
    let packages = metadata["packages"].as_array().ok_or_else(bad)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let package = |value: &Value| {
        let (name, version) = (text(&value["name"])?, text(&value["version"])?);
        Some(Package { name, version, licence: text(&value["license"]) })
    };
    packages.iter().filter(|value| !value["source"].is_null()).map(|value| package(value).ok_or_else(bad)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_packages_are_left_out() {
        let metadata = r#"{"packages":[
            {"name":"ours","version":"0.1.0","license":"MIT","source":null},
            {"name":"theirs","version":"2.0.0","license":null,"source":"registry+x"}]}"#;
        let theirs = Package { name: "theirs".to_owned(), version: "2.0.0".to_owned(), licence: None };
        assert_eq!(third_party(metadata), Ok(vec![theirs]));
        assert!(third_party("{}").is_err());
    }
}
