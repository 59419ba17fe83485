//! Clocks that jump, as they do when a machine is set or restored: the lease and
//! every wait go by the monotonic clock.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use tempfile::NamedTempFile;

use crate::leaders::{holder, ready, works};
use crate::operator::Operator;
use crate::scene::{Scene, eventually, leads};

/// A wall clock of one process, by libfaketime.
struct Clock(NamedTempFile);

impl Clock {
    fn new() -> Result<Self> {
        let clock = Self(NamedTempFile::new()?);
        clock.jump(0)?;
        Ok(clock)
    }

    /// From now on it is so many hours ahead.
    fn jump(&self, hours: i32) -> Result<()> {
        Ok(fs::write(self.0.path(), format!("{hours:+}h\n"))?)
    }

    fn environment(&self) -> Result<[(&'static str, PathBuf); 4]> {
        let library = format!(
            "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1",
            std::env::consts::ARCH
        );
        let library = PathBuf::from(library);
        ensure!(library.is_file(), "no {}: `make setup`", library.display());
        Ok([
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", self.0.path().to_owned()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ])
    }
}

/// Hours by which the Lease's last renewal is ahead of now.
async fn ahead(scene: &Scene) -> Result<f64> {
    let leases: Api<Lease> = Api::namespaced(scene.client.clone(), "default");
    let spec = leases.get("isthmus-operator").await?.spec;
    let renewed = spec.and_then(|spec| spec.renew_time).context("renewed")?.0;
    Ok((renewed.as_second() - Timestamp::now().as_second()) as f64 / 3600.0)
}

#[tokio::test]
async fn a_leader_whose_clock_jumps_stays_the_leader_and_works() -> Result<()> {
    let scene = Scene::new().await?;
    let clock = Clock::new()?;
    let kubeconfig = scene.server.kubeconfig();
    let first = Operator::start_with(kubeconfig, "one", 4, clock.environment()?)?;
    leads(&first).await?;
    let second = scene.operator("two")?;
    ready(&second).await?;
    scene.vpc("team-a", "blue", 100).await?;

    for (host, hours) in [(2, 0), (3, 6), (4, -6), (5, 0)] {
        clock.jump(hours)?;
        eventually("the leader's clock has jumped", async || {
            let ahead = ahead(&scene).await?;
            ensure!((ahead - f64::from(hours)).abs() < 0.1, "{ahead} hours");
            Ok(())
        })
        .await?;
        works(&scene, &format!("web-{host}"), host).await?;
        ensure!(holder(&scene).await?.starts_with("one_"));
    }
    assert_eq!(first.metric("isthmus_operator_terms_total")?, 1.0);
    assert_eq!(second.metric("isthmus_operator_terms_total")?, 0.0);
    Ok(())
}
