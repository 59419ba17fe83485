//! One control plane, from start to drop.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Client, Config};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use crate::access::{Access, User};
use crate::binaries::Binaries;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::folder::Folder;
use crate::port::Port;
use crate::process::Process;
use crate::{crds, flags};

/// How long a start or restart may take; seconds usually, more on a busy
/// machine.
const READY: Duration = Duration::from_secs(90);

/// How often a start is tried where somebody took its port.
const TRIES: usize = 3;

/// The processes of a control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// etcd.
    Etcd,
    /// kube-apiserver.
    ApiServer,
}

/// A running control plane. Dropped, its processes and files are gone.
#[derive(Debug)]
pub struct ApiServer {
    // In this order: what serves ends before what it stands on.
    api_server: Process,
    etcd: Process,
    access: Access,
    token: String,
    kubeconfig: PathBuf,
    folder: Folder,
    _port: Port,
}

/// The control plane that the tests of one process share.
static SHARED: Mutex<Weak<ApiServer>> = Mutex::const_new(Weak::new());

impl ApiServer {
    /// Starts a control plane of its own, and returns once it is ready.
    ///
    /// # Errors
    ///
    /// [`Error::MissingBinary`], or what kept it from becoming ready.
    pub async fn start() -> Result<Self, Error> {
        Self::start_with(&[]).await
    }

    /// The same with further flags for kube-apiserver, such as
    /// `--audit-log-path=...`.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::start`].
    pub async fn start_with(flags: &[&str]) -> Result<Self, Error> {
        let binaries = Binaries::find()?;
        let mut tries = 1;
        loop {
            let server = Self::spawn(&binaries, flags)?;
            match server.wait_ready().await {
                Err(Error::Ended { log, .. })
                    if tries < TRIES && log.contains("address already in use") =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(server),
            }
        }
    }

    /// The control plane that all tests share which hold it at the time, with
    /// Isthmus's kinds; it is gone when the last of them drops it. For tests that keep to namespaces
    /// or names of their own and neither kill nor pause.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::start`].
    pub async fn shared() -> Result<Arc<Self>, Error> {
        let mut shared = SHARED.lock().await;
        if let Some(server) = shared.upgrade() {
            return Ok(server);
        }
        let server = Arc::new(Self::start().await?);
        server.install_crds(&server.client()?).await?;
        *shared = Arc::downgrade(&server);
        Ok(server)
    }

    fn spawn(binaries: &Binaries, further: &[&str]) -> Result<Self, Error> {
        let folder = Folder::make()?;
        let port = Port::reserve()?;
        let credentials = Credentials::make(folder.path())?;
        let etcd = Process::start(
            "etcd",
            binaries.etcd(),
            flags::etcd(folder.path()),
            folder.path(),
        )?;
        let mut flags = flags::kube_apiserver(folder.path(), port.number, &credentials);
        flags.extend(further.iter().map(|flag| (*flag).to_owned()));
        let api_server = Process::start(
            "kube-apiserver",
            binaries.kube_apiserver(),
            flags,
            folder.path(),
        )?;
        let access = Access {
            port: port.number,
            certificate: credentials.certificate,
            certificate_der: credentials.certificate_der,
        };
        let kubeconfig = folder.path().join("kubeconfig");
        access.write_kubeconfig(&kubeconfig, &User::with_token(&credentials.token))?;
        Ok(Self {
            api_server,
            etcd,
            access,
            token: credentials.token,
            kubeconfig,
            folder,
            _port: port,
        })
    }

    /// A client that may do everything. It belongs to the runtime that it is
    /// made on, and does not retry what the server is too busy for.
    ///
    /// # Errors
    ///
    /// [`Error::Client`].
    pub fn client(&self) -> Result<Client, Error> {
        connect(self.config()?)
    }

    /// A client of somebody else, by impersonation. Groups are exactly those
    /// given; add `system:authenticated` where a rule speaks of it.
    ///
    /// # Errors
    ///
    /// [`Error::Client`].
    pub fn client_as(&self, user: &str, groups: &[&str]) -> Result<Client, Error> {
        let user = User::impersonating(&self.token, user, groups);
        connect(self.access.config(&user)?)
    }

    /// A client of whoever a token belongs to, such as a service account's
    /// from a TokenRequest.
    ///
    /// # Errors
    ///
    /// [`Error::Client`].
    pub fn client_with_token(&self, token: &str) -> Result<Client, Error> {
        connect(self.access.config(&User::with_token(token))?)
    }

    /// Configuration of [`ApiServer::client`].
    ///
    /// # Errors
    ///
    /// [`Error::Client`].
    pub fn config(&self) -> Result<Config, Error> {
        self.access.config(&User::with_token(&self.token))
    }

    /// A kubeconfig of the administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Writes a kubeconfig of whoever a token belongs to, named `NAME` in the
    /// control plane's folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn kubeconfig_with_token(&self, name: &str, token: &str) -> Result<PathBuf, Error> {
        let path = self.folder.path().join(format!("{name}.kubeconfig"));
        self.access
            .write_kubeconfig(&path, &User::with_token(token))?;
        Ok(path)
    }

    /// Installs Isthmus's CustomResourceDefinitions, and returns once they are
    /// served.
    ///
    /// # Errors
    ///
    /// [`Error::Api`] where the API server does not take one.
    pub async fn install_crds(&self, client: &Client) -> Result<(), Error> {
        crds::install(client, &crds::ours()).await
    }

    /// Installs others' definitions, and returns once they are served.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::install_crds`].
    pub async fn install_definitions(
        &self,
        client: &Client,
        definitions: &[CustomResourceDefinition],
    ) -> Result<(), Error> {
        crds::install(client, definitions).await
    }

    /// Installs Isthmus's definitions as another version might have them, such as
    /// [`variants::careless`](crate::variants::careless), in place of those that are
    /// there.
    ///
    /// # Errors
    ///
    /// As [`ApiServer::install_crds`].
    pub async fn install_crds_as(
        &self,
        client: &Client,
        variant: fn(&CustomResourceDefinition) -> CustomResourceDefinition,
    ) -> Result<(), Error> {
        let definitions: Vec<_> = crds::ours().iter().map(variant).collect();
        crds::install(client, &definitions).await
    }

    /// Kills a process (SIGKILL); returns once it is gone.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn kill(&self, part: Part) -> Result<(), Error> {
        self.process(part).kill()
    }

    /// Pauses a process (SIGSTOP): connections stay open and nothing answers.
    /// Returns once all its threads stand still.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn pause(&self, part: Part) -> Result<(), Error> {
        self.process(part).pause()
    }

    /// Lets a paused process go on (SIGCONT).
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn resume(&self, part: Part) -> Result<(), Error> {
        self.process(part).resume()
    }

    /// Kills a process where it runs, and starts it on the same port and data.
    /// Waits for readiness only if the other part runs, since neither is
    /// ready without the other.
    ///
    /// # Errors
    ///
    /// What kept it from becoming ready.
    pub async fn restart(&self, part: Part) -> Result<(), Error> {
        self.process(part).kill()?;
        self.process(part).start_again()?;
        if self.etcd.pid().is_some() && self.api_server.pid().is_some() {
            self.wait_ready().await?;
        }
        Ok(())
    }

    /// Returns once the API server says that it is ready.
    ///
    /// # Errors
    ///
    /// [`Error::Ended`] and [`Error::NotReady`], with the end of the log.
    pub async fn wait_ready(&self) -> Result<(), Error> {
        let mut config = self.config()?;
        config.read_timeout = Some(Duration::from_secs(5));
        let client = connect(config)?;
        let deadline = Instant::now() + READY;
        loop {
            self.etcd.check()?;
            self.api_server.check()?;
            let last = match client.request_text(readyz()?).await {
                Ok(_) => return Ok(()),
                Err(error) => error.to_string(),
            };
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    bound: READY,
                    last,
                    log: self.api_server.last_lines(),
                });
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Process id of a part that runs.
    #[must_use]
    pub fn pid(&self, part: Part) -> Option<u32> {
        self.process(part).pid()
    }

    /// What a part has printed so far.
    #[must_use]
    pub fn log(&self, part: Part) -> &Path {
        self.process(part).log()
    }

    /// The folder of everything that the control plane has written.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn process(&self, part: Part) -> &Process {
        match part {
            Part::Etcd => &self.etcd,
            Part::ApiServer => &self.api_server,
        }
    }
}

fn connect(config: Config) -> Result<Client, Error> {
    Client::try_from(config).map_err(|error| Error::Client {
        reason: error.to_string(),
    })
}

fn readyz() -> Result<http::Request<Vec<u8>>, Error> {
    http::Request::get("/readyz")
        .body(Vec::new())
        .map_err(|error| Error::Client {
            reason: error.to_string(),
        })
}
