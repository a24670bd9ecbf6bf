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
fn exact_sizes_are_exact_at_any_time_of_the_day_and_every_row_can_be_asked_for() {
    for now in ["2026-08-19T00:00:01Z", "2026-08-20T23:59:59Z"] {
        let world = World::generate(WorldSize::Million, 7, now.parse().unwrap(), WorldFlags::default());
        let counts: Vec<usize> = world.days().into_iter().map(|date| world.day(date).len()).collect();
        assert_eq!((counts.iter().sum(), counts.len()), (1_000_000, 90));
        assert!(counts.iter().all(|count| (11_111..=11_112).contains(count)));
        let limit = world.now_ticks();
        let mut tenants = std::collections::HashSet::new();
        tell(&world, world.days()[..3].to_vec(), |entry| {
            assert!(!entry.severity.is_empty() && entry.modified <= limit);
            tenants.insert(entry.tenant.to_string());
        });
        assert!(tenants.len() >= 300, "{}", tenants.len());
        assert_eq!(world.cast().tenants.len(), 300);
    }
    let world = World::generate(WorldSize::FiveMillion, 7, now(), WorldFlags::default());
    let planned = world.days().into_iter().map(|date| calendar::rows_of(&world, date));
    assert_eq!(planned.sum::<u64>(), 5_000_000);
    assert!((55_555..=55_556).contains(&yesterday(&world).len()));
    let flags = WorldFlags {
        rows_per_day: Some(37),
        retention_days: Some(7),
        ..WorldFlags::default()
    };
    let world = small(flags);
    assert!(world.days().len() == 7 && world.days().into_iter().all(|date| world.day(date).len() == 37));
}

#[test]
fn ten_thousand_tenants_all_have_rows() {
    let flags = WorldFlags {
        tenants: Some(10_000),
        rows_per_day: Some(2_000),
        ..WorldFlags::default()
    };
    let world = small(flags);
    let mut seen = std::collections::HashSet::new();
    tell(&world, world.days(), |entry| {
        seen.insert(entry.tenant.to_string());
    });
    let unseen = |tenant: &&Tenant| !seen.contains(&tenant.default_domain);
    assert_eq!(world.cast().tenants.iter().filter(unseen).count(), 0);
}

#[test]
fn a_day_that_has_ended_changes_as_it_does_in_life() {
    let flags = WorldFlags {
        changes_after_close: true,
        ..WorldFlags::default()
    };
    let date: Date = "2026-08-18".parse().unwrap();
    let at = |time: &str| -> HashMap<uuid::Uuid, i64> {
        let world = small(flags).at(time.parse().unwrap());
        let day = world.day(date);
        let rows = (0..day.len())
            .filter_map(|place| world.row(&day, place))
            .map(|row| row.entry());
        rows.map(|entry| (entry.row_key, entry.modified)).collect()
    };
    let (closing, marked, changed) = (
        at("2026-08-19T00:00:01Z"),
        at("2026-08-19T00:30:00Z"),
        at("2026-08-19T03:00:01Z"),
    );
    let moved = closing.iter().filter(|(key, time)| marked[*key] > **time).count();
    assert!(
        marked.len() == closing.len() && moved > 0,
        "rows of the last hour were marked as sent"
    );
    let gone = marked.keys().filter(|key| !changed.contains_key(*key)).count();
    let new = changed.keys().filter(|key| !marked.contains_key(*key)).count();
    assert_eq!((gone, new), (1, 1));
}

#[test]
fn the_nights_in_which_clocks_change_have_days_of_23_and_25_hours() {
    for (now, date, hours) in [
        ("2026-03-30T10:00:00Z", "2026-03-29", 23),
        ("2026-10-26T11:00:00Z", "2026-10-25", 25),
    ] {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let world = World::generate(WorldSize::Small, 7, now.parse().unwrap(), WorldFlags::default()).in_zone(berlin);
        let (mut first, mut last) = (i64::MAX, i64::MIN);
        tell(&world, vec![date.parse().unwrap()], |entry| {
            (first, last) = (first.min(entry.modified), last.max(entry.modified));
        });
        let length = (last - first) / calendar::SECOND;
        assert!(
            (hours - 1) * 3_600 < length && length < (hours + 1) * 3_600,
            "{date}: {length}"
        );
    }
}

#[test]
fn duplicates_and_rows_from_the_future_are_where_they_are_promised() {
    let flags = WorldFlags {
        duplicate_row_keys: true,
        future_rows: true,
        ..WorldFlags::default()
    };
    let world = small(flags);
    let limit = world.now_ticks();
    let (mut keys, mut rows, mut future) = (HashMap::new(), HashMap::new(), 0);
    let count = tell(&world, world.days()[1..2].to_vec(), |entry| {
        let mut message = Vec::new();
        entry.write_message(&mut message);
        *keys.entry(entry.row_key).or_insert(0) += 1;
        *rows.entry((entry.row_key, entry.modified, message)).or_insert(0) += 1;
        future += usize::from(entry.modified > limit);
    });
    assert!(
        keys.len() < rows.len() && rows.len() < count,
        "{} {} {count}",
        keys.len(),
        rows.len()
    );
    assert!((count / 60..count / 40).contains(&future), "{future} of {count}");
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
    let flags = WorldFlags {
        huge_log_data: true,
        ..WorldFlags::default()
    };
    let world = small(flags);
    let mut out = Vec::new();
    tell(&world, world.days()[1..2].to_vec(), |entry| {
        if entry.log_data == LogData::Huge {
            entry.write_log_data(48, &mut out);
        }
    });
    assert!((1 << 20..(1 << 20) + 1_000).contains(&out.len()), "{}", out.len());
    serde_json::from_slice::<serde_json::Value>(&out).unwrap();
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
