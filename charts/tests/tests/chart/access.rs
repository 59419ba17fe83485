//! Who may do what, as RBAC sees it.

use anyhow::Result;
use isthmus_chart_tests::{Cluster, eventually, may, unbound_token};
use kube::Client;
use serde_json::json;

use crate::installed::{Installed, NAMESPACE, object, refusal, vpc};

const READ: &[&str] = &["get", "list", "watch"];
const ALL: &[&str] = &[
    "get", "list", "watch", "create", "update", "patch", "delete",
];
const NONE: &[&str] = &[];

/// Every resource of ours, and the verbs that somebody has on it.
type Rights<'a> = [(&'a str, &'a [&'a str])];

/// Each right that is listed is there, and no other.
async fn has_exactly(
    who: &str,
    client: &Client,
    namespace: &str,
    rights: &Rights<'_>,
) -> Result<()> {
    let Some((resource, verbs)) = rights.iter().find(|(_, verbs)| !verbs.is_empty()) else {
        anyhow::bail!("{who}: no right at all");
    };
    eventually(&format!("{who} has rights"), async || {
        may(client, verbs[0], resource, namespace).await
    })
    .await?;
    for (resource, verbs) in rights {
        for verb in ALL {
            assert_eq!(
                may(client, verb, resource, namespace).await?,
                verbs.contains(verb),
                "{who}: {verb} {resource} in {namespace:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn each_role_has_its_rights_and_no_other() -> Result<()> {
    let installed = Installed::start().await?;
    for namespace in ["team-a", "team-b"] {
        installed.cluster.namespace(namespace, &[]).await?;
    }
    installed.bind("vera", "view", "team-a").await?;
    installed.bind("edith", "edit", "team-a").await?;
    installed.bind("ada", "admin", "team-a").await?;
    installed
        .bind("pat", "isthmus-platform.isthmus-system", "")
        .await?;
    installed
        .bind("loc", "isthmus-platform.isthmus-system", "team-a")
        .await?;

    let tenant = |peerings| -> [(&'static str, &'static [&'static str]); 9] {
        [
            ("vpcs", READ),
            ("vpcmembers", READ),
            ("vpcpeerings", peerings),
            ("vpcs/status", NONE),
            ("vpcmembers/status", NONE),
            ("vpcpeerings/status", NONE),
            ("transitgateways", NONE),
            ("peeringslices", NONE),
            ("forwardingslices", NONE),
        ]
    };
    for (who, peerings) in [("vera", READ), ("edith", ALL), ("ada", ALL)] {
        let client = installed.person(who)?;
        has_exactly(who, &client, "team-a", &tenant(peerings)).await?;
        for resource in ["vpcs", "vpcmembers", "vpcpeerings"] {
            for namespace in ["team-b", ""] {
                assert!(
                    !may(&client, "list", resource, namespace).await?,
                    "{who} {resource} {namespace}"
                );
            }
        }
    }
    let platform = [
        ("vpcs", ALL),
        ("vpcmembers", ALL),
        ("vpcpeerings", READ),
        (
            "transitgateways",
            &["get", "list", "watch", "update", "patch", "delete"],
        ),
        ("peeringslices", READ),
        ("forwardingslices", READ),
        ("vpcs/status", NONE),
        ("transitgateways/status", NONE),
    ];
    has_exactly("pat", &installed.person("pat")?, "", &platform).await?;
    let local = installed.person("loc")?;
    eventually("loc has rights", async || {
        may(&local, "create", "vpcs", "team-a").await
    })
    .await?;
    assert!(!may(&local, "create", "vpcs", "team-b").await?);

    let statuses: &[&str] = &["get", "update", "patch"];
    let operator = [
        ("vpcs", READ),
        ("vpcmembers", READ),
        ("vpcpeerings", READ),
        ("transitgateways", READ),
        ("vpcs/status", statuses),
        ("vpcmembers/status", statuses),
        ("vpcpeerings/status", statuses),
        ("transitgateways/status", NONE),
        ("peeringslices", ALL),
        ("forwardingslices", ALL),
    ];
    let agent = [
        ("vpcs", NONE),
        ("vpcmembers", NONE),
        ("vpcpeerings", NONE),
        (
            "transitgateways",
            &["get", "list", "watch", "create", "update", "patch"],
        ),
        ("transitgateways/status", statuses),
        ("peeringslices", READ),
        ("forwardingslices", READ),
    ];
    let accounts: [(&str, &Rights<'_>); 2] =
        [("isthmus-operator", &operator), ("isthmus-agent", &agent)];
    for (account, rights) in accounts {
        let token = unbound_token(&installed.cluster.client(), (NAMESPACE, account)).await?;
        let client = installed.server.client_with_token(&token)?;
        has_exactly(account, &client, "", rights).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_tenant_peers_and_the_platform_makes_what_is_peered() -> Result<()> {
    let installed = Installed::start().await?;
    installed.cluster.namespace("team-a", &[]).await?;
    installed.bind("edith", "edit", "team-a").await?;
    installed
        .bind("pat", "isthmus-platform.isthmus-system", "")
        .await?;
    let tenant = Cluster::new(installed.person("edith")?);
    let platform = Cluster::new(installed.person("pat")?);

    eventually("pat makes a Vpc", async || {
        anyhow::Ok(platform.apply(vpc("team-a", "blue", 100)).await.is_ok())
    })
    .await?;
    let refused = refusal(tenant.apply(vpc("team-a", "green", 200)).await);
    assert!(
        refused.starts_with("403: ")
            && refused.contains("User \"edith\" cannot patch resource \"vpcs\""),
        "{refused}"
    );
    let peering = |namespace| {
        object(
            "VpcPeering",
            namespace,
            "blue-green",
            &json!({"vpc": "blue", "peer": {"name": "green"}}),
        )
    };
    eventually("edith makes a peering", async || {
        anyhow::Ok(tenant.apply(peering("team-a")).await.is_ok())
    })
    .await?;
    assert!(refusal(tenant.apply(peering("default")).await).starts_with("403: "));
    assert!(refusal(platform.apply(peering("team-a")).await).starts_with("403: "));
    let mut forged = peering("team-a");
    forged["status"] = json!({"conditions": []});
    assert!(refusal(tenant.apply_status(forged).await).starts_with("403: "));
    Ok(())
}

#[tokio::test]
async fn without_user_roles_tenants_have_no_rights() -> Result<()> {
    let installed = Installed::start().await?;
    installed.cluster.namespace("team-a", &[]).await?;
    installed.set("upgrade", "rbac: {userRoles: false}")?;
    isthmus_chart_tests::aggregate_roles(&installed.cluster.client()).await?;
    installed.bind("edith", "edit", "team-a").await?;
    let client = installed.person("edith")?;
    eventually("edith has lost her rights", async || {
        may(&client, "create", "vpcpeerings", "team-a")
            .await
            .map(|may| !may)
    })
    .await
}
