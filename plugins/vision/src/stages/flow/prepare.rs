//! Buffers and passes for a stream.
//!
//! Levels are numbered as sizes: 0 is luma, `k` is level `k - 1` of the pyramid, 1/2^k of the size.

use bytemuck::{Pod, Zeroable};
use freshet_base::{FrameFormat, Luma, OpticalFlow, Pyramid};
use freshet_frame::{PassesBuilder, PrepareContext, SlotTexture, TextureShape, Workgroups};
use wgpu::{BindingResource, Buffer, TextureFormat};

use super::settings::{FlowPreset, FlowSettings};
use super::{FlowBindings, FlowStage};

/// Levels below full size that flow may begin at.
const COARSEST: usize = 5;
/// No level is used whose shorter side has fewer pixels than this.
const SHORTEST_SIDE: u32 = 10;
/// Texels on a side that a workgroup normalises.
const INNER: u32 = 30;
/// Pixels between patches.
const STRIDE: u32 = 4;
/// Texels on a side that a workgroup of the refinement writes.
const TILE: u32 = 28;
/// The shader's `Level`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct Level {
    pub(super) size: [u32; 2],
    pub(super) coarse: [u32; 2],
    pub(super) patches: [u32; 2],
    pub(super) level: u32,
    pub(super) flags: u32,
    pub(super) iterations: u32,
    pub(super) sweeps: u32,
    pub(super) data_eps: f32,
    pub(super) smooth_eps: f32,
    pub(super) lambda: f32,
    pub(super) relax: f32,
    pub(super) normalise: f32,
    pub(super) contrast: f32,
    pub(super) blend: f32,
    pub(super) coarse_ratio: f32,
    pub(super) reach: f32,
    pub(super) tolerance: f32,
    pub(super) pad0: f32,
    pub(super) candidates: u32,
    pub(super) pad: [f32; 2],
}

/// A coarser flow exists.
const HAS_COARSER: u32 = 1;
/// The motion of the whole picture is known.
const HAS_MODEL: u32 = 2;
/// Patches are compared at all of their pixels.
const DENSE: u32 = 4;

/// What a preset does.
#[derive(Debug, Clone, Copy)]
struct Tuning {
    /// Level of the finest search of patches.
    finest: usize,
    /// Level of the finest refinement.
    last: usize,
    /// Levels from here on have a backward flow, too.
    backward: usize,
    /// Refinements of each level, the finest first.
    refinements: [usize; COARSEST + 1],
    /// The motion of the whole picture is fitted after these levels.
    fits: &'static [usize],
    /// Steps of the search of a patch, the finest level first.
    iterations: [u32; COARSEST + 1],
    /// Red-black sweeps of a refinement.
    sweeps: u32,
    /// Scale of the robust data term, in units of normalised luma.
    data_eps: f32,
    /// Weight of smoothness, the finest level first.
    lambda: [f32; COARSEST + 1],
    /// Contrast of luma below which it is not amplified, the finest level first.
    contrast: [f32; COARSEST + 1],
    /// Residual under which a patch's vote stops growing.
    blend: f32,
    /// Miss of the backward flow that halves the confidence, in pixels.
    tolerance: f32,
    /// Starting points of a patch that are tried.
    candidates: u32,
    /// At these levels patches are compared at all of their pixels, else at every second one.
    dense: &'static [usize],
}

impl Tuning {
    const FINE: Self = Self {
        finest: 1,
        last: 1,
        backward: 1,
        refinements: [1, 3, 2, 1, 1, 1],
        fits: &[4, 3, 2],
        iterations: [8; 6],
        sweeps: 8,
        data_eps: 0.1,
        lambda: [0.8, 0.8, 0.8, 0.3, 0.3, 0.3],
        contrast: [0.006, 0.006, 0.006, 0.2, 0.2, 0.2],
        blend: 0.05,
        tolerance: 0.5,
        candidates: 5,
        dense: &[1],
    };

    const fn of(preset: FlowPreset) -> Self {
        match preset {
            FlowPreset::Fast => Self {
                finest: 2,
                last: 2,
                backward: 3,
                refinements: [1, 1, 2, 1, 1, 1],
                fits: &[4, 3],
                iterations: [4, 4, 2, 4, 4, 4],
                sweeps: 6,
                data_eps: 0.03,
                lambda: [0.8, 0.8, 0.8, 0.2, 0.3, 0.3],
                contrast: [0.02; 6],
                blend: 0.02,
                tolerance: 1.5,
                candidates: 1,
                dense: &[2],
            },
            FlowPreset::Balanced => Self::FINE,
            FlowPreset::Accurate => Self { last: 0, refinements: [3, 3, 2, 1, 1, 1], ..Self::FINE },
        }
    }

    /// How many directions a level has: backward flow at the finest one would cost as much as all else.
    const fn directions(&self, level: usize, last: usize, coarsest: usize) -> u32 {
        if level == last && level < self.backward && level < coarsest { 1 } else { 2 }
    }
}

/// The sizes that flow works on.
pub(super) struct Sizes {
    pub(super) of: [(u32, u32); COARSEST + 1],
    pub(super) coarsest: usize,
}

impl Sizes {
    pub(super) fn new(format: &FrameFormat) -> Self {
        let full = TextureShape::per_frame(format, TextureFormat::R8Unorm);
        let of = [0, 1, 2, 3, 4, 5].map(|level| full.level_size(level));
        let coarsest = (1..=COARSEST).take_while(|&level| of[level].0.min(of[level].1) >= SHORTEST_SIDE).count();
        Self { of, coarsest }
    }

    fn texels(&self, level: usize) -> u64 {
        let (width, height) = self.of[level];
        u64::from(width) * u64::from(height)
    }

    fn patches(&self, level: usize) -> (u32, u32) {
        let (width, height) = self.of[level];
        (width.div_ceil(STRIDE) + 1, height.div_ceil(STRIDE) + 1)
    }
}

/// What passes share.
struct Plan<'a> {
    stage: &'a FlowStage,
    tuning: Tuning,
    sizes: Sizes,
    images: Vec<Buffer>,
    flow: Vec<[Buffer; 2]>,
    patches: Buffer,
    models: Buffer,
    first: usize,
}

pub(super) fn prepare(
    stage: &FlowStage,
    settings: &FlowSettings,
    context: &mut PrepareContext<'_>,
) -> Option<FlowBindings> {
    let format = context.format();
    let shape = TextureShape::per_frame(&format, TextureFormat::Rgba16Float).single();
    let output = context.output::<OpticalFlow>(shape).first()?.view.clone();
    let summary = context.metadata::<OpticalFlow>()?;
    let luma = context.input::<Luma>()?;
    let pyramid = context.input::<Pyramid>()?;
    let (output, summary) = (BindingResource::TextureView(&output), BindingResource::Buffer(summary));

    let sizes = Sizes::new(&format);
    let tuning = Tuning::of(settings.preset);
    let (finest, last) = (tuning.finest.min(sizes.coarsest), tuning.last.min(sizes.coarsest));
    let mut passes = context.passes();
    let per_level = |passes: &mut PassesBuilder<'_>, label, bytes: u64| -> Vec<Buffer> {
        // Levels that are not used have a buffer of the least size, so that levels are indices.
        let of = |level| if level < last { 0 } else { 2 * sizes.texels(level) * bytes };
        (0..=sizes.coarsest).map(|level| passes.scratch(label, of(level))).collect()
    };
    let images = per_level(&mut passes, "freshet:flow images", 8);
    let here = per_level(&mut passes, "freshet:flow field", 8);
    let other = per_level(&mut passes, "freshet:flow field", 8);
    let most_patches = (finest..=sizes.coarsest)
        .map(|level| {
            let (across, down) = sizes.patches(level);
            2 * u64::from(across) * u64::from(down)
        })
        .max()?;
    let patches = passes.scratch("freshet:flow patches", most_patches * 16);
    let models = passes.scratch("freshet:flow models", 96);
    let flow = here.into_iter().zip(other).map(|(here, other)| [here, other]).collect();
    let plan = Plan { stage, tuning, sizes, images, flow, patches, models, first: last };

    let (fields, has_model) = plan.descend(&mut passes, (luma, pyramid), finest, last);
    plan.finish(&mut passes, last, &fields, has_model, &output);
    let (width, height) = plan.sizes.of[0];
    let params = plan.params(&mut passes, last, last, has_model);
    passes.pass(&stage.summarise, Workgroups::Fixed(1, 1, 1)).own(&[
        (0, params.as_entire_binding()),
        (2, plan.models.as_entire_binding()),
        (3, output.clone()),
        (4, summary.clone()),
    ]);

    let mut first = context.passes();
    first.pass(&stage.first_frame, Workgroups::covering(width, height, 16)).own(&[(6, output), (7, summary)]);
    Some(FlowBindings { flow: passes.finish()?, first: first.finish()? })
}

impl Plan<'_> {
    fn directions(&self, level: usize) -> u32 {
        self.tuning.directions(level, self.first, self.sizes.coarsest)
    }

    /// Normalised luma of both frames, for the levels that wait for it down to `level`.
    fn prepare_down_to(
        &self,
        passes: &mut PassesBuilder<'_>,
        (luma, pyramid): (&[SlotTexture], &[SlotTexture]),
        waiting: &mut std::iter::Rev<std::ops::RangeInclusive<usize>>,
        level: usize,
    ) {
        while let Some(next) = waiting.clone().next().filter(|&next| next >= level) {
            waiting.next();
            let params = self.params(passes, next, next, 0);
            let (width, height) = self.sizes.of[next];
            let of_slot = |slot: usize| {
                let view = |texture| BindingResource::TextureView(texture);
                [(0, view(&luma[slot].view)), (1, view(&pyramid[slot].view))]
            };
            let groups = Workgroups::Fixed((width + 1).div_ceil(INNER), (height + 1).div_ceil(INNER), 2);
            passes
                .pass(&self.stage.prepare, groups)
                .own(&[(0, params.as_entire_binding()), (1, self.images[next].as_entire_binding())])
                .current(of_slot)
                .previous(of_slot);
        }
    }

    /// From the coarsest level to the finest. Answers in which of its two buffers each level's flow ended up, and
    /// whether the motion of the whole picture is known.
    fn descend(
        &self,
        passes: &mut PassesBuilder<'_>,
        textures: (&[SlotTexture], &[SlotTexture]),
        finest: usize,
        last: usize,
    ) -> ([usize; COARSEST + 1], u32) {
        // Fine levels are prepared between the first passes of the coarsest one, which leave most of a GPU idle and touch
        // none of the same buffers: they run side by side.
        let mut waiting = (last..=self.sizes.coarsest).rev();
        let mut place = [0; COARSEST + 1];
        let mut coarser = None;
        let mut model = 0;
        for level in (last..=self.sizes.coarsest).rev() {
            self.prepare_down_to(passes, textures, &mut waiting, level);
            let from = coarser.unwrap_or(level);
            let has_coarser = if coarser.is_some() { HAS_COARSER } else { 0 };
            let dense = if self.tuning.dense.contains(&level) { DENSE } else { 0 };
            let params = self.params(passes, level, from, model | has_coarser | dense);
            let params = (0, params.as_entire_binding());
            let images = (1, self.images[level].as_entire_binding());
            let models = (2, self.models.as_entire_binding());
            // Without a coarser level nothing is read; the other buffer holds the place.
            let source = (3, self.flow[from][if coarser.is_some() { place[from] } else { 1 }].as_entire_binding());
            let patches = (4, self.patches.as_entire_binding());
            let (width, height) = self.sizes.of[level];
            let tiles = Workgroups::Fixed(width.div_ceil(TILE), height.div_ceil(TILE), self.directions(level));
            let field = |place: usize| self.flow[level][place].as_entire_binding();
            if level >= finest {
                let (across, down) = self.sizes.patches(level);
                passes
                    .pass(
                        &self.stage.search,
                        Workgroups::Fixed(across.div_ceil(4), down.div_ceil(2), self.directions(level)),
                    )
                    .own(&[params.clone(), images.clone(), models.clone(), source, patches.clone()]);
                self.prepare_down_to(passes, textures, &mut waiting, 2);
                passes.pass(&self.stage.refine_patches, tiles.clone()).own(&[
                    params.clone(),
                    images.clone(),
                    models.clone(),
                    patches,
                    (5, field(0)),
                ]);
            } else {
                passes.pass(&self.stage.refine_coarse, tiles.clone()).own(&[
                    params.clone(),
                    images.clone(),
                    models.clone(),
                    source,
                    (5, field(0)),
                ]);
            }
            self.prepare_down_to(passes, textures, &mut waiting, 1);
            for _ in 1..self.tuning.refinements[level] {
                let here = place[level];
                passes.pass(&self.stage.refine, tiles.clone()).own(&[
                    params.clone(),
                    images.clone(),
                    models.clone(),
                    (3, field(here)),
                    (5, field(1 - here)),
                ]);
                place[level] = 1 - here;
                self.prepare_down_to(passes, textures, &mut waiting, 0);
            }
            self.prepare_down_to(passes, textures, &mut waiting, 0);
            coarser = Some(level);
            let least = self.tuning.fits.iter().copied().min().unwrap_or(0);
            let only_chance = level == self.sizes.coarsest && level < least;
            if (self.tuning.fits.contains(&level) || only_chance) && self.directions(level) == 2 {
                passes.pass(&self.stage.fit_level, Workgroups::Fixed(1, 1, 2)).own(&[
                    params,
                    (1, field(place[level])),
                    models,
                ]);
                model = HAS_MODEL;
            }
        }
        (place, model)
    }

    /// Confidence, and the flow at full size.
    fn finish(
        &self,
        passes: &mut PassesBuilder<'_>,
        last: usize,
        place: &[usize; COARSEST + 1],
        model: u32,
        output: &BindingResource<'_>,
    ) {
        // Where the finest level has no backward flow, that of the level above is looked at.
        let back = if self.directions(last) == 2 { last } else { last + 1 };
        let params = self.params(passes, last, back, model);
        let params = (0, params.as_entire_binding());
        let images = (1, self.images[last].as_entire_binding());
        let models = (2, self.models.as_entire_binding());
        let forward = (3, self.flow[last][place[last]].as_entire_binding());
        let backward = (4, self.flow[back][place[back]].as_entire_binding());
        let output = (6, output.clone());
        if last == 0 {
            let (width, height) = self.sizes.of[0];
            passes
                .pass(&self.stage.check_publish, Workgroups::covering(width, height, 16))
                .own(&[params, images, forward, backward, output]);
            return;
        }
        // Sizes are rounded down: the last cells of a level have a few more columns and rows beside them.
        let (width, height) = self.sizes.of[0];
        let beside = (1 << last) / 2;
        passes
            .pass(&self.stage.publish, Workgroups::covering(width + beside, height + beside, 32))
            .own(&[params, images, models, forward, backward, output]);
    }

    /// The shader's parameters of a level that reads the flow of level `from`.
    fn params(&self, passes: &mut PassesBuilder<'_>, level: usize, from: usize, flags: u32) -> Buffer {
        let (size, coarse, patches) = (self.sizes.of[level], self.sizes.of[from], self.sizes.patches(level));
        let level = Level {
            size: size.into(),
            coarse: coarse.into(),
            patches: patches.into(),
            level: level as u32,
            flags,
            iterations: self.tuning.iterations[level],
            sweeps: self.tuning.sweeps,
            data_eps: self.tuning.data_eps,
            smooth_eps: 0.01,
            lambda: self.tuning.lambda[level],
            relax: 1.85,
            normalise: 0.3,
            contrast: self.tuning.contrast[level],
            blend: self.tuning.blend,
            coarse_ratio: if from == level { 1.0 } else { 2.0 },
            reach: 8.0,
            tolerance: self.tuning.tolerance,
            pad0: 0.0,
            candidates: self.tuning.candidates,
            pad: [0.0; 2],
        };
        passes.uniform("freshet:flow level", bytemuck::bytes_of(&level))
    }
}
