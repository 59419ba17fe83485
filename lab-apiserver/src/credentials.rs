//! Keys, certificates and the administrator's token of one control plane.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};

use crate::Error;

/// What the API server authenticates itself and its clients with. Files are in
/// the control plane's folder.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The serving certificate, PEM; its own authority.
    pub(crate) certificate: PathBuf,
    /// The serving certificate, DER.
    pub(crate) certificate_der: Vec<u8>,
    /// Key of the serving certificate.
    pub(crate) key: PathBuf,
    /// Key that signs service accounts' tokens.
    pub(crate) service_accounts_key: PathBuf,
    /// Key that their signatures are verified with.
    pub(crate) service_accounts_public_key: PathBuf,
    /// Static tokens (`token,user,uid,groups`).
    pub(crate) tokens: PathBuf,
    /// The token of a member of `system:masters`.
    pub(crate) token: String,
}

impl Credentials {
    pub(crate) fn make(folder: &Path) -> Result<Self, Error> {
        let serving = KeyPair::generate()?;
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let certificate = CertificateParams::new(names)?.self_signed(&serving)?;
        let service_accounts = KeyPair::generate()?;
        let token = random_token()?;

        let write = |name: &str, content: &str| {
            let path = folder.join(name);
            fs::write(&path, content).map_err(Error::io(format!("write {}", path.display())))?;
            Ok::<_, Error>(path)
        };
        Ok(Self {
            certificate: write("serving.crt", &certificate.pem())?,
            certificate_der: certificate.der().to_vec(),
            key: write("serving.key", &serving.serialize_pem())?,
            service_accounts_key: write("service-accounts.key", &service_accounts.serialize_pem())?,
            service_accounts_public_key: write(
                "service-accounts.pub",
                &service_accounts.public_key_pem(),
            )?,
            tokens: write(
                "tokens.csv",
                &format!("{token},admin,admin,system:masters\n"),
            )?,
            token,
        })
    }
}

/// 128 random bits in hexadecimal.
fn random_token() -> Result<String, Error> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .map_err(Error::io("read /dev/urandom"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
