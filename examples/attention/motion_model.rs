//! A small network that learns, from the frames of the index, what the next frame will be like.
//!
//! `next = last + W2 · tanh(W1 · last + b1) + b2`, with 16 hidden units: 412 numbers. It starts as "same as the last"
//! and learns what differs, by Adam (Kingma and Ba, 2015) on the mean squared error, in standard deviations.

use crate::frame_index::FrameIndex;
use crate::frame_vector::{FrameVector, SIZE};

const HIDDEN: usize = 16;
/// Where each part begins: `W1` by hidden unit, `b1`, `W2` by output, `b2`.
const B1: usize = HIDDEN * SIZE;
const W2: usize = B1 + HIDDEN;
const B2: usize = W2 + SIZE * HIDDEN;
const PARAMETERS: usize = B2 + SIZE;

const LEARNING_RATE: f32 = 2e-3;
const BETAS: [f32; 2] = [0.9, 0.999];
/// One block of frames in five is never learnt from, so that the model can be asked about frames it does not know.
/// Blocks, because neighbours are alike.
const BLOCK: u64 = 64;
/// Frames are neighbours when no more than so many numbers lie between them: some are dropped.
const GAP: u64 = 4;
/// Share of a new error in the usual one.
const FORGETTING: f32 = 0.02;

/// Two neighbouring frames, scaled.
pub type Pair = (FrameVector, FrameVector);

/// Mean squared errors on frames that were held out, in squares of standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// Of the model.
    pub model: f32,
    /// Of "the next frame is like the last".
    pub same_as_last: f32,
    /// Of "the next frame is like the mean of all".
    pub mean: f32,
    /// Pairs that were looked at.
    pub pairs: usize,
}

/// The network, its moments for Adam, and how wrong it usually is.
#[derive(Debug, Clone)]
pub struct MotionModel {
    parameters: Vec<f32>,
    /// Running means of gradients and of their squares.
    moments: [Vec<f32>; 2],
    steps: i32,
    random: u64,
    usual: f32,
}

impl MotionModel {
    /// A model that knows nothing yet. The same seed and the same frames give the same model.
    pub fn new(seed: u64) -> Self {
        let moments = [vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]];
        // A generator of this kind must not begin at 0.
        let random = seed ^ 0x9e37_79b9_7f4a_7c15;
        let mut model =
            Self { parameters: vec![0.0; PARAMETERS], moments, steps: 0, random: random.max(1), usual: 0.0 };
        let bound = (6.0 / (SIZE + HIDDEN) as f32).sqrt();
        for place in 0..B1 {
            model.parameters[place] = bound * (model.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0);
        }
        model
    }

    /// Steps of training so far.
    pub fn steps(&self) -> u32 {
        self.steps.unsigned_abs()
    }

    /// What the frame after a scaled one will be like.
    pub fn predict(&self, last: &FrameVector) -> FrameVector {
        self.forward(last).1
    }

    /// One step of training on up to `batch` pairs drawn from the index, held-out ones left out. Gives the loss before
    /// the step; none while there are too few frames.
    pub fn step(&mut self, index: &FrameIndex, batch: usize) -> Option<f32> {
        let frames = index.moments().len();
        let mut pairs = Vec::with_capacity(batch);
        for _ in 0..2 * batch {
            let place = if frames < 2 { return None } else { self.below(frames as u64 - 1) as usize };
            if pairs.len() < batch && !is_held_out(index, place) {
                pairs.extend(pair(index, place));
            }
        }
        (!pairs.is_empty()).then(|| self.learn(&pairs))
    }

    /// How wrong the model and its rivals are on the newest `most` pairs that were held out. None while there are none.
    pub fn evaluate(&self, index: &FrameIndex, most: usize) -> Option<Losses> {
        let places = (0..index.moments().len().saturating_sub(1)).rev();
        let held_out = places.filter(|place| is_held_out(index, *place)).filter_map(|place| pair(index, place));
        let mut losses = Losses { model: 0.0, same_as_last: 0.0, mean: 0.0, pairs: 0 };
        for (last, next) in held_out.take(most) {
            losses.model += error(&self.predict(&last), &next);
            losses.same_as_last += error(&last, &next);
            losses.mean += error(&FrameVector([0.0; SIZE]), &next);
            losses.pairs += 1;
        }
        let share = 1.0 / losses.pairs.max(1) as f32;
        let Losses { model, same_as_last, mean, pairs } = losses;
        (pairs > 0).then_some(Losses {
            model: model * share,
            same_as_last: same_as_last * share,
            mean: mean * share,
            pairs,
        })
    }

    /// How unexpected a frame is after the one before: the model's error over its usual error, which follows slowly. 1 is
    /// ordinary, 0 for the first pair; 1,000 at most.
    pub fn novelty(&mut self, (last, next): &Pair) -> f32 {
        let (error, usual) = (error(&self.predict(last), next).min(1e6), self.usual);
        let is_first = usual == 0.0;
        let novelty = if is_first { 0.0 } else { (error / usual).min(1000.0) };
        // One wild frame moves the usual error by no more than ten usual ones do.
        let followed = usual + FORGETTING * (error.min(10.0 * usual) - usual);
        self.usual = if is_first { error } else { followed }.max(1e-6);
        novelty
    }

    fn forward(&self, last: &FrameVector) -> ([f32; HIDDEN], FrameVector) {
        let dot =
            |weights: &[f32], values: &[f32]| weights.iter().zip(values).map(|(one, other)| one * other).sum::<f32>();
        let row = |from: usize, row: usize, width: usize| &self.parameters[from + row * width..][..width];
        let hidden = std::array::from_fn(|unit| (dot(row(0, unit, SIZE), &last.0) + self.parameters[B1 + unit]).tanh());
        let next = |place| last.0[place] + dot(row(W2, place, HIDDEN), &hidden) + self.parameters[B2 + place];
        (hidden, FrameVector(std::array::from_fn(next)))
    }

    /// Loss of some pairs, and its slope by every parameter.
    fn gradient(&self, pairs: &[Pair]) -> (f32, Vec<f32>) {
        let (mut loss, mut slopes) = (0.0, vec![0.0; PARAMETERS]);
        let share = 1.0 / pairs.len().max(1) as f32;
        for (last, next) in pairs {
            let (hidden, predicted) = self.forward(last);
            loss += share * error(&predicted, next);
            let mut back = [0.0; HIDDEN];
            for place in 0..SIZE {
                let slope = 2.0 * share / SIZE as f32 * (predicted.0[place] - next.0[place]);
                slopes[B2 + place] += slope;
                for unit in 0..HIDDEN {
                    slopes[W2 + place * HIDDEN + unit] += slope * hidden[unit];
                    back[unit] += slope * self.parameters[W2 + place * HIDDEN + unit];
                }
            }
            for unit in 0..HIDDEN {
                let slope = back[unit] * (1.0 - hidden[unit] * hidden[unit]);
                slopes[B1 + unit] += slope;
                for place in 0..SIZE {
                    slopes[unit * SIZE + place] += slope * last.0[place];
                }
            }
        }
        (loss, slopes)
    }

    fn learn(&mut self, pairs: &[Pair]) -> f32 {
        let (loss, slopes) = self.gradient(pairs);
        self.steps = self.steps.saturating_add(1);
        let unbiased = BETAS.map(|beta| 1.0 / (1.0 - beta.powi(self.steps)));
        let [means, squares] = &mut self.moments;
        for (((parameter, slope), mean), square) in self.parameters.iter_mut().zip(&slopes).zip(means).zip(squares) {
            *mean += (1.0 - BETAS[0]) * (slope - *mean);
            *square += (1.0 - BETAS[1]) * (slope * slope - *square);
            *parameter -= LEARNING_RATE * *mean * unbiased[0] / ((*square * unbiased[1]).sqrt() + 1e-8);
        }
        loss
    }

    /// A number below `limit` (Marsaglia, "Xorshift RNGs", 2003).
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) % limit
    }
}

/// The frame at a place of the index and the one after it, if they are neighbours.
fn pair(index: &FrameIndex, place: usize) -> Option<Pair> {
    let (last, next) = (index.moments().get(place)?, index.moments().get(place + 1)?);
    let scale = index.scale();
    (next.seq - last.seq <= GAP).then(|| (scale.apply(&last.raw), scale.apply(&next.raw)))
}

fn is_held_out(index: &FrameIndex, place: usize) -> bool {
    index.moments().get(place).is_some_and(|moment| moment.seq / BLOCK % 5 == 4)
}

fn error(predicted: &FrameVector, next: &FrameVector) -> f32 {
    predicted.distance_squared(next) / SIZE as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six points on circles of different speed: the next frame follows from this one, but is not like it.
    fn circles(frames: u64) -> FrameIndex {
        let mut index = FrameIndex::default();
        for seq in 0..frames {
            let angle = |place: usize| seq as f32 * (0.2 + 0.07 * (place / 2) as f32);
            let turn = |place: usize| if place.is_multiple_of(2) { angle(place).cos() } else { angle(place).sin() };
            index.push(seq, FrameVector(std::array::from_fn(turn)));
            index.step(200);
        }
        index
    }

    #[test]
    fn slopes_are_those_of_the_loss() {
        let index = circles(600);
        let mut model = MotionModel::new(5);
        (0..20).for_each(|_| assert!(model.step(&index, 16).is_some()));
        let pairs: Vec<Pair> = (0..7).filter_map(|place| pair(&index, place * 31)).collect();
        let (_, slopes) = model.gradient(&pairs);
        for (place, slope) in slopes.into_iter().enumerate() {
            let loss = |shift: f32| {
                let mut shifted = model.clone();
                shifted.parameters[place] += shift;
                shifted.gradient(&pairs).0
            };
            let measured = (loss(0.01) - loss(-0.01)) / 0.02;
            assert!((measured - slope).abs() < 1e-4 + 0.01 * slope.abs(), "{place}: {measured} {slope}");
        }
    }

    #[test]
    fn it_learns_what_its_rivals_cannot() {
        let index = circles(1500);
        let mut model = MotionModel::new(1);
        let before = model.evaluate(&index, 500).unwrap();
        assert_eq!(before.model, before.same_as_last, "it knows nothing yet");
        (0..1500).for_each(|_| assert!(model.step(&index, 32).is_some()));
        let after = model.evaluate(&index, 500).unwrap();
        assert!(after.model < 0.2 * after.same_as_last && after.model < 0.1 * after.mean, "{after:?}");
    }

    #[test]
    fn held_out_frames_are_never_learnt_from() {
        let mut index = FrameIndex::default();
        // Only held-out blocks.
        (4 * BLOCK..5 * BLOCK).for_each(|seq| index.push(seq, FrameVector([seq as f32; SIZE])));
        let mut model = MotionModel::new(1);
        assert_eq!(model.step(&index, 32), None);
        assert_eq!(model.evaluate(&index, 500).unwrap().pairs as u64, BLOCK - 1);
        assert_eq!(MotionModel::new(1).step(&FrameIndex::default(), 32), None);
    }

    #[test]
    fn a_break_is_new_and_what_goes_on_is_not() {
        let index = circles(900);
        let mut model = MotionModel::new(1);
        (0..600).for_each(|_| assert!(model.step(&index, 32).is_some()));
        let usual: Vec<f32> =
            (0..400).filter_map(|place| pair(&index, place)).map(|pair| model.novelty(&pair)).collect();
        assert!(usual[100..].iter().all(|novelty| *novelty < 4.0));
        let (last, _) = pair(&index, 400).unwrap();
        let strange = (last, FrameVector(last.0.map(|number| 1.5 - number)));
        assert!(model.novelty(&strange) > 10.0);
        assert!(model.novelty(&(last, FrameVector([f32::MAX; SIZE]))) <= 1000.0);
        assert!(model.novelty(&strange) > 10.0, "the wild one did not make everything else usual");
    }
}
