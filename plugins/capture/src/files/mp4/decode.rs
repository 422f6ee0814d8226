//! From samples to pictures.

use freshet_frame::FrameWriter;
use freshet_ledger::foreign;
use openh264::OpenH264API;
use openh264::decoder::{DecodeOptions, DecodedYUV, Decoder, DecoderConfig, Flush};
use openh264::formats::YUVSource;

use crate::error::FrameFault;
use crate::scratch::Scratch;

/// A decoder. Pictures come out in the order in which they are shown, some samples later than they went in.
pub(super) struct H264Decoder {
    decoder: Decoder,
    /// A sample as the decoder takes it.
    packet: Scratch,
}

impl H264Decoder {
    /// A decoder for samples of at most this many bytes.
    pub(super) fn new(largest: usize) -> Result<Self, FrameFault> {
        let mut packet = Scratch::default();
        // Start codes are longer than lengths may be, so there is room for some.
        packet.take(largest + 4096);
        Ok(Self { decoder: decoder()?, packet })
    }

    /// Forgets everything. A decoder that handed out its last pictures does not take all of their memory back, so it is
    /// not used again.
    pub(super) fn restart(&mut self) -> Result<(), FrameFault> {
        self.decoder = decoder()?;
        Ok(())
    }

    /// Decodes a sample, with the parameter sets before it; a picture, if one is due.
    pub(super) fn decode(
        &mut self,
        parameters: &[u8],
        sample: &[u8],
        length_bytes: usize,
    ) -> Result<Option<Decoded<'_>>, FrameFault> {
        let packet = self.packet.fill(|packet| {
            packet.extend_from_slice(parameters);
            for unit in units(sample, length_bytes) {
                packet.extend_from_slice(&[0, 0, 0, 1]);
                packet.extend_from_slice(unit);
            }
        });
        if packet.is_empty() {
            // An empty packet would mean the end.
            return Err("the sample is empty".into());
        }
        Ok(foreign(|| self.decoder.decode(packet)).map_err(plain)?.map(Decoded))
    }

    /// After the last sample: the next of the pictures that are left.
    pub(super) fn finish(&mut self) -> Result<Option<Decoded<'_>>, FrameFault> {
        let options = DecodeOptions::new().flush_after_decode(Flush::Flush);
        Ok(foreign(|| self.decoder.decode_with_options(&[], options)).map_err(plain)?.map(Decoded))
    }
}

fn decoder() -> Result<Decoder, FrameFault> {
    let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
    foreign(|| Decoder::with_api_config(OpenH264API::from_source(), config)).map_err(plain)
}

/// The decoder's error without what it says of backtraces.
fn plain(error: openh264::Error) -> FrameFault {
    format!("the H.264 decoder reports error {:#x}", error.native_code()).into()
}

/// A picture in the decoder's memory.
pub(super) struct Decoded<'a>(DecodedYUV<'a>);

impl Decoded<'_> {
    /// Writes it where it is wanted.
    pub(super) fn write(&self, out: &mut FrameWriter<'_>) -> Result<(), FrameFault> {
        let (width, height) = self.0.dimensions();
        let format = out.format();
        if (width, height) != (format.width as usize, format.height as usize) {
            return Err(format!("it is {width}x{height}, unlike the file's header").into());
        }
        let (luma, blue, red) = self.0.strides();
        out.write_plane(0, self.0.y(), luma)?;
        out.write_plane(1, self.0.u(), blue)?;
        Ok(out.write_plane(2, self.0.v(), red)?)
    }
}

/// The NAL units of a sample. A length that is too long ends them.
pub(super) fn units(sample: &[u8], length_bytes: usize) -> impl Iterator<Item = &[u8]> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        let (length, after) = rest.split_at_checked(length_bytes)?;
        let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let (unit, after) = after.split_at_checked(length)?;
        rest = after;
        Some(unit)
    })
}

/// Whether decoding can begin with this sample: it holds a slice of an instantaneous refresh.
pub(super) fn is_refresh(sample: &[u8], length_bytes: usize) -> bool {
    units(sample, length_bytes).any(|unit| unit.first().is_some_and(|head| head & 0x1F == 5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_end_with_the_sample() {
        let sample = [0, 2, 0x65, 7, 0, 1, 0x06, 0, 9, 1];
        assert_eq!(units(&sample, 2).collect::<Vec<_>>(), [[0x65, 7].as_slice(), &[0x06]]);
        assert!(is_refresh(&sample, 2));
        assert!(!is_refresh(&[0, 1, 0x41], 2));
    }

    proptest! {
        #[test]
        fn any_sample_ends(sample: Vec<u8>, length_bytes in 1_usize..5) {
            prop_assert!(units(&sample, length_bytes).count() <= sample.len());
        }
    }
}
