//! Any text as the description of a net: it is refused, or it is checked and planned.

#![no_main]

use freshet_fuzz::NamedShapes;
use freshet_fuzz::net::{Net, NetDescription, Plan};
use libfuzzer_sys::fuzz_target;

/// Values that live at the same time lie apart: from the step that makes one to the last that reads it.
fn check_places(plan: &Plan, align: usize) {
    let arena = plan.arena(align);
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; plan.values.len()];
    lives[..plan.inputs].fill(Some((0, 0)));
    for (at, step) in plan.steps.iter().enumerate() {
        lives[step.output.0] = Some((at, at));
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for read in plan.reads(step) {
            let (from, to) = lives[read.0].as_mut().expect("what is read was made");
            assert!(*from < at || read.0 < plan.inputs, "a step reads what is not made yet");
            *to = at.max(*to);
        }
    }
    for &output in &plan.outputs {
        if let Some((_, to)) = &mut lives[plan.held(output).0] {
            *to = plan.steps.len();
        }
    }
    let placed: Vec<_> = arena.places.iter().zip(&lives).filter_map(|(place, life)| Some(((*place)?, (*life)?))).collect();
    for (index, (place, life)) in placed.iter().enumerate() {
        assert!(place.offset % align == 0 && place.offset + place.elements <= arena.elements);
        for (other, other_life) in &placed[..index] {
            let at_once = life.0 <= other_life.1 && other_life.0 <= life.1;
            let apart = place.offset + place.elements <= other.offset || other.offset + other.elements <= place.offset;
            assert!(!at_once || apart || place.elements == 0 || other.elements == 0, "two values in one place");
        }
    }
}

fuzz_target!(|text: &str| {
    let net = NetDescription::parse(text).and_then(|description| Net::new(&description, &NamedShapes));
    let net = match net {
        Ok(net) => net,
        Err(error) => {
            std::hint::black_box(error.to_string());
            return;
        }
    };
    for plan in [Plan::new(&net), Plan::unfused(&net)] {
        check_places(&plan, 1);
        check_places(&plan, 64);
        for output in &net.outputs {
            assert_eq!(plan.shape(output.value).elements(), output.shape.elements());
        }
    }
});
