//! One thought in flight, and the newest frame that waits for the next.
//!
//! ```text
//!  offer(frame) ─► waiting ──start──► in flight ──finish──► done
//!                    │ ▲                  │
//!      gives way to ─┘ └─ a newer frame   └─ withdrawn: told to stop, and in flight until it has
//!                         of its stream, or one of a stream that has waited longer for its turn
//! ```

use bevy::ecs::entity::Entity;
use freshet_base::{FrameId, Timestamp};

/// A frame to think about, and what is to be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter<T> {
    /// The stream it is of.
    pub stream: Entity,
    /// The frame.
    pub frame: FrameId,
    /// When it was captured.
    pub captured: Timestamp,
    /// What was taken from it.
    pub input: T,
}

/// Whose frame is thought about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The stream it is of.
    pub stream: Entity,
    /// The frame.
    pub frame: FrameId,
    /// When it was captured.
    pub captured: Timestamp,
}

/// One thought in flight and the newest frame waiting: never more, however many streams there are and however fast.
///
/// Streams take turns: the place that waits belongs to the stream whose last thought began longest ago.
///
/// ```
/// # use bevy::ecs::entity::Entity;
/// # use freshet_base::{FrameId, Timestamp};
/// # use freshet_inference::{Letter, Mailbox};
/// # let entity = Entity::PLACEHOLDER;
/// # let letter = |seq| Letter { stream: entity, frame: FrameId { entity, seq }, captured: Timestamp::default(), input: () };
/// let mut mailbox = Mailbox::default();
/// assert_eq!(mailbox.offer(letter(1)), None);
/// assert_eq!(mailbox.start().map(|letter| letter.frame.seq), Some(1));
/// assert_eq!(mailbox.offer(letter(2)), None);
/// assert_eq!(mailbox.offer(letter(3)).map(|left| left.frame.seq), Some(2)); // the newer one waits in its place
/// assert_eq!(mailbox.start(), None); // one at a time
/// ```
#[derive(Debug)]
pub struct Mailbox<T> {
    in_flight: Option<Address>,
    waiting: Option<Letter<T>>,
    /// The streams that had turns, and when.
    turns: Vec<(Entity, u64)>,
    clock: u64,
    most: usize,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        // Room for as many streams as most apps have: none is made later.
        Self { in_flight: None, waiting: None, turns: Vec::with_capacity(16), clock: 0, most: 0 }
    }
}

impl<T> Letter<T> {
    /// Whose it is.
    pub const fn address(&self) -> Address {
        Address { stream: self.stream, frame: self.frame, captured: self.captured }
    }
}

impl<T> Mailbox<T> {
    /// Offers a frame. Answers with the one that will not be thought about because of it: the one that waited, or this
    /// one, if it is older or another stream's turn is next.
    pub fn offer(&mut self, letter: Letter<T>) -> Option<Letter<T>> {
        let gives_way = self.waiting.as_ref().is_none_or(|waiting| {
            if waiting.stream == letter.stream {
                waiting.frame.seq < letter.frame.seq
            } else {
                self.turn(letter.stream) < self.turn(waiting.stream)
            }
        });
        if !gives_way {
            return Some(letter);
        }
        let before = self.waiting.replace(letter);
        self.count();
        before
    }

    /// Begins to think about the frame that waits, unless another is in flight.
    pub fn start(&mut self) -> Option<Letter<T>> {
        if self.in_flight.is_some() {
            return None;
        }
        let letter = self.waiting.take()?;
        self.in_flight = Some(letter.address());
        self.clock += 1;
        match self.turns.iter_mut().find(|(stream, _)| *stream == letter.stream) {
            Some((_, turn)) => *turn = self.clock,
            None => self.turns.push((letter.stream, self.clock)),
        }
        Some(letter)
    }

    /// What was in flight has come to its end, whichever.
    pub fn finish(&mut self) -> Option<Address> {
        self.in_flight.take()
    }

    /// Takes back what waits, if `which` says so.
    pub fn withdraw(&mut self, which: impl FnOnce(&Address) -> bool) -> Option<Letter<T>> {
        self.waiting.take_if(|letter| which(&letter.address()))
    }

    /// Forgets the turns of streams that are gone.
    pub fn keep(&mut self, mut is_there: impl FnMut(Entity) -> bool) {
        self.turns.retain(|&(stream, _)| is_there(stream));
    }

    /// What is in flight.
    pub const fn in_flight(&self) -> Option<Address> {
        self.in_flight
    }

    /// What waits.
    pub fn waiting(&self) -> Option<Address> {
        self.waiting.as_ref().map(Letter::address)
    }

    /// The most there ever were, in flight and waiting: 2 at most.
    pub const fn most(&self) -> usize {
        self.most
    }

    /// When the stream's last thought began; 0 if it had none.
    fn turn(&self, stream: Entity) -> u64 {
        self.turns.iter().find(|(known, _)| *known == stream).map_or(0, |&(_, turn)| turn)
    }

    fn count(&mut self) {
        self.most = self.most.max(usize::from(self.in_flight.is_some()) + usize::from(self.waiting.is_some()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entity(index: u32) -> Entity {
        Entity::from_raw_u32(index).unwrap()
    }

    fn letter(stream: u32, seq: u64) -> Letter<(u32, u64)> {
        let (stream_entity, entity) = (entity(stream), entity(100 + stream));
        let captured = Timestamp::from_nanos(seq);
        Letter { stream: stream_entity, frame: FrameId { entity, seq }, captured, input: (stream, seq) }
    }

    #[derive(Debug, Clone, Copy)]
    enum Deed {
        Offer(u32, u64),
        Start,
        Finish,
        Withdraw(u32),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            5 => (0_u32..3, 0_u64..4).prop_map(|(stream, step)| Deed::Offer(stream, step)),
            2 => Just(Deed::Start),
            2 => Just(Deed::Finish),
            1 => (0_u32..3).prop_map(Deed::Withdraw),
        ];
        proptest::collection::vec(deed, 1..120)
    }

    proptest! {
        /// Every frame that is offered ends in exactly one way; never more than one is in flight and one waits; what is
        /// started carries its own input; of a stream, older frames never follow newer ones.
        #[test]
        fn every_letter_ends_once_and_at_most_two_are_there(deeds in deeds()) {
            let mut mailbox = Mailbox::default();
            let (mut next, mut started) = ([0_u64; 3], [None::<u64>; 3]);
            let (mut offered, mut ended) = (0, 0);
            for deed in deeds {
                match deed {
                    Deed::Offer(stream, step) => {
                        next[stream as usize] += step;
                        offered += 1;
                        let left = mailbox.offer(letter(stream, next[stream as usize]));
                        if let Some(left) = &left {
                            prop_assert_eq!(left.input.1, left.frame.seq);
                        }
                        ended += u32::from(left.is_some());
                    }
                    Deed::Start => {
                        let (was_in_flight, waited) = (mailbox.in_flight(), mailbox.waiting());
                        let letter = mailbox.start();
                        prop_assert_eq!(letter.is_some(), was_in_flight.is_none() && waited.is_some());
                        if let Some(letter) = letter {
                            let (stream, seq) = letter.input;
                            prop_assert_eq!((letter.stream, letter.frame.seq), (entity(stream), seq));
                            let before = started[stream as usize].replace(seq);
                            prop_assert!(before.is_none_or(|before| before <= seq));
                        }
                    }
                    Deed::Finish => ended += u32::from(mailbox.finish().is_some()),
                    Deed::Withdraw(stream) => {
                        let left = mailbox.withdraw(|address| address.stream == entity(stream));
                        ended += u32::from(left.is_some());
                        prop_assert!(mailbox.waiting().is_none_or(|address| address.stream != entity(stream)));
                    }
                }
                let there = u32::from(mailbox.in_flight().is_some()) + u32::from(mailbox.waiting().is_some());
                prop_assert_eq!(offered, ended + there);
                prop_assert!(mailbox.most() <= 2);
            }
        }

        /// Streams that always have a frame to offer take turns, whatever the order in which they offer.
        #[test]
        fn streams_take_turns(streams in 1_u32..5, order in proptest::collection::vec(0_u32..5, 1..60)) {
            let mut mailbox = Mailbox::default();
            let mut begun = vec![0_i32; streams as usize];
            for (seq, first) in order.into_iter().enumerate() {
                for offset in 0..streams {
                    // What gives way is not looked at here.
                    let _given_way = mailbox.offer(letter((first + offset) % streams, seq as u64));
                }
                mailbox.finish();
                let letter = mailbox.start().unwrap();
                begun[letter.input.0 as usize] += 1;
                let (least, most) = (begun.iter().min().unwrap(), begun.iter().max().unwrap());
                prop_assert!(most - least <= 1, "{begun:?}");
            }
        }
    }

    #[test]
    fn the_turns_of_streams_that_are_gone_are_forgotten() {
        let mut mailbox = Mailbox::default();
        for stream in 0..5 {
            mailbox.offer(letter(stream, 1));
            mailbox.start();
            mailbox.finish();
        }
        mailbox.keep(|stream| stream == entity(3));
        assert_eq!(mailbox.turns.len(), 1);
    }
}
