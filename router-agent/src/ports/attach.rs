//! Puts the router onto a port's devices, and sees to it that it stays there.

use std::collections::BTreeMap;
use std::path::Path;

use isthmus_abi::RouterConfig;
use isthmus_tables::{AttachError, Attachment, LoadError, Mode, Router, Tables, XdpMode};

use crate::netlink::model::{Link, XdpPlace};

use super::driver::driver;

/// Where the router sits, and with which configuration.
#[derive(Debug, Default)]
pub struct Attachments {
    devices: BTreeMap<String, Device>,
}

#[derive(Debug)]
struct Device {
    attachment: Attachment,
    config: RouterConfig,
    program_id: u32,
}

/// What was done to a port's devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ensured {
    /// Devices that got a program.
    pub changed: u64,
    /// Of these, those that had it already and lost it to somebody.
    pub repaired: u64,
}

/// A port that could not be attached.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The program was refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A device was refused.
    #[error(transparent)]
    Attach(#[from] AttachError),
}

impl Attachments {
    /// Names of the devices that the router sits on.
    pub fn devices(&self) -> impl Iterator<Item = &str> {
        self.devices.keys().map(String::as_str)
    }

    /// Whether something of ours is pinned for this device, from before.
    #[must_use]
    pub fn is_attached(&self, device: &str) -> bool {
        self.devices.contains_key(device)
    }

    /// Sees to it that every device runs the program with this configuration,
    /// loading it only where one does not. `links` tells the mode of a program
    /// that is there already: one that was asked for otherwise is attached anew.
    ///
    /// # Errors
    ///
    /// The first device that could not be served; the others are tried too.
    pub fn ensure(
        &mut self,
        pin_dir: &Path,
        devices: &[String],
        tables: &Tables,
        config: &RouterConfig,
        (mode, links): (XdpMode, &[Link]),
    ) -> Result<Ensured, PortError> {
        let mut loaded: Option<Router> = None;
        let (mut ensured, mut first) = (Ensured::default(), None);
        for device in devices {
            if self.is_current(device, config) {
                continue;
            }
            let router = match loaded.take() {
                Some(router) => router,
                None => Router::load(isthmus_object::ROUTER, tables, config)?,
            };
            let asked_before = self.devices.get(device).map(|known| known.config);
            let place = links.iter().find(|link| link.name == *device);
            let place = place.and_then(|link| link.xdp);
            match self.put(pin_dir, device, &router, config, (mode, place)) {
                Ok(did) => {
                    ensured.changed += u64::from(did);
                    ensured.repaired += u64::from(did && asked_before == Some(*config));
                }
                Err(error) => {
                    self.devices.remove(device);
                    first.get_or_insert(error);
                }
            }
            loaded = Some(router);
        }
        first.map_or(Ok(ensured), Err)
    }

    /// Takes the router off every device that is not among `wanted`.
    pub fn retain(&mut self, pin_dir: &Path, wanted: &[String]) {
        let pinned = match Attachment::open_all(pin_dir) {
            Ok(pinned) => pinned,
            Err(error) => return tracing::warn!("cannot list the links: {error}"),
        };
        for attachment in pinned.into_iter().flatten() {
            let device = attachment.interface().to_owned();
            if wanted.contains(&device) || !is_ours(&attachment) {
                continue;
            }
            self.devices.remove(&device);
            match attachment.detach() {
                Ok(()) => tracing::info!(%device, "taken off: no port any more"),
                Err(error) => tracing::warn!(%device, "cannot be taken off: {error}"),
            }
        }
    }

    /// Forgets a device whose interface is gone.
    pub fn forget(&mut self, device: &str) {
        self.devices.remove(device);
    }

    fn is_current(&self, device: &str, config: &RouterConfig) -> bool {
        self.devices.get(device).is_some_and(|known| {
            known.config == *config
                && known
                    .attachment
                    .info()
                    .is_ok_and(|info| info.ifindex.is_some() && info.program_id == known.program_id)
        })
    }

    fn put(
        &mut self,
        pin_dir: &Path,
        device: &str,
        router: &Router,
        config: &RouterConfig,
        (mode, place): (XdpMode, Option<XdpPlace>),
    ) -> Result<bool, PortError> {
        self.devices.remove(device);
        let (attachment, changed) = match Attachment::open(pin_dir, device)? {
            Some(attachment) if !is_ours(&attachment) => {
                let interface = attachment.interface().to_owned();
                return Err(AttachError::Foreign { interface }.into());
            }
            Some(attachment) if attachment.info()?.ifindex.is_some() && is_in_mode(mode, place) => {
                let program = attachment.program()?;
                let same = program.identity() == Some(router.identity());
                if !same {
                    attachment.replace(router)?;
                    tracing::info!(device, "program replaced, link kept");
                }
                (attachment, !same)
            }
            stale => {
                if let Some(stale) = stale {
                    stale.detach()?;
                }
                let attached = Attachment::attach(pin_dir, device, router, mode)?;
                report(device, attached.mode, attached.driver_refused.as_ref());
                (attached.attachment, true)
            }
        };
        let program_id = attachment.info()?.program_id;
        self.devices.insert(
            device.to_owned(),
            Device {
                attachment,
                config: *config,
                program_id,
            },
        );
        Ok(changed)
    }
}

/// Whether a program sits where it was asked to.
fn is_in_mode(mode: XdpMode, place: Option<XdpPlace>) -> bool {
    match mode {
        XdpMode::Auto => true,
        XdpMode::Driver => place != Some(XdpPlace::Generic),
        XdpMode::Generic => place != Some(XdpPlace::Driver),
    }
}

/// Whether a pinned link carries a router: not everything that is pinned there
/// has to be ours.
fn is_ours(attachment: &Attachment) -> bool {
    attachment
        .program()
        .is_ok_and(|program| program.is_router())
}

fn report(device: &str, mode: Mode, refused: Option<&isthmus_tables::SysError>) {
    match refused {
        None => tracing::info!(device, ?mode, "attached"),
        Some(error) => {
            let driver = driver(device).unwrap_or_else(|_| "of the interface".to_owned());
            tracing::warn!(
                device,
                "native XDP refused by the driver {driver} ({error}): attached in generic mode, \
                 which forwards several times fewer packets a second"
            );
        }
    }
}
