//! Which capabilities routing takes, and which of them are missing. Pure.

use std::path::{Path, PathBuf};

/// A capability and its number (linux/capability.h).
type Capability = (&'static str, u32);

/// To attach programs to interfaces.
const NET_ADMIN: Capability = ("CAP_NET_ADMIN", 12);
/// For everything else: it stands for CAP_BPF and CAP_PERFMON, which is not
/// enough where maps and programs are opened by their identifiers and a bpffs
/// hands the maps to the loader (capabilities(7)).
const SYS_ADMIN: Capability = ("CAP_SYS_ADMIN", 21);

/// Routing needs more than the process may do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot put a router and its tables into {}: {} missing; run as root, or with CAP_NET_ADMIN \
     and CAP_SYS_ADMIN", pin_dir.display(), listed(missing)
)]
pub struct PrivilegeError {
    /// The pin directory.
    pub pin_dir: PathBuf,
    /// What is missing, at least one.
    pub missing: Vec<&'static str>,
}

/// Looks for the capabilities of `run` in the text of `/proc/self/status`
/// (proc(5)). A text that does not tell is no reason to stop: the kernel will
/// say what it refuses.
///
/// # Errors
///
/// Something is missing.
pub fn check(process_status: &str, pin_dir: &Path) -> Result<(), PrivilegeError> {
    let Some(effective) = effective(process_status) else {
        return Ok(());
    };
    let missing: Vec<_> = [NET_ADMIN, SYS_ADMIN]
        .into_iter()
        .filter(|(_, number)| effective >> number & 1 == 0)
        .map(|(name, _)| name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(PrivilegeError {
        pin_dir: pin_dir.to_owned(),
        missing,
    })
}

fn effective(process_status: &str) -> Option<u64> {
    let line = process_status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

fn listed(missing: &[&str]) -> String {
    let verb = if missing.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", missing.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(effective: u64) -> Vec<&'static str> {
        let status = format!("Name:\trouter-agent\nCapEff:\t{effective:016x}\nCapBnd:\t0\n");
        match check(&status, Path::new("/sys/fs/bpf/isthmus")) {
            Ok(()) => Vec::new(),
            Err(error) => error.missing,
        }
    }

    #[test]
    fn each_capability_that_routing_takes_is_missed() {
        let (net, sys) = (1 << NET_ADMIN.1, 1 << SYS_ADMIN.1);
        assert!(missing(net | sys).is_empty());
        assert!(missing(u64::MAX).is_empty());
        assert_eq!(missing(net), ["CAP_SYS_ADMIN"]);
        assert_eq!(missing(!net), ["CAP_NET_ADMIN"]);
        assert_eq!(missing(0), ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]);
    }

    #[test]
    fn the_sentence_names_what_is_missing_and_what_to_do() {
        let sentence = |effective: &str| {
            let status = format!("CapEff:\t{effective}\n");
            check(&status, Path::new("/pins")).unwrap_err().to_string()
        };
        let none = sentence("0000000000000000");
        assert!(
            none.contains("/pins: CAP_NET_ADMIN and CAP_SYS_ADMIN are missing; run as root"),
            "{none}"
        );
        let network = sentence("0000000000001000");
        assert!(network.contains(": CAP_SYS_ADMIN is missing;"), "{network}");
    }

    #[test]
    fn a_text_without_capabilities_stops_nobody() {
        assert_eq!(check("", Path::new("/pins")), Ok(()));
    }
}
