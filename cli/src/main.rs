//! `kubectl isthmus`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use isthmus_crds::VpcPeering;
use k8s_openapi::jiff::Timestamp;
use kubectl_isthmus::access::{self, connect};
use kubectl_isthmus::arguments::{
    CheckArgs, Cli, Command, ConnectionArgs, Format, GetArgs, Structured,
};
use kubectl_isthmus::check::report::Report;
use kubectl_isthmus::complete::{connection, suggest};
use kubectl_isthmus::object::PeeringItem;
use kubectl_isthmus::output::{Paint, structured};
use kubectl_isthmus::read::{Scope, Seen, list};
use kubectl_isthmus::{check, completion, explain, overview};

/// The word by which kubectl asks plugins, and scripts ask us, what may follow.
const COMPLETE: &str = "__complete";

/// There is an answer, and it is no.
const NO: u8 = 1;
/// There is no answer.
const NO_ANSWER: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match dispatch().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => NO.into(),
        // Whoever read the output has seen enough of it.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Every error says its cause itself.
            eprintln!("error: {error}");
            NO_ANSWER.into()
        }
    }
}

/// Whether all is well.
async fn dispatch() -> anyhow::Result<bool> {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some(COMPLETE) {
        return complete(&words.collect::<Vec<_>>()).await;
    }
    // Named in usages as users call it; scripts of completion go by the name of the binary.
    let matches = Cli::command().bin_name("kubectl isthmus").get_matches();
    run(Cli::from_arg_matches(&matches)?).await
}

async fn run(cli: Cli) -> anyhow::Result<bool> {
    let connection = &cli.connection;
    match cli.command {
        Command::Get(args) => get(connection, &args).await,
        Command::Completion { shell } => {
            completion::script(shell, &mut io::stdout().lock())?;
            Ok(true)
        }
        Command::Status { peering, output } => status(connection, &peering, output).await,
        Command::Check(args) => check(connection, &args).await,
    }
}

async fn get(connection: &ConnectionArgs, args: &GetArgs) -> anyhow::Result<bool> {
    let access = connect(connection).await?;
    let scope = if args.all_namespaces {
        Scope::Everywhere
    } else {
        Scope::Namespace(access.namespace)
    };
    let overview = overview::collect(&access.client, &scope, args.what).await?;
    if overview.is_hidden() {
        let hidden = overview.hidden.iter().map(ToString::to_string);
        anyhow::bail!(hidden.collect::<Vec<_>>().join("\n"));
    }
    let mut out = io::stdout().lock();
    if let Some(format) = args.output.and_then(Format::structured) {
        structured(&overview, format, &mut out)?;
    } else {
        let view = overview::View {
            has_namespaces: args.all_namespaces,
            is_wide: args.output == Some(Format::Wide),
            paint: Paint::of(&out),
            now: Timestamp::now(),
        };
        overview::write(&overview, &scope, &view, &mut out, &mut io::stderr().lock())?;
    }
    out.flush()?;
    Ok(true)
}

async fn status(
    connection: &ConnectionArgs,
    peering: &str,
    output: Option<Structured>,
) -> anyhow::Result<bool> {
    let access = connect(connection).await?;
    let gathered = explain::collect(&access.client, &access.namespace, peering).await?;
    let account = explain::explain(gathered);
    let mut out = io::stdout().lock();
    if let Some(format) = output {
        structured(&account, format, &mut out)?;
    } else {
        explain::write(&account, Timestamp::now(), Paint::of(&out), &mut out)?;
    }
    out.flush()?;
    Ok(account.is_programmed())
}

async fn check(connection: &ConnectionArgs, args: &CheckArgs) -> anyhow::Result<bool> {
    let (manifests, findings, notes) = if args.against_cluster {
        let access = connect(connection).await?;
        let manifests = isthmus_manifests::read(&args.folder, &access.namespace)?;
        let cluster = check::cluster::read(&access.client, &manifests).await?;
        let notes = check::report::notes(&cluster);
        let findings = check::judge::against(&manifests, cluster);
        (manifests, findings, notes)
    } else {
        let namespace = access::namespace(connection).await?;
        let manifests = isthmus_manifests::read(&args.folder, &namespace)?;
        let findings = check::judge::alone(&manifests);
        (manifests, findings, Vec::new())
    };
    let report = Report::new(&manifests, &findings, notes);
    let mut out = io::stdout().lock();
    if let Some(format) = args.output {
        structured(&report, format, &mut out)?;
    } else {
        check::write(&report, Paint::of(&out), &mut out, &mut io::stderr().lock())?;
    }
    out.flush()?;
    Ok(report.well)
}

/// Says in cobra's words what may follow, for kubectl's own completion.
async fn complete(words: &[String]) -> anyhow::Result<bool> {
    let (last, before) = words
        .split_last()
        .map_or(("", &[][..]), |(last, it)| (last, it));
    let mut found = suggest(&Cli::command(), before, last);
    if found.wants_peerings
        && let Some(connection) = connection(before)
        && let Ok(access) = connect(&connection).await
    {
        // Where the cluster does not answer there is nothing to suggest.
        let scope = Scope::Namespace(access.namespace);
        let seen = list::<VpcPeering, PeeringItem>(&access.client, &scope, "").await;
        let peerings = seen.ok().and_then(Seen::found).unwrap_or_default();
        let names = peerings.iter().map(|peering| peering.name().to_owned());
        found
            .words
            .extend(names.filter(|name| name.starts_with(last)));
    }
    let mut out = io::stdout().lock();
    for word in &found.words {
        writeln!(out, "{word}")?;
    }
    writeln!(out, ":{}", found.directive())?;
    Ok(true)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().map(io::Error::kind)
    };
    (error.chain()).any(|cause| io(cause) == Some(io::ErrorKind::BrokenPipe))
}
