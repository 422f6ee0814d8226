//! A model as bytes, and back.
//!
//! ```text
//! "FrFc" | version u16 | settings | history | counts | contexts | weights | dwell times | FNV-1a of all before, u64
//! ```
//!
//! Little endian, of one fixed length. What is loaded is checked value by value: wrong bytes give an error, never a model that
//! could not have been learnt.

use std::fmt;
use std::time::Duration;

use super::context::{Contexts, SLOTS, Slot, WAYS};
use super::hazard::{BUCKETS, Hazard};
use super::mixture::Mixture;
use super::model::{EXPERTS, ForecastModel, HISTORY};
use super::settings::{Cycle, ForecastSettings};
use super::target::{MAX_TARGETS, TargetId};

const MAGIC: [u8; 4] = *b"FrFc";
const VERSION: u16 = 1;
const SETTINGS_BYTES: usize = 3 + 5 * 4 + 4 + 2 * 9;
const SLOT_BYTES: usize = 4 + 4 * WAYS;
const LENGTH: usize = MAGIC.len()
    + 2
    + SETTINGS_BYTES
    + HISTORY
    + 8
    + 4 * MAX_TARGETS
    + 2
    + SLOT_BYTES * SLOTS
    + 4 * EXPERTS
    + 2 * BUCKETS * (MAX_TARGETS + 1)
    + 8;

/// Why bytes are no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForecastError {
    /// They do not begin as a saved forecast does.
    NotAForecast,
    /// Saved by another version.
    Version {
        /// Its number.
        found: u16,
    },
    /// Cut off, or too long.
    Length {
        /// Bytes given.
        found: usize,
        /// Bytes of a saved forecast.
        expected: usize,
    },
    /// The checksum does not match.
    Checksum,
    /// A value is out of its range.
    Invalid {
        /// Which.
        field: &'static str,
    },
}

impl fmt::Display for ForecastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAForecast => write!(f, "these bytes are no saved forecast"),
            Self::Version { found } => write!(f, "forecast of version {found}; this is version {VERSION}"),
            Self::Length { found, expected } => write!(f, "saved forecast of {found} bytes; it should have {expected}"),
            Self::Checksum => write!(f, "saved forecast is damaged: its checksum does not match"),
            Self::Invalid { field } => write!(f, "saved forecast has a value out of range: {field}"),
        }
    }
}

impl std::error::Error for ForecastError {}

impl ForecastModel {
    /// The model as bytes, 9–10 KiB.
    pub fn save(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LENGTH);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        save_settings(&self.settings, &mut out);
        out.extend(self.history.map(|target| target.map_or(u8::MAX, |target| target.0)));
        out.extend(nanos(self.since).to_le_bytes());
        out.extend(self.usual.iter().flat_map(|count| count.to_le_bytes()));
        out.extend(self.contexts.moves.to_le_bytes());
        for slot in self.contexts.slots.iter() {
            out.extend(slot.tag.to_le_bytes());
            out.extend(slot.met.to_le_bytes());
            out.extend(slot.targets);
            out.extend(slot.slow.iter().flat_map(|count| count.to_le_bytes()));
            out.extend(slot.fast);
        }
        out.extend(self.weights.0.iter().flat_map(|weight| weight.to_le_bytes()));
        out.extend(self.hazard.rows.iter().flatten().flat_map(|count| count.to_le_bytes()));
        out.extend(checksum(&out).to_le_bytes());
        out
    }

    /// The model that was saved as `bytes`.
    ///
    /// # Errors
    ///
    /// When they are anything else.
    pub fn load(bytes: &[u8]) -> Result<Self, ForecastError> {
        let mut reader = Reader { bytes };
        if reader.array::<4>()? != MAGIC {
            return Err(ForecastError::NotAForecast);
        }
        let version = u16::from_le_bytes(reader.array()?);
        if version != VERSION {
            return Err(ForecastError::Version { found: version });
        }
        if bytes.len() != LENGTH {
            return Err(ForecastError::Length { found: bytes.len(), expected: LENGTH });
        }
        let (content, sum) = bytes.split_at(LENGTH - 8);
        if sum != checksum(content).to_le_bytes() {
            return Err(ForecastError::Checksum);
        }
        let settings = load_settings(&mut reader)?;
        let history = load_history(&mut reader, settings.targets)?;
        let since = Duration::from_nanos(u64::from_le_bytes(reader.array()?));
        let usual = reader.floats::<MAX_TARGETS>()?;
        let usual_fits = |(target, &count): (usize, &f32)| {
            if target < usize::from(settings.targets) { (0.0..=1e6).contains(&count) } else { count == 0.0 }
        };
        valid(usual.iter().enumerate().all(usual_fits), "visits")?;
        let contexts = load_contexts(&mut reader, settings.targets)?;
        let weights = reader.floats::<EXPERTS>()?;
        let weights_fit = weights.iter().all(|weight| (0.0..=1.01).contains(weight));
        valid(weights_fit && (weights.iter().sum::<f32>() - 1.0).abs() < 0.01, "weights")?;
        let mut hazard = Hazard::new();
        for count in hazard.rows.iter_mut().flatten() {
            *count = u16::from_le_bytes(reader.array()?);
        }
        Ok(Self { settings, history, since, usual, contexts, weights: Mixture(weights), hazard })
    }
}

fn save_settings(settings: &ForecastSettings, out: &mut Vec<u8>) {
    out.extend([u8::from(settings.enabled), settings.targets, settings.memory]);
    for value in [settings.escape, settings.share, settings.idle_price, settings.on_bits, settings.off_bits] {
        out.extend(value.to_le_bytes());
    }
    out.extend(settings.trial.to_le_bytes());
    for cycle in settings.cycles {
        out.extend(nanos(cycle.period).to_le_bytes());
        out.push(cycle.parts);
    }
}

fn load_settings(reader: &mut Reader<'_>) -> Result<ForecastSettings, ForecastError> {
    let [enabled, targets, memory] = reader.array()?;
    valid(enabled <= 1, "enabled")?;
    let [escape, share, idle_price, on_bits, off_bits] = reader.floats()?;
    let trial = u32::from_le_bytes(reader.array()?);
    let mut cycles = [Cycle::DAY; 2];
    for cycle in &mut cycles {
        cycle.period = Duration::from_nanos(u64::from_le_bytes(reader.array()?));
        [cycle.parts] = reader.array()?;
    }
    let enabled = enabled == 1;
    let settings =
        ForecastSettings { enabled, targets, memory, escape, share, cycles, idle_price, on_bits, off_bits, trial };
    valid(settings == settings.clamped(), "settings")?;
    Ok(settings)
}

/// Newest first, no target twice in a row, nothing before the beginning.
fn load_history(reader: &mut Reader<'_>, targets: u8) -> Result<[Option<TargetId>; HISTORY], ForecastError> {
    let history = reader.array::<HISTORY>()?.map(|target| (target != u8::MAX).then_some(TargetId(target)));
    let in_range = history.iter().flatten().all(|target| target.0 < targets);
    let in_order = history.windows(2).all(|pair| pair[1].is_none() || (pair[0].is_some() && pair[0] != pair[1]));
    valid(in_range && in_order, "history")?;
    Ok(history)
}

fn load_contexts(reader: &mut Reader<'_>, targets: u8) -> Result<Contexts, ForecastError> {
    let mut contexts = Contexts::new();
    contexts.moves = u16::from_le_bytes(reader.array()?);
    for slot in contexts.slots.iter_mut() {
        *slot = Slot {
            tag: u16::from_le_bytes(reader.array()?),
            met: u16::from_le_bytes(reader.array()?),
            targets: reader.array()?,
            slow: [0; WAYS],
            fast: [0; WAYS],
        };
        for count in &mut slot.slow {
            *count = u16::from_le_bytes(reader.array()?);
        }
        slot.fast = reader.array()?;
        let in_range = slot.targets.iter().all(|&target| target < targets);
        valid(in_range && (slot.tag != 0 || *slot == Slot::default()), "contexts")?;
    }
    Ok(contexts)
}

fn valid(holds: bool, field: &'static str) -> Result<(), ForecastError> {
    if holds { Ok(()) } else { Err(ForecastError::Invalid { field }) }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// FNV-1a, 64 bits.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What is left to read.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ForecastError> {
        let short = ForecastError::Length { found: self.bytes.len(), expected: LENGTH };
        let (head, rest) = self.bytes.split_first_chunk().ok_or(short)?;
        self.bytes = rest;
        Ok(*head)
    }

    fn floats<const N: usize>(&mut self) -> Result<[f32; N], ForecastError> {
        let mut values = [0.0; N];
        for value in &mut values {
            *value = f32::from_le_bytes(self.array()?);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::forecast::prediction::Predict;

    fn learnt(moves: &[(u8, u32)]) -> ForecastModel {
        let mut model = ForecastModel::new(ForecastSettings { targets: 9, ..ForecastSettings::default() });
        let mut at = Duration::ZERO;
        for &(target, millis) in moves {
            at += Duration::from_millis(u64::from(millis));
            model.observe(TargetId(target), at);
        }
        model
    }

    /// The same bytes with a checksum that fits.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let content = bytes.len() - 8;
        let sum = checksum(&bytes[..content]);
        bytes[content..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    #[test]
    fn each_damage_is_named() {
        let saved = learnt(&[(0, 10), (1, 20), (2, 30)]).save();
        assert_eq!(saved.len(), LENGTH);
        assert_eq!(ForecastModel::load(b"none"), Err(ForecastError::NotAForecast));
        assert!(matches!(ForecastModel::load(&saved[..100]), Err(ForecastError::Length { found: 100, .. })));
        let mut newer = saved.clone();
        newer[4] = 2;
        assert_eq!(ForecastModel::load(&newer), Err(ForecastError::Version { found: 2 }));
        let mut flipped = saved.clone();
        flipped[LENGTH / 2] ^= 1;
        assert_eq!(ForecastModel::load(&flipped), Err(ForecastError::Checksum));
        let mut out_of_range = saved;
        out_of_range[7] = 200;
        assert_eq!(ForecastModel::load(&sealed(out_of_range)), Err(ForecastError::Invalid { field: "settings" }));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let saved = learnt(&[(0, 10), (1, 20), (2, 30)]).save();
        let history = 6 + SETTINGS_BYTES;
        let visits = history + HISTORY + 8;
        let contexts = visits + 4 * MAX_TARGETS + 2;
        let weights = contexts + SLOT_BYTES * SLOTS;
        let used = (0..SLOTS).map(|slot| contexts + SLOT_BYTES * slot).find(|&place| saved[place] != 0).unwrap();
        for (place, field) in
            [(history, "history"), (visits + 4 * 20, "visits"), (used + 4, "contexts"), (weights + 3, "weights")]
        {
            let mut bytes = saved.clone();
            bytes[place] = 200;
            assert_eq!(ForecastModel::load(&sealed(bytes)), Err(ForecastError::Invalid { field }));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_saved_is_loaded(moves in proptest::collection::vec((0u8..12, 0u32..1_000_000), 0..300)) {
            let model = learnt(&moves);
            prop_assert_eq!(ForecastModel::load(&model.save()), Ok(model));
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 0..LENGTH) {
            prop_assert!(ForecastModel::load(&bytes).is_err());
            let saved = learnt(&[(0, 10), (1, 20)]).save();
            for cut in [cut % 8, cut] {
                prop_assert!(ForecastModel::load(&saved[..cut]).is_err());
            }
        }

        /// Wrong values under a right checksum: refused, or a model that works.
        #[test]
        fn forged_bytes_never_panic(
            moves in proptest::collection::vec((0u8..9, 0u32..100_000), 0..60),
            changes in proptest::collection::vec((6usize..400, any::<u8>()), 1..4),
            far in proptest::collection::vec((6usize..LENGTH - 8, any::<u8>()), 0..40),
            now in any::<u32>(),
        ) {
            let mut bytes = learnt(&moves).save();
            for (place, value) in changes.into_iter().chain(far) {
                bytes[place] = value;
            }
            if let Ok(mut model) = ForecastModel::load(&sealed(bytes)) {
                for step in 0..20u32 {
                    let now = Duration::from_millis(u64::from(now) + u64::from(step));
                    let sum: f32 = model.predict(now).ranked.iter().map(|(_, probability)| probability).sum();
                    prop_assert!((0.0..=1.02).contains(&sum), "{sum}");
                    model.observe(TargetId((step % 9) as u8), now);
                }
            }
        }
    }
}
