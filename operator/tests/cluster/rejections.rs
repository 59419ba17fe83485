//! Every row of the table of rejections, on a real API server with the operator.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};
use isthmus_compiler::Reason;
use isthmus_crds::{ForwardingSlice, PeeringSlice, TransitGateway, Vpc, VpcMember, VpcPeering};
use isthmus_lab_apiserver::variants;
use isthmus_operator::status::ConditionReason;
use isthmus_rejections::{Answer, Object, Part, Row, Stored, sections};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, ResourceExt as _};
use serde_json::Value;

use crate::kubectl::Kubectl;
use crate::scene::{Kind, Scene, eventually, leads};

/// Where the bystanders are.
const ELSEWHERE: &str = "elsewhere";

/// Two peered VPCs, with members, in the ranges that the table's rows use.
const BYSTANDERS: [&str; 5] = [
    "Vpc elsewhere/one {vni: 901, cidrs: [10.0.0.0/24]}",
    "Vpc elsewhere/two {vni: 902, cidrs: [10.1.0.0/24]}",
    "VpcMember elsewhere/m1 {vpc: one, addresses: [10.0.0.2], mac: '02:00:00:00:00:02', hypervisor: 172.16.0.1}",
    "VpcMember elsewhere/m2 {vpc: two, addresses: [10.1.0.2], mac: '02:00:00:00:00:02', hypervisor: 172.16.0.1}",
    "VpcPeering elsewhere/one-two {vpc: one, peer: {name: two}}",
];

fn rows() -> Result<Vec<Row>> {
    let rows = sections()?.into_iter().flat_map(|section| section.rows);
    Ok(rows.collect())
}

fn manifests(objects: &[Object]) -> Vec<Value> {
    objects.iter().map(Object::manifest).collect()
}

/// kubectl's answer without what it says of each: what it did, whose the answer is,
/// and that the API server looked no further.
fn answer(said: &str) -> String {
    let marks = [" is invalid: ", "\"STDIN\": "];
    let rest = marks
        .iter()
        .find_map(|mark| Some(said.rsplit_once(mark)?.1));
    let lines = rest.unwrap_or(said).lines();
    let lines = lines
        .map(|line| line.trim_start_matches("* ").trim_end())
        .filter(|line| {
            !line.is_empty() && !line.contains("some validation rules were not checked")
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// Namespace, name, resourceVersion.
type Versions = BTreeMap<(String, String), String>;

async fn versions<K: Kind>(scene: &Scene) -> Result<Versions> {
    let objects = scene.list::<K>().await?.into_iter();
    let row = |object: K| {
        let name = (object.namespace().unwrap_or_default(), object.name_any());
        (name, object.resource_version().unwrap_or_default())
    };
    Ok(objects.map(row).collect())
}

/// Every object that there is of the kinds that a row may make, and every slice.
async fn everything(scene: &Scene) -> Result<[Versions; 6]> {
    Ok([
        versions::<Vpc>(scene).await?,
        versions::<VpcMember>(scene).await?,
        versions::<VpcPeering>(scene).await?,
        versions::<TransitGateway>(scene).await?,
        versions::<PeeringSlice>(scene).await?,
        versions::<ForwardingSlice>(scene).await?,
    ])
}

/// The bystanders are in force and have their slices; what there is then.
async fn bystanders(scene: &Scene, kubectl: &Kubectl) -> Result<[Versions; 6]> {
    scene.namespace(ELSEWHERE).await?;
    let objects: Vec<Object> = BYSTANDERS
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    ensure!(kubectl.apply(&manifests(&objects))?.is_none());
    let no_gateway = |status| ("Programmed", status, "NoGateways");
    for name in ["m1", "m2"] {
        let (kind, status, reason) = no_gateway("False");
        scene
            .condition::<VpcMember>((ELSEWHERE, name), kind, status, reason)
            .await?;
    }
    let (kind, status, reason) = no_gateway("False");
    scene
        .condition::<VpcPeering>((ELSEWHERE, "one-two"), kind, status, reason)
        .await?;
    eventually("the bystanders' slices and counts", async || {
        let vpcs = scene.list::<Vpc>().await?;
        let entries = vpcs.iter().filter_map(|vpc| vpc.status.as_ref()?.peers);
        ensure!(entries.sum::<i64>() == 2);
        let all = everything(scene).await?;
        ensure!(all[4].len() == 2 && all[5].len() == 2, "{all:?}");
        Ok(all)
    })
    .await
}

/// Takes away what a row made, and waits until all is as it was.
async fn restore(scene: &Scene, before: &[Versions; 6]) -> Result<()> {
    for namespace in ["team-a", "team-b"] {
        clear::<VpcPeering>(scene, namespace).await?;
        clear::<VpcMember>(scene, namespace).await?;
        clear::<Vpc>(scene, namespace).await?;
    }
    clear::<TransitGateway>(scene, "").await?;
    eventually("the bystanders alone, untouched", async || {
        let now = everything(scene).await?;
        ensure!(now == *before, "{now:#?}\nwas\n{before:#?}");
        Ok(())
    })
    .await
}

async fn clear<K: Kind>(scene: &Scene, namespace: &str) -> Result<()> {
    let api = K::api(scene.client.clone(), namespace);
    api.delete_collection(&DeleteParams::default(), &ListParams::default())
        .await?;
    Ok(())
}

/// Applies what a row applies; what kubectl says where it is refused.
fn apply(kubectl: &Kubectl, row: &Row) -> Result<Option<String>> {
    let manifest = row.apply.manifest();
    let said = match row.apply.part {
        Part::Spec => kubectl.apply(&[manifest])?,
        Part::Status => kubectl.patch_status(&manifest)?,
    };
    Ok(said.map(|said| answer(&said)))
}

/// Waits until an object's condition `Accepted` says what a row says.
async fn says(scene: &Scene, row: &Row) -> Result<()> {
    let Answer::Condition {
        accepted,
        reason,
        says,
    } = &row.answer
    else {
        bail!("no condition")
    };
    let status = if *accepted { "True" } else { "False" };
    eventually("what it says", async || {
        let found = accepted_of(scene, &row.apply).await?;
        let found = [&found.status, &found.reason, &found.message];
        ensure!(found == [status, reason, says], "{found:#?}");
        Ok(())
    })
    .await
}

/// The condition `Accepted` of an object, which may be one that no type reads.
async fn accepted_of(scene: &Scene, object: &Object) -> Result<Condition> {
    let kind = GroupVersionKind::gvk(isthmus_crds::GROUP, isthmus_crds::VERSION, &object.kind);
    let namespace = object.namespace.as_deref().context("a namespace")?;
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = Api::namespaced_with(scene.client.clone(), namespace, &resource);
    let found = api.get(&object.name).await?;
    let conditions = found.data.pointer("/status/conditions");
    let conditions = conditions.cloned().context("no conditions")?;
    let conditions: Vec<Condition> = serde_json::from_value(conditions)?;
    let mut of_now = conditions
        .into_iter()
        .filter(|condition| condition.observed_generation == found.metadata.generation);
    of_now
        .find(|condition| condition.type_ == "Accepted")
        .context("no condition Accepted")
}

/// Tries the further values of a row: those that get the same sentence, about
/// themselves, and those that are taken.
fn further_values(kubectl: &Kubectl, row: &Row, says: &str) -> Result<()> {
    let sentence = |said: &str| said.rsplit(": ").next().unwrap_or_default().to_owned();
    let try_out = |object: &Object| match object.part {
        Part::Spec => kubectl.try_out(&object.manifest()),
        Part::Status => kubectl.try_status_out(&object.manifest()),
    };
    for object in row.refused().skip(1) {
        let said = try_out(&object)?;
        let said = answer(&said.with_context(|| format!("{object} is taken"))?);
        ensure!(sentence(&said) == sentence(says), "{object}: {said}");
    }
    for object in row.fine() {
        let said = try_out(&object)?;
        ensure!(said.is_none(), "{object}: {said:?}");
    }
    Ok(())
}

/// Runs a row; an error says what was answered instead.
async fn run(scene: &Scene, kubectl: &Kubectl, row: &Row) -> Result<()> {
    if !row.given.is_empty() {
        let said = kubectl.apply(&manifests(&row.given))?;
        ensure!(said.is_none(), "{said:?}");
    }
    match &row.answer {
        Answer::Refused { says } => {
            let said = apply(kubectl, row)?.context("it was taken")?;
            ensure!(said == *says, "refused: {said}");
            further_values(kubectl, row, says)?;
        }
        Answer::Condition { .. } => {
            if !row.given.is_empty() {
                scene.next_second().await?;
            }
            let said = apply(kubectl, row)?;
            ensure!(said.is_none(), "{said:?}");
            says(scene, row).await?;
        }
        Answer::Denied { .. } => bail!("policies are the chart's"),
    }
    Ok(())
}

#[tokio::test]
async fn every_row_is_answered_as_it_says_and_no_other_object_notices() -> Result<()> {
    let (scene, _operator) = Scene::with_operator().await?;
    let kubectl = Kubectl::new(scene.server.kubeconfig())?;
    let before = bystanders(&scene, &kubectl).await?;
    let mut wrong = Vec::new();
    for row in rows()? {
        if row.stored.is_some() || matches!(row.answer, Answer::Denied { .. }) {
            continue; // the next tests', and the chart's
        }
        if let Err(error) = run(&scene, &kubectl, &row).await {
            wrong.push(format!("{}\n    {error:#}", row.apply));
        }
        restore(&scene, &before).await?;
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What is stored under careless or newer definitions, with a Vpc `blue` beside it.
async fn stored(scene: &Scene, kubectl: &Kubectl, how: Stored) -> Result<Vec<Row>> {
    let mut rows = rows()?;
    rows.retain(|row| row.stored == Some(how));
    ensure!(!rows.is_empty());
    let blue: Object = "Vpc team-a/blue {vni: 1, cidrs: [10.0.0.0/24]}".parse()?;
    let objects: Vec<_> = rows
        .iter()
        .map(|row| row.apply.clone())
        .chain([blue])
        .collect();
    let said = kubectl.apply(&manifests(&objects))?;
    ensure!(said.is_none(), "{said:?}");
    scene.member(("team-a", "blue", 0), "sound", 200).await?;
    Ok(rows)
}

/// Each of them says what its row says, and a sound member is in a slice.
async fn are_told(scene: &Scene, rows: &[Row]) -> Result<()> {
    let mut wrong = Vec::new();
    for row in rows {
        if let Err(error) = says(scene, row).await {
            wrong.push(format!("{}\n    {error:#}", row.apply));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    eventually("the sound member alone is in a slice", async || {
        let slices = scene.list::<ForwardingSlice>().await?;
        let members = slices.iter().flat_map(|slice| &slice.spec.members);
        let names: Vec<_> = members.map(|member| &*member.name).collect();
        ensure!(names == ["sound"], "{names:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_was_stored_before_a_rule_is_told_and_stops_no_other() -> Result<()> {
    let scene = Scene::bare().await?;
    scene
        .server
        .install_crds_as(&scene.client, variants::careless)
        .await?;
    let kubectl = Kubectl::new(scene.server.kubeconfig())?;
    let rows = stored(&scene, &kubectl, Stored::BeforeRules).await?;
    scene.server.install_crds(&scene.client).await?;
    let operator = scene.operator("one")?;
    leads(&operator).await?;
    are_told(&scene, &rows).await
}

#[tokio::test]
async fn what_a_newer_version_stored_is_told_and_stops_no_other() -> Result<()> {
    let scene = Scene::bare().await?;
    scene
        .server
        .install_crds_as(&scene.client, variants::newer)
        .await?;
    let kubectl = Kubectl::new(scene.server.kubeconfig())?;
    let rows = stored(&scene, &kubectl, Stored::ByNewer).await?;
    let operator = scene.operator("one")?;
    leads(&operator).await?;
    are_told(&scene, &rows).await
}

#[test]
fn every_reason_of_a_rejection_has_a_row() -> Result<()> {
    let reasons = rows()?.into_iter().filter_map(|row| match row.answer {
        Answer::Condition { reason, .. } => Some(reason),
        Answer::Refused { .. } | Answer::Denied { .. } => None,
    });
    let found: BTreeSet<_> = reasons.collect();
    let verdicts = Reason::ALL.iter().map(|reason| reason.as_str());
    let malformed = ConditionReason::Malformed.as_str();
    let all: BTreeSet<_> = verdicts.chain([malformed]).map(str::to_owned).collect();
    assert_eq!(found, all);
    Ok(())
}
