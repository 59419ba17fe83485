//! Loading the object with a set of tables and a configuration.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use aya::programs::{Program, ProgramError, Xdp};
use aya::{Ebpf, EbpfError, EbpfLoader, TestRun, TestRunOptions};
use isthmus_abi::RouterConfig;

use super::identity::{Identity, bind_config, identity};
use crate::Tables;
use crate::sys::{PrivateBpffs, SysError, as_bytes, object_pin};

/// Name of the read-only configuration in the object.
const CONFIG: &str = "CONFIG";

/// A program that could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The tables cannot be handed to the loader.
    #[error("cannot hand the maps to the loader: {0}")]
    Handover(io::Error),
    /// The tables cannot be pinned for the loader.
    #[error("cannot pin {map} for the loader: {source}")]
    Pin {
        /// Name of the map.
        map: &'static str,
        /// The kernel's answer.
        source: SysError,
    },
    /// The object is not as the loader expects it.
    #[error("cannot read the object: {0}")]
    Object(#[from] Box<EbpfError>),
    /// The object holds no XDP program.
    #[error("the object holds no XDP program")]
    NoProgram,
    /// The kernel's verifier refused the program.
    #[error("the kernel refused the program: {0}")]
    Refused(#[from] Box<ProgramError>),
    /// Something about the loaded program that the kernel did not answer.
    #[error("{0}")]
    Kernel(#[from] SysError),
}

/// A test run that failed.
#[derive(Debug, thiserror::Error)]
#[error("BPF_PROG_TEST_RUN: {0}")]
pub struct TestRunError(#[from] Box<ProgramError>);

/// What a program did with a frame in a test run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The XDP action (`enum xdp_action`).
    pub action: u32,
    /// The frame after the program.
    pub frame: Vec<u8>,
    /// Mean nanoseconds of one run.
    pub duration_ns: u32,
}

/// The router's program in the kernel, not attached to anything yet.
pub struct Router {
    ebpf: Ebpf,
    name: String,
    identity: Identity,
}

impl Router {
    /// Loads the only XDP program of `object` with these tables and this
    /// configuration. From now on the tables count as read.
    ///
    /// # Errors
    ///
    /// An object that does not fit, no permission, or a program that the
    /// verifier refuses.
    pub fn load(object: &[u8], tables: &Tables, config: &RouterConfig) -> Result<Self, LoadError> {
        let handover = PrivateBpffs::new().map_err(LoadError::Handover)?;
        let mut pins: Vec<(&'static str, PathBuf)> = Vec::new();
        for map in tables.maps() {
            let name = map.spec().name;
            let path = handover.path().join(name);
            object_pin(map.as_fd(), &path)
                .map_err(|source| LoadError::Pin { map: name, source })?;
            pins.push((name, path));
        }
        let mut loader = EbpfLoader::new();
        for (name, path) in &pins {
            loader.map_pin_path(name, path);
        }
        loader.override_global(CONFIG, as_bytes(config), true);
        let mut ebpf = loader.load(object).map_err(Box::new)?;
        let name = ebpf
            .programs()
            .find(|(_, program)| matches!(program, Program::Xdp(_)))
            .map(|(name, _)| name.to_owned())
            .ok_or(LoadError::NoProgram)?;
        tables.mark_read();
        let program = xdp_mut(&mut ebpf, &name)?;
        program.load().map_err(Box::new)?;
        let fd = program.fd().map_err(Box::new)?.as_fd();
        bind_config(fd, config)?;
        let identity = identity(fd)?.ok_or(LoadError::NoProgram)?;
        Ok(Self {
            ebpf,
            name,
            identity,
        })
    }

    /// What it is, to compare with what is attached.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The loaded program: to be attached, or put into a program array.
    ///
    /// # Errors
    ///
    /// None in practice: the program was loaded when `self` was made.
    pub fn fd(&self) -> Result<BorrowedFd<'_>, LoadError> {
        Ok(self.xdp()?.fd().map_err(Box::new)?.as_fd())
    }

    /// Runs the program on a frame (`BPF_PROG_TEST_RUN`). With `repeat` above
    /// 1 every run after the first gets the frame that the one before left.
    ///
    /// # Errors
    ///
    /// The kernel's answer: a frame shorter than 14 bytes is refused, for one.
    pub fn test_run(&self, frame: &[u8], repeat: u32) -> Result<Verdict, TestRunError> {
        let mut out = vec![0; frame.len() + 256];
        let program = self.xdp().map_err(|_| Box::new(ProgramError::NotLoaded))?;
        let options = TestRunOptions {
            data_in: Some(frame),
            data_out: Some(&mut out),
            repeat,
            ..TestRunOptions::default()
        };
        let result = program.test_run(options).map_err(Box::new)?;
        let length = result.data_size_out as usize;
        out.truncate(length);
        Ok(Verdict {
            action: result.return_value,
            frame: out,
            duration_ns: u32::try_from(result.duration.as_nanos()).unwrap_or(u32::MAX),
        })
    }

    fn xdp(&self) -> Result<&Xdp, LoadError> {
        match self.ebpf.program(&self.name) {
            Some(Program::Xdp(program)) => Ok(program),
            _ => Err(LoadError::NoProgram),
        }
    }
}

fn xdp_mut<'e>(ebpf: &'e mut Ebpf, name: &str) -> Result<&'e mut Xdp, LoadError> {
    match ebpf.program_mut(name) {
        Some(Program::Xdp(program)) => Ok(program),
        _ => Err(LoadError::NoProgram),
    }
}
