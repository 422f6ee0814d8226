//! Which licences `deny.toml` allows.

use spdx::{Expression, Licensee, ParseMode};
use toml_span::Value;

/// A package as far as its licence goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, for the message.
    pub version: String,
    /// Its licence as it says itself.
    pub licence: Option<String>,
}

/// What `deny.toml` allows.
#[derive(Debug)]
pub struct Policy {
    allowed: Vec<Licensee>,
    /// More that is allowed, for one package.
    exceptions: Vec<(String, Vec<Licensee>)>,
    /// What a package's licence really is, where the package does not say.
    clarified: Vec<(String, String)>,
}

impl Policy {
    /// Reads the part `[licenses]`.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let file = toml_span::parse(text).map_err(|cause| cause.to_string())?;
        let licences = file.pointer("/licenses").ok_or("no [licenses]")?;
        let entries = |key| licences.pointer(key).and_then(Value::as_array).into_iter().flatten();
        let exceptions = entries("/exceptions").map(|entry| Ok((crate_of(entry)?, licensees(entry)?)));
        let clarified = entries("/clarify").map(|entry| Ok((crate_of(entry)?, text_of(entry, "/expression")?)));
        Ok(Self {
            allowed: licensees(licences)?,
            exceptions: exceptions.collect::<Result<_, String>>()?,
            clarified: clarified.collect::<Result<_, String>>()?,
        })
    }

    /// Why a package may not be used; `None` when it may.
    pub fn objection(&self, package: &Package) -> Option<String> {
        let Package { name, version, licence } = package;
        let clarified = self.clarified.iter().find(|(other, _)| other == name).map(|(_, expression)| expression);
        let Some(licence) = clarified.or(licence.as_ref()) else {
            return Some(format!("{name} {version}: says no licence"));
        };
        // Packages of before 2018 write `MIT/Apache-2.0`.
        let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
            return Some(format!("{name} {version}: {licence:?} is no licence expression"));
        };
        let more = self.exceptions.iter().filter(|(other, _)| other == name).flat_map(|(_, licensees)| licensees);
        let licensees: Vec<&Licensee> = self.allowed.iter().chain(more).collect();
        let allowed = expression.evaluate(|wanted| licensees.iter().any(|licensee| licensee.satisfies(wanted)));
        (!allowed).then(|| format!("{name} {version}: {licence} is not allowed"))
    }
}

/// The name of the package that an entry is about; `cargo-deny` allows a version after it.
fn crate_of(entry: &Value<'_>) -> Result<String, String> {
    let name = text_of(entry, "/crate").or_else(|_| text_of(entry, "/name"))?;
    Ok(name.split(['@', ':']).next().unwrap_or_default().to_owned())
}

fn text_of(entry: &Value<'_>, key: &str) -> Result<String, String> {
    entry.pointer(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("an entry lacks {key}"))
}

fn licensees(entry: &Value<'_>) -> Result<Vec<Licensee>, String> {
    let list = entry.pointer("/allow").and_then(Value::as_array).ok_or("an entry lacks /allow")?;
    let licensee = |value: &Value<'_>| {
        let text = value.as_str().ok_or("a licence is not a text")?;
        Licensee::parse(text).map_err(|_| format!("{text:?} is no licence"))
    };
    list.iter().map(licensee).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"]
        exceptions = [{ crate = "fonts@0.36", allow = ["OFL-1.1"] }]
        [[licenses.clarify]]
        crate = "silent"
        expression = "MIT"
    "#;

    fn objection(name: &str, licence: Option<&str>) -> Option<String> {
        let package =
            Package { name: name.to_owned(), version: "1.0.0".to_owned(), licence: licence.map(str::to_owned) };
        Policy::from_toml(POLICY).unwrap().objection(&package)
    }

    #[test]
    fn one_allowed_side_of_an_or_is_enough_and_both_sides_of_an_and_are_needed() {
        for licence in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception AND MIT"] {
            assert_eq!(objection("any", Some(licence)), None, "{licence}");
        }
        for licence in ["GPL-3.0-only", "MIT AND MPL-2.0", "see the file", ""] {
            assert!(objection("any", Some(licence)).is_some(), "{licence}");
        }
        assert_eq!(objection("any", None), Some("any 1.0.0: says no licence".to_owned()));
    }

    #[test]
    fn an_exception_holds_for_its_package_only() {
        assert_eq!(objection("fonts", Some("MIT AND OFL-1.1")), None);
        assert!(objection("other", Some("MIT AND OFL-1.1")).is_some());
    }

    #[test]
    fn a_clarified_licence_replaces_a_missing_one() {
        assert_eq!(objection("silent", None), None);
    }

    #[test]
    fn a_mistake_in_the_policy_is_named() {
        let mistake = |text| Policy::from_toml(text).unwrap_err();
        assert!(mistake("[licenses]\nallow = [\"MIT\", \"Own\"]").contains("\"Own\""));
        assert!(mistake("[licenses]").contains("allow"));
        assert!(mistake("allow = []").contains("[licenses]"));
        assert!(mistake("[licenses]\nallow = []\nexceptions = [{ allow = [\"MIT\"] }]").contains("name"));
    }
}
