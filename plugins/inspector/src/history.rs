//! What only messages tell of priorities: contexts that were, and what the governor changed.
//!
//! ```text
//!  AttentionChanged ─┐             ┌─► timeline: its vertical lines
//!  QualityChanged ───┴─► History ──┼─► Priorities: why a knob stands where it does
//!                        (bounded) └─► report.json: contexts, changes
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy::app::{App, Last};
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::common_conditions::on_message;
use freshet_priority::{Attention, AttentionChanged, Change, Context, QualityChanged};

/// Changes of context that are remembered one by one.
const TURNS: usize = 64;
/// Contexts of which the time is kept; the built-in ones are four.
const CONTEXTS: usize = 16;
/// Changes of quality that are remembered one by one.
const CHANGES: usize = 32;

/// What messages told, in room that is made once.
#[derive(Resource, Debug)]
pub(crate) struct History {
    turns: VecDeque<(Instant, Context)>,
    contexts: Vec<(Context, Stay)>,
    changes: VecDeque<Change>,
    present: Option<(Context, Instant)>,
}

/// How often and for how long the user was in a context.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Stay {
    pub(crate) entered: u64,
    /// The present stay left out.
    pub(crate) stayed: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self {
            turns: VecDeque::with_capacity(TURNS),
            contexts: Vec::with_capacity(CONTEXTS),
            changes: VecDeque::with_capacity(CHANGES),
            present: None,
        }
    }
}

impl History {
    /// Changes of context, the oldest first, and what was turned to.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (Instant, Context)> + '_ {
        self.turns.iter().copied()
    }

    /// The contexts that were, in the order in which they first came.
    pub(crate) fn contexts(&self, now: Instant) -> impl Iterator<Item = (Context, Stay)> + '_ {
        self.contexts.iter().map(move |&(context, mut stay)| {
            if let Some((present, since)) = self.present
                && present == context
            {
                stay.stayed += now.saturating_duration_since(since);
            }
            (context, stay)
        })
    }

    /// Changes of quality, the oldest first.
    pub(crate) fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> + '_ {
        self.changes.iter()
    }

    /// The last change of a knob.
    pub(crate) fn last_change(&self, knob: &str) -> Option<&Change> {
        self.changes().rev().find(|change| change.knob == knob)
    }

    pub(crate) fn attend(&mut self, context: Context, at: Instant) {
        if let Some((present, since)) = self.present.replace((context, at)) {
            if let Some(stay) = self.stay(present) {
                stay.stayed += at.saturating_duration_since(since);
            }
            push(&mut self.turns, (at, context), TURNS);
        }
        if let Some(stay) = self.stay(context) {
            stay.entered += 1;
        }
    }

    pub(crate) fn note_change(&mut self, change: Change) {
        push(&mut self.changes, change, CHANGES);
    }

    /// A context's time; `None` when there are too many contexts.
    fn stay(&mut self, context: Context) -> Option<&mut Stay> {
        let place = self.contexts.iter().position(|(known, _)| *known == context).or_else(|| {
            (self.contexts.len() < CONTEXTS).then(|| {
                self.contexts.push((context, Stay::default()));
                self.contexts.len() - 1
            })
        })?;
        Some(&mut self.contexts[place].1)
    }
}

/// Puts one in and the oldest out.
fn push<T>(kept: &mut VecDeque<T>, new: T, most: usize) {
    if kept.len() == most {
        kept.pop_front();
    }
    kept.push_back(new);
}

/// Remembers what messages tell, in an app that has a `PriorityPlugin`. Harmless in one that has none.
pub(crate) fn keep_history(app: &mut App) {
    if app.world().contains_resource::<History>() {
        return;
    }
    app.init_resource::<History>()
        // They are the priority plugin's own, which may be added later or not at all.
        .add_message::<AttentionChanged>()
        .add_message::<QualityChanged>()
        .add_systems(
            Last,
            (
                begin.run_if(resource_exists::<Attention>.and_then(run_once)),
                follow_attention.run_if(on_message::<AttentionChanged>),
                follow_quality.run_if(on_message::<QualityChanged>),
            )
                .chain(),
        );
}

/// The first context is turned to by nobody.
fn begin(attention: Res<Attention>, changes: Res<Messages<AttentionChanged>>, mut history: ResMut<History>) {
    let first = changes.iter_current_update_messages().next().map_or(attention.context(), |change| change.from);
    if history.present.is_none() {
        history.attend(first, attention.since());
    }
}

fn follow_attention(
    mut changes: MessageReader<AttentionChanged>,
    attention: Option<Res<Attention>>,
    mut history: ResMut<History>,
) {
    let Some(attention) = attention else { return };
    for change in changes.read() {
        history.attend(change.to, attention.since());
    }
}

fn follow_quality(mut changes: MessageReader<QualityChanged>, mut history: ResMut<History>) {
    for QualityChanged(change) in changes.read() {
        history.note_change(*change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_priority::PriorityPlugin;

    #[test]
    fn contexts_are_remembered_with_their_times() {
        let (mut history, start) = (History::default(), Instant::now());
        let secs = Duration::from_secs;
        for (after, context) in [(0, Context::Neutral), (3, Context::Call), (5, Context::Neutral), (6, Context::Idle)] {
            history.attend(context, start + secs(after));
        }
        let seen: Vec<_> = history.contexts(start + secs(10)).collect();
        let stay = |entered, seconds| Stay { entered, stayed: secs(seconds) };
        assert_eq!(seen, [(Context::Neutral, stay(2, 4)), (Context::Call, stay(1, 2)), (Context::Idle, stay(1, 4))]);
        assert_eq!(history.turns().count(), 3, "the first context is no change");
    }

    #[test]
    fn there_is_a_bound_on_everything() {
        const NAMES: [&str; 20] =
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
        let (mut history, start) = (History::default(), Instant::now());
        for turn in 0..500 {
            history.attend(Context::Other(NAMES[turn % 20]), start + Duration::from_millis(turn as u64));
        }
        assert_eq!((history.turns().count(), history.contexts(start).count()), (TURNS, CONTEXTS));
        assert_eq!(history.turns.capacity(), TURNS);
        assert_eq!(history.turns().last().map(|(at, _)| at), Some(start + Duration::from_millis(499)));
    }

    #[test]
    fn an_app_tells_what_it_turned_to() {
        let mut app = App::new();
        keep_history(&mut app);
        app.update();
        app.add_plugins((bevy::time::TimePlugin, PriorityPlugin::default()));
        app.update();
        app.world_mut().resource_mut::<Attention>().force(Some(Context::Call));
        app.update();
        let history = app.world().resource::<History>();
        let seen: Vec<_> = history.contexts(Instant::now()).map(|(context, stay)| (context, stay.entered)).collect();
        assert_eq!(seen, [(Context::Neutral, 1), (Context::Call, 1)]);
        assert_eq!(history.turns().map(|(_, context)| context).collect::<Vec<_>>(), [Context::Call]);
    }
}
