//! What is wanted of a stream, and what must run for it.
//!
//! ```text
//!  Wants<FrameCode> ─┐                      closure over the stages' inputs
//!  Wants<LivePicture>┴─► Demand::wanted ──► { frame_code ◄ luma, live_picture } ──► stages that run, buffers held
//! ```

use std::any::TypeId;
use std::marker::PhantomData;

use arrayvec::ArrayVec;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::prelude::*;
use bevy::ecs::world::{DeferredWorld, EntityRef};
use bevy::log::warn;
use freshet_base::Product;

use crate::render::ProductTuple;

/// A set of products, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Products(u64);

impl Products {
    /// No product.
    pub const NONE: Self = Self(0);

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in this set.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The products, as indices.
    pub(crate) fn indices(self) -> impl Iterator<Item = usize> {
        (0..u64::BITS as usize).filter(move |index| self.0 >> index & 1 == 1)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// One stage as the closure sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageLink {
    /// The stage's name.
    pub name: &'static str,
    /// What it makes.
    pub makes: Products,
    /// What it reads.
    pub needs: Products,
}

/// The products known to the app and the stages that make them.
#[derive(Resource, Debug, Default, Clone)]
pub struct Pipeline {
    products: Vec<KnownProduct>,
    stages: Vec<StageLink>,
    /// What is made in the main world, by no GPU stage.
    in_main_world: Products,
}

#[derive(Debug, Clone, Copy)]
struct KnownProduct {
    id: TypeId,
    name: &'static str,
    consumers: for<'w> fn(EntityRef<'w>) -> &'w [&'static str],
}

impl Pipeline {
    /// The set of this one product, made known if it is not.
    pub fn product<P: Product>(&mut self) -> Products {
        let id = TypeId::of::<P>();
        let index = self.products.iter().position(|known| known.id == id).unwrap_or_else(|| {
            self.products.push(KnownProduct { id, name: P::NAME, consumers: consumers_of::<P> });
            self.products.len() - 1
        });
        assert!(index < u64::BITS as usize, "an app has at most 64 products; {} is one too many", P::NAME);
        Products(1 << index)
    }

    /// The set of this one product, empty if nobody makes or wants it.
    pub fn find<P: Product>(&self) -> Products {
        let id = TypeId::of::<P>();
        self.products.iter().position(|known| known.id == id).map_or(Products::NONE, |index| Products(1 << index))
    }

    /// The products' names, in the order of their bits.
    pub fn names(&self, products: Products) -> impl Iterator<Item = &'static str> + '_ {
        products.indices().filter_map(|index| self.products.get(index).map(|known| known.name))
    }

    /// What is wanted of this stream and by whom, in the order of the products' bits.
    pub fn wants<'a>(&'a self, stream: EntityRef<'a>) -> impl Iterator<Item = (&'static str, &'a [&'static str])> + 'a {
        self.products.iter().map(move |known| (known.name, (known.consumers)(stream))).filter(|(_, by)| !by.is_empty())
    }

    /// The stages, in the order they were added.
    pub fn stages(&self) -> &[StageLink] {
        &self.stages
    }

    /// Makes a stage known. [`StagePlugin`](crate::StagePlugin) does so for stages that are one; for those that run by
    /// systems of their own, this is how they are wanted and granted GPU time.
    pub fn add_stage(&mut self, stage: StageLink) {
        self.stages.push(stage);
    }

    /// Makes somebody known who makes products in the main world, from what GPU stages attach to frames: a model, say.
    ///
    /// Whoever wants such a product wants what it needs, too; frames are let in for it, and it is granted, thinned and
    /// refused as a stage's would be. Nothing runs for it on the GPU: looking at frames is its maker's own work.
    pub fn make_in_main_world<Makes: ProductTuple, Needs: ProductTuple>(&mut self, name: &'static str) {
        let (makes, needs) = (Makes::set(self), Needs::set(self));
        self.in_main_world = self.in_main_world.with(makes);
        self.add_stage(StageLink { name, makes, needs });
    }

    /// The part of these products that is left to the render world.
    pub(crate) fn on_gpu(&self, products: Products) -> Products {
        products.without(self.in_main_world)
    }

    /// Everything that must be made so that `wanted` can be.
    pub fn closure(&self, wanted: Products) -> Products {
        closure(&self.stages, wanted)
    }

    /// Those of `wanted` that no stage makes.
    pub fn unmade(&self, wanted: Products) -> Products {
        self.stages.iter().fold(wanted, |left, stage| left.without(stage.makes))
    }
}

/// Who wants product `P` of a stream; nobody, if it is not wanted.
fn consumers_of<P: Product>(stream: EntityRef<'_>) -> &[&'static str] {
    stream.get::<Wants<P>>().map_or(&[], |wants| wants.consumers.as_slice())
}

/// Everything that must be made so that `wanted` can be: the wanted products and, again and again, what the stages
/// that make them read.
fn closure(stages: &[StageLink], wanted: Products) -> Products {
    let mut needed = wanted;
    loop {
        let inputs = stages
            .iter()
            .filter(|stage| stage.makes.intersects(needed))
            .fold(Products::NONE, |inputs, stage| inputs.with(stage.needs));
        if needed.contains(inputs) {
            return needed;
        }
        needed = needed.with(inputs);
    }
}

/// What is wanted of a stream, kept by [`Wants`].
#[derive(Component, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    pub(crate) wanted: Products,
}

impl Demand {
    /// What consumers want.
    pub const fn wanted(&self) -> Products {
        self.wanted
    }
}

/// On a stream: product `P` is wanted, and by whom.
///
/// A stage runs for a stream only while a consumer wants its product, or the product of a stage that reads it. Insert
/// it by hand, or name yourself with [`WantExt::want`], which counts each name once, so that several consumers do not
/// get in one another's way.
#[derive(Component, Debug, Clone)]
#[component(on_insert = start::<P>, on_remove = stop::<P>)]
#[require(Demand)]
pub struct Wants<P: Product> {
    consumers: ArrayVec<&'static str, 16>,
    product: PhantomData<fn() -> P>,
}

impl<P: Product> Wants<P> {
    /// Wanted by one consumer.
    pub fn by(consumer: &'static str) -> Self {
        Self { consumers: std::iter::once(consumer).collect(), product: PhantomData }
    }

    /// Who wants it.
    pub fn consumers(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.consumers.iter().copied()
    }
}

impl<P: Product> Default for Wants<P> {
    fn default() -> Self {
        Self::by("by hand")
    }
}

fn start<P: Product>(mut world: DeferredWorld, context: HookContext) {
    let Some(mut pipeline) = world.get_resource_mut::<Pipeline>() else {
        warn!("{} is wanted, but the app has no FramePlugin", P::NAME);
        return;
    };
    let product = pipeline.product::<P>();
    if !pipeline.unmade(product).is_empty() {
        warn!("{} is wanted, but no stage of this app makes it: add the plugin that does", P::NAME);
    }
    if let Some(mut demand) = world.get_mut::<Demand>(context.entity) {
        demand.wanted = demand.wanted.with(product);
    }
}

fn stop<P: Product>(mut world: DeferredWorld, context: HookContext) {
    let product = world.get_resource::<Pipeline>().map_or(Products::NONE, Pipeline::find::<P>);
    if let Some(mut demand) = world.get_mut::<Demand>(context.entity) {
        demand.wanted = demand.wanted.without(product);
    }
}

/// Wanting by name.
pub trait WantExt {
    /// `consumer` wants product `P` of `stream`. Wanting it twice is wanting it once.
    fn want<P: Product>(&mut self, stream: Entity, consumer: &'static str);

    /// `consumer` no longer wants product `P` of `stream`. The last one to go stops the stages and frees their buffers.
    fn unwant<P: Product>(&mut self, stream: Entity, consumer: &'static str);
}

impl WantExt for Commands<'_, '_> {
    fn want<P: Product>(&mut self, stream: Entity, consumer: &'static str) {
        self.queue(move |world: &mut World| {
            let Ok(mut entity) = world.get_entity_mut(stream) else { return };
            match entity.get_mut::<Wants<P>>() {
                None => {
                    entity.insert(Wants::<P>::by(consumer));
                }
                Some(mut wants) if !wants.consumers.contains(&consumer) => {
                    if wants.consumers.try_push(consumer).is_err() {
                        warn!("{consumer} is one consumer of {} too many", P::NAME);
                    }
                }
                Some(_) => {}
            }
        });
    }

    fn unwant<P: Product>(&mut self, stream: Entity, consumer: &'static str) {
        self.queue(move |world: &mut World| {
            let Ok(mut entity) = world.get_entity_mut(stream) else { return };
            let Some(mut wants) = entity.get_mut::<Wants<P>>() else { return };
            wants.consumers.retain(|name| *name != consumer);
            if wants.consumers.is_empty() {
                entity.remove::<Wants<P>>();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::{FrameCode, Luma, Pyramid};
    use proptest::prelude::*;

    fn link(makes: u64, needs: u64) -> StageLink {
        StageLink { name: "stage", makes: Products(makes), needs: Products(needs) }
    }

    #[test]
    fn inputs_of_inputs_are_needed() {
        let stages = [link(0b0011, 0), link(0b0100, 0b0001), link(0b1000, 0b0100)];
        assert_eq!(closure(&stages, Products(0b1000)), Products(0b1101));
        assert_eq!(closure(&stages, Products(0b0010)), Products(0b0010));
        assert_eq!(closure(&stages, Products::NONE), Products::NONE);
    }

    #[test]
    fn what_is_made_in_the_main_world_is_made_and_leaves_its_inputs_to_the_gpu() {
        let mut pipeline = Pipeline::default();
        pipeline.make_in_main_world::<(FrameCode,), (Luma,)>("model");
        let [code, luma] = [pipeline.find::<FrameCode>(), pipeline.find::<Luma>()];
        let wanted = pipeline.closure(code);
        assert_eq!((wanted, pipeline.unmade(wanted)), (code.with(luma), luma), "nobody makes luma here");
        assert_eq!(pipeline.on_gpu(wanted), luma);
    }

    #[test]
    fn wants_are_counted_by_name() {
        let mut world = World::new();
        world.init_resource::<Pipeline>();
        let stream = world.spawn(Demand::default()).id();
        let wanted = |world: &World| world.get::<Demand>(stream).unwrap().wanted;

        world.commands().want::<Luma>(stream, "one");
        world.commands().want::<Luma>(stream, "two");
        world.commands().want::<Luma>(stream, "two");
        world.flush();
        let luma = world.resource::<Pipeline>().find::<Luma>();
        assert_eq!(wanted(&world), luma);
        let wants: Vec<_> = world.resource::<Pipeline>().wants(world.entity(stream)).collect();
        assert_eq!(wants, [("luma", ["one", "two"].as_slice())]);

        world.commands().unwant::<Luma>(stream, "two");
        world.flush();
        assert_eq!(wanted(&world), luma, "one still wants it");
        world.commands().unwant::<Luma>(stream, "one");
        world.flush();
        assert_eq!(wanted(&world), Products::NONE);
        assert!(world.get::<Wants<Luma>>(stream).is_none());
    }

    #[test]
    fn a_want_inserted_by_hand_counts_until_it_is_removed() {
        let mut world = World::new();
        world.init_resource::<Pipeline>();
        let stream = world.spawn((Wants::<FrameCode>::default(), Wants::<Pyramid>::default())).id();
        let both = world.get::<Demand>(stream).unwrap().wanted;
        world.entity_mut(stream).remove::<Wants<Pyramid>>();
        let code = world.resource::<Pipeline>().find::<FrameCode>();
        assert!(both.contains(code) && both != code);
        assert_eq!(world.get::<Demand>(stream).unwrap().wanted, code);
    }

    proptest! {
        /// The closure holds what was wanted, is closed, and holds nothing that is not needed.
        #[test]
        fn the_closure_is_the_smallest_closed_set(
            links in proptest::collection::vec((0_u64..256, 0_u64..256), 0..6),
            wanted in 0_u64..256,
        ) {
            let stages: Vec<_> = links.iter().map(|&(makes, needs)| link(makes, needs)).collect();
            let closed = |set: Products| {
                stages.iter().all(|stage| !stage.makes.intersects(set) || set.contains(stage.needs))
            };
            let found = closure(&stages, Products(wanted));
            prop_assert!(found.contains(Products(wanted)) && closed(found));
            for candidate in (0..256).map(Products) {
                if candidate.contains(Products(wanted)) && closed(candidate) {
                    prop_assert!(candidate.contains(found));
                }
            }
        }
    }
}
