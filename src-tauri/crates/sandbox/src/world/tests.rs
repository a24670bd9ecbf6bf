//! The generator as a whole: equal, complete, in order, of the promised size and mix.

use std::collections::HashMap;

use super::*;

/// A Wednesday afternoon.
fn now() -> Timestamp {
    "2026-08-19T15:20:30.5Z".parse().unwrap()
}

fn small(flags: WorldFlags) -> World {
    World::generate(WorldSize::Small, 7, now(), flags)
}

fn yesterday(world: &World) -> DayIndex {
    world.day(world.days()[1])
}

/// Tells every row of a walk.
fn tell(world: &World, dates: Vec<Date>, mut look: impl FnMut(&Entry<'_>)) -> usize {
    let mut walk = Walk::new(world.clone(), dates);
    let mut rows = 0;
    while let Some(row) = walk.next() {
        look(&row.entry());
        rows += 1;
    }
    rows
}

fn written(world: &World, dates: Vec<Date>) -> Vec<u8> {
    let mut out = Vec::new();
    tell(world, dates, |entry| {
        out.extend_from_slice(format!("{} {} {} ", entry.modified, entry.tenant, entry.row_key).as_bytes());
        entry.write_message(&mut out);
        entry.write_log_data(48, &mut out);
    });
    out
}

#[test]
fn equal_arguments_make_equal_worlds() {
    let dates = || small(WorldFlags::default()).days()[..3].to_vec();
    let one = written(&small(WorldFlags::default()), dates());
    assert!(one == written(&small(WorldFlags::default()), dates()));
    let other = World::generate(WorldSize::Small, 8, now(), WorldFlags::default());
    assert!(one != written(&other, dates()));
}

#[test]
fn a_row_is_the_same_alone_and_in_company() {
    let world = small(WorldFlags::default());
    let day = yesterday(&world);
    let alone: Vec<_> = (0..day.len())
        .filter_map(|place| world.row(&day, place))
        .map(|row| row.row_key())
        .collect();
    let mut in_company = Vec::new();
    tell(&world, world.days()[..3].to_vec(), |entry| {
        if entry.day_key == day.key {
            in_company.push(entry.row_key);
        }
    });
    assert_eq!(alone, in_company);
}

#[test]
fn sizes_are_as_promised() {
    for (size, rows) in [
        (WorldSize::Small, 50_000),
        (WorldSize::Medium, 250_000),
        (WorldSize::Large, 1_000_000),
    ] {
        let world = World::generate(size, 7, now(), WorldFlags::default());
        let found: usize = world.days().into_iter().map(|date| world.day(date).len()).sum();
        assert!((rows * 97 / 100..rows * 104 / 100).contains(&found), "{size}: {found}");
    }
}

#[test]
fn walking_days_loses_nothing_and_keeps_the_order() {
    let world = small(WorldFlags::default());
    let expected: usize = world.days().into_iter().map(|date| world.day(date).len()).sum();
    let (mut last, mut late) = (i64::MAX, 0);
    let rows = tell(&world, world.days(), |entry| {
        assert!(entry.modified <= last, "older rows first");
        last = entry.modified;
        let second = Timestamp::from_second(entry.modified.div_euclid(calendar::SECOND)).unwrap();
        late += usize::from(key_of(second.to_zoned(TimeZone::UTC).date()) != entry.day_key);
    });
    assert_eq!(rows, expected);
    assert!(
        late > 0,
        "some rows of the last hour of a day were marked as sent after midnight"
    );
}

#[test]
fn nothing_is_younger_than_the_clock() {
    let world = small(WorldFlags::default());
    let limit = world.now_ticks();
    let mut newest = 0;
    tell(&world, world.days()[..1].to_vec(), |entry| {
        newest = newest.max(entry.modified)
    });
    assert!(
        newest <= limit && newest > limit - 3_600 * calendar::SECOND,
        "{newest} {limit}"
    );
    let six = "2026-08-19T06:00:00Z".parse().unwrap();
    let morning = World::generate(WorldSize::Small, 7, six, WorldFlags::default());
    assert!(morning.day(morning.today()).len() < world.day(world.today()).len());
}

#[test]
fn a_row_takes_sixteen_bytes_until_it_is_told() {
    assert_eq!(size_of::<calendar::Stub>(), 16);
}

#[test]
fn severities_come_in_the_expected_mix_and_spellings() {
    let world = small(WorldFlags::default());
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut spellings: HashMap<&str, usize> = HashMap::new();
    let rows = tell(&world, world.days(), |entry| {
        *counts.entry(entry.severity.to_ascii_lowercase()).or_default() += 1;
        *spellings.entry(entry.severity).or_default() += 1;
    });
    let share = |name: &str| counts.get(name).copied().unwrap_or(0) * 1_000 / rows;
    assert!((700..=850).contains(&share("info")), "{counts:?}");
    assert!((80..=180).contains(&share("error")), "{counts:?}");
    assert!((30..=80).contains(&(share("warning") + share("warn"))), "{counts:?}");
    assert!((10..=30).contains(&share("alert")), "{counts:?}");
    assert!(
        (0..5).contains(&share("critical")) && counts["critical"] > 0,
        "{counts:?}"
    );
    assert!((5..=15).contains(&share("")), "{counts:?}");
    assert!(spellings["Warning"] > 20 * spellings["Warn"], "{spellings:?}");
    for spelling in [
        "Info", "info", "Error", "error", "Warning", "Warn", "warning", "Alert", "CRITICAL", "Critical",
    ] {
        assert!(spellings.contains_key(spelling), "{spelling}");
    }
    assert!(
        !counts.contains_key("debug"),
        "Debug rows are not written outside debug mode"
    );
}

#[test]
fn tenants_and_users_hold_the_literals_that_cipp_uses() {
    let world = small(WorldFlags::default());
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut with_id = 0;
    let rows = tell(&world, world.days(), |entry| {
        *seen.entry(entry.tenant.to_string()).or_default() += 1;
        *seen.entry(entry.user.to_string()).or_default() += 1;
        with_id += usize::from(entry.tenant_id.is_some());
    });
    for text in [
        "None",
        "None ",
        "none",
        "CIPP",
        "Global",
        "AllTenants",
        "All Tenants",
        "PartnerTenant",
        "CIPP-API",
    ] {
        assert!(seen.contains_key(text), "{text}");
    }
    assert!(with_id > 0 && with_id < rows / 50);
    assert!(
        seen.keys().any(|tenant| tenant.parse::<uuid::Uuid>().is_ok()),
        "a few rows name the tenant by its id"
    );
}

#[test]
fn technicians_keep_office_hours() {
    let world = small(WorldFlags::default());
    let by_technicians = |date: Date| {
        let mut rows = 0;
        tell(&world, vec![date], |entry| {
            rows += usize::from(entry.user.contains('@'))
        });
        rows
    };
    let date = |text: &str| text.parse::<Date>().unwrap();
    assert!(
        by_technicians(date("2026-08-18")) > 5 * by_technicians(date("2026-08-16")),
        "Tuesday against Sunday"
    );
}

#[test]
fn every_pattern_can_be_filled() {
    let world = small(WorldFlags::default());
    let mut message = Vec::new();
    tell(&world, world.days(), |entry| {
        message.clear();
        entry.write_message(&mut message);
        let text = std::str::from_utf8(&message).unwrap();
        assert!(!text.is_empty() && !text.contains('{'), "{text}");
    });
}

#[test]
fn every_log_data_is_json_where_it_claims_to_be() {
    let world = small(WorldFlags::default());
    let mut out = Vec::new();
    let mut forms: HashMap<String, usize> = HashMap::new();
    tell(&world, world.days(), |entry| {
        out.clear();
        entry.write_log_data(48, &mut out);
        *forms.entry(format!("{:?}", entry.log_data)).or_default() += 1;
        if matches!(entry.log_data, LogData::Json(_) | LogData::OneElement) {
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            if entry.log_data == LogData::Json(entry::Form::ErrorObject) {
                assert_eq!(value.as_object().map(serde_json::Map::len), Some(8));
                assert!(value["LineNumber"].is_number());
            }
        }
    });
    assert_eq!(forms.len(), 13, "{forms:?}");
}

#[test]
fn the_stories_can_be_found() {
    let world = small(WorldFlags::default());
    let find = |days_ago: usize, wanted: &dyn Fn(&Entry<'_>, &str) -> bool| {
        let (mut found, mut message) = (Vec::new(), Vec::new());
        tell(&world, vec![world.days()[days_ago]], |entry| {
            message.clear();
            entry.write_message(&mut message);
            let text = String::from_utf8_lossy(&message);
            if wanted(entry, &text) {
                found.push((entry.tenant.to_string(), text.into_owned()));
            }
        });
        found
    };
    let storm = find(2, &|entry, text| entry.api == "Update Tokens" && text.contains("for "));
    assert_eq!(storm.len(), 4);
    let guesses = find(1, &|_, text| text.ends_with("refused: wrong password"));
    assert_eq!(guesses.len(), 43);
    assert!(guesses.iter().all(|(tenant, _)| *tenant == guesses[0].0));
    assert_eq!(
        find(1, &|_, text| text.contains("succeeded after 43 refused attempts")).len(),
        1
    );
    let stopped = world.cast().tenants[4].default_domain.as_str();
    let lines = |days_ago| {
        find(days_ago, &|entry, _| {
            entry.api == "NinjaOneSync" && entry.tenant == stopped
        })
        .len()
    };
    assert_eq!((lines(5), lines(4), lines(3)), (24, 12, 0));
}

#[test]
fn flags_make_the_days_they_promise() {
    let flags = WorldFlags {
        big_day: true,
        ..WorldFlags::default()
    };
    assert_eq!(yesterday(&small(flags)).len(), 200_000);
    let flags = WorldFlags {
        empty_day: true,
        ..WorldFlags::default()
    };
    let world = small(flags);
    assert_eq!(world.day(world.today()).len(), 0);
    assert!(yesterday(&world).len() > 1_000);
    let flags = WorldFlags {
        corrupt_row: true,
        deep_log_data: true,
        ..WorldFlags::default()
    };
    let world = small(flags);
    let mut special = Vec::new();
    tell(&world, world.days()[1..2].to_vec(), |entry| {
        if matches!(entry.log_data, LogData::Corrupt | LogData::Deep) {
            special.push(entry.log_data);
            let mut out = Vec::new();
            entry.write_log_data(48, &mut out);
            assert!(
                entry.log_data == LogData::Corrupt || out.len() > 190_000,
                "{}",
                out.len()
            );
        }
    });
    assert_eq!(special, [LogData::Deep, LogData::Corrupt]);
}

#[test]
fn day_keys_follow_the_zone_of_the_instance() {
    let late: Timestamp = "2026-08-19T22:30:00Z".parse().unwrap();
    let utc = World::generate(WorldSize::Small, 7, late, WorldFlags::default());
    let berlin = utc.clone().in_zone(TimeZone::get("Europe/Berlin").unwrap());
    assert_eq!(
        (key_of(utc.today()), key_of(berlin.today())),
        ("20260819".into(), "20260820".into())
    );
    let midnight: i64 = "2026-08-19T22:00:00Z".parse::<Timestamp>().unwrap().as_second() * calendar::SECOND;
    tell(&berlin, berlin.days()[..1].to_vec(), |entry| {
        assert!(entry.modified >= midnight)
    });
}

#[test]
fn only_days_of_the_log_have_rows() {
    let world = small(WorldFlags::default());
    assert_eq!(world.days().len(), 30);
    assert_eq!(world.day("2020-01-01".parse().unwrap()).len(), 0);
    assert_eq!(world.day(world.today().tomorrow().unwrap()).len(), 0);
}
