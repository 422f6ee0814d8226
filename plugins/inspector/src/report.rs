//! The report as a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bevy::ecs::world::World;
use freshet_ledger::Report;

use crate::error::RecordError;

/// Writes the books, the timings, the adapter and the versions to a file, as JSON for people and programs.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_report(world: &World, path: &Path) -> Result<(), RecordError> {
    let write = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        serde_json::to_writer_pretty(&mut out, &Report::of(world))?;
        writeln!(out)?;
        out.flush()
    };
    write().map_err(|source| RecordError::Report { path: path.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::app::App;
    use freshet_ledger::LedgerPlugin;

    #[test]
    fn a_report_is_json_with_the_agreed_keys() {
        let mut app = App::new();
        app.add_plugins(LedgerPlugin::default());
        app.update();
        let path = std::env::temp_dir().join(format!("freshet_report_{}.json", std::process::id()));
        write_report(app.world(), &path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in ["adapter", "app", "ledger", "stages", "age_ms", "memory"] {
            assert!(report.get(key).is_some(), "{key} is missing in {text}");
        }
        assert!(text.lines().count() > 20 && text.ends_with("}\n"), "{text}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let error = write_report(&World::new(), Path::new("/no/such/folder/report.json")).unwrap_err();
        let line = error.one_line();
        assert!(line.starts_with("cannot write the report \"/no/such/folder/report.json\": "), "{line}");
    }
}
