//! What the user is doing, as one word.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// What the user is doing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// Nothing in particular.
    #[default]
    Neutral,
    /// Looking at the chat.
    Chat,
    /// In a video call.
    Call,
    /// Away from the machine.
    Idle,
    /// Something of the app's own; the app's policy knows what it means.
    Other(&'static str),
}

impl Context {
    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Chat => "chat",
            Self::Call => "call",
            Self::Idle => "idle",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The context to change to, if it is time: a context stands for at least `dwell`, so that signals that flicker do not
/// make levels flicker.
pub(super) fn settle(present: Context, stood: Duration, wanted: Context, dwell: Duration) -> Option<Context> {
    (wanted != present && stood >= dwell).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However signals flicker, contexts change at most once per dwell; and what is wanted steadily comes about.
        #[test]
        fn contexts_change_at_most_once_per_dwell(
            wanted in proptest::collection::vec(0_usize..4, 1..200),
            dwell_turns in 1_u32..40,
        ) {
            const ALL: [Context; 4] = [Context::Neutral, Context::Chat, Context::Call, Context::Idle];
            let turn = Duration::from_millis(16);
            let (mut present, mut stood, mut changes) = (Context::Neutral, turn * dwell_turns, 0);
            for &index in &wanted {
                if let Some(next) = settle(present, stood, ALL[index], turn * dwell_turns) {
                    (present, stood, changes) = (next, Duration::ZERO, changes + 1);
                }
                stood += turn;
            }
            prop_assert!(changes <= wanted.len().div_ceil(dwell_turns as usize));
            let last = ALL[wanted[wanted.len() - 1]];
            for _ in 0..=dwell_turns {
                if let Some(next) = settle(present, stood, last, turn * dwell_turns) {
                    (present, stood) = (next, Duration::ZERO);
                }
                stood += turn;
            }
            prop_assert_eq!(present, last);
        }
    }
}
