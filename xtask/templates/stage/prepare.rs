//! Textures and buffers of `{{name}}`: made once per stream and kept.
