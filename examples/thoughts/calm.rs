//! Two models that look for the same: the point of the scene that moved least of late.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use arrayvec::{ArrayString, ArrayVec};
use bevy::prelude::*;
use bevy_freshet::frame::{History, Part};
use bevy_freshet::inference::{Model, ModelError, Silent, Thought, WarmUp};
use bevy_freshet::prelude::*;
use serde::{Serialize, Serializer};

use crate::poses::ScenePose;

/// Poses that are looked at: a second's.
const POSES: usize = 60;
/// Points of the picture that a round tries, in a row and in a column.
const GRID: (u32, u32) = (32, 18);
/// Places within a cell of the grid: each round tries another.
const PLACES: usize = 2500;

/// What a model is told of a frame.
pub struct Seen {
    code: u32,
    size: Vec2,
    /// Takes pixels of the frame to pixels of those before it, newest first.
    before: ArrayVec<Mat3, POSES>,
}

/// What a model found in a frame.
#[derive(Component, Debug)]
pub struct Answer<M: 'static> {
    /// The number that its pixels say: whether it is the right frame.
    pub code: u32,
    /// The calm point, in pixels of that frame, once there is a guess.
    pub point: Option<Vec2>,
    /// In words, as far as they were said.
    pub words: ArrayString<160>,
    model: PhantomData<fn() -> M>,
}

/// A piece of an answer.
pub struct Said {
    code: u32,
    point: Vec2,
    word: ArrayString<40>,
}

impl<M> Answer<M> {
    fn new(code: u32) -> Self {
        Self { code, point: None, words: ArrayString::new(), model: PhantomData }
    }
}

impl<M> Clone for Answer<M> {
    fn clone(&self) -> Self {
        Self { point: self.point, words: self.words, ..Self::new(self.code) }
    }
}

impl<M> Serialize for Answer<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.code, self.point.map(|it| it.to_array()), self.words.as_str()).serialize(serializer)
    }
}

/// A model by the name of its answers.
pub trait Named: Send + Sync + 'static {
    const ANSWERS: &'static str;
}

impl Named for Ponder {
    const ANSWERS: &'static str = "pondered";
}

impl Named for Glance {
    const ANSWERS: &'static str = "glanced";
}

impl<M: Named> Attachment for Answer<M> {
    const NAME: &'static str = M::ANSWERS;
}

impl<M: Named> Product for Answer<M> {
    const NAME: &'static str = M::ANSWERS;
}

impl<M: Named> Part<Answer<M>> for Said {
    fn begin(&self) -> Answer<M> {
        let mut answer = Answer::new(self.code);
        self.add_to(&mut answer);
        answer
    }

    fn add_to(&self, whole: &mut Answer<M>) {
        whole.point = Some(self.point);
        if whole.words.remaining_capacity() >= self.word.len() {
            whole.words.push_str(&self.word);
        }
    }
}

/// Takes from a frame what the models are told: no pixels.
pub fn look(
    In(frame): In<FrameId>,
    frames: Query<(&Frame, &FrameCode)>,
    poses: Query<&History<ScenePose>>,
) -> Option<Seen> {
    let (frame, code) = frames.get(frame.entity).ok()?;
    let history = poses.get(frame.stream).ok()?;
    let here = history.get(frame.seq)?.0.inverse();
    let before = (0..frame.seq).rev().take(4 * POSES).filter_map(|seq| history.get(seq)).take(POSES);
    let before = before.map(|pose| (pose.0 * here).as_mat3()).collect();
    let size = Vec2::new(frame.format.width as f32, frame.format.height as f32);
    Some(Seen { code: code.seq?, size, before })
}

/// How far a point of the frame was moved about: the spread of where it was, in pixels.
fn unrest(point: Vec2, before: &[Mat3]) -> f32 {
    let (mut sum, mut squares) = (Vec2::ZERO, 0.0);
    for pose in before {
        let at = *pose * point.extend(1.0);
        let offset = at.truncate() / at.z - point;
        sum += offset;
        squares += offset.length_squared();
    }
    let count = before.len().max(1) as f32;
    (squares / count - (sum / count).length_squared()).max(0.0).sqrt()
}

/// The best point so far.
#[derive(Clone, Copy)]
struct Best {
    point: Vec2,
    unrest: f32,
}

impl Best {
    fn of(seen: &Seen) -> Self {
        let point = seen.size / 2.0;
        Self { point, unrest: unrest(point, &seen.before) }
    }

    /// Tries one row of a grid over `area`, whose points lie at `place` within their cells.
    fn try_row(&mut self, seen: &Seen, area: Rect, place: Vec2, row: u32) {
        let cells = Vec2::new(GRID.0 as f32, GRID.1 as f32);
        for column in 0..GRID.0 {
            let cell = Vec2::new(column as f32, row as f32);
            let point = area.min + (cell + place) / cells * area.size();
            let unrest = unrest(point, &seen.before);
            if unrest < self.unrest {
                *self = Self { point, unrest };
            }
        }
    }
}

/// One look over the picture, and no more.
pub struct Glance;

impl Model for Glance {
    type Needs = (FrameCode,);
    type Input = Seen;
    type Output = Answer<Self>;
    type Part = Silent;

    async fn think(&mut self, seen: Seen, thought: &Thought<Self>) -> Result<Answer<Self>, ModelError> {
        let mut best = Best::of(&seen);
        for row in 0..GRID.1 {
            best.try_row(&seen, Rect::from_corners(Vec2::ZERO, seen.size), Vec2::splat(0.5), row);
            thought.checkpoint().await?;
        }
        Ok(Answer { point: Some(best.point), ..Answer::new(seen.code) })
    }
}

/// Looks closer and closer for as long as it may, and says how it goes.
pub struct Ponder {
    time: Duration,
    places: Vec<Vec2>,
}

impl Ponder {
    pub const fn new(time: Duration) -> Self {
        Self { time, places: Vec::new() }
    }
}

impl Model for Ponder {
    type Needs = (FrameCode,);
    type Input = Seen;
    type Output = Answer<Self>;
    type Part = Said;

    /// Places within a cell, each as far from those before as can be: of some random ones, the one that is furthest.
    async fn warm_up(&mut self, warm_up: &WarmUp) -> Result<(), ModelError> {
        let mut state = 1_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        while self.places.len() < PLACES {
            let candidates = [(); 160].map(|()| Vec2::new(random(), random()));
            let room = |place: &Vec2| self.places.iter().map(|it| it.distance_squared(*place)).fold(f32::MAX, f32::min);
            self.places.extend(candidates.into_iter().max_by(|a, b| room(a).total_cmp(&room(b))));
            warm_up.report(self.places.len() as f32 / PLACES as f32);
            warm_up.checkpoint().await?;
        }
        Ok(())
    }

    async fn think(&mut self, seen: Seen, thought: &Thought<Self>) -> Result<Answer<Self>, ModelError> {
        let begun = Instant::now();
        let mut answer = Answer::new(seen.code);
        let (mut best, mut tried, mut said) = (Best::of(&seen), 0_u32, 0);
        let mut area = Rect::from_corners(Vec2::ZERO, seen.size);
        for &place in self.places.iter().cycle() {
            for row in 0..GRID.1 {
                best.try_row(&seen, area, place, row);
                thought.checkpoint().await?;
            }
            tried += GRID.0 * GRID.1;
            // Closer, around the best, down to a quarter of a pixel a cell.
            let half = (area.half_size() * 0.98).max(Vec2::splat(4.0));
            area = Rect::from_center_half_size(best.point, half);
            let share = begun.elapsed().as_secs_f32() / self.time.as_secs_f32();
            while said < WORDS && share * WORDS as f32 > said as f32 {
                let part = Said { code: seen.code, point: best.point, word: word(said, &seen, best, tried) };
                Part::<Answer<Self>>::add_to(&part, &mut answer);
                thought.say(part).await?;
                said += 1;
            }
            if share >= 1.0 {
                break;
            }
        }
        Ok(Answer { point: Some(best.point), ..answer })
    }
}

/// Words of an answer.
const WORDS: usize = 10;

/// The next word of what is known so far.
fn word(number: usize, seen: &Seen, best: Best, tried: u32) -> ArrayString<40> {
    use std::fmt::Write;
    let mut text = ArrayString::new();
    let drift = seen.before.first().map_or(Vec2::ZERO, |pose| {
        let middle = seen.size / 2.0;
        let at = *pose * middle.extend(1.0);
        middle - at.truncate() / at.z
    });
    let written = match number {
        0 => write!(text, "The scene"),
        1 => write!(text, " drifts"),
        2 => write!(text, " {}", if drift.x < 0.0 { "left" } else { "right" }),
        3 => write!(text, " and {},", if drift.y < 0.0 { "up" } else { "down" }),
        4 => write!(text, " {:.1} px since the last.", drift.length()),
        5 => write!(text, " It is calmest"),
        6 => write!(text, " at {:.0}, {:.0}:", best.point.x, best.point.y),
        7 => write!(text, " within {:.2} px", best.unrest),
        8 => write!(text, " in a second."),
        _ => write!(text, " {tried} points tried."),
    };
    // A word that finds no room is left out.
    if written.is_ok() { text } else { ArrayString::new() }
}
