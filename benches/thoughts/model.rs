//! The model: it computes for as long as it is told, and answers with the number that it was given.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_freshet::inference::{Model, ModelError, Silent, Thought};
use bevy_freshet::prelude::*;
use serde::Serialize;

/// Time between two checkpoints.
const CHUNK: Duration = Duration::from_millis(1);

static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// The most thoughts there were at the same time.
pub fn most_at_once() -> usize {
    MOST.load(SeqCst)
}

/// The frame's number, as its pixels say it.
#[derive(Component, Debug, Clone, Copy, Serialize)]
pub struct Answer {
    pub code: u32,
}

impl Attachment for Answer {
    const NAME: &'static str = "answer";
}

impl Product for Answer {
    const NAME: &'static str = "answer";
}

/// Thinks for so long.
pub struct Slow(pub Duration);

impl Model for Slow {
    type Needs = (FrameCode,);
    type Input = u32;
    type Output = Answer;
    type Part = Silent;

    async fn think(&mut self, code: u32, thought: &Thought<Self>) -> Result<Answer, ModelError> {
        let _there = There::new();
        let begun = Instant::now();
        while begun.elapsed() < self.0 {
            burn(CHUNK);
            thought.checkpoint().await?;
        }
        Ok(Answer { code })
    }
}

/// Counts the thoughts that are on.
struct There;

impl There {
    fn new() -> Self {
        MOST.fetch_max(AT_ONCE.fetch_add(1, SeqCst) + 1, SeqCst);
        Self
    }
}

impl Drop for There {
    fn drop(&mut self) {
        AT_ONCE.fetch_sub(1, SeqCst);
    }
}

/// Keeps a core busy.
fn burn(time: Duration) {
    let start = Instant::now();
    let mut value = 1_u64;
    while start.elapsed() < time {
        for _ in 0..256 {
            value = black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}
