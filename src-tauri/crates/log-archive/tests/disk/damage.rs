//! A file that was changed, cut off, renamed, swapped, written with another key or by a newer version is refused, says
//! why, and never panics or takes more memory than the file is large.

use std::{fs, path::PathBuf};

use log_archive::{ArchiveKey, ConnectionArchive, DayFileError};
use proptest::prelude::*;

use crate::support::*;

/// An archive with one day of some pages, and the path of its file.
fn sealed(rows: usize) -> (tempfile::TempDir, ConnectionArchive, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let mut all: Vec<String> = (0..rows).map(usual_row).collect();
    all.extend(hostile_rows().into_iter().filter(|row| row.len() < 1000));
    seal(&archive, day("20260808"), &all);
    let path = archive.folder().join("20260808.parquet");
    (root, archive, path)
}

/// A simple generator, so that a failure can be repeated.
fn chances() -> impl FnMut(u64) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (_root, archive, path) = sealed(700);
    let day = day("20260808");
    let whole = fs::read(&path).unwrap();
    let mut chance = chances();
    let length = whole.len() as u64;
    // Everything that is not encrypted, bit by bit, is at both ends; the rest by chance.
    let plain = (0..40).chain(length * 8 - 200 * 8..length * 8);
    let bits: Vec<u64> = plain.chain((0..1500).map(|_| chance(length * 8))).collect();
    for bit in bits {
        let mut changed = whole.clone();
        changed[(bit / 8) as usize] ^= 1 << (bit % 8);
        fs::write(&path, &changed).unwrap();
        let error = archive.verify_day(day).expect_err("a changed file was accepted");
        assert!(matches!(error, DayFileError::Damaged(_)), "bit {bit}: {error:?}");
    }
    fs::write(&path, &whole).unwrap();
    archive.verify_day(day).unwrap();
}

#[test]
fn every_changed_length_is_noticed_before_memory_is_taken_for_it() {
    let (_root, archive, path) = sealed(40);
    let day = day("20260808");
    let whole = fs::read(&path).unwrap();
    let footer = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let end = whole.len() - 8 - footer;
    let mut at = 4;
    let mut parts = 0;
    while at < end {
        let length = u32::from_le_bytes(whole[at..at + 4].try_into().unwrap());
        for wrong in [0, 1, 27, length - 1, length + 1, 0x7fff_ffff, u32::MAX] {
            let mut changed = whole.clone();
            changed[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
            fs::write(&path, &changed).unwrap();
            for error in [
                archive.verify_day(day).unwrap_err(),
                archive.read_row(day, 3).unwrap_err(),
            ] {
                assert!(matches!(error, DayFileError::Damaged(_)), "{error:?}");
            }
        }
        at += 4 + length as usize;
        parts += 1;
    }
    assert!(parts > 30, "{parts} parts");
    for wrong in [
        0,
        1,
        20,
        60,
        footer as u32 - 1,
        footer as u32 + 1,
        whole.len() as u32,
        u32::MAX,
    ] {
        let mut changed = whole.clone();
        changed[whole.len() - 8..whole.len() - 4].copy_from_slice(&wrong.to_le_bytes());
        fs::write(&path, &changed).unwrap();
        assert!(matches!(archive.read_row(day, 3), Err(DayFileError::Damaged(_))));
    }
}

#[test]
fn every_truncation_is_noticed() {
    let (_root, archive, path) = sealed(700);
    let day = day("20260808");
    let whole = fs::read(&path).unwrap();
    let mut chance = chances();
    let near_the_end = (1..200).map(|less| whole.len() - less);
    let lengths = (0..20)
        .chain(near_the_end)
        .chain((0..200).map(|_| chance(whole.len() as u64) as usize));
    for length in lengths.collect::<Vec<_>>() {
        fs::write(&path, &whole[..length]).unwrap();
        for error in [
            archive.verify_day(day).unwrap_err(),
            archive.read_row(day, 0).unwrap_err(),
        ] {
            assert!(matches!(error, DayFileError::Damaged(_)), "{length} bytes: {error:?}");
        }
    }
    // More than was written is as bad as less.
    fs::write(&path, [whole.as_slice(), b"\0"].concat()).unwrap();
    assert!(matches!(archive.verify_day(day), Err(DayFileError::Damaged(_))));
}

#[test]
fn parts_that_changed_places_are_noticed() {
    let (_root, archive, path) = sealed(5000);
    let day = day("20260808");
    let whole = fs::read(&path).unwrap();
    let footer = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let mut parts = Vec::new();
    let mut at = 4;
    while at < whole.len() - 8 - footer {
        let next = at + 4 + u32::from_le_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
        parts.push(at..next);
        at = next;
    }
    for pair in parts.windows(2) {
        let (one, other) = (pair[0].clone(), pair[1].clone());
        let swapped = [
            &whole[..one.start],
            &whole[other.clone()],
            &whole[one.clone()],
            &whole[other.end..],
        ]
        .concat();
        fs::write(&path, swapped).unwrap();
        assert!(
            matches!(archive.verify_day(day), Err(DayFileError::Damaged(_))),
            "{one:?} {other:?}"
        );
    }
}

#[test]
fn a_file_in_anothers_place_is_refused() {
    let (root, archive, path) = sealed(20);
    let said = |error: DayFileError| match error {
        DayFileError::Damaged(sentence) => sentence,
        other => panic!("{other:?}"),
    };
    // Another day of the same connection.
    fs::copy(&path, archive.folder().join("20260809.parquet")).unwrap();
    let sentence = said(archive.read_day(day("20260809"), true).unwrap_err());
    assert!(sentence.contains("another day or another connection"), "{sentence}");
    assert!(sentence.contains("fetched again"), "{sentence}");
    // The same day of another connection, with the same key.
    let other = ConnectionArchive::open(root.path(), "another-connection", key()).unwrap();
    fs::create_dir_all(other.folder()).unwrap();
    fs::copy(&path, other.folder().join("20260808.parquet")).unwrap();
    assert!(said(other.verify_day(day("20260808")).unwrap_err()).contains("another connection"));
    // Even when the name that stands in the clear is changed to fit.
    let bytes = fs::read(&path).unwrap();
    let name = b"/20260808";
    let place = bytes.windows(name.len()).rposition(|window| window == name).unwrap();
    let mut renamed = bytes.clone();
    renamed[place + name.len() - 1] = b'9';
    fs::write(archive.folder().join("20260809.parquet"), renamed).unwrap();
    assert!(matches!(
        archive.verify_day(day("20260809")),
        Err(DayFileError::Damaged(_))
    ));
}

#[test]
fn the_outside_of_a_file_can_be_forged_its_inside_cannot() {
    // With the right checksum too, a day that was renamed does not decrypt.
    let (_root, archive, path) = sealed(20);
    let bytes = fs::read(&path).unwrap();
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap()) as usize;
    let other_root = tempfile::tempdir().unwrap();
    let other = crate::support::archive(other_root.path());
    seal(&other, day("20260809"), &[usual_row(1)]);
    let donor = fs::read(other.folder().join("20260809.parquet")).unwrap();
    let donor_footer = u32::from_le_bytes(donor[donor.len() - 8..donor.len() - 4].try_into().unwrap()) as usize;
    // The plain text of the ninth's footer before the encrypted footer of the eighth: same lengths, same key.
    let plain = |bytes: &[u8], footer: usize| {
        let start = bytes.len() - 8 - footer;
        let key_metadata = bytes[start..]
            .windows(2)
            .skip(60)
            .position(|window| window == [0x18, 24])
            .unwrap()
            + 60;
        start..start + key_metadata + 2 + 24 + 1
    };
    let (mine, donors) = (plain(&bytes, footer), plain(&donor, donor_footer));
    assert_eq!(mine.len(), donors.len());
    let mut forged = bytes.clone();
    forged[mine].copy_from_slice(&donor[donors]);
    fs::write(archive.folder().join("20260809.parquet"), forged).unwrap();
    let error = archive.verify_day(day("20260809")).unwrap_err();
    assert_eq!(
        error,
        DayFileError::Damaged(
            "The archived file of this day is damaged. What is in it does not match its checksums. It can be set aside \
             and fetched again."
                .to_owned()
        )
    );
}

#[test]
fn a_wrong_key_is_called_that() {
    let (root, archive, _) = sealed(20);
    let other = ConnectionArchive::open(root.path(), CONNECTION, ArchiveKey::generate().unwrap()).unwrap();
    let day = day("20260808");
    assert_eq!(other.read_day(day, false).unwrap_err(), DayFileError::WrongKey);
    assert_eq!(other.read_row(day, 0).unwrap_err(), DayFileError::WrongKey);
    assert_eq!(other.verify_day(day).unwrap_err(), DayFileError::WrongKey);
    assert!(archive.verify_day(day).is_ok());
}

#[test]
fn a_newer_version_is_called_that() {
    let (_root, archive, path) = sealed(20);
    let bytes = fs::read(&path).unwrap();
    // As a later version will write its outside: the same form, another number, the checksum over both.
    let old = b"cipp-desk/1/";
    let place = bytes.windows(old.len()).position(|window| window == old).unwrap();
    let length = old.len() + CONNECTION.len() + "/20260808".len();
    let prefix = String::from_utf8(bytes[place..place + length].to_vec())
        .unwrap()
        .replace("desk/1/", "desk/2/");
    let key = place + length + [0x18, 8].len() + 8 + [0x12, 0, 0].len() + [0x18, 24].len();
    let id = String::from_utf8(bytes[key..key + 16].to_vec()).unwrap();
    let sum = ring::digest::digest(&ring::digest::SHA256, format!("{prefix}\n{id}").as_bytes());
    let sum: String = sum.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut newer = bytes.clone();
    newer[place..place + length].copy_from_slice(prefix.as_bytes());
    newer[key + 16..key + 24].copy_from_slice(sum.as_bytes());
    fs::write(&path, newer).unwrap();
    let day = day("20260808");
    assert_eq!(archive.read_day(day, true).unwrap_err(), DayFileError::NewerVersion);
    assert_eq!(archive.read_meta(day).unwrap_err(), DayFileError::NewerVersion);
    // A flipped bit in the number is damage, not a newer version.
    let mut damaged = bytes.clone();
    damaged[place + "cipp-desk/".len()] ^= 2;
    fs::write(&path, damaged).unwrap();
    assert!(matches!(archive.read_meta(day), Err(DayFileError::Damaged(_))));
}

#[test]
fn nothing_else_is_taken_for_a_day() {
    let root = tempfile::tempdir().unwrap();
    let archive = archive(root.path());
    let day = day("20260808");
    assert_eq!(archive.read_day(day, true).unwrap_err(), DayFileError::Missing);
    assert_eq!(archive.read_row(day, 0).unwrap_err(), DayFileError::Missing);
    fs::create_dir_all(archive.folder()).unwrap();
    let path = archive.folder().join("20260808.parquet");
    // A plain Parquet file, even one with the same rows.
    let mut plain = log_archive::PlainParquetWriter::create(&path).unwrap();
    plain.push(&usual_row(1), day).unwrap();
    plain.finish(&[]).unwrap();
    assert!(matches!(archive.read_day(day, true), Err(DayFileError::Damaged(_))));
    for other in [
        &b""[..],
        b"PARE",
        b"PAREPARE",
        b"PARE\0\0\0\0PARE",
        b"PARE\xff\xff\xff\xffPARE",
    ] {
        fs::write(&path, other).unwrap();
        assert!(
            matches!(archive.verify_day(day), Err(DayFileError::Damaged(_))),
            "{other:?}"
        );
    }
    // A folder of that name.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(archive.read_day(day, true).is_err());
    assert_eq!(archive.days().unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_the_reader_panic(
        head in prop::collection::vec(any::<u8>(), 0..64),
        footer in prop::collection::vec(any::<u8>(), 0..200),
        honest in any::<bool>(),
    ) {
        let root = tempfile::tempdir().unwrap();
        let archive = archive(root.path());
        fs::create_dir_all(archive.folder()).unwrap();
        let mut bytes = [b"PARE", head.as_slice(), footer.as_slice()].concat();
        bytes.extend((footer.len() as u32).to_le_bytes());
        bytes.extend(b"PARE");
        if !honest {
            bytes.truncate(bytes.len() - 4);
        }
        fs::write(archive.folder().join("20260808.parquet"), bytes).unwrap();
        prop_assert!(archive.verify_day(day("20260808")).is_err());
        prop_assert!(archive.read_row(day("20260808"), 0).is_err());
    }
}
