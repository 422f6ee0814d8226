//! What the code needs from the system, as a table.

use super::machine::Machine;
use super::system::System;

/// One package that the system must have.
#[derive(Debug)]
pub struct Need {
    /// Debian's and Ubuntu's name of the package.
    pub debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
    /// What it is for, in one line.
    pub why: &'static str,
    wanted: Wanted,
    found: Found,
}

/// When a package is needed.
#[derive(Debug)]
enum Wanted {
    /// On every machine.
    Always,
    /// When `Cargo.lock` has one of these packages.
    Locked(&'static [&'static str]),
    /// When there is a display to open a window on.
    Display,
}

/// How one sees that it is there.
#[derive(Debug)]
enum Found {
    /// A program is on the path.
    Program(&'static str),
    /// A library lies in one of the system's folders. The name without a number is there for those who compile.
    Library(&'static str),
    /// The same, or this variable says where it is.
    LibraryOr(&'static str, &'static str),
    /// A program is on the path, or this variable names another.
    ProgramOr(&'static str, &'static str),
    /// A Vulkan driver is registered.
    VulkanDriver,
}

impl Need {
    /// The name of the package on a system.
    pub fn package(&self, system: &System) -> &'static str {
        match system {
            System::Fedora => self.fedora,
            System::Arch => self.arch,
            _ => self.debian,
        }
    }

    fn is_wanted(&self, machine: &Machine) -> bool {
        match self.wanted {
            Wanted::Always => true,
            Wanted::Locked(names) => names.iter().any(|name| machine.locked.contains(*name)),
            Wanted::Display => machine.has_display(),
        }
    }

    fn is_found(&self, machine: &Machine) -> bool {
        match self.found {
            Found::Program(name) => machine.has_program(name),
            Found::Library(name) => machine.has_library(name),
            Found::LibraryOr(name, variable) => machine.variables.contains(variable) || machine.has_library(name),
            Found::ProgramOr(name, variable) => machine.variables.contains(variable) || machine.has_program(name),
            Found::VulkanDriver => machine.has_vulkan_driver(),
        }
    }
}

/// What is wanted and not there.
pub fn missing(machine: &Machine) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| need.is_wanted(machine) && !need.is_found(machine)).collect()
}

const WINDOW: &str = "a library that windows on X11 load";

const NEEDS: &[Need] = &[
    Need {
        debian: "g++",
        fedora: "gcc-c++",
        arch: "gcc",
        why: "a C++ compiler: the H.264 decoder openh264 is compiled from source",
        wanted: Wanted::Locked(&["openh264-sys2"]),
        found: Found::ProgramOr("c++", "CXX"),
    },
    Need {
        debian: "libclang-dev",
        fedora: "clang-devel",
        arch: "clang",
        why: "libclang: the kernel's camera headers (V4L2) are read by bindgen",
        wanted: Wanted::Locked(&["bindgen"]),
        found: Found::LibraryOr("libclang.so", "LIBCLANG_PATH"),
    },
    Need {
        debian: "pkg-config",
        fedora: "pkgconf-pkg-config",
        arch: "pkgconf",
        why: "finds the system libraries that are linked",
        wanted: Wanted::Locked(&["alsa-sys", "libudev-sys", "wayland-sys"]),
        found: Found::Program("pkg-config"),
    },
    Need {
        debian: "libasound2-dev",
        fedora: "alsa-lib-devel",
        arch: "alsa-lib",
        why: "microphones and sound through ALSA",
        wanted: Wanted::Locked(&["alsa-sys"]),
        found: Found::Library("libasound.so"),
    },
    Need {
        debian: "libudev-dev",
        fedora: "systemd-devel",
        arch: "systemd-libs",
        why: "notices devices that come and go",
        wanted: Wanted::Locked(&["libudev-sys"]),
        found: Found::Library("libudev.so"),
    },
    Need {
        debian: "libwayland-dev",
        fedora: "wayland-devel",
        arch: "wayland",
        why: "windows on Wayland",
        wanted: Wanted::Locked(&["wayland-sys"]),
        found: Found::Library("libwayland-client.so"),
    },
    Need {
        debian: "mesa-vulkan-drivers",
        fedora: "mesa-vulkan-drivers",
        arch: "vulkan-swrast",
        why: "no Vulkan driver is registered: Mesa's brings one in software, lavapipe",
        wanted: Wanted::Always,
        found: Found::VulkanDriver,
    },
    Need {
        debian: "libvulkan1",
        fedora: "vulkan-loader",
        arch: "vulkan-icd-loader",
        why: "the Vulkan loader",
        wanted: Wanted::Always,
        found: Found::Library("libvulkan.so.1"),
    },
    window("libx11-6", "libX11", "libx11", "libX11.so.6"),
    window("libx11-xcb1", "libX11-xcb", "libx11", "libX11-xcb.so.1"),
    window("libxcursor1", "libXcursor", "libxcursor", "libXcursor.so.1"),
    window("libxi6", "libXi", "libxi", "libXi.so.6"),
    window("libxkbcommon0", "libxkbcommon", "libxkbcommon", "libxkbcommon.so.0"),
    window("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11", "libxkbcommon-x11.so.0"),
];

const fn window(debian: &'static str, fedora: &'static str, arch: &'static str, library: &'static str) -> Need {
    Need { debian, fedora, arch, why: WINDOW, wanted: Wanted::Display, found: Found::Library(library) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};
    use std::{env, fs, process};

    use super::*;

    /// A machine in a folder of its own; the folder goes with it.
    struct Made(Machine);

    impl Made {
        fn new(name: &str, files: &[&str], variables: &[&str], locked: &[&str]) -> Self {
            let root = env::temp_dir().join(format!("freshet-xtask-{}-{name}", process::id()));
            for file in files {
                let file = root.join(file);
                fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).unwrap();
                fs::write(file, "").unwrap();
            }
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
            let path: Vec<PathBuf> = vec![root.join("usr/bin")];
            Self(Machine { root, path, variables: set(variables), locked: set(locked) })
        }

        fn missing(&self) -> Vec<&'static str> {
            missing(&self.0).iter().map(|need| need.debian).collect()
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0.root).ok();
        }
    }

    const LOCKED: &[&str] = &["openh264-sys2", "bindgen"];

    #[test]
    fn a_bare_machine_needs_four_packages() {
        let made = Made::new("bare", &["usr/bin/gcc"], &[], LOCKED);
        assert_eq!(made.missing(), ["g++", "libclang-dev", "mesa-vulkan-drivers", "libvulkan1"]);
    }

    #[test]
    fn a_machine_that_has_them_needs_nothing() {
        let files = [
            "usr/bin/c++",
            "usr/lib/llvm-14/lib/libclang.so",
            "usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
            "usr/lib/x86_64-linux-gnu/libvulkan.so.1",
        ];
        assert_eq!(Made::new("full", &files, &[], LOCKED).missing(), [""; 0]);
    }

    #[test]
    fn an_empty_driver_folder_is_no_driver() {
        let made = Made::new("icd", &["etc/vulkan/icd.d/readme.txt", "usr/lib64/libvulkan.so.1"], &[], &[]);
        assert_eq!(made.missing(), ["mesa-vulkan-drivers"]);
    }

    #[test]
    fn windows_are_for_machines_with_a_display() {
        let files = ["usr/lib/aarch64-linux-gnu/libvulkan.so.1", "usr/lib/aarch64-linux-gnu/libX11.so.6"];
        let variables = ["DISPLAY", "VK_DRIVER_FILES"];
        let missing = Made::new("display", &files, &variables, &[]).missing();
        assert_eq!(missing, ["libx11-xcb1", "libxcursor1", "libxi6", "libxkbcommon0", "libxkbcommon-x11-0"]);
        assert_eq!(Made::new("none", &files, &["VK_DRIVER_FILES"], &[]).missing(), [""; 0]);
    }

    #[test]
    fn wayland_is_a_display_when_it_is_compiled_in() {
        let display = |locked: &[&str]| Made::new("wayland", &[], &["WAYLAND_DISPLAY"], locked).0.has_display();
        assert!(display(&["wayland-client"]) && !display(&[]));
    }

    #[test]
    fn sound_is_wanted_only_when_something_plays_it() {
        let missing = Made::new("sound", &[], &["VK_DRIVER_FILES"], &["alsa-sys"]).missing();
        assert_eq!(missing, ["pkg-config", "libasound2-dev", "libvulkan1"]);
    }
}
