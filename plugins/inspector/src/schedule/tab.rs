//! What the tab shows, and what was chosen in it.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;

use super::camera::Camera;
use super::live::Live;
use super::measure::Schedulebook;
use super::model::ScheduleModel;
use super::scene::box_size;
use super::view::View;

/// Figures change at most this often: faster than this nobody reads.
const REFRESH_PERIOD: Duration = Duration::from_millis(100);

/// The tab with the graph of a schedule.
#[derive(Resource, Debug)]
pub(crate) struct ScheduleTab {
    /// Dims what does not match.
    pub(crate) search: String,
    /// Shows this suite's systems only.
    pub(crate) ours_only: bool,
    /// Keeps the figures as they are, and stops the stopwatches.
    pub(crate) frozen: bool,
    pub(crate) camera: Camera,
    /// Whether the whole is to be brought on the screen.
    pub(crate) fit: bool,
    schedule: Option<Arc<ScheduleModel>>,
    view: View,
    live: Live,
    /// What the view was made with.
    made_with: bool,
    read: Option<Instant>,
    /// Whether it was drawn since [`rest_stopwatches`] last looked.
    drawn: bool,
}

impl Default for ScheduleTab {
    fn default() -> Self {
        Self {
            search: String::new(),
            ours_only: true,
            frozen: false,
            camera: Camera::default(),
            fit: true,
            schedule: None,
            view: View::default(),
            live: Live::default(),
            made_with: true,
            read: None,
            drawn: false,
        }
    }
}

impl ScheduleTab {
    /// Makes ready what is to be drawn at this time. Before it, nothing has been chosen; it begins with the first schedule
    /// that has a system of this suite.
    pub(crate) fn refresh(&mut self, book: &Schedulebook, now: Instant) {
        self.drawn = true;
        if self.schedule.is_none() {
            let ours = book.schedules.iter().find(|it| it.nodes.iter().any(|node| node.ours));
            if let Some(first) = ours.or(book.schedules.first()) {
                self.choose(first);
            }
        }
        if self.made_with != self.ours_only {
            self.draw_anew();
        }
        if self.frozen {
            return self.rest(book);
        }
        book.timing.set(true);
        let elapsed = self.read.map(|read| now.saturating_duration_since(read));
        let due = elapsed.is_none_or(|elapsed| elapsed >= REFRESH_PERIOD);
        if let Some(schedule) = self.schedule.as_ref().filter(|_| due) {
            self.live.refresh(schedule, elapsed.unwrap_or_default());
            self.read = Some(now);
        }
    }

    /// Shows another schedule.
    pub(crate) fn choose(&mut self, schedule: &Arc<ScheduleModel>) {
        self.schedule = Some(Arc::clone(schedule));
        self.live = Live::default();
        self.read = None;
        self.draw_anew();
    }

    /// The chosen schedule, what is shown of it, and what its systems take.
    pub(crate) fn shown(&self) -> Option<(&Arc<ScheduleModel>, &View, &Live)> {
        self.schedule.as_ref().map(|schedule| (schedule, &self.view, &self.live))
    }

    /// Stops the stopwatches. What ran unseen is not counted as seen afterwards.
    fn rest(&mut self, book: &Schedulebook) {
        book.timing.set(false);
        self.read = None;
        self.live.pause();
    }

    fn draw_anew(&mut self) {
        if let Some(schedule) = &self.schedule {
            self.view = View::new(schedule, self.ours_only, |node| box_size(&schedule.nodes[node]));
        }
        self.made_with = self.ours_only;
        self.fit = true;
    }
}

/// Stops the stopwatches when the tab has not been drawn since the last time. Run it once per app frame.
pub(crate) fn rest_stopwatches(mut tab: ResMut<ScheduleTab>, book: Option<Res<Schedulebook>>) {
    if !mem::take(&mut tab.drawn)
        && let Some(book) = book
        && book.timing.is_on()
    {
        tab.rest(&book);
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::system::RunSystemOnce;

    use super::super::tests::book;
    use super::*;

    fn run(book: &Schedulebook, micros: u64) {
        book.schedules[1].nodes[1].meter.as_ref().unwrap().add(Duration::from_micros(micros));
    }

    #[test]
    fn it_begins_with_a_schedule_of_the_suite_and_follows_the_filter() {
        let (mut tab, book) = (ScheduleTab::default(), book());
        assert!(tab.shown().is_none());
        tab.refresh(&book, Instant::now());
        let (schedule, view, _) = tab.shown().unwrap();
        assert_eq!((schedule.label.as_str(), view.nodes.as_slice()), ("Last", [1, 2, 3].as_slice()));
        tab.ours_only = false;
        tab.fit = false;
        tab.refresh(&book, Instant::now());
        assert!(tab.shown().unwrap().1.nodes.len() == 6 && tab.fit);
        tab.choose(&book.schedules[0]);
        assert_eq!(tab.shown().unwrap().0.label, "First");
    }

    #[test]
    fn figures_move_until_they_are_frozen() {
        let (mut tab, book, start) = (ScheduleTab::default(), book(), Instant::now());
        let mean = |tab: &mut ScheduleTab, tenths: u32, micros| {
            run(&book, micros);
            tab.refresh(&book, start + REFRESH_PERIOD * tenths);
            (tab.shown().unwrap().2.figures()[1].mean_ms, book.timing.is_on())
        };
        assert_eq!(mean(&mut tab, 0, 900), (None, true));
        assert_eq!(mean(&mut tab, 1, 20), (Some(0.02), true));
        tab.frozen = true;
        assert_eq!(mean(&mut tab, 2, 5000), (Some(0.02), false));
    }

    #[test]
    fn stopwatches_rest_when_nobody_looks() {
        let mut world = World::new();
        world.insert_resource(book());
        world.init_resource::<ScheduleTab>();
        let look = |world: &mut World| {
            world.resource_scope(|world, mut tab: Mut<ScheduleTab>| {
                tab.refresh(world.resource::<Schedulebook>(), Instant::now());
            });
        };
        let rest = |world: &mut World| {
            world.run_system_once(rest_stopwatches).unwrap();
            world.resource::<Schedulebook>().timing.is_on()
        };
        look(&mut world);
        assert!(rest(&mut world), "it was drawn in this frame");
        assert!(!rest(&mut world), "and in the next it was not");
        look(&mut world);
        assert!(rest(&mut world));
    }
}
