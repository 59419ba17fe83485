//! Loads the programs, checks what they do, and times them.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aya::maps::{Array, PerCpuArray, PerCpuValues};
use aya::programs::Xdp;
use aya::{Ebpf, EbpfLoader, TestRun, TestRunOptions};
use isthmus_abi::RouterConfig;
use isthmus_harness::{Checksum, check_forwarded};
use isthmus_tables::{Router, Tables};

use crate::cell::Cell;
use crate::flows::{Flow, Random, install};
use crate::system::{set_program, thread_ns};

/// Packets of one run.
const PACKETS: u32 = 1_000_000;
/// `XDP_TX` (linux/bpf.h).
const XDP_TX: u32 = 3;

/// Nanoseconds a packet of one subject, a value a round.
#[derive(Debug)]
pub(crate) struct Times {
    pub(crate) subject: &'static str,
    pub(crate) ns: Vec<f64>,
}

/// What is timed, in the order of the report.
const SUBJECTS: [&str; 4] = ["empty", "rewrite", "two-misses", "router"];

/// All programs of one cell.
pub(crate) struct Bench {
    cell: Cell,
    ebpf: Ebpf,
    router: Router,
    // What the router reads.
    _tables: Arc<Tables>,
}

impl Bench {
    pub(crate) fn new(cell: Cell) -> Result<Self> {
        let (tables, config) = install(&cell)?;
        let router = Router::load(isthmus_object::ROUTER, &tables, &config)?;
        let object = isthmus_object::BENCH
            .context("the router object was built elsewhere; the benchmark needs one built here")?;
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("FLOWS", cell.flows)
            .map_max_entries("LINES", cell.lines)
            .override_global("SPAN", &u64::from(cell.lines), true)
            .override_global("CONFIG", bytes(&config), true)
            .load(object)?;
        for name in [
            driver(&cell),
            "empty",
            "rewrite",
            "two_misses",
            "pass",
            "sink",
        ] {
            xdp(&mut ebpf, name)?.load()?;
        }
        let mut random = Random(1);
        let mut flows: Array<_, [u8; 128]> =
            Array::try_from(ebpf.map_mut("FLOWS").context("no FLOWS")?)?;
        for flow in 0..cell.flows {
            let frame = Flow::any(&cell, &mut random).frame(&cell, Checksum::Right);
            flows.set(flow, padded(&frame)?, 0)?;
        }
        let mut lines: Array<_, [u64; 8]> =
            Array::try_from(ebpf.map_mut("LINES").context("no LINES")?)?;
        for line in 0..lines.len() {
            lines.set(
                line,
                [u64::from(random.below(cell.lines)), 0, 0, 0, 0, 0, 0, 0],
                0,
            )?;
        }
        let mut rotation: PerCpuArray<_, [u64; 2]> =
            PerCpuArray::try_from(ebpf.map_mut("ROTATION").context("no ROTATION")?)?;
        let start = [0, u64::from(cell.flows) - 1];
        rotation.set(
            0,
            PerCpuValues::try_from(vec![
                start;
                aya::util::nr_cpus().map_err(
                    |(what, error)| anyhow::anyhow!("{what}: {error}")
                )?
            ])?,
            0,
        )?;
        Ok(Self {
            cell,
            ebpf,
            router,
            _tables: tables,
        })
    }

    /// Checks every subject, then times it in shuffled rounds.
    pub(crate) fn run(mut self, rounds: usize) -> Result<Vec<Times>> {
        for subject in SUBJECTS {
            self.check(subject)?;
        }
        let mut times = SUBJECTS.map(|subject| Times {
            subject,
            ns: Vec::new(),
        });
        let mut random = Random(2);
        for _ in 0..rounds {
            let mut order: Vec<_> = (0..SUBJECTS.len()).collect();
            for last in (1..order.len()).rev() {
                order.swap(last, random.below(last as u32 + 1) as usize);
            }
            for subject in order {
                self.choose(SUBJECTS[subject])?;
                let before = thread_ns()?;
                self.drive(PACKETS)?;
                times[subject]
                    .ns
                    .push((thread_ns()? - before) / f64::from(PACKETS));
            }
        }
        Ok(times.into())
    }

    /// The descriptor of a program, valid while `self` is.
    pub(crate) fn program(&self, subject: &str) -> Result<RawFd> {
        if subject == "router" {
            return Ok(self.router.fd()?.as_raw_fd());
        }
        let name = subject.replace('-', "_");
        let program = self
            .ebpf
            .program(&name)
            .with_context(|| format!("no program {name}"))?;
        let program: &Xdp = program.try_into()?;
        Ok(program.fd()?.as_fd().as_raw_fd())
    }

    /// The driver's descriptor, valid while `self` is.
    pub(crate) fn driver(&self) -> Result<RawFd> {
        self.program(driver(&self.cell))
    }

    /// Makes the only flow (of a cell with one) this one.
    pub(crate) fn set_flow(&mut self, frame: &[u8]) -> Result<()> {
        let mut flows: Array<_, [u8; 128]> =
            Array::try_from(self.ebpf.map_mut("FLOWS").context("no FLOWS")?)?;
        Ok(flows.set(0, padded(frame)?, 0)?)
    }

    /// Frames that came to the sink so far: with the VNI of their destination,
    /// with another.
    pub(crate) fn sunk(&self) -> Result<[u64; 2]> {
        let sunk: PerCpuArray<_, [u64; 2]> =
            PerCpuArray::try_from(self.ebpf.map("SUNK").context("no SUNK")?)?;
        let sunk = sunk.get(&0, 0)?;
        Ok(sunk
            .iter()
            .fold([0, 0], |sum, cpu| [sum[0] + cpu[0], sum[1] + cpu[1]]))
    }

    /// Puts a subject behind the driver.
    pub(crate) fn choose(&mut self, subject: &str) -> Result<()> {
        let fd = self.program(subject)?;
        let map = self.ebpf.map("SUBJECT").context("no SUBJECT")?;
        let aya::maps::Map::ProgramArray(data) = map else {
            anyhow::bail!("SUBJECT is no array")
        };
        set_program(data.fd().as_fd().as_raw_fd(), fd)
    }

    /// Runs the driver; returns the last frame.
    fn drive(&mut self, packets: u32) -> Result<Vec<u8>> {
        let input = vec![0; if self.cell.v6 { 120 } else { 96 }];
        let mut out = vec![0; input.len() + 256];
        let result = xdp(&mut self.ebpf, driver(&self.cell))?.test_run(TestRunOptions {
            data_in: Some(&input),
            data_out: Some(&mut out),
            repeat: packets,
            ..TestRunOptions::default()
        })?;
        ensure!(
            result.return_value == XDP_TX,
            "the last verdict is {}",
            result.return_value
        );
        out.truncate(result.data_size_out as usize);
        Ok(out)
    }

    /// A thousand frames of a subject, each parsed: those that rewrite must
    /// leave sound frames with other addresses than they got.
    fn check(&mut self, subject: &str) -> Result<()> {
        self.choose(subject)?;
        for _ in 0..1000 {
            let out = self
                .drive(1)
                .with_context(|| format!("checking {subject}"))?;
            if matches!(subject, "rewrite" | "router") {
                check_forwarded(&out).with_context(|| format!("checking {subject}"))?;
                ensure!(
                    out[26..30] == [172, 16, 0, 1],
                    "{subject} does not send from its VTEP"
                );
            }
        }
        Ok(())
    }
}

fn xdp<'e>(ebpf: &'e mut Ebpf, name: &str) -> Result<&'e mut Xdp> {
    let program = ebpf
        .program_mut(name)
        .with_context(|| format!("no program {name}"))?;
    Ok(program.try_into()?)
}

/// The configuration's bytes.
fn bytes(config: &RouterConfig) -> &[u8] {
    // SAFETY: the type has no padding (its size is asserted in isthmus-abi) and
    // every byte is initialised.
    unsafe { std::slice::from_raw_parts((&raw const *config).cast(), size_of::<RouterConfig>()) }
}

/// Name of the driver for a cell's frames.
fn driver(cell: &Cell) -> &'static str {
    if cell.v6 { "driver_v6" } else { "driver_v4" }
}

/// A frame as `FLOWS` holds it.
fn padded(frame: &[u8]) -> Result<[u8; 128]> {
    let mut value = [0; 128];
    value
        .get_mut(..frame.len())
        .context("a frame above 128 bytes")?
        .copy_from_slice(frame);
    Ok(value)
}
