//! The newest frames as points, and which of them are like one that is asked for.
//!
//! A vantage-point tree (Yianilos, "Data Structures and Algorithms for Nearest Neighbor Search in General Metric
//! Spaces", SODA 1993) over what was there when its building began, and a plain look at what came since. It is rebuilt
//! in steps; until then the old one answers. Answers are exact, for the scale that the tree was built with.

use std::collections::VecDeque;

use crate::frame_vector::{FrameVector, Scale, Spread};

/// Ranges of up to so many points are looked through.
const LEAF: usize = 8;

/// A frame of the index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// The frame's number in its stream.
    pub seq: u64,
    /// What was found in it, not scaled.
    pub raw: FrameVector,
}

/// The newest [`FrameIndex::MOST`] frames. When full, the oldest is dropped: at 60 frames a second, what is older than
/// 68 s is forgotten. Who wants to look farther back adds every tenth frame only.
#[derive(Debug, Default, Clone)]
pub struct FrameIndex {
    moments: VecDeque<Moment>,
    dropped: u64,
    spread: Spread,
    tree: Tree,
    /// A tree, and its ranges that are not split yet.
    building: Option<(Tree, Vec<(usize, usize)>)>,
}

/// Points in an order that is a tree: the first of a range is its vantage point, then the nearer half, then the farther.
#[derive(Debug, Default, Clone)]
struct Tree {
    points: Vec<Point>,
    scale: Scale,
    /// The newest frame in it.
    newest: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    seq: u64,
    scaled: FrameVector,
    /// While the tree is built: distance from the vantage point of the range. Then, of a vantage point: the distance
    /// that its nearer half does not exceed, and its farther half does not fall below.
    radius: f32,
}

impl FrameIndex {
    /// Most frames.
    pub const MOST: usize = 4096;
    /// Frames since the tree was begun that make a new one worth its time.
    const STALE: usize = 256;

    /// Adds a frame. Takes well below a microsecond. A `seq` that is not above the last one begins anew: the source was
    /// opened again.
    pub fn push(&mut self, seq: u64, raw: FrameVector) {
        if self.moments.back().is_some_and(|last| seq <= last.seq) {
            *self = Self { dropped: self.dropped + self.moments.len() as u64, ..Self::default() };
        }
        if self.moments.len() == Self::MOST {
            self.moments.pop_front();
            self.dropped += 1;
        }
        self.spread.add(&raw);
        self.moments.push_back(Moment { seq, raw });
    }

    /// The frames that are kept, the oldest first.
    pub fn moments(&self) -> &VecDeque<Moment> {
        &self.moments
    }

    /// Frames that were added and are not kept any more.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The scale by which frames are compared now: the tree's, or before there is one, that of all frames so far.
    pub fn scale(&self) -> Scale {
        if self.tree.points.is_empty() { self.spread.scale() } else { self.tree.scale }
    }

    /// Goes on with a new tree where one is due: about `most` distances, and up to 4,096 above that. False: there is
    /// nothing to do.
    pub fn step(&mut self, most: usize) -> bool {
        if self.building.is_none() && self.since_tree().len() >= Self::STALE {
            let scale = self.spread.scale();
            let point = |moment: &Moment| Point { seq: moment.seq, scaled: scale.apply(&moment.raw), radius: 0.0 };
            let points: Vec<Point> = self.moments.iter().map(point).collect();
            let newest = points.last().map(|point| point.seq);
            let whole = (0, points.len());
            self.building = Some((Tree { points, scale, newest }, vec![whole]));
        }
        let Some((tree, ranges)) = &mut self.building else { return false };
        let mut spent = 0;
        while spent < most.max(1) {
            let Some((from, to)) = ranges.pop() else { break };
            spent += to - from;
            let middle = tree.split(from, to);
            ranges.extend([(from + 1, middle), (middle, to)].into_iter().filter(|(from, to)| to - from > LEAF));
        }
        if ranges.is_empty() {
            self.tree = self.building.take().map(|(tree, _)| tree).unwrap_or_default();
        }
        true
    }

    /// The `most` frames nearest to a raw vector of those that `accept` lets through by their number: number and
    /// distance in standard deviations, the nearest first, of equal ones the older.
    pub fn nearest(&self, raw: &FrameVector, most: usize, accept: impl Fn(u64) -> bool) -> Vec<(u64, f32)> {
        let scale = self.scale();
        let oldest = self.moments.front().map_or(0, |moment| moment.seq);
        let accept = |seq| seq >= oldest && accept(seq);
        let mut search = Nearest { target: scale.apply(raw), most, accept: &accept, found: Vec::new() };
        self.tree.visit(0, self.tree.points.len(), &mut search);
        for moment in self.since_tree() {
            search.offer(moment.seq, scale.apply(&moment.raw).distance_squared(&search.target).sqrt());
        }
        search.found
    }

    /// Moments like that of frame `seq`: the nearest, each at least `apart` frames away from it and from each other.
    pub fn moments_like(&self, seq: u64, raw: &FrameVector, most: usize, apart: u64) -> Vec<(u64, f32)> {
        let mut found: Vec<(u64, f32)> = Vec::new();
        while found.len() < most {
            let is_apart = |other: u64| other.abs_diff(seq) >= apart;
            let accept = |other: u64| is_apart(other) && found.iter().all(|(one, _)| one.abs_diff(other) >= apart);
            let Some(next) = self.nearest(raw, 1, accept).pop() else { break };
            found.push(next);
        }
        found
    }

    /// What the tree does not have yet.
    fn since_tree(&self) -> impl ExactSizeIterator<Item = &Moment> {
        self.moments.range(self.moments.partition_point(|moment| Some(moment.seq) <= self.tree.newest)..)
    }
}

impl Tree {
    /// Puts the nearer half of a range before the farther one. Gives where the farther one begins.
    fn split(&mut self, from: usize, to: usize) -> usize {
        // Neighbours in time are neighbours in space: the middle one says as much as any.
        self.points.swap(from, (from + to) / 2);
        let Some((vantage, rest)) = self.points[from..to].split_first_mut() else { return to };
        for point in rest.iter_mut() {
            point.radius = point.scaled.distance_squared(&vantage.scaled).sqrt();
        }
        let half = rest.len() / 2;
        let (_, middle, _) = rest.select_nth_unstable_by(half, |one, other| one.radius.total_cmp(&other.radius));
        vantage.radius = middle.radius;
        from + 1 + half
    }

    fn visit(&self, from: usize, to: usize, search: &mut Nearest<impl Fn(u64) -> bool>) {
        let range = &self.points[from..to];
        let distance = |point: &Point, search: &Nearest<_>| point.scaled.distance_squared(&search.target).sqrt();
        if range.len() <= LEAF {
            range.iter().for_each(|point| search.offer(point.seq, distance(point, search)));
            return;
        }
        let away = distance(&range[0], search);
        search.offer(range[0].seq, away);
        let middle = from + 1 + (to - from - 1) / 2;
        let radius = range[0].radius;
        // By the triangle's inequality, nothing in a half is nearer than this; roundings forgiven.
        let nearer = (away - radius, from + 1, middle);
        let farther = (radius - away, middle, to);
        for (least, from, to) in if away < radius { [nearer, farther] } else { [farther, nearer] } {
            if least <= search.worst() * 1.0001 + 0.0001 {
                self.visit(from, to, search);
            }
        }
    }
}

/// The nearest so far.
struct Nearest<'a, F> {
    target: FrameVector,
    most: usize,
    accept: &'a F,
    found: Vec<(u64, f32)>,
}

impl<F: Fn(u64) -> bool> Nearest<'_, F> {
    fn worst(&self) -> f32 {
        if self.found.len() < self.most { f32::INFINITY } else { self.found.last().map_or(0.0, |(_, worst)| *worst) }
    }

    fn offer(&mut self, seq: u64, distance: f32) {
        if distance <= self.worst() && (self.accept)(seq) {
            let place =
                self.found.partition_point(|(other, other_distance)| (*other_distance, *other) < (distance, seq));
            self.found.insert(place, (seq, distance));
            self.found.truncate(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame_vector::SIZE;

    /// Numbers from a small set, so that many distances are the same; in the first `size` places only, because a tree
    /// leaves nothing out where everything is about equally far.
    fn vectors() -> impl Strategy<Value = Vec<FrameVector>> {
        let vector = prop::array::uniform12(-9..9_i8).prop_map(|numbers| numbers.map(f32::from));
        (1..=SIZE, prop::collection::vec(vector, 1..900)).prop_map(|(size, vectors)| {
            let flat =
                |vector: [f32; SIZE]| std::array::from_fn(|place| if place < size { vector[place] } else { 0.0 });
            vectors.into_iter().map(|vector| FrameVector(flat(vector))).collect()
        })
    }

    fn plain_look(index: &FrameIndex, raw: &FrameVector, most: usize) -> Vec<(u64, f32)> {
        let (scale, target) = (index.scale(), index.scale().apply(raw));
        let distance = |moment: &Moment| (moment.seq, scale.apply(&moment.raw).distance_squared(&target).sqrt());
        let mut all: Vec<_> = index.moments().iter().map(distance).collect();
        all.sort_by(|one, other| one.1.total_cmp(&other.1).then(one.0.cmp(&other.0)));
        all.truncate(most);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_tree_finds_what_a_plain_look_finds(
            vectors in vectors(), target in vectors(), most in 0..9_usize, budget in 1..600_usize, rest in 0..2000_u64,
        ) {
            let mut index = FrameIndex::default();
            for (seq, vector) in vectors.iter().cycle().take(vectors.len() + rest as usize).enumerate() {
                index.push(3 * seq as u64, *vector);
                if seq % 7 == 0 {
                    index.step(budget);
                }
            }
            for target in target.iter().take(16) {
                prop_assert_eq!(index.nearest(target, most, |_| true), plain_look(&index, target, most));
            }
        }
    }

    #[test]
    fn only_what_is_kept_is_found() {
        let mut index = FrameIndex::default();
        let vector = |seq: u64| FrameVector([seq as f32; SIZE]);
        (0..FrameIndex::MOST as u64).for_each(|seq| index.push(seq, vector(seq)));
        assert!(index.step(usize::MAX) && !index.step(usize::MAX), "one step may do it all, then nothing is left");
        (0..100).for_each(|more| index.push(FrameIndex::MOST as u64 + more, vector(0)));
        assert_eq!(index.dropped(), 100);
        assert_eq!(index.nearest(&vector(3), 1, |seq| seq < 4000)[0].0, 100, "the first hundred are in the tree only");
        index.push(0, vector(0));
        assert_eq!((index.moments().len(), index.dropped()), (1, 100 + FrameIndex::MOST as u64));
    }

    #[test]
    fn moments_are_apart() {
        let mut index = FrameIndex::default();
        for seq in 0..1000 {
            index.push(seq, FrameVector([(seq as f32 * 0.0628).sin(); SIZE]));
            index.step(100);
        }
        let like = index.moments_like(999, &FrameVector([(999.0_f32 * 0.0628).sin(); SIZE]), 5, 30);
        let seqs: Vec<u64> = like.iter().map(|(seq, _)| *seq).chain([999]).collect();
        let is_apart = |(at, one): (usize, &u64)| seqs[..at].iter().all(|other| other.abs_diff(*one) >= 30);
        assert!(like.len() == 5 && seqs.iter().enumerate().all(is_apart), "{seqs:?}");
        assert!(like.iter().all(|(_, distance)| *distance < 0.2), "a wave comes back: {like:?}");
    }
}
