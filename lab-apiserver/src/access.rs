//! How clients reach the API server: as whom, and by which file.

use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{AuthInfo, Kubeconfig};
use serde_json::{Value, json};

use crate::Error;

/// Address and authority of one API server.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// Port on 127.0.0.1.
    pub(crate) port: u16,
    /// Its certificate, PEM.
    pub(crate) certificate: PathBuf,
    /// Its certificate, DER.
    pub(crate) certificate_der: Vec<u8>,
}

/// Who a client is, as a kubeconfig's `user`.
#[derive(Clone, Debug)]
pub(crate) struct User(Value);

impl User {
    /// Whoever the token belongs to.
    pub(crate) fn with_token(token: &str) -> Self {
        Self(json!({ "token": token }))
    }

    /// Somebody else, on behalf of whoever the token belongs to.
    pub(crate) fn impersonating(token: &str, name: &str, groups: &[&str]) -> Self {
        Self(json!({ "token": token, "as": name, "as-groups": groups }))
    }

    fn auth_info(&self) -> Result<AuthInfo, Error> {
        serde_json::from_value(self.0.clone()).map_err(|error| Error::Client {
            reason: error.to_string(),
        })
    }
}

impl Access {
    /// A client's configuration. The server's busy answers (429, 503) are the
    /// caller's to see, not retried by the client.
    pub(crate) fn config(&self, user: &User) -> Result<Config, Error> {
        let url = self.url().parse().map_err(|error| Error::Client {
            reason: format!("{}: {error}", self.url()),
        })?;
        let mut config = Config::new(url);
        config.root_cert = Some(vec![self.certificate_der.clone()]);
        config.auth_info = user.auth_info()?;
        config.default_retry = false;
        Ok(config)
    }

    /// Writes a kubeconfig.
    pub(crate) fn write_kubeconfig(&self, path: &Path, user: &User) -> Result<(), Error> {
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "lab",
                "cluster": { "server": self.url(), "certificate-authority": self.certificate },
            }],
            "users": [{ "name": "lab", "user": user.0 }],
            "contexts": [{ "name": "lab", "context": { "cluster": "lab", "user": "lab" } }],
            "current-context": "lab",
        });
        // JSON is YAML; read once, so that a mistake shows here.
        let _: Kubeconfig =
            serde_json::from_value(content.clone()).map_err(|error| Error::Client {
                reason: error.to_string(),
            })?;
        std::fs::write(path, format!("{content:#}\n"))
            .map_err(Error::io(format!("write {}", path.display())))
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}
