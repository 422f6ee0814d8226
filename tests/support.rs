//! A source that tests drive, and the app they run it in.

use std::thread::JoinHandle;
use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, Timestamp};
use bevy_freshet::frame::{FrameStamp, Offer, StreamPort, port};
use bevy_freshet::prelude::*;
use freshet_testing::TestApp;

/// An app with the suite and no source.
pub fn app() -> TestApp {
    TestApp::new(|app| {
        app.add_plugins(FreshetPlugins);
    })
}

/// Opens a stream that offers the frames of `picture`, one after another, resting `period` between them.
pub fn stream(
    app: &mut TestApp,
    settings: StreamSettings,
    format: FrameFormat,
    frames: u64,
    period: Duration,
    picture: impl Fn(u64) -> Vec<u8> + Send + 'static,
) -> (Entity, JoinHandle<()>) {
    let (capture, owner): (_, StreamPort) = port(settings.pace);
    let stream = app.app.world_mut().spawn((Stream::new("test"), settings, owner)).id();
    let work = move || {
        capture.report(StreamState::Streaming);
        for seq in 0..frames {
            let stamp = FrameStamp { seq, captured: Timestamp::now(), format };
            let bytes = picture(seq);
            match capture.offer(stamp, |writer| writer.write_frame(&bytes)) {
                Ok(Offer::Closed) => return,
                Ok(_) => {}
                Err(error) => panic!("frame {seq}: {error}"),
            }
            if !period.is_zero() && !capture.rest_until(stamp.captured.after(period)) {
                return;
            }
        }
        capture.report(StreamState::Ended);
    };
    let thread = std::thread::Builder::new().name("test source".into()).spawn(work).unwrap();
    (stream, thread)
}

/// A gray picture with the frame code of `seq` in its first and last rows.
pub fn coded_gray(format: &FrameFormat, seq: u64) -> Vec<u8> {
    let (width, height) = (format.width, format.height);
    let side = FrameCode::cell_side(width, height).unwrap();
    let cells = FrameCode::encode(seq as u32);
    let mut picture = vec![100_u8; (width * height) as usize];
    for y in (0..side).chain(height - side..height) {
        for x in 0..side * FrameCode::CELLS {
            let bit = cells >> (FrameCode::CELLS - 1 - x / side) & 1;
            picture[(y * width + x) as usize] = if bit == 1 { 255 } else { 0 };
        }
    }
    picture
}
