//! What a check has found, for scripts. Pure.

use isthmus_compiler::Verdict;
use isthmus_manifests::error::{ManifestError, Place, Problem};
use isthmus_manifests::store::Store;
use isthmus_manifests::verdict::complaint;
use serde::Serialize;

use super::cluster::{ClusterObjects, Sight};
use super::judge::{Change, Finding, Outcome};

/// Everything that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether nothing is wrong: no manifest in error, no object refused or
    /// rejected, none that is in force and would not be any more.
    pub well: bool,
    /// What would become of each object.
    pub objects: Vec<ObjectView>,
    /// Files and documents in error.
    pub problems: Vec<ProblemView>,
    /// What was left out of the check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What would become of one object.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectView {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace; empty of what has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it stands; absent of one that is only in the cluster.
    #[serde(flatten)]
    pub place: Option<PlaceView>,
    /// What applying does to it: `create`, `update`, `same`, or `elsewhere` of
    /// one that is in no manifest. Absent where nobody looked at the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
    /// How it stands in the cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<VerdictView>,
    /// How it would stand.
    pub after: VerdictView,
    /// Whether somebody should look before applying.
    pub bad: bool,
    /// The sentence for people, where there is something to say.
    #[serde(skip)]
    pub complaint: Option<String>,
}

/// A place in the manifests.
#[derive(Clone, Debug, Serialize)]
pub struct PlaceView {
    /// The file.
    pub file: String,
    /// Number of the document in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
}

/// A verdict, or what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictView {
    /// `Accepted`, `Waiting`, `Rejected`; `Refused` by the API server;
    /// `Unseen` where it depends on what may not be seen.
    pub state: &'static str,
    /// Why, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Why, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A file or document in error.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemView {
    /// Where.
    #[serde(flatten)]
    pub place: PlaceView,
    /// The object, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The sentence for people.
    #[serde(skip)]
    pub complaint: String,
}

impl Report {
    /// Of manifests and of what was found.
    #[must_use]
    pub fn new(manifests: &Store, findings: &[Finding], notes: Vec<String>) -> Self {
        let (foreign, errors): (Vec<_>, Vec<_>) =
            manifests.errors().into_iter().partition(is_foreign);
        let foreign = foreign
            .iter()
            .map(|error| format!("not looked at: {error}"));
        Self {
            well: errors.is_empty() && !findings.iter().any(Finding::is_bad),
            objects: findings.iter().map(ObjectView::from).collect(),
            problems: errors.iter().map(ProblemView::from).collect(),
            notes: notes.into_iter().chain(foreign).collect(),
        }
    }
}

/// What of a cluster the check could not take into account.
#[must_use]
pub fn notes(cluster: &ClusterObjects) -> Vec<String> {
    let unreadable = cluster.unreadable.iter().map(|(object, reason)| {
        format!("left out: {object} in the cluster cannot be read: {reason}")
    });
    let mut notes: Vec<_> = unreadable.collect();
    if let Sight::Namespaces(seen) = &cluster.sight {
        let seen: Vec<_> = seen.iter().map(String::as_str).collect();
        let seen = if seen.is_empty() {
            "none".to_owned()
        } else {
            seen.join(", ")
        };
        notes.push(format!(
            "you may not list Vpcs and VpcPeerings of all namespaces; seen: {seen}. Which VNIs \
             other namespaces hold, and what becomes of peerings with them, is not known here"
        ));
    }
    notes
}

/// A manifest of something that is not Isthmus's, as a folder for kubectl may
/// well have. A `List` could hold objects of ours.
fn is_foreign(error: &ManifestError) -> bool {
    match &error.problem {
        Problem::UnknownKind { api_version, kind } => {
            let ours = format!("{}/", isthmus_crds::GROUP);
            !api_version.starts_with(&ours) && !kind.ends_with("List")
        }
        _ => false,
    }
}

impl From<&Finding> for ObjectView {
    fn from(finding: &Finding) -> Self {
        Self {
            kind: finding.object.kind.as_str(),
            namespace: finding.object.name.namespace.clone(),
            name: finding.object.name.name.clone(),
            place: finding.place.as_ref().map(PlaceView::from),
            change: finding.change.map(Change::as_str),
            before: finding.before.as_ref().map(VerdictView::from),
            after: VerdictView::from(&finding.outcome),
            bad: finding.is_bad(),
            complaint: complain(finding),
        }
    }
}

fn complain(finding: &Finding) -> Option<String> {
    let (place, object) = (finding.place.as_ref(), &finding.object);
    let at = match place {
        Some(place) => format!("{place}: "),
        None => "in the cluster: ".to_owned(),
    };
    match &finding.outcome {
        Outcome::Judged(verdict) => {
            let sentence = complaint(place, object, verdict)?;
            Some(if place.is_some() {
                sentence
            } else {
                format!("{at}{sentence}")
            })
        }
        Outcome::Refused(reasons) => {
            let reasons = reasons.join("; ");
            Some(format!(
                "{at}{object}: Refused by the API server: {reasons}"
            ))
        }
        Outcome::Unseen { .. } => {
            let view = VerdictView::from(&finding.outcome);
            Some(format!(
                "{at}{object}: {}: {}",
                view.state,
                view.message.unwrap_or_default()
            ))
        }
    }
}

impl From<&Verdict> for VerdictView {
    fn from(verdict: &Verdict) -> Self {
        let explanation = verdict.explanation();
        Self {
            state: verdict.state(),
            reason: explanation.map(|explanation| explanation.reason.as_str()),
            message: explanation.map(|explanation| explanation.message.clone()),
        }
    }
}

impl From<&Outcome> for VerdictView {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Judged(verdict) => Self::from(verdict),
            Outcome::Refused(reasons) => Self {
                state: "Refused",
                reason: Some("Immutable"),
                message: Some(reasons.join("; ")),
            },
            Outcome::Unseen { namespace } => Self {
                state: "Unseen",
                reason: None,
                message: Some(format!(
                    "it depends on namespace {namespace}, where you may not list Vpcs and \
                     VpcPeerings"
                )),
            },
        }
    }
}

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> Self {
        Self {
            file: place.file.display().to_string(),
            document: place.document,
        }
    }
}

impl From<&ManifestError> for ProblemView {
    fn from(error: &ManifestError) -> Self {
        let (object, field, message) = match &error.problem {
            Problem::Field {
                object,
                field,
                reason,
            } => (Some(object.clone()), Some(field.clone()), reason.clone()),
            Problem::Duplicate { object, .. } => {
                (Some(object.clone()), None, error.problem.to_string())
            }
            other => (None, None, other.to_string()),
        };
        Self {
            place: PlaceView::from(&error.place),
            object,
            field,
            message,
            complaint: error.to_string(),
        }
    }
}

impl Change {
    /// As in the output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Same => "same",
            Self::Elsewhere => "elsewhere",
        }
    }
}
