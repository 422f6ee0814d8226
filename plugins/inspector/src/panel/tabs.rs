//! The panel's tabs.

use bevy::ecs::world::World;
use bevy_egui::egui::{Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::table::{Cell, paint_row, text_width};
use super::theme::{BAR, GAP, HEADER_HEIGHT, RULE};
use crate::model::Tone;
use crate::settings::InspectorSettings;

/// One tab of the panel. What it says is made at most 10 times a second, and only while it is shown; it is drawn in
/// every app frame from that.
pub(crate) trait Tab: Send + Sync + 'static {
    /// Its name, unique among the tabs.
    fn name(&self) -> &'static str;

    /// Whether the app has what it shows.
    fn is_wanted(&self, _world: &World) -> bool {
        true
    }

    /// How wide it would like to be, in logical pixels.
    fn width(&self, settings: &InspectorSettings) -> f32 {
        settings.panel_width
    }

    /// Whether it is scrolled where it is higher than the screen; else it fits itself into what there is.
    fn scrolls(&self) -> bool {
        true
    }

    /// Makes anew what it says.
    fn refresh(&mut self, world: &World);

    /// Before it is drawn, in each app frame.
    fn prepare(&mut self, _world: &mut World) {}

    /// Draws it.
    fn show(&mut self, ui: &mut Ui);

    /// After it was drawn: what was clicked takes effect.
    fn act(&mut self, _world: &mut World) {}
}

/// All tabs, in order.
pub(crate) struct Tabs(Vec<Entry>);

struct Entry {
    tab: Box<dyn Tab>,
    is_wanted: bool,
}

impl Default for Tabs {
    fn default() -> Self {
        Self::of(vec![
            Box::<super::overview::Overview>::default(),
            #[cfg(feature = "priority")]
            Box::<super::priorities::Priorities>::default(),
            #[cfg(feature = "inference")]
            Box::<super::models::Models>::default(),
            Box::<super::schedules::Schedules>::default(),
            // A further tab is one line here.
        ])
    }
}

impl Tabs {
    /// These tabs.
    pub(super) fn of(tabs: Vec<Box<dyn Tab>>) -> Self {
        Self(tabs.into_iter().map(|tab| Entry { tab, is_wanted: true }).collect())
    }

    /// Looks which tabs the app has something to show in.
    pub(super) fn look(&mut self, world: &World) {
        for entry in &mut self.0 {
            entry.is_wanted = entry.tab.is_wanted(world);
        }
    }

    /// The tab of this name; the first one, where there is none.
    pub(super) fn shown(&mut self, name: &str) -> Option<&mut dyn Tab> {
        let place = self.place(name)?;
        Some(&mut *self.0[place].tab)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let wanted = |entry: &Entry| entry.is_wanted;
        let named = self.0.iter().position(|entry| wanted(entry) && entry.tab.name() == name);
        named.or_else(|| self.0.iter().position(wanted))
    }

    /// The panel's first line: its name, and the tabs if there are several. Answers with the tab that was clicked.
    pub(super) fn title(&self, ui: &mut Ui, shown: &str, hint: &str) -> Option<&'static str> {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEADER_HEIGHT - 4.0), Sense::hover());
        let cells = [Cell::name("Freshet", Tone::Plain).bright(), Cell::figure(hint, 120.0, Tone::Dim)];
        paint_row(ui.painter(), rect, &cells);
        let shown = self.place(shown);
        let several = self.0.iter().filter(|entry| entry.is_wanted).count() > 1;
        let mut left = rect.left() + text_width(ui.painter(), "Freshet") + GAP * 2.5;
        let mut clicked = None;
        for (place, entry) in self.0.iter().enumerate().filter(|(_, entry)| several && entry.is_wanted) {
            let name = entry.tab.name();
            let width = text_width(ui.painter(), name) + 2.0;
            let tab = Rect::from_min_max(pos2(left, rect.top()), pos2(left + width, rect.bottom()));
            left = tab.right() + GAP * 2.0;
            let response = ui.interact(tab.expand2(vec2(GAP, 0.0)), ui.id().with(("tab", name)), Sense::click());
            let is_shown = shown == Some(place);
            let text = Cell::text(name, width, Tone::Dim);
            let text = if is_shown || response.hovered() { text.bright() } else { text };
            paint_row(ui.painter(), tab, &[text]);
            if is_shown {
                ui.painter().add(Shape::hline(tab.x_range(), tab.bottom() - 1.0, Stroke::new(2.0, BAR)));
            }
            if response.clicked() {
                clicked = Some(name);
            }
        }
        if several {
            ui.painter().add(Shape::hline(rect.x_range(), rect.bottom(), RULE));
        }
        ui.add_space(GAP * 0.5);
        clicked
    }
}
