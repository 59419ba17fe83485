//! Archives as the script writes them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use isthmus_image_tests::{ARCHITECTURE, Image, Root, archive};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A program that is in every image of this kind.
const PROGRAM: &str = "/bin/true";

#[test]
fn an_archive_reads_back_by_the_book() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("one.tar");
    archive("one", &path, &[Path::new(PROGRAM)])?;
    let image = Image::open(&path)?;

    assert_eq!(image.manifest["schemaVersion"], 2);
    let manifest_type = "application/vnd.oci.image.manifest.v1+json";
    assert_eq!(image.descriptor["mediaType"], manifest_type);
    assert_eq!(image.manifest["mediaType"], manifest_type);
    assert_eq!(
        image.manifest["config"]["mediaType"],
        "application/vnd.oci.image.config.v1+json"
    );
    assert_eq!(
        image.manifest["layers"][0]["mediaType"],
        "application/vnd.oci.image.layer.v1.tar"
    );
    assert_eq!(image.descriptor["platform"]["architecture"], ARCHITECTURE);
    assert_eq!(image.config["architecture"], ARCHITECTURE);
    assert_eq!(image.config["os"], "linux");
    // Uncompressed, a layer's digest is its diff_id.
    image.layer()?;
    assert_eq!(
        image.config["rootfs"]["diff_ids"][0],
        image.manifest["layers"][0]["digest"]
    );

    let reference = format!("isthmus.dev/one:{VERSION}");
    let annotations = &image.descriptor["annotations"];
    assert_eq!(annotations["io.containerd.image.name"], reference);
    assert_eq!(annotations["org.opencontainers.image.ref.name"], VERSION);
    assert_eq!(image.docker["RepoTags"][0], reference);
    for (field, digest) in [
        (&image.docker["Config"], &image.manifest["config"]["digest"]),
        (
            &image.docker["Layers"][0],
            &image.manifest["layers"][0]["digest"],
        ),
    ] {
        let hex = digest
            .as_str()
            .unwrap_or_default()
            .replace("sha256:", "blobs/sha256/");
        assert_eq!(*field, hex);
    }
    assert_eq!(image.config["config"]["User"], "7:7");
    assert_eq!(
        image.config["config"]["Entrypoint"],
        serde_json::json!(["/usr/local/bin/true"])
    );
    assert_eq!(image.label("title"), Some("A title"));
    assert_eq!(image.label("description"), Some("Two words"));
    assert_eq!(image.label("version"), Some(VERSION));
    assert_eq!(image.label("licenses"), Some("Apache-2.0"));
    for label in ["created", "revision", "source"] {
        assert!(
            image.label(label).is_some_and(|text| !text.is_empty()),
            "{label}"
        );
    }
    assert_eq!(
        image.manifest["annotations"],
        image.config["config"]["Labels"]
    );
    Ok(())
}

#[test]
fn the_same_programs_make_the_same_bytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (one, other) = (
        folder.path().join("one.tar"),
        folder.path().join("other.tar"),
    );
    archive("one", &one, &[Path::new(PROGRAM)])?;
    // As another machine has it: another time, owner and mode.
    let copy = folder.path().join("true");
    fs::copy(PROGRAM, &copy)?;
    let status = Command::new("chmod").arg("700").arg(&copy).status()?;
    ensure!(status.success(), "chmod");
    archive("one", &other, &[&copy])?;
    assert!(fs::read(&one)? == fs::read(&other)?, "the archives differ");
    Ok(())
}

#[test]
fn a_damaged_archive_is_noticed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("one.tar");
    archive("one", &path, &[Path::new(PROGRAM)])?;
    let mut bytes = fs::read(&path)?;
    let at = bytes.windows(7).rposition(|seven| seven == b"A title");
    bytes[at.unwrap_or_default()] = b'B';
    fs::write(&path, bytes)?;
    let said = Image::open(&path).unwrap_err().to_string();
    assert!(said.contains("another digest"), "{said}");
    Ok(())
}

#[test]
fn a_root_holds_what_was_put_in() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("one.tar");
    archive("one", &path, &[Path::new(PROGRAM), Path::new("/bin/false")])?;
    let root = Root::of(&Image::open(&path)?)?;
    assert!(fs::read(root.entrypoint())? == fs::read(PROGRAM)?);
    assert!(root.outside("/usr/local/bin/false").is_file());
    Ok(())
}
