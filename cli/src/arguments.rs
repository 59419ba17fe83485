//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// How VPCs, peerings and gateways of Isthmus stand, and why.
///
/// Exits with 0 when all is well, 1 when the answer is no (not programmed,
/// rejected), 2 when there is no answer.
#[derive(Debug, Parser)]
#[command(name = "kubectl-isthmus", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which cluster, and as whom.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List objects with their state and its reason.
    Get(GetArgs),
    /// Tell why a peering is where it is: conditions, prefixes, gateways.
    ///
    /// Exits with 0 when every gateway has it, 1 when not.
    Status {
        /// Name of the VpcPeering.
        peering: String,
        /// Format [default: for people].
        #[arg(short, long, value_enum)]
        output: Option<Structured>,
    },
    /// Tell what would become of manifests, before anything is applied.
    ///
    /// Exits with 1 when an object would be rejected or a manifest is in error.
    Check(CheckArgs),
    /// Print a completion script.
    Completion {
        /// For this shell.
        shell: Shell,
    },
}

/// Arguments of `get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Of what kind.
    #[arg(value_enum, default_value_t = What::All)]
    pub what: What,
    /// Of every namespace.
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Format [default: for people].
    #[arg(short, long, value_enum)]
    pub output: Option<Format>,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Folder of manifests, or one file of them.
    #[arg(short = 'f', long = "filename", value_name = "DIR")]
    pub folder: PathBuf,
    /// Judge them together with the objects of the cluster, and tell what would
    /// change there.
    #[arg(long)]
    pub against_cluster: bool,
    /// Format [default: for people].
    #[arg(short, long, value_enum)]
    pub output: Option<Structured>,
}

/// Which cluster, and as whom: as with kubectl.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Access to the cluster")]
pub struct ConnectionArgs {
    /// Namespace [default: the context's].
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// File of the access [default: `$KUBECONFIG` or `~/.kube/config`, else the
    /// pod's service account].
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig [default: its current one].
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Cluster of the kubeconfig [default: the context's].
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User of the kubeconfig [default: the context's].
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// User to impersonate.
    #[arg(long = "as", global = true, value_name = "USER")]
    pub impersonate: Option<String>,
    /// Group to impersonate; may be given several times.
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub impersonate_groups: Vec<String>,
    /// How long a request may take, such as 30s or 2m; 0 is without end.
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        default_value = "30s",
        value_parser = request_timeout
    )]
    pub request_timeout: RequestTimeout,
}

/// How long a request may take; `None` is without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTimeout(pub Option<Duration>);

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// VPCs
    #[value(alias = "vpc")]
    Vpcs,
    /// Peerings
    #[value(aliases = ["peering", "vpcpeerings", "vpcpeering", "vpcp"])]
    Peerings,
    /// Members
    #[value(aliases = ["member", "vpcmembers", "vpcmember", "vpcm"])]
    Members,
    /// Gateways
    #[value(aliases = ["gateway", "transitgateways", "transitgateway", "tgw"])]
    Gateways,
    /// All of these
    All,
}

/// Format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, with more columns
    Wide,
    /// For scripts
    Json,
    /// For scripts
    Yaml,
}

/// Format for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Structured {
    /// JSON
    Json,
    /// YAML
    Yaml,
}

impl Format {
    /// The format, where it is one for scripts.
    #[must_use]
    pub const fn structured(self) -> Option<Structured> {
        match self {
            Self::Wide => None,
            Self::Json => Some(Structured::Json),
            Self::Yaml => Some(Structured::Yaml),
        }
    }
}

fn request_timeout(text: &str) -> Result<RequestTimeout, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    let seconds = (number.zip(unit)).and_then(|(number, unit)| number.checked_mul(unit));
    let seconds = seconds.ok_or("write a number of seconds, or one with s, m or h behind it")?;
    Ok(RequestTimeout(
        (seconds > 0).then(|| Duration::from_secs(seconds)),
    ))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_timeout_has_a_unit_or_is_in_seconds() {
        let seconds = |text| request_timeout(text).map(|RequestTimeout(time)| time);
        assert_eq!(seconds("30"), Ok(Some(Duration::from_secs(30))));
        assert_eq!(seconds("2m"), Ok(Some(Duration::from_secs(120))));
        assert_eq!(seconds("0"), Ok(None));
        for wrong in ["", "s", "5d", "-1", "99999999999999999h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn kinds_have_the_names_that_kubectl_knows_them_by() {
        for (name, what) in [
            ("vpc", What::Vpcs),
            ("vpcp", What::Peerings),
            ("vpcmembers", What::Members),
            ("tgw", What::Gateways),
        ] {
            assert_eq!(What::from_str(name, false), Ok(what));
        }
    }
}
