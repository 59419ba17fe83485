//! Writes an account for people.

use std::io::{self, Write};

use comfy_table::Cell;
use k8s_openapi::jiff::Timestamp;

use super::{Account, ConditionView, GatewayView, Side};
use crate::output::{Paint, Sheet, age};
use crate::state::{Mood, State};

/// Writes the account.
///
/// # Errors
///
/// The output's.
pub fn write(
    account: &Account,
    now: Timestamp,
    paint: Paint,
    out: &mut impl Write,
) -> io::Result<()> {
    let standing = &account.standing;
    let mut head = Sheet::new([
        "VpcPeering",
        &format!("{}/{}", account.namespace, account.name),
    ]);
    head.row([Cell::new("State"), paint.state(standing.state)]);
    if let Some(reason) = &standing.reason {
        head.row(["Reason", reason].map(Cell::new));
    }
    head.row(["Why", &standing.message].map(Cell::new));
    write!(
        out,
        "{head}\n{}",
        conditions(&account.conditions, now, paint)
    )?;
    write!(out, "\n{}", sides(account, paint))?;
    match account.gateways.as_deref() {
        None => {}
        Some([]) => writeln!(out, "\nNo gateway serves the pools of these VPCs.")?,
        Some(gateways) => write!(out, "\n{}", table(gateways, paint))?,
    }
    if !account.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &account.notes {
        writeln!(out, "Note: {note}")?;
    }
    Ok(())
}

fn conditions(conditions: &[ConditionView], now: Timestamp, paint: Paint) -> Sheet {
    let mut sheet = Sheet::new(["CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE"]);
    for condition in conditions {
        let since = age(now.as_second() - condition.since.0.as_second());
        sheet.row([
            Cell::new(&condition.kind),
            truth(&condition.status, "True", paint),
            Cell::new(&condition.reason),
            Cell::new(since),
            Cell::new(&condition.message),
        ]);
    }
    sheet
}

fn sides(account: &Account, paint: Paint) -> Sheet {
    let mut sheet = Sheet::new([
        "SIDE",
        "VPC",
        "VNI",
        "POOL",
        "STATE",
        "PEERING",
        "REACHABLE",
    ]);
    let own = format!("{}/{}", account.namespace, account.name);
    let other = account.other_half.as_ref();
    let other = other.map(|half| {
        let state = half.standing.state.as_str();
        format!("{}/{} ({state})", half.namespace, half.name)
    });
    sheet.row(side("own", &account.own, Some(own), paint));
    sheet.row(side("peer", &account.peer, other, paint));
    sheet
}

fn side(title: &str, side: &Side, peering: Option<String>, paint: Paint) -> Vec<Cell> {
    let nothing = || "-".to_owned();
    let reachable: Vec<_> = side.reachable.iter().map(ToString::to_string).collect();
    vec![
        Cell::new(title),
        Cell::new(format!("{}/{}", side.namespace, side.name)),
        Cell::new(side.vni.map_or_else(nothing, |vni| vni.to_string())),
        Cell::new(side.pool.clone().unwrap_or_else(nothing)),
        side.state
            .map_or_else(|| Cell::new("-"), |state| paint.state(state)),
        Cell::new(peering.unwrap_or_else(nothing)),
        Cell::new(if reachable.is_empty() {
            nothing()
        } else {
            reachable.join(",")
        }),
    ]
}

fn table(gateways: &[GatewayView], paint: Paint) -> Sheet {
    let mut sheet = Sheet::new([
        "GATEWAY",
        "POOLS",
        "PROGRAMMED",
        "READY",
        "SYNCED",
        "DRAINING",
        "XDP",
        "WHY",
    ]);
    for gateway in gateways {
        let interfaces = gateway.interfaces.iter();
        let interfaces = interfaces.map(|it| format!("{}:{}", it.name, it.xdp_mode));
        let interfaces = interfaces.collect::<Vec<_>>().join(",");
        let programmed = match gateway.programmed {
            Some(true) => paint.word("yes", Mood::Good),
            Some(false) => paint.word("no", Mood::Between),
            None => Cell::new("-"),
        };
        let (yes, no) = ("True", "False");
        sheet.row([
            Cell::new(&gateway.name),
            Cell::new(gateway.pools.join(",")),
            programmed,
            truth(&gateway.ready, yes, paint),
            truth(&gateway.synced, yes, paint),
            truth(&gateway.draining, no, paint),
            Cell::new(if interfaces.is_empty() {
                "-"
            } else {
                &interfaces
            }),
            Cell::new(why(gateway)),
        ]);
    }
    sheet
}

/// What keeps a gateway from having the peering, or from forwarding.
fn why(gateway: &GatewayView) -> String {
    // One that has the peering is behind a later change only.
    let wants = match gateway.programmed {
        Some(true) => "newest is",
        _ => "needs",
    };
    let behind = gateway.behind.iter().map(|lag| {
        let reached = lag
            .reached
            .map_or_else(|| "none".to_owned(), |it| it.to_string());
        format!("{}s: has {reached}, {wants} {}", lag.kind, lag.needed)
    });
    let standing = Some(gateway.standing.message.clone());
    let standing = standing.filter(|_| gateway.standing.state != State::Ready);
    let all: Vec<_> = behind.chain(standing).collect();
    if all.is_empty() {
        "-".to_owned()
    } else {
        all.join("; ")
    }
}

fn truth(status: &str, good: &str, paint: Paint) -> Cell {
    let mood = if status == good {
        Mood::Good
    } else {
        Mood::Between
    };
    paint.word(status, mood)
}
