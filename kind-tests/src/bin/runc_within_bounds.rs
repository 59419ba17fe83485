//! An OCI runtime that asks the kernel for no capability that this machine does
//! not have: runc, after a look at what it is about to run.
//!
//! Docker's privileged containers get every capability that Docker knows. Where
//! the bounding set (capabilities(7)) lacks one, as on many a virtual machine, the
//! kernel refuses all of them; and an older Docker knows none of the newer ones.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Names of capabilities by their numbers (linux/capability.h).
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Those that an older Docker does not give to privileged containers.
const NEWER: [&str; 3] = ["PERFMON", "BPF", "CHECKPOINT_RESTORE"];

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let status = fs::read_to_string("/proc/self/status")?;
    let bounds = bounding_set(&status).context("the bounding set")?;
    for file in specifications(&arguments) {
        let Ok(text) = fs::read(&file) else {
            continue;
        };
        let mut specification: Value = serde_json::from_slice(&text)?;
        confine(&mut specification, &bounds);
        fs::write(&file, serde_json::to_vec(&specification)?)?;
    }
    let error = Command::new("runc").args(&arguments).exec();
    Err(error).context("run runc")
}

/// Capabilities of the bounding set, from /proc/self/status.
fn bounding_set(status: &str) -> Option<Vec<String>> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:"))?;
    let set = u64::from_str_radix(line.trim(), 16).ok()?;
    let has = |(number, _): &(usize, &&str)| set & (1 << number) != 0;
    let names = NAMES.iter().enumerate().filter(has);
    Some(names.map(|(_, name)| format!("CAP_{name}")).collect())
}

/// Files that say what runc is to run: a bundle's, or a process's.
fn specifications(arguments: &[String]) -> Vec<PathBuf> {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    let files = pairs.filter_map(|(flag, value)| match flag.as_str() {
        "--bundle" | "-b" => Some(PathBuf::from(value).join("config.json")),
        "--process" | "-p" => Some(PathBuf::from(value)),
        _ => None,
    });
    files.collect()
}

/// Takes capabilities out of bounds off a container's or a process's
/// specification (OCI runtime-spec, config.md, `capabilities`), and gives those
/// that may do everything what is new.
fn confine(specification: &mut Value, bounds: &[String]) {
    for place in ["/process/capabilities", "/capabilities"] {
        let Some(Value::Object(sets)) = specification.pointer_mut(place) else {
            continue;
        };
        for set in sets.values_mut() {
            let Value::Array(names) = set else {
                continue;
            };
            if names.iter().any(|name| name == "CAP_SYS_ADMIN") {
                for newer in NEWER.map(|name| Value::from(format!("CAP_{name}"))) {
                    if !names.contains(&newer) {
                        names.push(newer);
                    }
                }
            }
            names.retain(|name| bounds.iter().any(|bound| name == bound.as_str()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bounds() -> Vec<String> {
        // All but SYS_RESOURCE.
        bounding_set("Name:\tx\nCapBnd:\t000001fffeffffff\n").unwrap()
    }

    #[test]
    fn the_bounding_set_is_read_by_number() {
        assert_eq!(bounds().len(), 40);
        assert!(!bounds().contains(&"CAP_SYS_RESOURCE".to_owned()));
        assert_eq!(
            bounding_set("CapBnd:\t8000000001\n").unwrap(),
            ["CAP_CHOWN", "CAP_BPF"]
        );
        assert_eq!(bounding_set("CapEff:\t1\n"), None);
    }

    #[test]
    fn whoever_may_do_everything_gets_what_there_is() {
        let sets = json!({"bounding": ["CAP_SYS_ADMIN", "CAP_SYS_RESOURCE"]});
        let mut container = json!({"process": {"capabilities": sets}});
        confine(&mut container, &bounds());
        let set = &container["process"]["capabilities"]["bounding"];
        let wanted = [
            "CAP_SYS_ADMIN",
            "CAP_PERFMON",
            "CAP_BPF",
            "CAP_CHECKPOINT_RESTORE",
        ];
        assert_eq!(*set, json!(wanted));
    }

    #[test]
    fn others_get_nothing_that_they_did_not_ask_for() {
        let mut process = json!({"capabilities": {"effective": ["CAP_CHOWN", "CAP_SYS_RESOURCE"]}});
        confine(&mut process, &bounds());
        assert_eq!(
            process,
            json!({"capabilities": {"effective": ["CAP_CHOWN"]}})
        );
        let mut without = json!({"args": ["sh"]});
        confine(&mut without, &bounds());
        assert_eq!(without, json!({"args": ["sh"]}));
    }

    #[test]
    fn bundle_and_process_are_found_among_the_arguments() {
        let arguments = ["--root", "r", "create", "--bundle", "/b", "id"].map(str::to_owned);
        assert_eq!(
            specifications(&arguments),
            [PathBuf::from("/b/config.json")]
        );
        let arguments = ["exec", "-p", "/p.json", "id"].map(str::to_owned);
        assert_eq!(specifications(&arguments), [PathBuf::from("/p.json")]);
    }
}
