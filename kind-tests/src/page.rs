//! The page that says where to look after a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

/// What the page is made from: objects as the API server has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) pods: Vec<Value>,
    pub(crate) gateways: Vec<Value>,
    pub(crate) peerings: Vec<Value>,
    /// Events of type Warning.
    pub(crate) warnings: Vec<Value>,
}

/// The page, in Markdown. `suite` is what the tests printed.
pub(crate) fn page(findings: &Findings, suite: &str) -> String {
    let failed = suite.lines().filter(|line| {
        line.ends_with("FAILED") || line.contains("panicked at") || line.starts_with("Error: ")
    });
    let mut page = String::from("# What failed, and where to look\n");
    section(&mut page, "Tests (suite.log)", failed.map(str::to_owned));
    let pods = findings.pods.iter().filter_map(unwell);
    section(
        &mut page,
        "Pods that are not well (logs/, objects/pods-described.txt)",
        pods,
    );
    let gateways = findings
        .gateways
        .iter()
        .filter_map(|gateway| short_of(gateway, "Ready"));
    section(
        &mut page,
        "Gateways that are not ready (gateways/NODE.txt)",
        gateways,
    );
    let peerings = findings
        .peerings
        .iter()
        .filter_map(|peering| short_of(peering, "Programmed"));
    section(
        &mut page,
        "Peerings that are not programmed (objects/vpcpeerings.yaml)",
        peerings,
    );
    let warnings = counted(findings.warnings.iter().map(warning));
    section(&mut page, "Warnings (objects/events.txt)", warnings);
    page.push_str(
        "\n## Everything\n\n\
         * suite.log: what the tests printed\n\
         * logs/POD.log: every pod's log; POD.previous.log of one that was restarted\n\
         * objects/: every object of ours and the cluster's, events, descriptions\n\
         * gateways/NODE.txt: what each gateway's kernel holds (router-agent status)\n\
         * nodes/NODE/: links, routes, mounts, journal\n\
         * captures/FILE/TEST/NODE.pcap: the last frames at each hypervisor of a test\n",
    );
    page
}

fn section(page: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    // Writing to a string cannot fail.
    let _written = write!(page, "\n## {title}\n\n");
    let before = page.len();
    for line in lines {
        let _written = writeln!(page, "* {line}");
    }
    if page.len() == before {
        page.push_str("none\n");
    }
}

fn text<'a>(object: &'a Value, place: &str) -> &'a str {
    object.pointer(place).and_then(Value::as_str).unwrap_or("")
}

fn name(object: &Value) -> String {
    let (namespace, name) = (
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name"),
    );
    match namespace {
        "" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// A pod that does not run, is not ready or was restarted, and why.
fn unwell(pod: &Value) -> Option<String> {
    let statuses = pod.pointer("/status/containerStatuses")?.as_array()?;
    let complaints = statuses.iter().filter_map(|status| {
        let restarts = status["restartCount"].as_u64().unwrap_or(0);
        let is_done = status.pointer("/state/terminated/reason") == Some(&Value::from("Completed"));
        let is_ready = status["ready"] == true || is_done;
        if is_ready && restarts == 0 {
            return None;
        }
        let why = ["waiting", "terminated"]
            .map(|state| text(status, &format!("/state/{state}/message")).to_owned());
        let container = text(status, "/name");
        Some(format!(
            "{container}: ready {is_ready}, {restarts} restarts {}",
            why.concat()
        ))
    });
    let complaints: Vec<_> = complaints.collect();
    if complaints.is_empty() {
        return None;
    }
    Some(format!("{}: {}", name(pod), complaints.join("; ")))
}

/// An object whose condition is not True, and what the condition says.
fn short_of(object: &Value, condition: &str) -> Option<String> {
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let found = conditions
        .into_iter()
        .flatten()
        .find(|found| found["type"] == condition);
    match found {
        Some(found) if found["status"] == "True" => None,
        Some(found) => {
            let (reason, message) = (text(found, "/reason"), text(found, "/message"));
            Some(format!("{}: {reason}: {message}", name(object)))
        }
        None => Some(format!("{}: no condition {condition}", name(object))),
    }
}

/// Each line once, with how often it was there.
fn counted(lines: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line).or_insert(0) += 1;
    }
    counts.into_iter().map(|(line, count)| match count {
        1 => line,
        count => format!("{line} ({count} times)"),
    })
}

fn warning(event: &Value) -> String {
    let (kind, of) = (
        text(event, "/involvedObject/kind"),
        text(event, "/involvedObject/name"),
    );
    let (reason, message) = (text(event, "/reason"), text(event, "/message"));
    format!("{kind} {of}: {reason}: {message}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_named_and_what_is_well_is_not() {
        let pod = |name: &str, ready: bool| {
            json!({
                "metadata": {"namespace": "n", "name": name},
                "status": {"containerStatuses": [{
                    "name": "agent", "ready": ready, "restartCount": 0,
                    "state": {"waiting": {"message": "no image"}},
                }]},
            })
        };
        let gateway = |name: &str, status: &str| {
            let ready = json!({"type": "Ready", "status": status, "reason": "R", "message": "m"});
            json!({"metadata": {"name": name}, "status": {"conditions": [ready]}})
        };
        let findings = Findings {
            pods: vec![pod("well", true), pod("ill", false)],
            gateways: vec![gateway("up", "True"), gateway("down", "False")],
            peerings: vec![json!({"metadata": {"namespace": "n", "name": "p"}})],
            warnings: vec![json!({"reason": "R", "message": "twice"}); 2],
        };
        let page = page(&findings, "test a ... ok\ntest b ... FAILED\n");
        assert!(page.contains("* test b ... FAILED\n"), "{page}");
        assert!(
            page.contains("* n/ill: agent: ready false, 0 restarts no image\n"),
            "{page}"
        );
        assert!(page.contains("* down: R: m\n"), "{page}");
        assert!(page.contains("* n/p: no condition Programmed\n"), "{page}");
        assert!(page.contains(": R: twice (2 times)\n"), "{page}");
        assert!(!page.contains("n/well") && !page.contains("* up"), "{page}");
    }
}
