//! The scene is lit as the picture is.

use bevy::color::{Color, LinearRgba};
use bevy::ecs::prelude::*;
use bevy::light::AmbientLight;
use freshet_base::LightEstimate;
use freshet_frame::Latest;

use crate::camera::ArCamera;

/// On an AR camera: its ambient light follows the picture's mean light and colour.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct FollowLight {
    /// Brightness, in cd/m², of the ambient light where the picture is white. Higher lights the scene more. Default
    /// 1,000.
    pub brightness_at_white: f32,
    /// How much of the picture's tint is taken over, 0 to 1. Default 0.5: the mean colour is that of the things in the
    /// picture as well as that of the light.
    pub tint: f32,
    /// Share of the change that is followed with each result, 0 to 1. Lower is calmer. Default 0.1.
    pub follow: f32,
}

impl Default for FollowLight {
    fn default() -> Self {
        Self { brightness_at_white: 1_000.0, tint: 0.5, follow: 0.1 }
    }
}

pub(crate) fn follow_light(
    mut cameras: Query<(&ArCamera, &FollowLight, &mut AmbientLight)>,
    estimates: Query<&Latest<LightEstimate>, Changed<Latest<LightEstimate>>>,
) {
    for (camera, settings, mut ambient) in &mut cameras {
        let Ok(estimate) = estimates.get(camera.stream) else { continue };
        let (color, brightness) = ambient_of(&estimate.value, settings);
        let before = ambient.color.to_linear();
        let follow = settings.follow.clamp(0.0, 1.0);
        let mix = |from: f32, to: f32| from + follow * (to - from);
        ambient.color =
            Color::linear_rgb(mix(before.red, color.red), mix(before.green, color.green), mix(before.blue, color.blue));
        ambient.brightness = mix(ambient.brightness, brightness);
    }
}

/// Colour, its brightest channel 1, and brightness of the ambient light for an estimate.
fn ambient_of(estimate: &LightEstimate, settings: &FollowLight) -> (LinearRgba, f32) {
    let [red, green, blue] = estimate.color;
    let brightest = red.max(green).max(blue);
    if brightest <= 0.0 || !brightest.is_finite() {
        return (LinearRgba::WHITE, 0.0);
    }
    let tint = settings.tint.clamp(0.0, 1.0);
    let channel = |value: f32| 1.0 + tint * (value / brightest - 1.0);
    let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    (LinearRgba::rgb(channel(red), channel(green), channel(blue)), settings.brightness_at_white * luminance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_light_has_the_pictures_tint_and_brightness() {
        let estimate = LightEstimate { luma: 0.7, color: [0.5, 0.4, 0.25] };
        let (color, brightness) = ambient_of(&estimate, &FollowLight { tint: 1.0, ..Default::default() });
        assert_eq!((color.red, color.green, color.blue), (1.0, 0.8, 0.5));
        assert!((brightness - 410.43).abs() < 0.1, "{brightness}");
        let dark = LightEstimate { luma: 0.0, color: [0.0; 3] };
        assert_eq!(ambient_of(&dark, &FollowLight::default()).1, 0.0);
    }
}
