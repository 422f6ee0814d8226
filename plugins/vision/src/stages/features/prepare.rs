//! Buffers and passes for a stream.

use bytemuck::{Pod, Zeroable};
use freshet_base::{Features, FrameFormat, Luma, Pyramid};
use freshet_frame::{BufferShape, Passes, PrepareContext, TextureShape, Workgroups};
use wgpu::{BindingResource, BufferBinding, TextureFormat};

use super::FeaturesStage;
use super::settings::FeatureSettings;

/// Scales at which corners are looked for: 1, 1.5, 2, 3, 4, 6.
const WANTED: usize = 6;
/// Two more, at half the size of others: the orientation of a corner is read there.
const ORIENTATION: usize = 2;
/// No level is made of a picture whose shorter side has fewer pixels than this.
const SHORTEST_SIDE: u32 = 4;
/// Pixels on a side of the cells that points are spread over.
const CELL: u32 = 32;
/// Candidates that a cell can hold: more do not fit into it.
const CANDIDATES: u64 = 512;
/// Of these, those that are ranked.
pub(super) const RANKED: usize = 64;
/// Bins of the histogram of responses.
const BINS: u64 = 2048;
/// Least Harris response of a corner, in codes^4.
const THRESHOLD: f32 = 40.0;
/// The n-th strongest candidate of a cell counts as its response times this to the n: what spreads points.
const FADE: f32 = 0.95;

/// The shader's `Params`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub(super) struct Params {
    pub(super) size: [u32; 2],
    pub(super) level_count: u32,
    pub(super) capacity: u32,
    pub(super) cells: [u32; 2],
    pub(super) threshold: f32,
    pub(super) detect_count: u32,
    pub(super) levels: [[u32; 4]; 10],
    pub(super) fade: [f32; RANKED],
}

/// A level of the picture: how large, and where it lies in the stage's buffer, four pixels of one byte a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    width: u32,
    height: u32,
    words_a_row: u32,
    first_word: u32,
}

fn levels(format: &FrameFormat) -> Vec<Level> {
    let full = TextureShape::per_frame(format, TextureFormat::R8Unorm);
    let mut levels = Vec::new();
    let mut first_word = 0;
    for index in 0..(WANTED + ORIENTATION) as u32 {
        let (mut width, mut height) = full.level_size(index / 2);
        if width.min(height) < SHORTEST_SIDE {
            break;
        }
        if index % 2 == 1 {
            (width, height) = (width * 2 / 3, height * 2 / 3);
        }
        let words_a_row = (width + 4) / 4;
        levels.push(Level { width, height, words_a_row, first_word });
        first_word += words_a_row * height;
    }
    levels
}

/// Levels at which corners are looked for.
fn detected(levels: &[Level]) -> usize {
    levels.len().saturating_sub(ORIENTATION).min(WANTED)
}

pub(super) fn prepare(
    stage: &FeaturesStage,
    settings: &FeatureSettings,
    context: &mut PrepareContext<'_>,
) -> Option<Passes> {
    let format = context.format();
    let found = context.output_buffers::<Features>(BufferShape::per_frame(settings.bytes())).to_vec();
    let count = context.metadata::<Features>()?;
    let luma = context.input::<Luma>()?;
    let pyramid = context.input::<Pyramid>()?;

    let levels = levels(&format);
    let cells = [format.width.div_ceil(CELL), format.height.div_ceil(CELL)];
    let cell_count = u64::from(cells[0]) * u64::from(cells[1]);
    let words = levels.last().map_or(1, |last| last.first_word + last.words_a_row * last.height);
    let mut passes = context.passes();
    let params = params(&format, settings, &levels, cells);
    let params = passes.uniform("freshet:features params", bytemuck::bytes_of(&params));
    let texels = passes.scratch("freshet:features levels", u64::from(words) * 4);
    let counts = passes.scratch("freshet:features counts", cell_count * 4);
    let histogram = passes.scratch("freshet:features histogram", BINS * 4);
    let candidates = passes.scratch("freshet:features candidates", cell_count * CANDIDATES * 12);
    let ranked = passes.scratch("freshet:features ranked", cell_count * RANKED as u64 * 8);
    let chosen = passes.scratch("freshet:features chosen", 4 * (1 + u64::from(settings.capacity())));

    let describe_dispatch = passes.scratch("freshet:features dispatch", 12);
    let view = |texture| BindingResource::TextureView(texture);
    let (params, texels) = ((0, params.as_entire_binding()), (1, texels.as_entire_binding()));
    // Words of a row and rows of a level; none where there is no such level.
    let extent = |index: usize| levels.get(index).map_or((0, 0), |level| (level.words_a_row, level.height));
    let ((words, height), (odd_words, odd_height)) = (extent(0), extent(1));
    let (all, odd) = (levels.len() as u32, levels.len() as u32 / 2);
    let (small_words, small_height) = extent(2);

    passes
        // At least one workgroup: it empties the cells and the histogram, too.
        .pass(&stage.smooth_luma, Workgroups::Fixed(words.div_ceil(8).max(1), format.height.div_ceil(128), 1))
        .own(&[params.clone(), texels.clone(), (2, counts.as_entire_binding()), (3, histogram.as_entire_binding())])
        .current(|slot| [(0, view(&luma[slot].view))]);
    let small_levels = all.div_ceil(2).saturating_sub(1);
    passes
        .pass(
            &stage.smooth_pyramid,
            Workgroups::Fixed(small_words.div_ceil(8), small_height.div_ceil(128), small_levels),
        )
        .own(&[params.clone(), texels.clone()])
        .current(|slot| [(1, view(&pyramid[slot].view))]);
    passes
        .pass(&stage.reduce_odd, Workgroups::Fixed(odd_words.div_ceil(16), odd_height.div_ceil(16), odd))
        .own(&[params.clone(), texels.clone()]);
    passes
        .pass(&stage.detect, Workgroups::Fixed(words.div_ceil(8), height.div_ceil(256), detected(&levels) as u32))
        .own(&[params.clone(), texels.clone(), (2, counts.as_entire_binding()), (3, candidates.as_entire_binding())]);
    passes.pass(&stage.select_strongest, Workgroups::linear(cell_count as u32, 1)).own(&[
        params.clone(),
        (1, counts.as_entire_binding()),
        (2, candidates.as_entire_binding()),
        (3, ranked.as_entire_binding()),
        (4, histogram.as_entire_binding()),
    ]);
    passes
        .pass(&stage.choose, Workgroups::Fixed(1, 1, 1))
        .own(&[
            params.clone(),
            (1, counts.as_entire_binding()),
            (2, ranked.as_entire_binding()),
            (3, histogram.as_entire_binding()),
            (4, chosen.as_entire_binding()),
            (5, describe_dispatch.as_entire_binding()),
        ])
        .current(|slot| [(0, settings.points(&found[slot]))]);
    passes
        .pass(&stage.describe, Workgroups::Indirect(describe_dispatch.clone(), 0))
        .own(&[
            params,
            texels,
            (2, candidates.as_entire_binding()),
            (3, chosen.as_entire_binding()),
            (4, stage.pattern.as_entire_binding()),
        ])
        .current(|slot| [(0, settings.points(&found[slot])), (1, settings.descriptors(&found[slot]))]);
    let header = |slot: usize| {
        let size = std::num::NonZeroU64::new(FeatureSettings::HEADER_BYTES);
        BindingResource::Buffer(BufferBinding { buffer: &found[slot], offset: 0, size })
    };
    passes
        .pass(&stage.tell, Workgroups::Fixed(1, 1, 1))
        .own(&[(0, BindingResource::Buffer(count))])
        .current(|slot| [(0, header(slot))]);
    passes.finish()
}

fn params(format: &FrameFormat, settings: &FeatureSettings, levels: &[Level], cells: [u32; 2]) -> Params {
    let mut params = Params {
        size: [format.width, format.height],
        level_count: levels.len() as u32,
        detect_count: detected(levels) as u32,
        capacity: settings.capacity(),
        cells,
        threshold: THRESHOLD,
        ..Params::zeroed()
    };
    for (place, level) in params.levels.iter_mut().zip(levels) {
        *place = [level.width, level.height, level.words_a_row, level.first_word];
    }
    let mut factor = 1.0;
    for place in &mut params.fade {
        *place = factor;
        factor *= FADE;
    }
    params
}
