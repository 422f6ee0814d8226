//! The chat box: questions are answered from the library, and likely ones ahead of time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::prelude::*;
use bevy::tasks::{Task, futures::check_ready};
use bevy_freshet::prelude::*;

use crate::library::Library;
use crate::speculation::Speculation;
use crate::suggest::suggest;
use crate::text_index::{Answer, Search, TextIndex};

/// Answers to a question.
const ANSWERS: usize = 2;
/// Postings that are scored between two checkpoints.
const STEP: usize = 2_000;

type Answers = Vec<Answer>;

/// What was typed, asked and answered.
#[derive(Resource)]
pub struct Chat {
    pub line: String,
    pub asked: Vec<String>,
    /// The newest question with its answers, and how long they took.
    pub answered: Option<(String, Answers, Duration)>,
    pub ahead: Speculation<Answers>,
    waiting: Option<(String, Instant)>,
    searching: Option<Task<Result<Answers, TaskFailure>>>,
    guessing: Option<(String, Task<Result<Answers, TaskFailure>>)>,
    began: Instant,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            line: String::new(),
            asked: Vec::new(),
            answered: None,
            ahead: Speculation::new(Duration::from_secs(600)),
            waiting: None,
            searching: None,
            guessing: None,
            began: Instant::now(),
        }
    }
}

impl Chat {
    pub fn ask(&mut self, question: String) {
        // The newest question counts; dropping the search ends it.
        self.searching = None;
        self.waiting = Some((question.clone(), Instant::now()));
        self.asked.push(question);
    }
}

/// The keyboard: 0 to 3 turn attention while nothing is typed, all else is typed.
pub fn listen(mut keys: MessageReader<KeyboardInput>, mut chat: ResMut<Chat>, mut attention: ResMut<Attention>) {
    for key in keys.read().filter(|key| key.state == ButtonState::Pressed) {
        match &key.logical_key {
            Key::Character(text) if chat.line.is_empty() && ["0", "1", "2", "3"].contains(&text.as_str()) => {
                attention.force(match text.as_str() {
                    "1" => Some(Context::Chat),
                    "2" => Some(Context::Call),
                    "3" => Some(Context::Idle),
                    _ => None,
                });
            }
            Key::Character(text) if chat.line.len() < 120 => chat.line.push_str(text),
            Key::Space if !chat.line.is_empty() => chat.line.push(' '),
            Key::Backspace => drop(chat.line.pop()),
            Key::Enter if !chat.line.is_empty() => {
                let line = std::mem::take(&mut chat.line);
                chat.ask(line);
            }
            _ => {}
        }
        // Who types looks at the chat.
        attention.look_at((!chat.line.is_empty()).then_some("chat"));
    }
}

/// Answers the question that waits: at once, if the answer lies ready, else by a search.
pub fn answer(tasks: Tasks, mut chat: ResMut<Chat>, library: Res<Library>) {
    let (Some(index), None) = (&library.index, &chat.searching) else { return };
    let Some((question, since)) = chat.waiting.clone() else { return };
    let (version, now) = (index.passages().len() as u64, chat.began.elapsed());
    if let Some(answers) = chat.ahead.take(&question, version, now) {
        chat.answered = Some((question, answers, since.elapsed()));
        chat.waiting = None;
        return;
    }
    let index = Arc::clone(index);
    chat.searching = tasks.spawn("chat", |context| search(context, index, question)).ok();
}

/// Looks through the index, and lets more urgent work pass in between.
async fn search(context: TaskContext, index: Arc<TextIndex>, question: String) -> Result<Answers, TaskFailure> {
    let mut search = Search::new(&index, &question);
    while search.step(STEP) > 0 {
        context.checkpoint().await?;
    }
    Ok(search.answers(ANSWERS))
}

/// Takes the answers when they are there.
pub fn take(mut chat: ResMut<Chat>, library: Res<Library>) {
    if let Some(found) = chat.searching.as_mut().and_then(check_ready) {
        chat.searching = None;
        // A search that did not come to its end is begun anew.
        if let Ok(answers) = found
            && let Some((question, since)) = chat.waiting.take()
        {
            chat.answered = Some((question, answers, since.elapsed()));
        }
    }
    let guessed = chat.guessing.as_mut().and_then(|(_, task)| check_ready(task));
    if let Some(guessed) = guessed
        && let Some((question, _)) = chat.guessing.take()
        && let (Ok(answers), Some(index)) = (guessed, &library.index)
    {
        let now = chat.began.elapsed();
        chat.ahead.insert(&question, answers, index.passages().len() as u64, now);
    }
}

/// Prepares an answer to a question that is likely to be asked next.
pub fn guess(tasks: Tasks, mut chat: ResMut<Chat>, library: Res<Library>) {
    let (Some(index), None) = (&library.index, &chat.guessing) else { return };
    let (version, now) = (index.passages().len() as u64, chat.began.elapsed());
    let likely = suggest(&chat.asked, index).into_iter().find(|question| !chat.ahead.is_ready(question, version, now));
    let Some(question) = likely else { return };
    let (index, asked) = (Arc::clone(index), question.clone());
    let task = tasks.spawn("guess", |context| search(context, index, asked));
    chat.guessing = task.ok().map(|task| (question, task));
}
