//! Which system this is.

use std::fs;

/// Systems by the way packages are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Debian, Ubuntu and what is made from them: the set-up installs.
    Debian,
    /// Fedora and its relatives.
    Fedora,
    /// Arch and its relatives.
    Arch,
    /// A Linux with other package names.
    OtherLinux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
    /// Anything else.
    Other,
}

impl System {
    /// The system that this program runs on.
    pub fn here() -> Self {
        match std::env::consts::OS {
            "linux" => Self::from_os_release(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            "macos" => Self::MacOs,
            "windows" => Self::Windows,
            _ => Self::Other,
        }
    }

    /// Reads `ID` and, where that is not known, `ID_LIKE`, which goes from near to far.
    fn from_os_release(text: &str) -> Self {
        let value = |key: &str| {
            let value = text.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
            Some(value.trim().trim_matches(['"', '\'']).to_ascii_lowercase())
        };
        let names = [value("ID"), value("ID_LIKE")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        names.split_whitespace().find_map(Self::named).unwrap_or(Self::OtherLinux)
    }

    fn named(id: &str) -> Option<Self> {
        match id {
            "debian" | "ubuntu" => Some(Self::Debian),
            "fedora" | "rhel" | "centos" => Some(Self::Fedora),
            "arch" => Some(Self::Arch),
            _ => None,
        }
    }

    /// Whether the files that [`super::needs`] looks for mean something here.
    pub fn is_linux(self) -> bool {
        matches!(self, Self::Debian | Self::Fedora | Self::Arch | Self::OtherLinux)
    }

    /// What to type before the names of the packages.
    pub fn install_command(self) -> Option<&'static str> {
        match self {
            Self::Fedora => Some("sudo dnf install"),
            Self::Arch => Some("sudo pacman -S --needed"),
            _ => None,
        }
    }

    /// What is needed on a system whose files are not looked at.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self::MacOs => Some("a C++ compiler is needed: xcode-select --install"),
            Self::Windows => {
                Some("a C++ compiler is needed: the Visual Studio Build Tools with \"Desktop development with C++\"")
            }
            Self::OtherLinux => Some("this Linux is not known; the package names below are Debian's"),
            Self::Other => Some("a C++ compiler and a Vulkan driver are needed"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_tells_the_family() {
        let cases = [
            ("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n", System::Debian),
            ("NAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n", System::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", System::Debian),
            ("ID='fedora'\n", System::Fedora),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", System::Fedora),
            ("ID=manjaro\nID_LIKE=arch\n", System::Arch),
            ("ID=alpine\nVERSION_ID=3.20\n", System::OtherLinux),
            ("", System::OtherLinux),
        ];
        for (text, expected) in cases {
            assert_eq!(System::from_os_release(text), expected, "{text:?}");
        }
    }

    #[test]
    fn version_id_is_not_id() {
        assert_eq!(System::from_os_release("VERSION_ID=\"arch\"\nVARIANT_ID=fedora\nID=debian"), System::Debian);
    }
}
