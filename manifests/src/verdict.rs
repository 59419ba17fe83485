//! The sentence that tells somebody what became of an object of theirs.

use isthmus_compiler::{ObjectRef, Verdict};

use crate::error::Place;

/// `a.yaml, document 1: Vpc team-a/red: Rejected (VniTaken): spec.vni 1 is held
/// by ..`; `None` of an object in force. An object without a place stands in no
/// file.
///
/// ```
/// use isthmus_compiler::{Compiler, ObjectRef};
/// use isthmus_manifests::verdict::complaint;
///
/// let mut compiler = Compiler::new();
/// let member: isthmus_crds::VpcMember = serde_yaml::from_str(
///     "{apiVersion: isthmus.dev/v1alpha1, kind: VpcMember,
///       metadata: {name: web-1, namespace: team-a},
///       spec: {vpc: blue, addresses: [10.104.0.2], mac: '02:00:00:00:00:02',
///              hypervisor: 172.16.0.11}}",
/// )?;
/// compiler.apply(member.into());
/// let object = ObjectRef::member("team-a", "web-1");
/// let verdict = compiler.verdict(&object).expect("an object");
/// assert_eq!(
///     complaint(None, &object, verdict).as_deref(),
///     Some("VpcMember team-a/web-1: Rejected (VpcNotFound): \
///           spec.vpc blue: there is no Vpc team-a/blue"),
/// );
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[must_use]
pub fn complaint(place: Option<&Place>, object: &ObjectRef, verdict: &Verdict) -> Option<String> {
    let explanation = verdict.explanation().filter(|_| !verdict.is_accepted())?;
    let at = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let (state, reason, message) = (verdict.state(), explanation.reason, &explanation.message);
    Some(format!("{at}{object}: {state} ({reason}): {message}"))
}
