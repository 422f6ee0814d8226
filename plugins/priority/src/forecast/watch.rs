//! The forecast of a running app.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bevy::ecs::prelude::*;

use super::keep;
use super::{Candidate, ForecastSettings, Forecaster, HabitsError, MAX_TARGETS, Plan, Prediction, Skill, TargetId};
use crate::attention::{Attention, AttentionChanged, Context};

/// How often the forecast is asked: habits are slower than frames.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// What the user will turn to next, learnt from the user's own history of attention.
///
/// It is acted upon only while it has been better than chance of late; see [`Forecast::skill`]. A workload that would be
/// more urgent then is raised by one level ahead of time, at most to `High`; [`Forecast::next`] tells speculative work
/// what to prepare.
#[derive(Resource, Debug)]
pub struct Forecast {
    forecaster: Forecaster,
    /// What each target of the model is called; `None` for one of a file that this run has not met.
    targets: Vec<(String, Option<Context>)>,
    next: Option<(Context, f32)>,
    asked: Option<Instant>,
}

impl Forecast {
    pub(crate) fn new(settings: ForecastSettings) -> Self {
        Self { forecaster: Forecaster::new(settings), targets: Vec::new(), next: None, asked: None }
    }

    /// What the user will probably do next, and how probable that is (0 to 1); `None` without a guess to act upon.
    pub fn next(&self) -> Option<(Context, f32)> {
        self.next
    }

    /// What is guessed, whether it is acted upon or not.
    pub fn predict(&self) -> Prediction {
        self.forecaster.predict(since_epoch())
    }

    /// What to prepare for contexts that may come next, and in which order, when `idle_share` (0 to 1) of a worker is
    /// idle. It rests, and says why, while guesses are no better than chance.
    pub fn plan(&self, candidates: &[Candidate], idle_share: f32) -> Plan {
        self.forecaster.plan(since_epoch(), candidates, idle_share)
    }

    /// The target that stands for a context, once the user has been there.
    pub fn target_of(&self, context: Context) -> Option<TargetId> {
        let index = self.targets.iter().position(|(name, _)| name == context.name())?;
        Some(TargetId(index as u8))
    }

    /// The context of a predicted target.
    pub fn context(&self, target: TargetId) -> Option<Context> {
        self.targets.get(target.index())?.1
    }

    /// How good the guesses were of late, and what came of them.
    pub fn skill(&self) -> &Skill {
        self.forecaster.skill()
    }

    /// Books work that was done ahead: waiting that it spared, and work that nobody asked for after all.
    pub fn settle(&mut self, saved: Duration, wasted: Duration) {
        self.forecaster.settle(saved, wasted);
    }

    /// Whether it learns and guesses.
    pub fn is_enabled(&self) -> bool {
        self.forecaster.is_enabled()
    }

    /// Switches it on or off. What has been learnt stays.
    pub fn set_enabled(&mut self, enabled: bool) {
        self.forecaster.set_enabled(enabled);
        self.next = None;
        self.asked = None;
    }

    /// Writes what has been learnt to a file, a few KiB; for when the app ends.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), HabitsError> {
        let names = self.targets.iter().map(|(name, _)| name.as_str());
        keep::write(path, names, &self.forecaster.predictor().save())
    }

    /// Goes on with what was saved. Its skill has to be shown again before it is acted upon.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not what [`Forecast::save`] wrote. What was learnt so far stays then.
    pub fn load(&mut self, path: &Path) -> Result<(), HabitsError> {
        let (names, model) = keep::read(path)?;
        let known = [Context::Neutral, Context::Chat, Context::Call, Context::Idle];
        self.targets = names
            .into_iter()
            .map(|name| {
                let context = known.into_iter().find(|context| context.name() == name);
                (name, context)
            })
            .collect();
        let enabled = self.is_enabled();
        self.forecaster = Forecaster::with_model(model);
        self.forecaster.set_enabled(enabled);
        (self.next, self.asked) = (None, None);
        Ok(())
    }

    /// The target that stands for a context; `None` when there are too many.
    fn target(&mut self, context: Context) -> Option<TargetId> {
        let index = self.targets.iter().position(|(name, _)| name == context.name()).or_else(|| {
            (self.targets.len() < MAX_TARGETS).then(|| {
                self.targets.push((context.name().to_owned(), None));
                self.targets.len() - 1
            })
        })?;
        self.targets[index].1 = Some(context);
        Some(TargetId(index as u8))
    }

    fn observe(&mut self, context: Context, at: Duration) {
        if let Some(target) = self.target(context) {
            self.forecaster.moved(target, at);
        }
        // What was guessed has come true or not.
        (self.next, self.asked) = (None, None);
    }

    fn ask(&mut self, at: Duration) {
        self.next = self.forecaster.promotes(at).and_then(|target| {
            let probability = self.forecaster.predict(at).ranked[0].1;
            Some((self.context(target)?, probability))
        });
    }
}

/// Habits follow the hours of the day and the days of the week, so the history is dated.
fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Tells the forecast what the user turned to.
pub(crate) fn follow_attention(
    mut forecast: ResMut<Forecast>,
    attention: Res<Attention>,
    mut changes: MessageReader<AttentionChanged>,
    mut begun: Local<bool>,
) {
    if !std::mem::replace(&mut *begun, true) {
        forecast.observe(attention.context(), since_epoch());
    }
    for change in changes.read() {
        forecast.observe(change.to, since_epoch());
    }
}

/// Asks what comes next.
pub(crate) fn look_ahead(mut forecast: ResMut<Forecast>) {
    let now = Instant::now();
    if forecast.asked.is_some_and(|asked| now.saturating_duration_since(asked) < ASKED_EVERY) {
        return;
    }
    let forecast = forecast.bypass_change_detection();
    forecast.asked = Some(now);
    forecast.ask(since_epoch());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chat, call, chat, call …, 20 s each.
    fn habit() -> (Forecast, Duration) {
        let mut forecast = Forecast::new(ForecastSettings::default());
        let mut at = Duration::from_secs(1_000_000);
        for turn in 0..60 {
            at += Duration::from_secs(20);
            forecast.observe(if turn % 2 == 0 { Context::Chat } else { Context::Call }, at);
        }
        (forecast, at + Duration::from_secs(18))
    }

    #[test]
    fn a_habit_is_guessed_and_survives_being_saved() {
        let (mut forecast, now) = habit();
        forecast.ask(now);
        let (next, probability) = forecast.next().unwrap();
        assert!(next == Context::Chat && probability > 0.8, "{next} {probability}");

        let folder = std::env::temp_dir().join(format!("freshet-forecast-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("habits");
        forecast.save(&path).unwrap();
        let mut loaded = Forecast::new(ForecastSettings::default());
        loaded.load(&path).unwrap();
        let best = |forecast: &Forecast| forecast.forecaster.predict(now).best().and_then(|it| forecast.context(it));
        assert_eq!(best(&loaded), Some(Context::Chat));
        std::fs::write(&path, b"something else").unwrap();
        assert!(loaded.load(&path).is_err());
        assert_eq!(best(&loaded), Some(Context::Chat), "what was learnt stays");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn switched_off_it_guesses_nothing() {
        let (mut forecast, now) = habit();
        forecast.set_enabled(false);
        forecast.ask(now);
        assert_eq!(forecast.next(), None);
    }
}
