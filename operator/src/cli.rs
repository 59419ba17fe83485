//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use isthmus_compiler::slices::SliceLimits;

/// Isthmus on Kubernetes: compiles VPCs, members and peerings into what gateways
/// watch.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the operator.
    Run(Box<RunArgs>),
    /// Print the CustomResourceDefinitions as YAML.
    Crds,
}

/// How to run.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Kubeconfig; otherwise the pod's service account, or the usual places.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Where to serve /metrics, /healthz and /readyz.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9465")]
    pub metrics_addr: SocketAddr,
    /// Namespace of the Lease; otherwise the pod's, or the kubeconfig's.
    #[arg(long, value_name = "NAMESPACE")]
    pub lease_namespace: Option<String>,
    /// Name of the Lease.
    #[arg(long, value_name = "NAME", default_value = "isthmus-operator")]
    pub lease_name: String,
    /// Name of this operator among its replicas; otherwise the host's.
    #[arg(long, value_name = "NAME")]
    pub identity: Option<String>,
    /// Members that a ForwardingSlice is filled to.
    #[arg(long, value_name = "COUNT", default_value_t = SliceLimits::default().members,
          value_parser = members)]
    pub slice_members: usize,
    /// How the log is written.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// How long the Lease holds without renewal.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, hide = true,
          value_parser = clap::value_parser!(u16).range(1..=600))]
    pub lease_seconds: u16,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn members(text: &str) -> Result<usize, String> {
    let count: usize = text
        .parse()
        .map_err(|_| format!("{text} is not a number"))?;
    if (1..=isthmus_crds::MAX_SLICE_ENTRIES).contains(&count) {
        Ok(count)
    } else {
        Err(format!(
            "1 to {} are allowed",
            isthmus_crds::MAX_SLICE_ENTRIES
        ))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn slices_are_filled_to_no_more_than_the_api_allows() {
        assert!(members("1000").is_ok() && members("0").is_err() && members("1001").is_err());
    }
}
