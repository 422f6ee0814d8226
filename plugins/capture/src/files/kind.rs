//! What a file is, told by its first bytes.

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Uncompressed video.
    Y4m,
    /// Video in RIFF chunks.
    Avi,
    /// Video in ISO boxes: MP4 and its forerunner.
    Mp4,
    /// A picture.
    Jpeg,
    /// A picture.
    Png,
    /// A picture.
    Bmp,
    /// Something that is not read, and what it is.
    Other(&'static str),
}

/// What is known by its first bytes but not read.
const KNOWN: [(&[u8], &str); 9] = [
    (b"GIF8", "GIF pictures are not supported"),
    (b"\x1A\x45\xDF\xA3", "Matroska and WebM files are not supported"),
    (b"OggS", "Ogg files are not supported"),
    (b"fLaC", "it is a sound file"),
    (b"ID3", "it is a sound file"),
    (b"FLV\x01", "Flash video is not supported"),
    (b"II*\0", "TIFF pictures are not supported"),
    (b"MM\0*", "TIFF pictures are not supported"),
    (b"%PDF", "it is a PDF document"),
];

impl Kind {
    /// The kind of a file that holds these bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let word = |start: usize| bytes.get(start..start + 4).unwrap_or_default();
        match (word(0), word(4), word(8)) {
            (b"YUV4", b"MPEG", _) => Self::Y4m,
            (b"RIFF", _, b"AVI ") => Self::Avi,
            (b"RIFF", _, b"WEBP") => Self::Other("WebP pictures are not supported"),
            (b"RIFF", _, b"WAVE") => Self::Other("it is a sound file"),
            (b"\x89PNG", ..) => Self::Png,
            (_, b"ftyp" | b"moov" | b"mdat" | b"wide", _) => Self::Mp4,
            _ if bytes.starts_with(b"\xFF\xD8\xFF") => Self::Jpeg,
            // The four bytes after the length of the file are zero, and two letters alone say little.
            _ if bytes.starts_with(b"BM") && bytes.len() >= 14 && bytes[6..10] == [0; 4] => Self::Bmp,
            _ => Self::other(bytes),
        }
    }

    fn other(bytes: &[u8]) -> Self {
        if let Some((_, what)) = KNOWN.iter().find(|(start, _)| bytes.starts_with(start)) {
            return Self::Other(what);
        }
        let start = &bytes[..bytes.len().min(512)];
        if start.is_empty() {
            return Self::Other("the file is empty");
        }
        let is_text = |&byte: &u8| byte >= 0x80 || byte == b'\t' || byte == b'\n' || byte == b'\r' || byte >= b' ';
        if start.iter().all(is_text) && std::str::from_utf8(&start[..start.len() / 2]).is_ok() {
            return Self::Other("it is a text, no video and no picture");
        }
        Self::Other("its content is of no known kind; Y4M, AVI, MP4, PNG, JPEG and BMP are read")
    }

    /// Whether it is a picture.
    pub(super) const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Bmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contents_tell_their_kind() {
        assert_eq!(Kind::of(b"YUV4MPEG2 W1 H1\n"), Kind::Y4m);
        assert_eq!(Kind::of(b"RIFF\0\0\0\0AVI LIST"), Kind::Avi);
        assert_eq!(Kind::of(b"\0\0\0\x20ftypisom"), Kind::Mp4);
        assert_eq!(Kind::of(b"\xFF\xD8\xFF\xE0"), Kind::Jpeg);
        assert_eq!(Kind::of(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0"), Kind::Bmp);
        let other = |bytes: &[u8]| match Kind::of(bytes) {
            Kind::Other(what) => what,
            kind => panic!("{kind:?}"),
        };
        assert!(other(b"Bmore text than picture").contains("text"));
        assert!(other(b"").contains("empty"));
        assert!(other(b"GIF89a").contains("GIF"));
        assert!(other(b"\x01\x02\x03").contains("no known kind"));
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_kind(bytes: Vec<u8>) {
            Kind::of(&bytes);
        }
    }
}
