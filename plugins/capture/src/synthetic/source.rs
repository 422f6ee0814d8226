//! A computed scene as a source.

use freshet_frame::FrameWriter;

use super::{Synthetic, stamp};
use crate::error::SourceError;
use crate::scratch::Scratch;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// A computed scene as a source: endless, and after each pose was painted once, a frame costs one copy.
#[derive(Debug)]
pub struct SyntheticSource {
    synthetic: Synthetic,
    poses: Vec<Pose>,
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
        let poses = (0..synthetic.poses()).map(|_| Pose::default()).collect();
        Self { synthetic, poses, next: 0 }
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
        let frame = NextFrame::new(self.next, self.synthetic.format);
        self.next += 1;
        Ok(Next::Frame(frame))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let seq = self.next.saturating_sub(1);
        let format = self.synthetic.format;
        let number = self.synthetic.pose(seq);
        let pose = &mut self.poses[number as usize];
        let bytes = pose.bytes.take(format.bytes().0 as usize);
        if !pose.painted {
            self.synthetic.paint(number, bytes);
            pose.painted = true;
        }
        stamp::stamp(format, seq as u32, bytes);
        out.write_frame(bytes).map_err(|fault| SourceError::Frame {
            input: self.synthetic.scene.name().to_owned(),
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
