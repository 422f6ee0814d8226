//! What came out of a net, and how it becomes a component.

use bevy::math::Affine2;
use freshet_base::{Attachment, Product};

use crate::net::Shape;

/// A component that is made of a net's outputs.
///
/// The type names the net's product: `Wants::<R>` on a stream runs it, and the result is attached to the frame that it
/// was computed from.
///
/// ```
/// # use bevy::ecs::component::Component;
/// # use serde::Serialize;
/// # use freshet_base::{Attachment, Product};
/// # use freshet_inference::{NetOutputs, NetResult};
/// /// The class that a picture belongs to, and how surely.
/// #[derive(Component, Debug, Clone, Serialize)]
/// struct Class { index: usize, score: f32 }
///
/// impl Attachment for Class { const NAME: &'static str = "class"; }
/// impl Product for Class { const NAME: &'static str = "class"; }
///
/// impl NetResult for Class {
///     fn read(outputs: &NetOutputs<'_>) -> Option<Self> {
///         let scores = outputs.first().iter().copied().enumerate();
///         let (index, score) = scores.max_by(|a, b| a.1.total_cmp(&b.1))?;
///         Some(Self { index, score })
///     }
/// }
/// ```
pub trait NetResult: Attachment + Product {
    /// Reads the outputs of one inference. `None` when there is nothing of the kind in the picture: the frame says
    /// `no_target` then. Runs on the main thread: keep it small.
    fn read(outputs: &NetOutputs<'_>) -> Option<Self>;
}

/// An output of a net: where it lies among what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputPlace {
    pub name: String,
    pub shape: Shape,
    pub first: usize,
}

/// What came out of a net for one frame. All numbers are `f32`.
#[derive(Debug, Clone, Copy)]
pub struct NetOutputs<'a> {
    places: &'a [OutputPlace],
    values: &'a [f32],
    /// From pixels of the net's input to those of the frame; the middle of the first pixel is `(0.5, 0.5)` in both.
    pub image_from_input: Affine2,
    /// Width and height of the net's input.
    pub input_px: [u32; 2],
}

impl<'a> NetOutputs<'a> {
    pub(crate) fn new(
        places: &'a [OutputPlace],
        values: &'a [f32],
        image_from_input: Affine2,
        input_px: [u32; 2],
    ) -> Self {
        Self { places, values, image_from_input, input_px }
    }

    /// How many outputs there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none; a net has at least one.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The output of this name: its extents and its elements, rows closely packed.
    pub fn get(&self, name: &str) -> Option<(Shape, &'a [f32])> {
        let place = self.places.iter().find(|place| place.name == name)?;
        Some((place.shape, self.elements(place)?))
    }

    /// The output at this place of the net's list.
    pub fn at(&self, index: usize) -> Option<(Shape, &'a [f32])> {
        let place = self.places.get(index)?;
        Some((place.shape, self.elements(place)?))
    }

    /// The elements of the first output.
    pub fn first(&self) -> &'a [f32] {
        self.at(0).map_or(&[], |(_, elements)| elements)
    }

    fn elements(&self, place: &OutputPlace) -> Option<&'a [f32]> {
        self.values.get(place.first..place.first + place.shape.elements())
    }
}
