//! What happens to capture threads when the app goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::resource::Resource;
use freshet_ledger::wait;

use super::shared::PortShared;

/// How long an app that goes waits for its capture threads; a camera's driver may take some time to answer.
const FAREWELL: Duration = Duration::from_millis(500);

/// The ports of all streams that were opened.
///
/// Dropped with the app's world, it closes them and waits until the capture threads have let go of mapped memory: a
/// thread that held on longer would be the one to destroy the graphics device, while the process is being torn down.
/// The one wait of this crate; no frame will be late for it.
#[derive(Resource, Debug, Default)]
pub(crate) struct OpenPorts(Vec<Arc<PortShared>>);

impl OpenPorts {
    pub(crate) fn add(&mut self, port: &Arc<PortShared>) {
        self.0.retain(|port| !port.has_ended());
        self.0.push(Arc::clone(port));
    }
}

impl Drop for OpenPorts {
    fn drop(&mut self) {
        for port in &self.0 {
            port.close();
        }
        let start = Instant::now();
        wait(|| {
            while self.0.iter().any(|port| !port.has_ended()) && start.elapsed() < FAREWELL {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }
}
