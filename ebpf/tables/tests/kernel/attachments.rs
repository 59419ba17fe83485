//! Links: attached, found again, replaced, taken off.

use std::fs;
use std::path::Path;

use isthmus_abi::RouterConfig;
use isthmus_tables::{AttachError, Attachment, Mode, PrivateBpffs, Router, Tables, XdpMode};

use crate::configuration::{config, load, router, tables};
use crate::foreign;
use crate::namespace::{add_veth, delete, in_namespace, index};

const PORT: &str = "port0";

/// Runs a test with a pin directory, tables and the interface [`PORT`].
fn with_port(test: impl FnOnce(&Path, &Tables) + Send) {
    in_namespace(|| {
        let bpffs = PrivateBpffs::new().expect("a private bpffs");
        let pins = bpffs.path().join("isthmus");
        fs::create_dir(&pins).expect("made");
        add_veth(PORT);
        test(&pins, &tables());
    });
}

fn attach(pins: &Path, router: &Router, mode: XdpMode) -> Attachment {
    let attached = Attachment::attach(pins, PORT, router, mode).expect("attached");
    assert!(attached.driver_refused.is_none());
    attached.attachment
}

fn open(pins: &Path) -> Attachment {
    Attachment::open(pins, PORT).expect("ours").expect("pinned")
}

fn pins_in(pins: &Path) -> Vec<String> {
    let entries = fs::read_dir(pins).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("read")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_router_is_attached_in_each_mode_and_taken_off_without_a_trace() {
    with_port(|pins, tables| {
        let router = router(tables);
        for (asked, had) in [
            (XdpMode::Driver, Mode::Driver),
            (XdpMode::Generic, Mode::Generic),
            (XdpMode::Auto, Mode::Driver),
        ] {
            let attached = Attachment::attach(pins, PORT, &router, asked).expect("attached");
            assert_eq!(attached.mode, had);
            let info = attached.attachment.info().expect("read");
            assert_eq!(info.ifindex, Some(index(PORT)));
            let program = attached.attachment.program().expect("read");
            assert_eq!(program.id(), info.program_id);
            assert_eq!(program.identity(), Some(router.identity()));
            assert_eq!(pins_in(pins), ["link-port0", "program-port0"]);
            attached.attachment.detach().expect("taken off");
            assert!(pins_in(pins).is_empty());
            // Nothing is in the way of somebody else.
            drop(foreign::attach(index(PORT), foreign::GENERIC));
        }
    });
}

#[test]
fn a_restart_finds_the_same_link_and_program() {
    with_port(|pins, tables| {
        let maps = pins.join("maps-0");
        tables.pin(&maps).expect("pins");
        let (first, identity) = {
            let router = router(tables);
            let attachment = attach(pins, &router, XdpMode::Driver);
            (attachment.info().expect("read"), router.identity().clone())
        };
        let tables = Tables::open(&maps).expect("opens");
        let found = open(pins);
        assert_eq!(found.info().expect("read"), first);
        let program = found.program().expect("read");
        assert_eq!(program.identity(), Some(&identity));
        assert!(identity.uses(&tables).expect("read"));
        // What would be loaded now is what runs: nothing is to be done.
        assert_eq!(router(&tables).identity(), &identity);
    });
}

#[test]
fn a_replaced_program_keeps_the_link() {
    with_port(|pins, tables| {
        attach(pins, &router(tables), XdpMode::Driver);
        let before = open(pins).info().expect("read");
        let new = load(
            tables,
            &RouterConfig {
                vxlan_port: 8472,
                ..config(tables)
            },
        );
        open(pins).replace(&new).expect("replaced");
        let identity = new.identity().clone();
        drop(new);
        let after = open(pins).info().expect("read");
        assert_eq!(
            (after.link_id, after.ifindex),
            (before.link_id, before.ifindex)
        );
        assert_ne!(after.program_id, before.program_id);
        let program = open(pins).program().expect("read");
        assert_eq!(program.identity(), Some(&identity));
        assert_eq!(pins_in(pins), ["link-port0", "program-port0"]);
    });
}

#[test]
fn a_link_whose_interface_is_gone_says_so_and_makes_way() {
    with_port(|pins, tables| {
        let router = router(tables);
        let attachment = attach(pins, &router, XdpMode::Driver);
        delete(PORT);
        assert_eq!(attachment.info().expect("read").ifindex, None);
        assert!(matches!(
            attachment.replace(&router),
            Err(AttachError::InterfaceGone { interface }) if interface == PORT
        ));
        add_veth(PORT);
        assert_eq!(open(pins).info().expect("read").ifindex, None);
        open(pins).detach().expect("nothing to take off");
        assert!(pins_in(pins).is_empty());
        let anew = attach(pins, &router, XdpMode::Driver);
        assert_eq!(anew.info().expect("read").ifindex, Some(index(PORT)));
    });
}

#[test]
fn a_program_of_somebody_else_is_named_and_stays() {
    for (theirs, ours) in [
        (foreign::DRIVER, XdpMode::Driver),
        (foreign::DRIVER, XdpMode::Auto),
        (foreign::DRIVER, XdpMode::Generic),
        (foreign::GENERIC, XdpMode::Auto),
        (foreign::GENERIC, XdpMode::Generic),
    ] {
        with_port(|pins, tables| {
            foreign::pin(
                &foreign::attach(index(PORT), theirs),
                &pins.join("link-other"),
            );
            let other = Attachment::open(pins, "other")
                .expect("a link")
                .expect("pinned");
            let before = other.info().expect("read");
            let error = Attachment::attach(pins, PORT, &router(tables), ours);
            assert!(
                matches!(&error, Err(AttachError::Foreign { interface }) if interface == PORT),
                "{theirs} {ours:?}: {error:?}"
            );
            assert_eq!(pins_in(pins), ["link-other"], "nothing of ours is left");
            assert_eq!(before.ifindex, Some(index(PORT)));
            assert_eq!(other.info().expect("read"), before);
            assert!(other.program().expect("read").identity().is_none());
        });
    }
}

#[test]
fn a_second_router_on_an_interface_is_refused_and_the_first_keeps_its_pins() {
    with_port(|pins, tables| {
        let router = router(tables);
        let first = attach(pins, &router, XdpMode::Driver);
        let other = pins.join("other");
        fs::create_dir(&other).expect("made");
        let second = Attachment::attach(&other, PORT, &router, XdpMode::Driver);
        assert!(matches!(second, Err(AttachError::Foreign { .. })));
        assert!(pins_in(&other).is_empty());
        fs::remove_dir(&other).expect("removed");
        let again = Attachment::attach(pins, PORT, &router, XdpMode::Driver);
        assert!(matches!(again, Err(AttachError::Foreign { .. })));
        let info = first.info().expect("read");
        assert_eq!(open(pins).info().expect("read"), info);
        assert_eq!(pins_in(pins), ["link-port0", "program-port0"]);
    });
}

#[test]
fn every_link_is_listed_and_a_pin_that_is_none_is_an_error_of_its_own() {
    with_port(|pins, tables| {
        let router = router(tables);
        add_veth("eth1.7");
        attach(pins, &router, XdpMode::Driver);
        Attachment::attach(pins, "eth1.7", &router, XdpMode::Generic).expect("attached");
        foreign::pin(&foreign::program(), &pins.join("link-strange"));
        let (mut names, mut errors) = (Vec::new(), Vec::new());
        for opened in Attachment::open_all(pins).expect("listed") {
            match opened {
                Ok(attachment) => names.push(attachment.interface().to_owned()),
                Err(error) => errors.push(error),
            }
        }
        assert_eq!(names, ["eth1.7", PORT]);
        assert!(
            matches!(&errors[..], [AttachError::NotALink { path }] if path.ends_with("link-strange")),
            "{errors:?}"
        );
        open(pins).detach().expect("taken off");
        assert_eq!(
            pins_in(pins),
            ["link-eth1:7", "link-strange", "program-eth1:7"]
        );
        let other = Attachment::open(pins, "eth1.7")
            .expect("ours")
            .expect("pinned");
        assert_eq!(other.info().expect("read").ifindex, Some(index("eth1.7")));
    });
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    with_port(|pins, tables| {
        let error = Attachment::attach(pins, "absent0", &router(tables), XdpMode::Auto);
        assert!(matches!(
            error,
            Err(AttachError::NoInterface { interface }) if interface == "absent0"
        ));
        assert!(Attachment::open(pins, "absent0").expect("read").is_none());
        let nothing = Attachment::open_all(&pins.join("absent")).expect("an absent folder");
        assert!(nothing.is_empty());
    });
}

#[test]
fn a_folder_that_takes_no_pins_leaves_nothing_attached() {
    with_port(|pins, tables| {
        let router = router(tables);
        let absent = pins.join("absent");
        assert!(Attachment::attach(&absent, PORT, &router, XdpMode::Driver).is_err());
        drop(foreign::attach(index(PORT), foreign::DRIVER));
    });
}
