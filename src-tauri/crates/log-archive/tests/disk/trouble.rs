//! A full disk, a folder that is gone or cannot be written to: clear sentences, and nothing half-written.

use std::fs;

use log_archive::{ArchiveError, ConnectionArchive, PlainParquetWriter};

use crate::support::*;

fn left_over(archive: &ConnectionArchive) -> Vec<String> {
    let entries = fs::read_dir(archive.folder()).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".part"))
        .collect()
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let mut writer = archive.write_day(day("20260808"), meta()).unwrap();
    for number in 0..10_000 {
        writer.push(&usual_row(number)).unwrap();
    }
    assert_eq!(left_over(&archive).len(), 1);
    drop(writer);
    assert!(left_over(&archive).is_empty());
    assert!(archive.days().unwrap().is_empty());
    let path = root.path().join("export.parquet");
    let mut plain = PlainParquetWriter::create(&path).unwrap();
    plain.push(&usual_row(1), day("20260808")).unwrap();
    drop(plain);
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1,
        "the connection's folder alone"
    );
}

#[test]
fn a_folder_that_is_removed_meanwhile_is_named() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let mut writer = archive.write_day(day("20260808"), meta()).unwrap();
    writer.push(&usual_row(1)).unwrap();
    if cfg!(windows) {
        // An open file keeps its folder there.
        return;
    }
    archive.delete_all().unwrap();
    let error = writer.finish().unwrap_err();
    assert!(error.to_string().contains("the folder is gone"), "{error}");
    assert!(!archive.folder().exists(), "what was deleted is not made again");
    seal(&archive, day("20260808"), &[usual_row(1)]);
    assert_eq!(archive.days().unwrap().len(), 1);
}

#[test]
fn a_place_that_is_no_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, b"").unwrap();
    let archive = ConnectionArchive::open(&file, CONNECTION, key()).unwrap();
    let error = archive.write_day(day("20260808"), meta()).unwrap_err();
    assert!(error.to_string().contains("make the folder"), "{error}");
    let error = PlainParquetWriter::create(root.path().join("missing/export.parquet")).unwrap_err();
    assert!(matches!(error, ArchiveError::Io(_)), "{error}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_to_is_read_all_the_same() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    seal(&archive, day("20260808"), &[usual_row(1)]);
    let closed = |mode| fs::set_permissions(archive.folder(), fs::Permissions::from_mode(mode)).unwrap();
    closed(0o555);
    if fs::write(archive.folder().join("probe"), b"").is_ok() {
        closed(0o755);
        eprintln!("LEFT OUT: this user may write to folders that are closed to it (root)");
        return;
    }
    let again = crate::support::archive(root.path());
    assert_eq!(rows_of(&again, day("20260808")), [usual_row(1)]);
    let error = again.write_day(day("20260809"), meta()).unwrap_err();
    closed(0o755);
    assert!(error.to_string().contains("does not allow it"), "{error}");
}

/// What needs a file system of its own: this test starts itself again in a namespace in which it may mount one.
#[cfg(target_os = "linux")]
mod mounted {
    use std::{
        env,
        path::PathBuf,
        process::{Command, Output},
    };

    use super::*;

    const PLACE: &str = "CIPP_DESK_TEST_MOUNTED";

    /// Runs this test below a folder that is a file system of its own; none where the system does not allow that.
    fn again(test: &str, mount: &str) -> Option<Output> {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("{mount} && exec \"$@\"");
        let output = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "bash", "-c", &script, "bash"])
            .arg(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(PLACE, folder.path())
            .output();
        match output {
            Ok(output) if String::from_utf8_lossy(&output.stdout).contains("running 1 test") => Some(output),
            _ => {
                eprintln!("LEFT OUT: {test} needs unshare and user namespaces, which this system does not allow");
                None
            }
        }
    }

    fn place(test: &str, mount: &str) -> Option<PathBuf> {
        if let Some(place) = env::var_os(PLACE) {
            return Some(place.into());
        }
        if let Some(output) = again(test, mount) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success(),
                "{}\n{said}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
        None
    }

    #[test]
    fn a_full_disk_is_named_and_leaves_what_was_there() {
        let mount = format!("mount -t tmpfs -o size=512k none \"${PLACE}\"");
        let test = "trouble::mounted::a_full_disk_is_named_and_leaves_what_was_there";
        let Some(root) = place(test, &mount) else { return };
        let archive = crate::support::archive(&root);
        let day = day("20260808");
        let before = [usual_row(1), usual_row(2)];
        seal(&archive, day, &before);
        let write = || -> Result<(), ArchiveError> {
            let mut writer = archive.write_day(day, fetched("2026-08-10T00:00:00Z"))?;
            for number in 0..60_000 {
                writer.push(&usual_row(number))?;
            }
            writer.finish().map(drop)
        };
        for _ in 0..2 {
            let error = write().unwrap_err();
            assert!(error.to_string().starts_with("The disk is full"), "{error}");
            assert!(error.to_string().contains("Free some space"), "{error}");
        }
        assert!(left_over(&archive).is_empty());
        assert_eq!(rows_of(&archive, day), before, "the old file stays");
        // Notes, and an export.
        let notes = archive.keep_notes(&vec![7_u64; 400_000]).unwrap_err();
        assert!(notes.to_string().starts_with("The disk is full"), "{notes}");
        let path = root.join("export.parquet");
        let export = || -> Result<u32, ArchiveError> {
            let mut plain = PlainParquetWriter::create(&path)?;
            for number in 0..60_000 {
                plain.push(&usual_row(number), day)?;
            }
            plain.finish(&[])
        };
        let error = export().unwrap_err();
        assert!(error.to_string().starts_with("The disk is full"), "{error}");
        assert!(!path.exists() && left_over(&archive).is_empty());
        seal(&archive, crate::support::day("20260809"), &before);
    }

    #[test]
    fn a_disk_that_can_only_be_read_is_read() {
        let mount = format!("mount --bind \"${PLACE}\" \"${PLACE}\"");
        let test = "trouble::mounted::a_disk_that_can_only_be_read_is_read";
        let Some(root) = place(test, &mount) else { return };
        let archive = crate::support::archive(&root);
        let day = day("20260808");
        seal(&archive, day, &[usual_row(1)]);
        let read_only = Command::new("mount")
            .args(["-o", "remount,bind,ro"])
            .arg(&root)
            .status()
            .unwrap();
        assert!(read_only.success());
        let again = crate::support::archive(&root);
        assert_eq!(rows_of(&again, day), [usual_row(1)]);
        assert_eq!(again.verify_day(day).unwrap(), 1);
        for error in [
            again.write_day(day, meta()).unwrap_err(),
            again.delete_day(day).unwrap_err(),
            again.set_aside(day).unwrap_err(),
            again.keep_notes(&1).unwrap_err(),
        ] {
            assert!(error.to_string().starts_with("The disk can only be read"), "{error}");
        }
    }

    #[test]
    fn a_file_that_may_not_grow_is_not_half_written() {
        // A limit on the size of files, as administrators set them: no mounting needed.
        if env::var_os(PLACE).is_none() {
            let folder = tempfile::tempdir().unwrap();
            let output = Command::new("bash")
                .args(["-c", "trap '' XFSZ && ulimit -f 300 && exec \"$@\"", "bash"])
                .arg(env::current_exe().unwrap())
                .args([
                    "--exact",
                    "trouble::mounted::a_file_that_may_not_grow_is_not_half_written",
                    "--nocapture",
                ])
                .env(PLACE, folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            return;
        }
        let root = PathBuf::from(env::var_os(PLACE).unwrap());
        let archive = crate::support::archive(&root);
        let mut writer = archive.write_day(day("20260808"), meta()).unwrap();
        let pushed = (0..60_000).try_for_each(|number| writer.push(&usual_row(number)));
        let error = pushed.and_then(|()| writer.finish()).unwrap_err();
        assert!(matches!(error, ArchiveError::TooLarge(_)), "{error:?}");
        assert!(left_over(&archive).is_empty() && archive.days().unwrap().is_empty());
    }
}
