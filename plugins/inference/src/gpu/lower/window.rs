//! Windows over planes: pools, resizing, convolutions of each channel by itself.

use super::*;
use crate::net::{Coordinates, ResizeMode, Window};

/// Tells a kernel where its window goes.
pub(super) fn window(header: &mut Header, window: &Window, input: Shape, output: Shape) {
    header.set_all(&[
        ("IH", input.axis(2)),
        ("IW", input.axis(3)),
        ("OH", output.axis(2)),
        ("OW", output.axis(3)),
        ("KH", window.kernel[0]),
        ("KW", window.kernel[1]),
    ]);
    let signed = |value: usize| value as i32;
    header.set_all(&[
        ("STRIDE_Y", signed(window.stride[0])),
        ("STRIDE_X", signed(window.stride[1])),
        ("DILATION_Y", signed(window.dilation[0])),
        ("DILATION_X", signed(window.dilation[1])),
        ("PAD_TOP", signed(window.padding[0])),
        ("PAD_LEFT", signed(window.padding[1])),
        ("PAD_BOTTOM", signed(window.padding[2])),
        ("PAD_RIGHT", signed(window.padding[3])),
    ]);
}

impl Lowering<'_> {
    pub(super) fn pool(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let x = self.place(step.inputs[0])?;
        header.set("B_SPACE", x.space as u32);
        places.b = x.offset;
        let over = step.op.window(self.tensors).ok_or_else(|| self.unsupported("has no window"))?;
        let shape = self.shape(step.output);
        window(&mut header, &over, self.shape(step.inputs[0]), shape);
        let counts = matches!(step.op, Op::AvgPool2d { count_padding: true, .. });
        header.set("GREATEST", matches!(step.op, Op::MaxPool2d { .. })).set("COUNT_PADDING", counts);
        let each = over.kernel[0] * over.kernel[1];
        self.turns(each)?;
        self.dispatch_each(Kernel::Pool, header, places, (shape.elements(), 0))?;
        Ok(Cost::simple(Kernel::Pool, each))
    }

    pub(super) fn resize(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let Op::Resize { mode, coordinates, .. } = &step.op else { return Err(self.unsupported("is no resize")) };
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let x = self.place(step.inputs[0])?;
        header.set("B_SPACE", x.space as u32);
        places.b = x.offset;
        let (input, shape) = (self.shape(step.inputs[0]), self.shape(step.output));
        // The kernel finds the nearest sample in whole numbers of 32 bits.
        if [2, 3].iter().any(|&axis| input.axis(axis) as u64 * shape.axis(axis) as u64 >= 1 << 30) {
            return Err(self.unsupported(format!("resizes {input} to {shape}, beyond what whole numbers reach")));
        }
        header.set_all(&[("IH", input.axis(2)), ("IW", input.axis(3)), ("OH", shape.axis(2)), ("OW", shape.axis(3))]);
        header.set("NEAREST", *mode == ResizeMode::Nearest);
        header.set(
            "COORDINATES",
            match coordinates {
                Coordinates::HalfPixel => 0_u32,
                Coordinates::Asymmetric => 1,
                Coordinates::AlignCorners => 2,
            },
        );
        self.dispatch_each(Kernel::Resize, header, places, (shape.elements(), 0))?;
        Ok(Cost::simple(Kernel::Resize, 8))
    }

    /// A convolution of each channel by itself.
    pub(super) fn depthwise(&mut self, step: &Step, weight: &str, over: Window) -> Result<Cost, GpuError> {
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let x = self.place(step.inputs[0])?;
        header.set("B_SPACE", x.space as u32);
        places.b = x.offset;
        let (input, shape) = (self.shape(step.inputs[0]), self.shape(step.output));
        window(&mut header, &over, input, shape);
        let (c, m) = (input.axis(1), shape.axis(1));
        header.set("CHANNELS_IN", c).set("M", m).set("MULTIPLIER", m / c);
        let each = over.kernel[0] * over.kernel[1];
        self.turns(each)?;
        let (shard, offset) = self.weight(weight, Layout::Rows { k: each, packed: each }, m * each)?;
        places.weight = offset;
        places.shift = self.shift(step, m, &mut header)?;
        self.dispatch_each(Kernel::Depthwise, header, places, (shape.elements(), shard))?;
        Ok(Cost::simple(Kernel::Depthwise, each * 2))
    }

    /// Where the summands of a step's channels lie, if it has any.
    pub(super) fn shift(&mut self, step: &Step, channels: usize, header: &mut Header) -> Result<u32, GpuError> {
        let has_bias = matches!(
            &step.op,
            Op::Conv2d { bias: Some(_), .. }
                | Op::ConvTranspose2d { bias: Some(_), .. }
                | Op::Linear { bias: Some(_), .. }
        );
        if !has_bias && step.epilogue.norm.is_none() {
            return Ok(0);
        }
        header.set("HAS_SHIFT", true);
        self.aux(Aux::Shift, channels)
    }
}
