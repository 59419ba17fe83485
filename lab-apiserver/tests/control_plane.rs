//! A control plane starts, answers, survives and vanishes.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use anyhow::{Context, Result, ensure};
use futures::TryStreamExt;
use isthmus_crds::Vpc;
use isthmus_lab_apiserver::{ApiServer, Part};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, ObjectMeta, PostParams, WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt};
use tokio::time::{Instant, timeout};

const BOUND: Duration = Duration::from_secs(30);

/// Waits for a condition, with a bound.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + BOUND;
    while !holds() {
        ensure!(Instant::now() < deadline, "not in {BOUND:?}: {what}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.into()),
        ..ObjectMeta::default()
    }
}

fn config_maps(client: Client) -> Api<ConfigMap> {
    Api::namespaced(client, "default")
}

async fn write(client: Client, name: &str) -> Result<()> {
    let map = ConfigMap {
        metadata: named(name),
        ..ConfigMap::default()
    };
    config_maps(client)
        .create(&PostParams::default(), &map)
        .await?;
    Ok(())
}

/// Everything of a control plane that could be left behind.
struct Traces {
    processes: [u32; 2],
    folder: PathBuf,
    port: u16,
}

impl Traces {
    fn of(server: &ApiServer) -> Result<Self> {
        let pid = |part| server.pid(part).context("a running process");
        let port = server.config()?.cluster_url.port_u16();
        Ok(Self {
            processes: [pid(Part::Etcd)?, pid(Part::ApiServer)?],
            folder: server.folder().to_owned(),
            port: port.context("a port")?,
        })
    }

    fn any_process(&self) -> bool {
        let exists = |pid: &u32| Path::new("/proc").join(pid.to_string()).exists();
        self.processes.iter().any(exists)
    }

    fn assert_gone(&self) {
        assert!(!self.any_process(), "{:?}", self.processes);
        assert!(!self.folder.exists(), "{}", self.folder.display());
        TcpListener::bind(("127.0.0.1", self.port)).expect("a free port");
    }
}

#[tokio::test]
async fn it_serves_our_kinds_and_judges_by_rbac() -> Result<()> {
    let begin = Instant::now();
    let server = ApiServer::start().await?;
    eprintln!("ready in {:?}", begin.elapsed());
    let admin = server.client()?;
    server.install_crds(&admin).await?;
    eprintln!("with our kinds in {:?}", begin.elapsed());

    let vpcs: Api<Vpc> = Api::all(admin.clone());
    assert!(vpcs.list(&ListParams::default()).await?.items.is_empty());

    let nobody = server.client_as("jane", &["team-a"])?;
    let refused = Api::<Vpc>::all(nobody)
        .list(&ListParams::default())
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("User \"jane\" cannot list"),
        "{refused}"
    );
    let master = server.client_as("jane", &["system:masters"])?;
    Api::<Vpc>::all(master).list(&ListParams::default()).await?;
    Ok(())
}

#[tokio::test]
async fn two_run_side_by_side_and_know_nothing_of_each_other() -> Result<()> {
    let (one, other) = tokio::try_join!(ApiServer::start(), ApiServer::start())?;
    write(one.client()?, "here").await?;
    config_maps(one.client()?).get("here").await?;
    assert!(
        config_maps(other.client()?)
            .get_opt("here")
            .await?
            .is_none()
    );
    Ok(())
}

#[tokio::test]
async fn killed_and_restarted_it_has_its_data_and_its_address() -> Result<()> {
    let server = ApiServer::start().await?;
    let client = server.client()?;
    for part in [Part::ApiServer, Part::Etcd] {
        let name = match part {
            Part::ApiServer => "api-server",
            Part::Etcd => "etcd",
        };
        write(client.clone(), name).await?;
        let before = server.pid(part);
        server.kill(part)?;
        assert_eq!(server.pid(part), None);
        server.restart(part).await?;
        assert_ne!(server.pid(part), before);
        // The same client, at the same address.
        config_maps(client.clone()).get(name).await?;
    }
    server.kill(Part::Etcd)?;
    server.kill(Part::ApiServer)?;
    server.restart(Part::Etcd).await?;
    server.restart(Part::ApiServer).await?;
    assert!(config_maps(client).get_opt("etcd").await?.is_some());
    Ok(())
}

#[tokio::test]
async fn paused_it_answers_nothing_and_resumed_everything() -> Result<()> {
    let server = ApiServer::start().await?;
    let client = server.client()?;
    server.pause(Part::ApiServer)?;
    let answer = timeout(Duration::from_secs(1), write(client.clone(), "late")).await;
    assert!(answer.is_err(), "an answer of a paused server");
    server.resume(Part::ApiServer)?;
    write(client.clone(), "later").await?;

    server.pause(Part::Etcd)?;
    let answer = timeout(Duration::from_secs(1), write(client.clone(), "stuck")).await;
    assert!(!matches!(answer, Ok(Ok(()))), "a write without etcd");
    server.resume(Part::Etcd)?;
    write(client, "through").await
}

#[tokio::test]
async fn nothing_is_left_of_it_when_it_is_dropped_even_paused() -> Result<()> {
    let server = ApiServer::start().await?;
    let traces = Traces::of(&server)?;
    assert!(traces.any_process());
    server.pause(Part::ApiServer)?;
    drop(server);
    traces.assert_gone();
    Ok(())
}

#[test]
fn nothing_is_left_of_it_after_a_panic() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(ApiServer::start())?;
    let traces = Traces::of(&server)?;
    let panicked = thread::spawn(move || {
        let _server = server;
        panic!("as a failing test does");
    })
    .join();
    assert!(panicked.is_err());
    traces.assert_gone();
    Ok(())
}

const STARTS_AND_WAITS: &str = "ISTHMUS_TEST_STARTS_AND_WAITS";

#[test]
fn its_processes_die_with_a_killed_test() -> Result<()> {
    if env::var_os(STARTS_AND_WAITS).is_some() {
        return start_print_and_wait();
    }
    let mut test = Command::new(env::current_exe()?)
        .args([
            "--exact",
            "its_processes_die_with_a_killed_test",
            "--nocapture",
        ])
        .env(STARTS_AND_WAITS, "yes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(test.stdout.take().context("its output")?);
    let line = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("control plane: ")?.1.to_owned()))
        .context("what it started")?;
    let mut words = line.split(' ');
    let mut next = || words.next().context("a word");
    let traces = Traces {
        processes: [next()?.parse()?, next()?.parse()?],
        port: next()?.parse()?,
        folder: next()?.into(),
    };
    assert!(traces.any_process());

    test.kill()?;
    test.wait()?;
    wait_until("its processes are gone", || !traces.any_process())?;
    // The next start would remove the folder, in a minute.
    fs::remove_dir_all(&traces.folder)?;
    traces.assert_gone();
    Ok(())
}

/// What the killed test does.
fn start_print_and_wait() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(ApiServer::start())?;
    let traces = Traces::of(&server)?;
    let [etcd, api_server] = traces.processes;
    println!(
        "control plane: {etcd} {api_server} {} {}",
        traces.port,
        traces.folder.display()
    );
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

#[tokio::test]
async fn a_watch_from_before_a_restart_is_told_that_it_is_too_old() -> Result<()> {
    let server = ApiServer::start().await?;
    let maps = config_maps(server.client()?);
    write(server.client()?, "first").await?;
    let before = maps.get("first").await?.resource_version();
    write(server.client()?, "second").await?;
    server.restart(Part::ApiServer).await?;

    let from = before.context("a resourceVersion")?;
    let events = maps
        .watch(&WatchParams::default().timeout(5), &from)
        .await?;
    let first = pin!(events).try_next().await?;
    let Some(WatchEvent::Error(status)) = first else {
        anyhow::bail!("no error but {first:?}");
    };
    assert_eq!(status.code, 410, "{status:?}");
    Ok(())
}
