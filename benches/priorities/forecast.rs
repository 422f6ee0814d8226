//! Waiting after a change of attention, with and without forecast.

use bevy_freshet::priority::trials::evaluate::{TEST_SEEDS, report};

use crate::Arguments;

pub fn measure(_: &Arguments) {
    println!("{}", report(&TEST_SEEDS));
}
