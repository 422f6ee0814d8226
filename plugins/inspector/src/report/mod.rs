//! The report as a file.

#[cfg(feature = "inference")]
mod nets;
#[cfg(feature = "priority")]
mod priorities;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use bevy::ecs::world::World;
use freshet_ledger::Report;

use crate::error::RecordError;

/// Writes the books, the timings, the adapter and the versions to a file, as JSON for people and programs. With the
/// feature `priority`, in an app that has a `PriorityPlugin`, also contexts, workloads, pools, forecast and governor, under
/// `priorities`; with the feature `inference`, nets and what runs them, under
/// `nets`, and models, under `models`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_report(world: &World, path: &Path) -> Result<(), RecordError> {
    let write = || -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        serde_json::to_writer_pretty(&mut out, &report(world)?)?;
        writeln!(out)?;
        out.flush()
    };
    write().map_err(|source| RecordError::Report { path: path.into(), source })
}

/// The ledger's report, and what this crate knows besides.
fn report(world: &World) -> serde_json::Result<Report> {
    #[cfg_attr(not(any(feature = "priority", feature = "inference")), expect(unused_mut, reason = "nothing is added"))]
    let mut report = Report::of(world);
    #[cfg(feature = "priority")]
    if let Some(priorities) = priorities::PrioritiesReport::of(world) {
        report.extra.insert("priorities", serde_json::to_value(priorities)?);
    }
    #[cfg(feature = "inference")]
    if let Some(nets) = nets::nets(world) {
        report.extra.insert("nets", serde_json::to_value(nets)?);
    }
    #[cfg(feature = "inference")]
    if let Some(models) = nets::models(world) {
        report.extra.insert("models", serde_json::to_value(models)?);
    }
    Ok(report)
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

    #[cfg(feature = "priority")]
    #[test]
    fn an_app_with_priorities_reports_them() {
        use freshet_base::Role;
        use freshet_priority::{AddWorkload, Attention, Context, PriorityPlugin, Tasks, Workload};

        let mut app = App::new();
        app.add_plugins((bevy::time::TimePlugin, LedgerPlugin::default(), PriorityPlugin::default()));
        app.add_plugins(crate::InspectorPlugin::default());
        app.add_workload(Workload::new("index", Role::Indexing), |tasks: Tasks| {
            tasks.spawn("index", |_| async { Ok(()) }).unwrap().detach();
        });
        app.update();
        app.world_mut().resource_mut::<Attention>().force(Some(Context::Call));
        for _ in 0..400 {
            app.update();
        }
        let report = serde_json::to_value(report(app.world()).unwrap()).unwrap();
        let (ledger, priorities) = (&report["ledger"], &report["priorities"]);
        assert!(ledger.is_object(), "what was there is still there");
        assert_eq!(priorities["context"], "call");
        for context in ["neutral", "call"] {
            assert_eq!(priorities["contexts"][context]["entered"], 1, "{priorities}");
        }
        let index = &priorities["workloads"]["index"];
        assert_eq!((index["level"].as_str(), index["why"].as_str()), (Some("low"), Some("context call")));
        assert!(index["runs"].as_u64() > Some(0) && index["cost_ms"]["p95"].is_f64(), "{index}");
        for key in ["tasks", "missed", "over_budget", "promotions", "demotions", "panics", "stalls"] {
            assert!(index[key].is_u64(), "{key} is missing in {index}");
        }
        assert_eq!(priorities["pool"]["levels"].as_object().map(serde_json::Map::len), Some(5));
        assert!(priorities["forecast"]["hit_rate"].is_number() && priorities["governor"]["changes"].is_u64());
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_that_names_it() {
        let error = write_report(&World::new(), Path::new("/no/such/folder/report.json")).unwrap_err();
        let line = error.one_line();
        assert!(line.starts_with("cannot write the report \"/no/such/folder/report.json\": "), "{line}");
    }
}
