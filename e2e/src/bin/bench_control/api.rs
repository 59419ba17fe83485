//! What the API server counted.

use anyhow::{Context as _, Result};
use isthmus_e2e::ControlPlane;

/// Numbers of the API server's own metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ApiCounts {
    /// Writes of slices.
    pub(crate) slice_writes: f64,
    /// Writes of statuses of Isthmus's kinds.
    pub(crate) status_writes: f64,
    /// Bytes of the bodies of all requests for Isthmus's kinds.
    pub(crate) request_bytes: f64,
}

impl ApiCounts {
    pub(crate) fn read(cluster: &ControlPlane) -> Result<Self> {
        let text = cluster.kubectl(&["get", "--raw", "/metrics"], "")?;
        let mut counts = Self {
            slice_writes: 0.0,
            status_writes: 0.0,
            request_bytes: 0.0,
        };
        for line in text.lines() {
            let Some((series, value)) = line.rsplit_once(' ') else {
                continue;
            };
            if !series.contains("group=\"isthmus.dev\"") {
                continue;
            }
            let value = || value.parse::<f64>().context("a number");
            let is_write = ["APPLY", "PATCH", "POST", "PUT", "DELETE"]
                .iter()
                .any(|verb| series.contains(&format!("verb=\"{verb}\"")));
            if series.starts_with("apiserver_request_total{") && is_write {
                if series.contains("subresource=\"status\"") {
                    counts.status_writes += value()?;
                } else if series.contains("slices\"") {
                    counts.slice_writes += value()?;
                }
            } else if series.starts_with("apiserver_request_body_size_bytes_sum{") {
                counts.request_bytes += value()?;
            }
        }
        Ok(counts)
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            slice_writes: self.slice_writes - before.slice_writes,
            status_writes: self.status_writes - before.status_writes,
            request_bytes: self.request_bytes - before.request_bytes,
        }
    }
}
