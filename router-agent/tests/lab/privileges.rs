//! Without the privileges that something takes, one sentence says which.

use std::ffi::CStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use isthmus_lab::{Lab, MountNamespace, Namespace};

use crate::agent::{Agent, BINARY, Running};
use crate::world::{World, eventually, talk};

const BPFFS: &str = "/sys/fs/bpf";
const PINS: &str = "/sys/fs/bpf/isthmus";
const NOBODY: libc::uid_t = 65534;
/// Capabilities (linux/capability.h) and the number of the last.
const NET_ADMIN: libc::c_ulong = 12;
const SYS_ADMIN: libc::c_ulong = 21;
const LAST: libc::c_ulong = 40;

/// The binary where every user may run it.
struct Binary {
    folder: tempfile::TempDir,
}

impl Binary {
    fn copy() -> Result<Self> {
        let everyone = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(everyone).tempdir()?;
        std::fs::copy(BINARY, folder.path().join("router-agent"))?;
        Ok(Self { folder })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("router-agent")
    }

    /// A command of `run` with nothing to route.
    fn run(&self, within: &Namespace) -> Command {
        let mut command = within.command(self.path());
        command.args(["run", "--interface", "eth0", "--manifests"]);
        command.arg(self.folder.path());
        command
    }
}

/// Makes the command's process nobody's, once it is where it should be.
fn as_nobody(command: &mut Command) {
    let become_nobody = || {
        // SAFETY: an empty list; the others take no pointer.
        let results = unsafe {
            [
                libc::setgroups(0, std::ptr::null()),
                libc::setgid(NOBODY),
                libc::setuid(NOBODY),
            ]
        };
        match results {
            [0, 0, 0] => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    };
    // SAFETY: makes system calls only, between fork and exec.
    unsafe { command.pre_exec(become_nobody) };
}

/// Leaves the command's process, root's, those capabilities that `keeps` names.
fn limit(command: &mut Command, keeps: impl Fn(libc::c_ulong) -> bool + Send + Sync + 'static) {
    let drop_others = move || {
        for capability in (0..=LAST).filter(|number| !keeps(*number)) {
            // SAFETY: takes numbers only. What is not bounded is lost at exec(2).
            if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: makes system calls only, between fork and exec.
    unsafe { command.pre_exec(drop_others) };
}

/// A place without a BPF file system.
fn without_bpffs() -> Result<Namespace> {
    let mounts = MountNamespace::with_bpffs()?;
    let path: &CStr = c"/sys/fs/bpf";
    // SAFETY: a terminated string. Mounts may lie upon each other.
    mounts.run(|| while unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) } == 0 {})?;
    Ok(Namespace::new()?.with_mounts(mounts))
}

/// Runs the command, which must fail with one sentence on stderr; returns that.
fn refusal(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let said = String::from_utf8(output.stderr)?;
    ensure!(!output.status.success(), "{command:?} succeeds: {said}");
    ensure!(
        said.starts_with("error: ") && said.trim_end().lines().count() == 1,
        "{said}"
    );
    ensure!(said.matches("os error").count() <= 1, "said twice: {said}");
    Ok(said)
}

fn names(said: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(said.contains(part), "{part} is not in: {said}");
    }
    Ok(())
}

#[test]
fn routing_without_capabilities_is_refused_with_their_names() -> Result<()> {
    isthmus_lab::check_machine()?;
    let binary = Binary::copy()?;
    let with = Namespace::new()?.with_mounts(MountNamespace::with_bpffs()?);
    for place in [with, without_bpffs()?] {
        let mut command = binary.run(&place);
        as_nobody(&mut command);
        let said = refusal(&mut command)?;
        let both = "CAP_NET_ADMIN and CAP_SYS_ADMIN are missing";
        names(&said, &[PINS, both, "run as root"])?;

        let mut command = binary.run(&place);
        limit(&mut command, |number| number != SYS_ADMIN);
        let said = refusal(&mut command)?;
        names(&said, &[PINS, "CAP_SYS_ADMIN is missing", "run as root"])?;
    }
    Ok(())
}

#[test]
fn a_kernel_that_is_too_old_is_refused_by_its_version() -> Result<()> {
    isthmus_lab::check_machine()?;
    let binary = Binary::copy()?;
    let place = Namespace::new()?.with_mounts(MountNamespace::with_bpffs()?);
    let mut command = binary.run(&place);
    let of_old = || {
        // The kernel says that it is 2.6 (linux/personality.h).
        const UNAME26: libc::c_ulong = 0x0002_0000;
        // SAFETY: takes a number.
        match unsafe { libc::personality(UNAME26) } {
            -1 => Err(std::io::Error::last_os_error()),
            _ => Ok(()),
        }
    };
    // SAFETY: makes a system call only, between fork and exec.
    unsafe { command.pre_exec(of_old) };
    let said = refusal(&mut command)?;
    names(&said, &["Linux 2.6.", "too old", "6.3 or newer"])
}

#[test]
fn a_bpffs_that_is_missing_and_cannot_be_mounted_is_named() -> Result<()> {
    isthmus_lab::check_machine()?;
    let binary = Binary::copy()?;
    let mounts = MountNamespace::with_bpffs()?;
    // A folder of its own in the place of /sys has nothing to mount upon.
    let hidden = mounts.run(|| {
        let (kind, path) = (c"tmpfs".as_ptr(), c"/sys".as_ptr());
        // SAFETY: terminated strings, and no data.
        unsafe { libc::mount(kind, path, kind, 0, std::ptr::null()) }
    })?;
    ensure!(hidden == 0, "no tmpfs");
    let place = Namespace::new()?.with_mounts(mounts);
    let said = refusal(&mut binary.run(&place))?;
    let remedy = "mount -t bpf bpf /sys/fs/bpf";
    names(
        &said,
        &["cannot mount a bpffs on /sys/fs/bpf", remedy, "--pin-dir"],
    )?;

    let mut command = binary.run(&place);
    command.args(["--pin-dir", "/proc/isthmus"]);
    names(
        &refusal(&mut command)?,
        &["cannot make /proc/isthmus", "--pin-dir"],
    )
}

#[test]
fn status_and_detach_of_what_others_have_pinned_name_the_folder_and_root() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    agent.terminate()?;
    let binary = Binary::copy()?;
    let gateway = world.lab.gateway().namespace();
    let mounts = gateway.mounts().context("no mounts")?;
    let mode = |path: &'static str| {
        let read = move || std::fs::metadata(path).map(|it| it.permissions().mode() & 0o7777);
        mounts.run(read)
    };
    ensure!(
        mode(PINS)?? == 0o700,
        "{:o}: others may lock it",
        mode(PINS)??
    );
    // As the agent makes it, as init systems mount it, and as somebody may have made it by hand.
    for (bpffs, pins) in [(0o1777, 0o700), (0o700, 0o700), (0o1777, 0o755)] {
        mounts.run(|| -> std::io::Result<()> {
            std::fs::set_permissions(BPFFS, Permissions::from_mode(bpffs))?;
            std::fs::set_permissions(PINS, Permissions::from_mode(pins))
        })??;
        for subcommand in ["status", "detach"] {
            let mut command = gateway.command(binary.path());
            command.arg(subcommand);
            as_nobody(&mut command);
            let said = refusal(&mut command).with_context(|| format!("{bpffs:o} {pins:o}"))?;
            names(&said, &[PINS, "permission denied", "run as root"])?;
        }
    }
    ensure!(agent.status()?["ports"][0]["interface"] == "eth0");
    Ok(())
}

#[test]
fn the_two_capabilities_are_enough_to_route() -> Result<()> {
    let world = World::build(Lab::builder())?;
    let mut agent = Agent::start(&world.lab)?;
    agent.terminate()?;
    ensure!(agent.command(&["detach"]).output()?.status.success());
    let folder = agent.folder().display().to_string();
    let state = agent.folder().join(".state").display().to_string();
    // Made anew, and adopted.
    for _ in 0..2 {
        let mut command = agent.command(&["run", "--interface", "eth0", "--manifests", &folder]);
        command.args(["--state-dir", &state]);
        limit(&mut command, |number| {
            [NET_ADMIN, SYS_ADMIN].contains(&number)
        });
        let _running = Running::start(command.stderr(Stdio::null()))?;
        eventually("the agent is ready", || {
            Ok(agent.get("/readyz").is_ok_and(|(status, _)| status == 200)
                && agent.metric("isthmus_hypervisors_unresolved")? == 0)
        })?;
        talk(&world.lab, &world.blue, &world.green)?;
        ensure!(agent.metric("isthmus_errors_total")? == 0);
    }
    for subcommand in ["status", "detach"] {
        let mut command = agent.command(&[subcommand]);
        limit(&mut command, |number| {
            [NET_ADMIN, SYS_ADMIN].contains(&number)
        });
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{subcommand}: {said}");
    }
    ensure!(!agent.command(&["status"]).output()?.status.success());
    Ok(())
}
