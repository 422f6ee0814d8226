//! What the user is doing, and what that makes urgent.
//!
//! ```text
//!  windows, keys, mouse ─┐
//!  look_at, set_in_call ─┼─► Signals ─► Policy::context ─► settle ─► Context ─► Policy::level ─► Workload
//!  signals of the app's ─┘               (pure, replaceable)  (dwell)
//! ```

mod context;
mod policy;
mod signals;

use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use bevy::input::ButtonInput;
use bevy::input::keyboard::KeyCode;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseButton};
use bevy::input::touch::Touches;
use bevy::window::Window;

pub use context::Context;
pub use policy::{AttentionPolicy, Policy, UsualPolicy};
pub use signals::Signals;

/// What the user is doing, and since when.
#[derive(Resource, Debug)]
pub struct Attention {
    /// How long a context stands at least, so that signals that flicker do not make levels flicker. Longer is calmer and
    /// later. The first change after a calm time is always immediate. Default 0.5 s.
    pub dwell: Duration,
    signals: Signals,
    context: Context,
    since: Instant,
    /// Whether the context has stood for ever: nothing to wait for.
    fresh: bool,
    forced: Option<Context>,
    last_input: Instant,
    /// Whether the app has ever said that there was input.
    noted: bool,
    changes: u64,
}

impl Default for Attention {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            dwell: Duration::from_millis(500),
            signals: Signals::default(),
            context: Context::default(),
            since: now,
            fresh: true,
            forced: None,
            last_input: now,
            noted: false,
            changes: 0,
        }
    }
}

impl Attention {
    /// What the user is doing.
    pub fn context(&self) -> Context {
        self.context
    }

    /// Since when.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// What is known.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// How often the context has changed.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The user looks at this view now; the names are the app's own. The built-in policy knows `chat`.
    pub fn look_at(&mut self, view: Option<&'static str>) {
        self.signals.view = view;
    }

    /// Whether there is a call.
    pub fn set_in_call(&mut self, in_call: bool) {
        self.signals.in_call = in_call;
    }

    /// Sets a signal of the app's own, for the app's own policy. `false` when it could not be kept; see
    /// [`Signals::set`].
    pub fn signal(&mut self, name: &'static str, value: f32) -> bool {
        self.signals.set(name, value)
    }

    /// The user did something just now; for input that does not come through Bevy, such as a gamepad's or a camera's. An
    /// app without a window that never says so has a user who is never away.
    pub fn note_input(&mut self) {
        self.last_input = Instant::now();
        self.noted = true;
    }

    /// Says what the user is doing, whatever the signals say, from the next turn on; `None` trusts the signals again.
    pub fn force(&mut self, context: Option<Context>) {
        self.forced = context;
    }

    /// What was forced.
    pub fn forced(&self) -> Option<Context> {
        self.forced
    }

    /// The context that it is time to change to.
    fn next(&self, policy: &dyn Policy, now: Instant) -> Option<Context> {
        if let Some(forced) = self.forced {
            return (forced != self.context).then_some(forced);
        }
        let stood = if self.fresh { Duration::MAX } else { now.saturating_duration_since(self.since) };
        context::settle(self.context, stood, policy.context(&self.signals), self.dwell)
    }
}

/// The user turned to something else.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionChanged {
    /// What the user was doing.
    pub from: Context,
    /// What the user is doing now.
    pub to: Context,
}

/// Reads what Bevy knows of the user: focus of windows, keys, mouse, touch.
pub(crate) fn read_signals(
    mut attention: ResMut<Attention>,
    windows: Query<&Window>,
    keys: Option<Res<ButtonInput<KeyCode>>>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    motion: Option<Res<AccumulatedMouseMotion>>,
    scroll: Option<Res<AccumulatedMouseScroll>>,
    touches: Option<Res<Touches>>,
) {
    let now = Instant::now();
    let active = keys.is_some_and(|keys| keys.get_pressed().len() > 0)
        || buttons.is_some_and(|buttons| buttons.get_pressed().len() > 0)
        || motion.is_some_and(|motion| motion.delta != bevy::math::Vec2::ZERO)
        || scroll.is_some_and(|scroll| scroll.delta != bevy::math::Vec2::ZERO)
        || touches.is_some_and(|touches| touches.iter().next().is_some());
    let attention = attention.bypass_change_detection();
    if active {
        attention.last_input = now;
    }
    // Of an app without a window nobody knows who sits before it, unless it says so itself.
    let is_known = !windows.is_empty() || attention.noted;
    attention.signals.since_input =
        if is_known { now.saturating_duration_since(attention.last_input) } else { Duration::ZERO };
    attention.signals.focused = windows.is_empty() || windows.iter().any(|window| window.focused);
}

/// Changes the context when it is time.
pub(crate) fn attend(
    mut attention: ResMut<Attention>,
    policy: Res<AttentionPolicy>,
    mut messages: MessageWriter<AttentionChanged>,
) {
    let now = Instant::now();
    let Some(to) = attention.next(&*policy.0, now) else { return };
    let from = attention.context;
    let attention = &mut *attention;
    (attention.context, attention.since, attention.fresh) = (to, now, false);
    attention.changes += 1;
    messages.write(AttentionChanged { from, to });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forced_holds_at_once_and_what_is_signalled_holds_after_the_dwell() {
        let policy = UsualPolicy::default();
        let mut attention = Attention::default();
        let now = attention.since;
        attention.set_in_call(true);
        assert_eq!(attention.next(&policy, now), Some(Context::Call), "nothing to wait for at first");
        attention.context = Context::Call;
        attention.fresh = false;
        attention.set_in_call(false);
        assert_eq!(attention.next(&policy, now + attention.dwell / 2), None);
        assert_eq!(attention.next(&policy, now + attention.dwell), Some(Context::Neutral));
        attention.force(Some(Context::Chat));
        assert_eq!(attention.next(&policy, now), Some(Context::Chat));
    }

    #[test]
    fn signals_are_bounded_and_numbers() {
        let mut attention = Attention::default();
        assert!(!attention.signal("mood", f32::NAN));
        const NAMES: [&str; 17] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"];
        let kept = NAMES.iter().filter(|name| attention.signal(name, 1.0)).count();
        assert_eq!(kept, Signals::MOST_CUSTOM);
        assert!(attention.signal("a", 2.0), "one that is known may change");
        assert_eq!((attention.signals().get("a"), attention.signals().get("q")), (2.0, 0.0));
    }
}
