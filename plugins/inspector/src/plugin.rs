//! Wiring.

use bevy::app::{App, Plugin, Update};
use bevy::ecs::prelude::*;
use bevy::input::{ButtonInput, InputPlugin, keyboard::KeyCode};
use bevy::log::info;
use bevy::render::RenderApp;
use bevy::window::WindowPlugin;
use bevy_egui::{EguiPlugin, EguiPrimaryContextPass};

use crate::panel::{Panel, draw_panel, refresh_panel};
use crate::schedule::SchedulePlugin;
use crate::settings::InspectorSettings;

/// A panel that shows streams, stages, attachments and the books, on the camera with the primary egui context: by
/// default the first camera of the app, whether it draws to a window or to an image.
///
/// Add it after `DefaultPlugins`, and after `EguiPlugin` if the app has one of its own; else it is added. In an app that
/// cannot show anything there is no panel, and no harm.
#[derive(Debug, Default, Clone)]
pub struct InspectorPlugin {
    /// How the panel is opened and how wide it is.
    pub settings: InspectorSettings,
}

impl Plugin for InspectorPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.settings.clone()).add_systems(Update, toggle_panel);
        #[cfg(feature = "priority")]
        crate::history::keep_history(app);
        if !app.is_plugin_added::<EguiPlugin>() {
            if let Some(missing) = missing_for_egui(app) {
                info!("there is no inspector panel, because the app has no {missing}");
                return;
            }
            app.add_plugins(EguiPlugin::default());
        }
        app.add_plugins(SchedulePlugin);
        app.init_resource::<Panel>().add_systems(
            EguiPrimaryContextPass,
            // In the pass, which has the world to itself anyway. It may run twice in a frame; texts are made once.
            (refresh_panel.run_if(Panel::is_due), draw_panel).chain().run_if(is_open),
        );
    }
}

/// What egui needs of an app and this one lacks.
fn missing_for_egui(app: &App) -> Option<&'static str> {
    if app.get_sub_app(RenderApp).is_none() {
        Some("renderer")
    } else if !app.is_plugin_added::<InputPlugin>() {
        Some("InputPlugin")
    } else if !app.is_plugin_added::<WindowPlugin>() {
        Some("WindowPlugin")
    } else {
        None
    }
}

fn is_open(settings: Res<InspectorSettings>) -> bool {
    settings.open
}

fn toggle_panel(keys: Option<Res<ButtonInput<KeyCode>>>, mut settings: ResMut<InspectorSettings>) {
    if keys.is_some_and(|keys| keys.just_pressed(settings.toggle_key)) {
        settings.open = !settings.open;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_opens_and_closes() {
        let mut app = App::new();
        app.add_plugins(InspectorPlugin::default()).init_resource::<ButtonInput<KeyCode>>();
        let mut press = || {
            app.world_mut().resource_mut::<ButtonInput<KeyCode>>().press(KeyCode::F1);
            app.update();
            let mut keys = app.world_mut().resource_mut::<ButtonInput<KeyCode>>();
            keys.reset_all();
            app.update();
            app.world().resource::<InspectorSettings>().open
        };
        assert_eq!((press(), press()), (true, false));
    }

    #[test]
    fn an_app_without_a_renderer_has_no_panel_and_no_harm() {
        let mut app = App::new();
        let settings = InspectorSettings { open: true, ..Default::default() };
        app.add_plugins(InspectorPlugin { settings });
        app.update();
        assert!(app.world().get_resource::<Panel>().is_none() && !app.is_plugin_added::<EguiPlugin>());
    }
}
