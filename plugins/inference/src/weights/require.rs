//! Asking whether weights are those of a net.

use std::fmt::Write;

use safetensors::Dtype;

use super::error::{WeightsError, clip};
use super::handle::Weights;

/// Faults that a message spells out.
const FAULTS_SHOWN: usize = 16;

/// A tensor that a net needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its sides, the slowest first.
    pub shape: &'a [usize],
    /// The types that will do. None given: any.
    pub dtypes: &'a [Dtype],
}

impl Weights {
    /// Checks that all these tensors are there, from the header alone.
    ///
    /// # Errors
    ///
    /// One error that names all that are missing, or of another shape or type; of many, the first ones and the number
    /// of the others.
    pub fn require<'a>(&self, wanted: impl IntoIterator<Item = Requirement<'a>>) -> Result<(), WeightsError> {
        let (mut faults, mut count) = (String::new(), 0);
        for fault in wanted.into_iter().filter_map(|requirement| self.fault(&requirement)) {
            if count < FAULTS_SHOWN {
                faults.push_str(if count == 0 { "" } else { "; " });
                faults.push_str(&fault);
            }
            count += 1;
        }
        if count > FAULTS_SHOWN {
            // Writing into a `String` cannot fail.
            write!(faults, "; and {} more", count - FAULTS_SHOWN).unwrap_or_default();
        }
        match count {
            0 => Ok(()),
            count => Err(WeightsError::Unfit { file: self.file().to_owned(), faults, count }),
        }
    }

    fn fault(&self, wanted: &Requirement<'_>) -> Option<String> {
        let name = clip(wanted.name);
        let Some(found) = self.info(wanted.name) else { return Some(format!("{name:?} is missing")) };
        if found.shape() != wanted.shape {
            return Some(format!("{name:?} has the shape {:?} instead of {:?}", found.shape(), wanted.shape));
        }
        let is_known = wanted.dtypes.is_empty() || wanted.dtypes.contains(&found.dtype());
        (!is_known).then(|| format!("{name:?} is {:?} instead of one of {:?}", found.dtype(), wanted.dtypes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::one_tensor;
    use super::*;

    fn needs<'a>(name: &'a str, shape: &'a [usize], dtypes: &'a [Dtype]) -> Requirement<'a> {
        Requirement { name, shape, dtypes }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let weights = Weights::from_bytes("face", one_tensor()).unwrap();
        weights.require([needs("t", &[2], &[Dtype::F32]), needs("t", &[2], &[])]).unwrap();
        let error = weights
            .require([needs("gone", &[1], &[]), needs("t", &[3], &[]), needs("t", &[2], &[Dtype::F16])])
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the weights \"face\" do not fit: \"gone\" is missing; \"t\" has the shape [2] instead of [3]; \"t\" is F32 \
             instead of one of [F16]"
        );
    }

    #[test]
    fn a_message_is_bounded() {
        let weights = Weights::from_bytes("face", one_tensor()).unwrap();
        let names: Vec<_> = (0..10_000).map(|index| format!("{index}{}", "long ".repeat(1000))).collect();
        let error = weights.require(names.iter().map(|name| needs(name, &[], &[]))).unwrap_err();
        let text = error.to_string();
        assert!(text.ends_with("and 9984 more"), "{text}");
        assert!(text.len() < 4000, "{}", text.len());
    }
}
