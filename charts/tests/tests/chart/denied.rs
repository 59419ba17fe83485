//! The table's rows of what admission policies deny, one by one.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use isthmus_chart_tests::{Cluster, unbound_token};
use isthmus_rejections::{Answer, Part, Row, sections};

use crate::gateways::{AGENT, status_of, two_agents};
use crate::installed::refusal;

/// Who the rows say is denied something.
async fn people() -> Result<(BTreeMap<&'static str, Cluster>, impl Sized)> {
    let (installed, a, b) = two_agents().await?;
    b.apply_status(status_of("gateway-b")).await?;
    let admin = installed.cluster.client();
    let unbound = installed.bearer(&unbound_token(&admin, AGENT).await?)?;
    let people = [
        ("an administrator", Cluster::new(admin)),
        ("the agent of node gateway-a", a),
        ("an agent whose token names no node", unbound),
    ];
    Ok((people.into(), installed))
}

#[tokio::test]
async fn whoever_a_row_names_is_denied_what_it_says_with_its_sentence() -> Result<()> {
    let (people, _installed) = people().await?;
    let rows = sections()?.into_iter().flat_map(|section| section.rows);
    let mut denied = 0;
    for Row { apply, answer, .. } in rows {
        let Answer::Denied { whom, says } = answer else {
            continue;
        };
        let person = people.get(&*whom).with_context(|| whom.clone())?;
        let manifest = apply.manifest();
        let said = refusal(match apply.part {
            Part::Spec => person.apply(manifest).await,
            Part::Status => person.apply_status(manifest).await,
        });
        let (code, sentence) = said.split_once(": ").unwrap_or_default();
        ensure!(
            code == "403" && sentence.ends_with(&format!("denied request: {says}")),
            "{whom} on {apply}: {said}"
        );
        denied += 1;
    }
    ensure!(denied >= 7, "only {denied} rows");
    Ok(())
}
