//! Whole nets against what another framework makes of them: those of the repository, or those in the folder that
//! `FRESHET_NETS` names.

use safetensors::SafeTensors;

use super::super::*;
use super::device::{difference, gpu, run};
use crate::net::{Net, NetDescription, Plan};
use crate::precision::Precision;

/// Runs a net of the given folder: the greatest relative difference of its outputs.
fn try_net(path: &std::path::Path, options: &GpuOptions) -> f32 {
    let bytes = std::fs::read(path).unwrap();
    let outside = std::fs::read(path.with_extension("io.safetensors")).unwrap();
    let (file, outside) = (SafeTensors::deserialize(&bytes).unwrap(), SafeTensors::deserialize(&outside).unwrap());
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let text = &metadata.metadata().as_ref().unwrap()[NetDescription::KEY];
    let net = Net::new(&NetDescription::parse(text).unwrap(), &file).unwrap();
    let tensor = |name: String| bytemuck::pod_collect_to_vec(outside.tensor(&name).unwrap().data());
    let inputs: Vec<Vec<f32>> = net.inputs.iter().map(|input| tensor(format!("input:{}", input.name))).collect();
    let found = run(&Plan::new(&net), &file, &inputs, options).unwrap();
    let wanted = net.outputs.iter().map(|output| tensor(format!("output:{}", output.name)));
    found.iter().zip(wanted).map(|(found, wanted): (_, Vec<f32>)| difference(found, &wanted)).fold(0.0, f32::max)
}

#[test]
fn whole_nets_agree_with_another_framework() {
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/trials");
    let folder = std::env::var_os("FRESHET_NETS").unwrap_or_else(|| bundled.into());
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let is_net = |path: &&std::path::PathBuf| {
        path.extension().is_some_and(|end| end == "safetensors") && path.with_extension("io.safetensors").exists()
    };
    assert!(paths.iter().any(|path| is_net(&path)), "there is no net to try");
    for path in paths.iter().filter(is_net) {
        let mut ways = vec![(Precision::F32, 1e-3)];
        if gpu().traits.features.contains(wgpu::Features::SHADER_F16) {
            // Eleven bits a number: what some fifty layers make of that differs from net to net.
            ways.push((Precision::F16, 4e-2));
        }
        for (precision, most) in ways {
            let apart = try_net(path, &GpuOptions { precision, ..Default::default() });
            eprintln!("{}: {apart:.2e} apart with {precision:?}", path.display());
            assert!(apart < most);
        }
    }
}
