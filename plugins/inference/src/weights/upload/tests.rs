//! Uploads on a real device, compared with the file.

use std::fs::OpenOptions;
use std::task::{Context, Poll, Waker};

use half::{bf16, f16};

use super::super::Dtype;
use super::super::tests::{TempFile, safetensors, temp_file};
use super::*;

fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::yield_now();
    }
}

struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

impl Gpu {
    fn new() -> Self {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let adapter = ready(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).unwrap();
        let (device, queue) = ready(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap();
        Self { device, queue }
    }

    #[expect(clippy::disallowed_methods, reason = "asks, and waits where a test has to see the end")]
    fn poll(&self, poll: wgpu::PollType) {
        self.device.poll(poll).unwrap();
    }

    fn buffer(&self, size: u64) -> wgpu::Buffer {
        let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::STORAGE;
        self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    }

    fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    fn step(&self, upload: &mut WeightUpload) -> Result<UploadProgress, UploadError> {
        let mut encoder = self.encoder();
        let result = upload.step(&mut encoder);
        self.queue.submit([encoder.finish()]);
        self.poll(wgpu::PollType::Poll);
        result
    }

    fn run(&self, upload: &mut WeightUpload) -> UploadProgress {
        for _ in 0..10_000 {
            let progress = self.step(upload).unwrap();
            if progress.state == UploadState::Done {
                return progress;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        panic!("no end: {:?}", upload.counts());
    }

    fn read(&self, buffer: &wgpu::Buffer) -> Vec<u8> {
        let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
        let size = buffer.size();
        let copy =
            self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(buffer, 0, &copy, 0, size);
        self.queue.submit([encoder.finish()]);
        copy.slice(..).map_async(wgpu::MapMode::Read, Result::unwrap);
        self.poll(wgpu::PollType::wait_indefinitely());
        copy.slice(..).get_mapped_range().to_vec()
    }
}

const VALUES: usize = 30_001;

fn value(index: usize) -> f32 {
    (index as f32 * 0.37).sin() * 100.0
}

/// The same numbers as f32, f16 and bf16, and some bytes.
fn weights() -> (TempFile, Weights) {
    let values = || (0..VALUES).map(value);
    let f32s: Vec<u8> = values().flat_map(f32::to_le_bytes).collect();
    let f16s: Vec<u8> = values().flat_map(|value| f16::from_f32(value).to_le_bytes()).collect();
    let bf16s: Vec<u8> = values().flat_map(|value| bf16::from_f32(value).to_le_bytes()).collect();
    let file = temp_file(&safetensors(&[
        ("f32", Dtype::F32, &[VALUES], &f32s),
        ("f16", Dtype::F16, &[VALUES], &f16s),
        ("bf16", Dtype::BF16, &[VALUES], &bf16s),
        ("u8", Dtype::U8, &[7], &[1, 2, 3, 4, 5, 6, 7]),
        ("empty", Dtype::F32, &[0, 3], &[]),
    ]));
    let weights = Weights::open(file.path()).unwrap();
    (file, weights)
}

fn settings(slot_bytes: u64) -> UploadSettings {
    UploadSettings { slots: 2, slot_bytes, ..UploadSettings::default() }
}

fn item(tensor: &str, target: &wgpu::Buffer, offset: u64, layout: Layout) -> UploadItem {
    UploadItem { tensor: tensor.to_owned(), target: target.clone(), offset, layout }
}

fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
}

fn f16s(bytes: &[u8]) -> Vec<f16> {
    bytes.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes)).collect()
}

#[test]
fn every_layout_arrives() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let wide = 4 * VALUES as u64;
    let narrow = (2 * VALUES as u64).next_multiple_of(4);
    let buffers = [16 + wide, wide, wide, narrow + 8, narrow, narrow, 8, 4].map(|size| gpu.buffer(size));
    let items = [
        item("f32", &buffers[0], 16, Layout::Same),
        item("f16", &buffers[1], 0, Layout::As(Element::F32)),
        item("bf16", &buffers[2], 0, Layout::As(Element::F32)),
        item("f32", &buffers[3], 8, Layout::As(Element::F16)),
        item("f16", &buffers[4], 0, Layout::Same),
        item("bf16", &buffers[5], 0, Layout::As(Element::F16)),
        item("u8", &buffers[6], 0, Layout::Same),
        item("empty", &buffers[7], 0, Layout::Same),
    ];
    let mut upload = WeightUpload::new(&gpu.device, &weights, items, settings(10_000)).unwrap();
    let progress = gpu.run(&mut upload);
    let payload = (3 * 4 + 3 * 2) * VALUES as u64 + 7;
    assert_eq!((progress.done, progress.total, progress.fraction()), (payload, payload, 1.0));
    let counts = upload.counts();
    // Three odd counts of f16 and seven bytes; `f32` and `f16` lay as they should.
    assert_eq!((counts.padding, counts.converted), (3 * 2 + 1, (2 * 4 + 2 * 2) * VALUES as u64));

    let all: Vec<f32> = (0..VALUES).map(value).collect();
    let halves: Vec<f16> = all.iter().map(|&value| f16::from_f32(value)).collect();
    let brains: Vec<bf16> = all.iter().map(|&value| bf16::from_f32(value)).collect();
    let found = buffers.map(|buffer| gpu.read(&buffer));
    assert_eq!(found[0][..16], [0; 16]);
    assert_eq!(f32s(&found[0][16..]), all);
    assert_eq!(f32s(&found[1]), halves.iter().map(|half| half.to_f32()).collect::<Vec<_>>());
    assert_eq!(f32s(&found[2]), brains.iter().map(|brain| brain.to_f32()).collect::<Vec<_>>());
    assert_eq!(f16s(&found[3][8..])[..VALUES], halves);
    assert_eq!(f16s(&found[4])[..VALUES], halves);
    let brain_halves: Vec<_> = brains.iter().map(|brain| f16::from_f32(brain.to_f32())).collect();
    assert_eq!(f16s(&found[5])[..VALUES], brain_halves);
    assert_eq!(found[6], [1, 2, 3, 4, 5, 6, 7, 0]);
}

#[test]
fn a_repacker_puts_elements_where_it_wants() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    for (element, tensor) in [(Element::F32, "f16"), (Element::F16, "f32"), (Element::F16, "bf16")] {
        let buffer = gpu.buffer((VALUES * element.bytes()).next_multiple_of(4) as u64);
        let backwards = Layout::repacked(element, VALUES, |tensor, elements, target| {
            let floats = tensor.floats().unwrap();
            assert_eq!(target.remaining(), elements.len());
            target.floats(elements.map(|index| floats.get(VALUES - 1 - index)));
        });
        let mut upload =
            WeightUpload::new(&gpu.device, &weights, [item(tensor, &buffer, 0, backwards)], settings(4096)).unwrap();
        gpu.run(&mut upload);
        let found = gpu.read(&buffer);
        let floats = weights.tensor(tensor).unwrap().floats().unwrap();
        for index in 0..VALUES {
            let expected = floats.get(VALUES - 1 - index);
            match element {
                Element::F16 => assert_eq!(f16s(&found)[index..][..1], [f16::from_f32(expected)]),
                _ => assert_eq!(found[index * 4..][..4], expected.to_le_bytes()),
            }
        }
    }
}

#[test]
fn a_step_never_waits_for_the_gpu() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let buffer = gpu.buffer(4 * VALUES as u64);
    let items = [item("f32", &buffer, 0, Layout::Same)];
    let mut upload = WeightUpload::new(&gpu.device, &weights, items, settings(4096)).unwrap();
    let mut encoder = gpu.encoder();
    // Two slots of a page each, and nobody submits.
    let first = upload.step(&mut encoder).unwrap();
    assert_eq!((first.done, first.state), (8192, UploadState::Copying));
    let second = upload.step(&mut encoder).unwrap();
    assert_eq!((second.done, second.state), (8192, UploadState::WaitsForGpu));
    gpu.queue.submit([encoder.finish()]);
    gpu.run(&mut upload);
    assert_eq!(f32s(&gpu.read(&buffer)), (0..VALUES).map(value).collect::<Vec<_>>());
}

#[test]
fn a_step_ends_when_its_time_is_up() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let buffer = gpu.buffer(4 * VALUES as u64);
    let items = [item("f32", &buffer, 0, Layout::Same), item("f32", &buffer, 0, Layout::Same)];
    let settings = UploadSettings { step_time: Duration::ZERO, ..UploadSettings::default() };
    let mut upload = WeightUpload::new(&gpu.device, &weights, items, settings).unwrap();
    let first = gpu.step(&mut upload).unwrap();
    assert_eq!((first.done, first.state), (4 * VALUES as u64, UploadState::Copying));
    gpu.run(&mut upload);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_moves() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let large = gpu.buffer(1 << 20);
    let refused = |item| WeightUpload::new(&gpu.device, &weights, [item], settings(4096)).unwrap_err().to_string();
    let small = gpu.buffer(4 * VALUES as u64 - 4);
    assert!(refused(item("f32", &small, 0, Layout::Same)).contains("\"f32\""));
    assert!(refused(item("u8", &gpu.buffer(4), 0, Layout::Same)).contains("takes 8 bytes"));
    assert!(refused(item("u8", &large, 2, Layout::Same)).contains("at byte 2"));
    assert!(refused(item("u8", &large, u64::MAX - 3, Layout::Same)).contains("do not fit"));
    assert!(refused(item("u8", &large, 0, Layout::As(Element::F32))).contains("is U8 and cannot become F32"));
    assert!(refused(item("f32", &large, 0, Layout::As(Element::U32))).contains("cannot become U32"));
    assert!(refused(item("gone", &large, 0, Layout::Same)).contains("no tensor \"gone\""));
    let usage = wgpu::BufferUsages::COPY_SRC;
    let fixed = wgpu::BufferDescriptor { label: None, size: 8, usage, mapped_at_creation: false };
    assert!(refused(item("u8", &gpu.device.create_buffer(&fixed), 0, Layout::Same)).contains("COPY_DST"));
}

fn one_step(gpu: &Gpu, weights: &Weights, tensor: &str, layout: Layout) -> UploadError {
    let buffer = gpu.buffer(1 << 20);
    let mut upload =
        WeightUpload::new(&gpu.device, weights, [item(tensor, &buffer, 0, layout)], settings(4096)).unwrap();
    gpu.step(&mut upload).unwrap_err()
}

#[test]
fn a_repacker_that_miscounts_is_an_error() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let writes = |count: usize| Layout::repacked(Element::F32, 8, move |_, _, out| out.floats(vec![0.0; count]));
    let error = one_step(&gpu, &weights, "f32", writes(7));
    assert!(matches!(error, UploadError::Repack { elements: 8, too_many: false, .. }), "{error}");
    let error = one_step(&gpu, &weights, "f32", writes(9));
    assert!(matches!(error, UploadError::Repack { elements: 8, too_many: true, .. }), "{error}");
}

#[test]
fn a_number_too_large_for_its_type_is_an_error() {
    let gpu = Gpu::new();
    let bytes: Vec<u8> = [1.0, f32::NAN, 7e4].into_iter().flat_map(f32::to_le_bytes).collect();
    let weights = Weights::from_bytes("memory", safetensors(&[("t", Dtype::F32, &[3], &bytes)])).unwrap();
    let error = one_step(&gpu, &weights, "t", Layout::As(Element::F16)).to_string();
    assert_eq!(error, "the tensor \"t\" of the weights \"memory\" holds 70000, which f16 cannot hold");
}

#[test]
#[cfg(unix)]
fn a_file_that_changes_on_the_way_is_an_error() {
    let gpu = Gpu::new();
    let (file, weights) = weights();
    let buffer = gpu.buffer(4 * VALUES as u64);
    let items = || [item("f32", &buffer, 0, Layout::Same)];
    let mut upload = WeightUpload::new(&gpu.device, &weights, items(), settings(4096)).unwrap();
    gpu.step(&mut upload).unwrap();
    OpenOptions::new().write(true).open(file.path()).unwrap().set_len(5000).unwrap();
    let error = gpu.step(&mut upload).unwrap_err();
    assert!(matches!(error, UploadError::Weights(super::super::WeightsError::Changed { .. })), "{error}");
}

#[test]
#[cfg(unix)]
fn a_file_that_changes_during_a_step_is_an_error() {
    let gpu = Gpu::new();
    for count in [8, 7] {
        let (file, weights) = weights();
        let path = file.path().to_owned();
        let cuts = Layout::repacked(Element::F32, 8, move |_, _, target| {
            OpenOptions::new().write(true).open(&path).unwrap().set_len(5000).unwrap();
            target.floats(vec![0.0; count]);
        });
        // Even when something else went wrong as well: the change explains it.
        let error = one_step(&gpu, &weights, "f32", cuts);
        assert!(matches!(error, UploadError::Weights(super::super::WeightsError::Changed { .. })), "{count}: {error}");
    }
}

#[test]
fn an_upload_of_nothing_is_done() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let mut upload = WeightUpload::new(&gpu.device, &weights, [], settings(4096)).unwrap();
    assert_eq!(gpu.step(&mut upload).unwrap().state, UploadState::Done);
    assert_eq!(upload.progress(UploadState::Done).fraction(), 1.0);
}

#[test]
fn a_lost_device_is_an_error() {
    let gpu = Gpu::new();
    let (_file, weights) = weights();
    let buffer = gpu.buffer(4 * VALUES as u64);
    let items = [item("f32", &buffer, 0, Layout::Same)];
    let mut upload = WeightUpload::new(&gpu.device, &weights, items, settings(4096)).unwrap();
    gpu.step(&mut upload).unwrap();
    // Software cannot lose itself: what the callback of a mapping that failed does is done by hand.
    upload.ring.lose();
    let mut encoder = gpu.encoder();
    let error = upload.step(&mut encoder).unwrap_err();
    assert!(matches!(error, UploadError::Lost), "{error}");
}

#[cfg(target_os = "linux")]
mod cold {
    use super::super::super::tests::pages::{LAYER_BYTES, LAYERS, cold, layer_bytes};
    use super::*;

    fn items(buffer: &wgpu::Buffer) -> Vec<UploadItem> {
        let one = |index| item(&format!("layer{index}"), buffer, (index * LAYER_BYTES) as u64, Layout::Same);
        // In any order.
        (0..LAYERS).rev().map(one).collect()
    }

    fn mapped(weights: &Weights) -> usize {
        let pages = |index| weights.residency(&format!("layer{index}")).unwrap().unwrap().mapped;
        (0..LAYERS).map(pages).sum()
    }

    #[test]
    fn a_step_never_waits_for_the_disk() {
        let gpu = Gpu::new();
        let Some((_file, weights)) = cold() else { return };
        let buffer = gpu.buffer((LAYERS * LAYER_BYTES) as u64);
        let settings = UploadSettings { patience: u32::MAX, ..settings(1 << 20) };
        let mut upload = WeightUpload::new(&gpu.device, &weights, items(&buffer), settings).unwrap();
        let first = gpu.step(&mut upload).unwrap();
        assert_eq!((first.done, first.state), (0, UploadState::WaitsForDisk));
        assert_eq!(mapped(&weights), 0);
        gpu.run(&mut upload);
        assert_eq!(gpu.read(&buffer), layer_bytes().repeat(LAYERS));
        // It leaves nothing in the address space.
        assert!(mapped(&weights) <= LAYERS, "{}", mapped(&weights));
    }

    #[test]
    fn patience_ends() {
        let gpu = Gpu::new();
        let Some((_file, weights)) = cold() else { return };
        let buffer = gpu.buffer((LAYERS * LAYER_BYTES) as u64);
        let settings = UploadSettings { patience: 0, ..settings(1 << 20) };
        let mut upload = WeightUpload::new(&gpu.device, &weights, items(&buffer), settings).unwrap();
        assert_eq!(gpu.step(&mut upload).unwrap().state, UploadState::Copying);
    }
}
