//! What is known of the user's attention.

use std::time::Duration;

use arrayvec::ArrayVec;

/// What is known of what the user is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Whether one of the app's windows has the focus. `true` in an app without windows.
    pub focused: bool,
    /// Time since the last key, click, touch or movement of the mouse.
    pub since_input: Duration,
    /// The view that the user looks at, by the app's own name for it.
    pub view: Option<&'static str>,
    /// Whether there is a call.
    pub in_call: bool,
    pub(super) custom: ArrayVec<(&'static str, f32), { Signals::MOST_CUSTOM }>,
}

impl Default for Signals {
    fn default() -> Self {
        Self { focused: true, since_input: Duration::ZERO, view: None, in_call: false, custom: ArrayVec::new() }
    }
}

impl Signals {
    /// Signals of its own that an app may set.
    pub const MOST_CUSTOM: usize = 16;

    /// A signal of the app's own; 0 if it was never set.
    pub fn get(&self, name: &str) -> f32 {
        self.custom.iter().find(|(known, _)| *known == name).map_or(0.0, |&(_, value)| value)
    }

    /// Sets a signal of the app's own. `false`, and nothing changes, when there are [`Self::MOST_CUSTOM`] others, or the
    /// value is not a number.
    pub fn set(&mut self, name: &'static str, value: f32) -> bool {
        if value.is_nan() {
            return false;
        }
        match self.custom.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => {
                *held = value;
                true
            }
            None => self.custom.try_push((name, value)).is_ok(),
        }
    }
}
