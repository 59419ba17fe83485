//! The whole path: a generator, a gateway and a sink around one veth, on one
//! CPU.
//!
//! A test run with live frames sends fresh frames out of one end of a veth. At
//! the other end is the gateway: an empty program, the router, or the kernel
//! with a VXLAN device for each of the two VPCs and a route between them. What
//! it sends back ends in the sink, a program at the first end, which counts it.
//! Both ends are in network namespaces of this thread alone, which are gone
//! when it ends.

use std::fs::{self, File};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use isthmus_harness::Checksum;

use crate::cell::HOT;
use crate::flows::{Flow, Random};
use crate::kernel_gateway;
use crate::shell::run;
use crate::subjects::{Bench, Times};
use crate::system::{attach, enter_network, live, own_network, process_ns};
use crate::system::{stay_on_one_cpu, thread_ns};

/// Packets of one run.
const PACKETS: u32 = 200_000;
/// Most tries at a run that loses nothing.
const ATTEMPTS: u32 = 10;
/// How long the last packets may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Subjects, and the program on the gateway's end of each. For the kernel a
/// program that lets everything pass: a veth takes redirected frames only
/// where there is one.
const SUBJECTS: [(&str, &str); 3] = [
    ("empty", "empty"),
    ("router", "router"),
    ("kernel-vxlan", "pass"),
];

/// In words.
pub(crate) const TEXT: &str = "one veth, generator, gateway and sink on one CPU; one flow";

/// Runs all subjects in shuffled rounds, on a thread of its own.
pub(crate) fn measure(rounds: usize) -> Result<Vec<Times>> {
    std::thread::spawn(move || Loop::new()?.run(rounds))
        .join()
        .map_err(|_| anyhow::anyhow!("the loop's thread panicked"))?
}

struct Loop {
    bench: Bench,
    /// The gateway's namespace; the thread is in the generator's.
    gateway: File,
    generator: File,
    /// Interface indices of the gateway's end and the generator's.
    inside: u32,
    outside: u32,
    /// What the CPU does for the loop outside this thread.
    ksoftirqd: libc::pid_t,
    frame: u32,
    _sink: OwnedFd,
}

impl Loop {
    fn new() -> Result<Self> {
        let cpu = stay_on_one_cpu()?;
        let mut bench = Bench::new(HOT)?;
        let flow = Flow::any(&HOT, &mut Random(3));
        // As VXLAN over IPv4 usually is. The kernel checks a sum, the router
        // carries it on.
        let frame = flow.frame(&HOT, Checksum::None);
        bench.set_flow(&frame)?;
        bench.choose("empty")?;

        own_network()?;
        let gateway = File::open("/proc/thread-self/ns/net")?;
        own_network()?;
        let generator = File::open("/proc/thread-self/ns/net")?;
        let place = format!("/proc/{}/fd/{}", std::process::id(), gateway.as_raw_fd());
        run(
            "ip",
            &format!("link add outside type veth peer name inside netns {place}"),
        )?;
        run("ip", "link set outside up")?;
        let outside = index("outside")?;
        enter_network(&gateway)?;
        kernel_gateway::configure(&HOT, flow)?;
        let inside = index("inside")?;
        enter_network(&generator)?;
        let sink = attach(bench.program("sink")?, outside)?;
        Ok(Self {
            bench,
            gateway,
            generator,
            inside,
            outside,
            ksoftirqd: ksoftirqd(cpu)?,
            frame: frame.len() as u32,
            _sink: sink,
        })
    }

    fn run(self, rounds: usize) -> Result<Vec<Times>> {
        let mut times = SUBJECTS.map(|(subject, _)| Times {
            subject,
            ns: Vec::new(),
        });
        let mut random = Random(4);
        // The first round warms up.
        for round in 0..=rounds {
            let first = random.below(SUBJECTS.len() as u32) as usize;
            for place in 0..SUBJECTS.len() {
                let subject = (first + place) % SUBJECTS.len();
                let ns = self
                    .complete(SUBJECTS[subject])
                    .with_context(|| format!("{} in the loop", SUBJECTS[subject].0))?;
                if round > 0 {
                    times[subject].ns.push(ns);
                }
            }
        }
        Ok(times.into())
    }

    /// A run that lost nothing: on a busy machine the slow kernel's queue can
    /// overflow, and such a run says nothing.
    fn complete(&self, subject: (&str, &str)) -> Result<f64> {
        let mut last = self.once(subject);
        for _ in 1..ATTEMPTS {
            if last.is_ok() {
                break;
            }
            last = self.once(subject);
        }
        last
    }

    /// CPU nanoseconds a packet of one run, all of which must have come out.
    fn once(&self, (subject, program): (&str, &str)) -> Result<f64> {
        enter_network(&self.gateway)?;
        let link = attach(self.bench.program(program)?, self.inside);
        enter_network(&self.generator)?;
        let link = link?;
        let driver = self.bench.driver()?;
        let before = self.bench.sunk()?;
        let start = self.cpu_ns()?;
        live(driver, self.outside, self.frame, PACKETS)?;
        let deadline = Instant::now() + PATIENCE;
        let sunk = loop {
            let after = self.bench.sunk()?;
            let sunk = [after[0] - before[0], after[1] - before[1]];
            if sunk[0] + sunk[1] == u64::from(PACKETS) || Instant::now() > deadline {
                break sunk;
            }
            std::thread::yield_now();
        };
        let ns = (self.cpu_ns()? - start) / f64::from(PACKETS);
        drop(link);
        // The empty program leaves the VNI as it came.
        let right = if subject == "empty" { sunk[1] } else { sunk[0] };
        ensure!(
            right == u64::from(PACKETS),
            "{PACKETS} packets went in; {right} came out with the right VNI, {} in all",
            sunk[0] + sunk[1]
        );
        Ok(ns)
    }

    fn cpu_ns(&self) -> Result<f64> {
        Ok(thread_ns()? + process_ns(self.ksoftirqd)?)
    }
}

/// Index of an interface of this thread's namespace.
fn index(interface: &str) -> Result<u32> {
    let name = std::ffi::CString::new(interface)?;
    // SAFETY: a string that ends.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    ensure!(index != 0, "no interface {interface}");
    Ok(index)
}

/// The kernel's thread for softirqs of a CPU.
fn ksoftirqd(cpu: usize) -> Result<libc::pid_t> {
    let name = format!("ksoftirqd/{cpu}");
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let command = fs::read_to_string(path.join("comm")).unwrap_or_default();
        if command.trim() == name {
            let process = path.file_name().and_then(|name| name.to_str());
            return Ok(process.context("a process without a name")?.parse()?);
        }
    }
    anyhow::bail!("no {name}")
}
