//! The command lines of etcd and kube-apiserver.

use std::path::{Path, PathBuf};

use crate::credentials::Credentials;

/// Where etcd keeps its data.
pub(crate) fn data(folder: &Path) -> PathBuf {
    folder.join("etcd")
}

/// etcd's. It listens on sockets in the folder, so that no port can be taken.
pub(crate) fn etcd(folder: &Path) -> Vec<String> {
    let client = format!("unix://{}", folder.join("etcd.sock").display());
    let peer = format!("unix://{}", folder.join("peer.sock").display());
    [
        ("data-dir", data(folder).display().to_string()),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer.clone()),
        ("initial-advertise-peer-urls", peer.clone()),
        ("initial-cluster", format!("default={peer}")),
        // Data outlives a killed process; it need not outlive the machine.
        ("unsafe-no-fsync", "true".into()),
        ("log-level", "warn".into()),
    ]
    .into_iter()
    .map(|(flag, value)| format!("--{flag}={value}"))
    .collect()
}

/// kube-apiserver's.
pub(crate) fn kube_apiserver(folder: &Path, port: u16, credentials: &Credentials) -> Vec<String> {
    [
        (
            "etcd-servers",
            format!("unix://{}", folder.join("etcd.sock").display()),
        ),
        ("bind-address", "127.0.0.1".into()),
        ("advertise-address", "127.0.0.1".into()),
        ("secure-port", port.to_string()),
        (
            "tls-cert-file",
            credentials.certificate.display().to_string(),
        ),
        (
            "tls-private-key-file",
            credentials.key.display().to_string(),
        ),
        ("cert-dir", folder.display().to_string()),
        ("token-auth-file", credentials.tokens.display().to_string()),
        ("authorization-mode", "RBAC".into()),
        (
            "service-account-issuer",
            "https://kubernetes.default.svc".into(),
        ),
        (
            "service-account-key-file",
            credentials
                .service_accounts_public_key
                .display()
                .to_string(),
        ),
        (
            "service-account-signing-key-file",
            credentials.service_accounts_key.display().to_string(),
        ),
        // Pods would wait for service accounts that no controller makes.
        ("disable-admission-plugins", "ServiceAccount".into()),
        ("service-cluster-ip-range", "10.96.0.0/24".into()),
        ("endpoint-reconciler-type", "none".into()),
        ("allow-privileged", "true".into()),
        ("profiling", "false".into()),
        // A stopped server need not wait for its watches.
        ("shutdown-delay-duration", "0s".into()),
    ]
    .into_iter()
    .map(|(flag, value)| format!("--{flag}={value}"))
    .collect()
}
