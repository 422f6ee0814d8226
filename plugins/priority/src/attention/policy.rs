//! From signals to a context, from a context to levels.

use std::time::Duration;

use bevy::ecs::resource::Resource;
use freshet_base::{Priority, Role};

use super::{Context, Signals};

/// Says what signals mean, and what each kind of work is worth then. Both are pure: the same answers to the same
/// questions.
pub trait Policy: Send + Sync + 'static {
    /// What the user is doing.
    fn context(&self, signals: &Signals) -> Context;

    /// How urgent work of this role is then. `base` is the level that the workload has by itself.
    fn level(&self, context: Context, role: Role, base: Priority) -> Priority;
}

/// The policy in force; replace it with one of the app's own.
#[derive(Resource)]
pub struct AttentionPolicy(pub Box<dyn Policy>);

impl Default for AttentionPolicy {
    fn default() -> Self {
        Self(Box::new(UsualPolicy::default()))
    }
}

/// The built-in policy.
///
/// | role | neutral | chat | call | idle |
/// |---|---|---|---|---|
/// | frames | critical | high | critical | normal |
/// | audio, input | critical | critical | critical | critical |
/// | chat | high | critical | low | normal |
/// | perception | high | normal | high | low |
/// | indexing | normal | low | low | high |
/// | training | low | low | idle | high |
/// | upkeep | low | low | idle | normal |
/// | speculation | idle | idle | idle | low |
///
/// "Neutral" is the workload's own base level; so is everything of an [`Role::Other`] role, and every role in a context
/// of the app's own. A workload whose base is not its role's keeps its distance from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualPolicy {
    /// Without input for this long, the user is away. Default 60 s.
    pub idle_after: Duration,
    /// The same, while no window of the app has the focus. Default 15 s.
    pub idle_after_unfocused: Duration,
    /// The name of the view that is the chat. Default `chat`.
    pub chat_view: &'static str,
}

impl Default for UsualPolicy {
    fn default() -> Self {
        Self { idle_after: Duration::from_secs(60), idle_after_unfocused: Duration::from_secs(15), chat_view: "chat" }
    }
}

impl Policy for UsualPolicy {
    fn context(&self, signals: &Signals) -> Context {
        let patience = if signals.focused { self.idle_after } else { self.idle_after_unfocused };
        if signals.in_call {
            Context::Call
        } else if signals.since_input >= patience {
            Context::Idle
        } else if signals.view == Some(self.chat_view) {
            Context::Chat
        } else {
            Context::Neutral
        }
    }

    fn level(&self, context: Context, role: Role, base: Priority) -> Priority {
        let Some(usual) = usual_level(context, role) else { return base };
        let offset = base.index() as isize - role.base().index() as isize;
        Priority::from_index((usual.index() as isize + offset).max(0) as usize)
    }
}

/// What the table says; `None` where the base level stands.
const fn usual_level(context: Context, role: Role) -> Option<Priority> {
    use Priority::{Critical, High, Idle, Low, Normal};
    let column = match context {
        Context::Chat => 0,
        Context::Call => 1,
        Context::Idle => 2,
        Context::Neutral | Context::Other(_) => return None,
    };
    let row = match role {
        Role::Frames => [High, Critical, Normal],
        Role::Audio | Role::Input => [Critical; 3],
        Role::Chat => [Critical, Low, Normal],
        Role::Perception => [Normal, High, Low],
        Role::Indexing => [Low, Low, High],
        Role::Training => [Low, Idle, High],
        Role::Upkeep => [Low, Idle, Normal],
        Role::Speculation => [Idle, Idle, Low],
        Role::Other(_) => return None,
    };
    Some(row[column])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(context: Context, role: Role) -> Priority {
        UsualPolicy::default().level(context, role, role.base())
    }

    #[test]
    fn the_three_contexts_are_as_asked() {
        assert_eq!(level(Context::Chat, Role::Chat), Priority::Critical);
        assert_eq!(level(Context::Call, Role::Frames), Priority::Critical);
        assert_eq!(level(Context::Call, Role::Chat), Priority::Low);
        assert_eq!(level(Context::Idle, Role::Training), Priority::High);
        assert_eq!(level(Context::Neutral, Role::Training), Priority::Low);
    }

    #[test]
    fn a_workload_keeps_its_distance_from_its_role() {
        let policy = UsualPolicy::default();
        assert_eq!(policy.level(Context::Idle, Role::Training, Priority::Idle), Priority::Normal);
        assert_eq!(policy.level(Context::Chat, Role::Chat, Priority::Critical), Priority::Critical);
        assert_eq!(policy.level(Context::Call, Role::Other("mine"), Priority::Low), Priority::Low);
    }

    #[test]
    fn a_call_outranks_everything_and_absence_outranks_the_view() {
        let policy = UsualPolicy::default();
        let chat = Signals { view: Some("chat"), ..Default::default() };
        assert_eq!(policy.context(&chat), Context::Chat);
        let away = Signals { since_input: Duration::from_secs(20), focused: false, ..chat.clone() };
        assert_eq!(policy.context(&away), Context::Idle);
        assert_eq!(policy.context(&Signals { focused: true, ..away.clone() }), Context::Chat);
        assert_eq!(policy.context(&Signals { in_call: true, ..away }), Context::Call);
        assert_eq!(policy.context(&Signals::default()), Context::Neutral);
    }
}
