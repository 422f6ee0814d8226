//! Whole nets.
