//! A computed scene as a source.

use freshet_frame::FrameWriter;

use super::paint::Band;
use super::{Synthetic, stamp};
use crate::error::SourceError;
use crate::scratch::Scratch;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// A computed scene as a source: endless. The first frame that is written takes the memory for all poses, for until then
/// nobody may have room for such frames; each frame after it paints one more pose until all are there, and from then
/// on costs one copy.
#[derive(Debug)]
pub struct SyntheticSource {
    synthetic: Synthetic,
    poses: Vec<Pose>,
    band: Band,
    /// Poses before this one are painted.
    painted: usize,
    next: u64,
}

/// A pose that is kept; only its code changes.
#[derive(Debug, Default)]
struct Pose {
    bytes: Scratch,
    painted: bool,
}

impl SyntheticSource {
    /// A source of this scene. Nothing is painted yet.
    pub fn new(synthetic: Synthetic) -> Self {
        Self { synthetic, poses: Vec::new(), band: Band::new(synthetic.format.width), painted: 0, next: 0 }
    }

    fn take_memory(&mut self) {
        let length = self.synthetic.format.bytes().0 as usize;
        for _ in 0..self.synthetic.poses() {
            let mut pose = Pose::default();
            pose.bytes.take(length);
            self.poses.push(pose);
        }
    }

    /// The bytes of a pose, painted.
    fn pose(&mut self, number: usize) -> &mut [u8] {
        let pose = &mut self.poses[number];
        let bytes = pose.bytes.take(self.synthetic.format.bytes().0 as usize);
        if !pose.painted {
            self.synthetic.paint(number as u64, &mut self.band, bytes);
            pose.painted = true;
        }
        bytes
    }
}

impl FrameSource for SyntheticSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: format!("synthetic:{}", self.synthetic.scene.name()),
            format: Some(self.synthetic.format),
            rate_hz: Some(self.synthetic.rate_hz),
            timing: Timing::Paced,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        // Also of frames that are dropped: what is painted now is not painted when the app is at full speed.
        if self.painted < self.poses.len() {
            self.pose(self.painted);
            self.painted += 1;
        }
        let frame = NextFrame::new(self.next, self.synthetic.format);
        self.next += 1;
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let seq = self.next.saturating_sub(1);
        let Synthetic { scene, format, .. } = self.synthetic;
        if self.poses.is_empty() {
            self.take_memory();
        }
        let bytes = self.pose(self.synthetic.pose(seq) as usize);
        stamp::stamp(format, seq as u32, bytes);
        out.write_frame(bytes).map_err(|fault| SourceError::Frame {
            input: format!("synthetic:{}", scene.name()),
            seq,
            source: fault.into(),
        })
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Scene;

    #[test]
    fn kept_poses_are_as_painted_anew() {
        let synthetic = Synthetic::new(Scene::Checker).with_size(128, 96).unwrap();
        let synthetic = synthetic.with_budget(freshet_base::Bytes(5 * 128 * 96 * 2));
        let mut source = SyntheticSource::new(synthetic);
        let mut memory = vec![0; 128 * 96 * 2];
        for seq in 0..20 {
            assert_eq!(source.next().unwrap(), Next::Frame(NextFrame::new(seq, synthetic.format())));
            source.write(&mut FrameWriter::memory(synthetic.format(), &mut memory).unwrap()).unwrap();
            assert!(memory == synthetic.render(seq), "frame {seq}");
        }
    }
}
