//! How the panel is opened and how wide it is.

use bevy::ecs::resource::Resource;
use bevy::input::keyboard::KeyCode;

use crate::panel::FIRST_TAB;

/// How the panel is opened and how wide it is. A resource: change it while the app runs.
#[derive(Resource, Debug, Clone, PartialEq)]
pub struct InspectorSettings {
    /// Opens and closes the panel. Default F1.
    pub toggle_key: KeyCode,
    /// Whether the panel is open: at the start, and from then on as it was toggled. A closed panel computes nothing.
    /// Default `false`.
    pub open: bool,
    /// The panel's width in logical pixels, margins left out; tabs that need more take it. Wider shows longer names and
    /// reasons before they are cut off. At least 400, at most what fits on the screen. Default 460.
    pub panel_width: f32,
    /// The tab that is shown: `Overview`, `Priorities`, `Schedule`. A click on another one changes it; where there is none
    /// of this name, the first is shown. Default `Overview`.
    pub tab: &'static str,
}

impl Default for InspectorSettings {
    fn default() -> Self {
        Self { toggle_key: KeyCode::F1, open: false, panel_width: 460.0, tab: FIRST_TAB }
    }
}
