//! The instance's zone: told, found out, set, kept; and what follows from it.

use cipp_client::Day;
use logbook::{DayPhase, InstanceZone, Logbook, LogbookOptions, ZoneSource};
use sandbox::Scenario;

use crate::support::{Place, clock, day, phases, progress_of, rows};

/// An instance in this zone; `readonly` may not ask for the zone.
fn in_zone(zone: &str, role: &str) -> Scenario {
    Scenario {
        instance_time_zone: Some(zone.into()),
        role: role.into(),
        ..Scenario::default()
    }
}

fn zone(logbook: &Logbook) -> (String, ZoneSource) {
    let zone = logbook.progress().zone;
    (zone.name, zone.source)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_tells_its_zone_once_where_the_role_allows_it() {
    let place = Place::new("zone_windows_name".parse().unwrap(), clock!("2026-08-20T22:30:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260819"), day("20260820")).await;
    assert_eq!(zone(&logbook), ("Europe/Berlin".into(), ZoneSource::Told));
    assert_eq!(logbook.today(), day("20260821"), "half past midnight there");
    assert_eq!(
        rows(&logbook),
        place.truth("20260820", "20260821"),
        "the two days up to today"
    );
    assert!(progress_of(&logbook, "20260820").archived && !progress_of(&logbook, "20260821").archived);
    drop(logbook);
    place.sandbox.forget_calls();
    let again = place.logbook();
    assert_eq!(zone(&again).0, "Europe/Berlin", "it is remembered");
    again.show(day("20260820"), day("20260821")).await;
    assert_eq!(place.sandbox.calls().of("ExecBackendURLs"), 0);
}

/// East and west of UTC: today is the instance's, days are sealed when they are over there, and rows tell the zone.
#[tokio::test(flavor = "multi_thread")]
async fn the_zone_is_found_out_from_rows_east_and_west() {
    let clock = clock!("2026-08-20T20:00:00Z");
    for (name, found, today) in [
        ("Asia/Tokyo", "+09:00", "20260821"),
        ("America/Los_Angeles", "-07:00", "20260820"),
        ("Pacific/Kiritimati", "+14:00", "20260821"),
        ("UTC", "UTC", "20260820"),
        ("Asia/Kolkata", "+05:30", "20260821"),
    ] {
        let place = Place::new(in_zone(name, "readonly"), clock).await;
        let logbook = place.logbook();
        let assumed = logbook.today();
        assert_eq!((assumed, zone(&logbook).1), (day("20260820"), ZoneSource::Assumed));
        logbook.show(assumed.previous().unwrap(), assumed).await;
        assert_eq!(zone(&logbook), (found.into(), ZoneSource::Inferred), "{name}");
        assert_eq!(logbook.progress().today, day(today), "{name}");
        let days: Vec<Day> = logbook.progress().days.iter().map(|day| day.day).collect();
        assert_eq!(
            days.first(),
            Some(&day(today)),
            "{name}: the range goes up to the real today"
        );
        let (first, last) = (days.last().unwrap().to_string(), days[0].to_string());
        assert_eq!(rows(&logbook), place.truth(&first, &last), "{name}");
        assert_eq!(phases(&logbook)[0], DayPhase::Partial, "{name}");
        let archive = place.archive().days().unwrap();
        assert!(
            archive.iter().all(|archived| archived.day < day(today)),
            "{name}: {archive:?}"
        );
        for archived in archive {
            assert_eq!(
                place.archive().verify_day(archived.day).unwrap() as usize,
                place.sandbox.rows(archived.day.date()).len(),
                "{name}: sealed days are whole"
            );
        }
    }
}

/// Shortly after midnight UTC it is still yesterday in the west; a log that shows today alone finds that out.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_today_in_an_unknown_zone_is_looked_into() {
    let place = Place::new(
        in_zone("America/Los_Angeles", "readonly"),
        clock!("2026-08-20T03:00:00Z"),
    )
    .await;
    let logbook = place.logbook();
    logbook.show(day("20260820"), day("20260820")).await;
    assert_eq!(zone(&logbook), ("-07:00".into(), ZoneSource::Inferred));
    let days: Vec<Day> = logbook.progress().days.iter().map(|day| day.day).collect();
    assert_eq!(days, [day("20260819")]);
    assert_eq!(rows(&logbook), place.truth("20260819", "20260819"));
}

/// In the nights in which clocks change, a day has 23 or 25 hours, and the rows tell the zone itself.
#[tokio::test(flavor = "multi_thread")]
async fn both_nights_in_which_clocks_change() {
    for (clock, from, to, change) in [
        (clock!("2026-03-30T11:00:00Z"), "20260327", "20260330", "20260329"),
        (clock!("2026-10-26T11:00:00Z"), "20261023", "20261026", "20261025"),
    ] {
        let place = Place::new(in_zone("Europe/Berlin", "readonly"), clock).await;
        let logbook = place.logbook();
        logbook.show(day(from), day(to)).await;
        assert_eq!(
            zone(&logbook),
            ("Europe/Berlin".into(), ZoneSource::Inferred),
            "{change}"
        );
        assert_eq!(rows(&logbook), place.truth(from, to));
        assert!(progress_of(&logbook, change).archived);
    }
}

/// A day is not over before it is over in the instance's zone, and not sealed while that is uncertain.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_sealed_only_when_it_is_over_there() {
    // 23:30 in Los Angeles on the 19th.
    let place = Place::new(in_zone("America/Los_Angeles", "admin"), clock!("2026-08-20T06:30:00Z")).await;
    let logbook = place.logbook();
    logbook.show(day("20260818"), day("20260819")).await;
    assert_eq!(logbook.today(), day("20260819"));
    assert_eq!(phases(&logbook), [DayPhase::Partial, DayPhase::Complete]);
    assert!(!progress_of(&logbook, "20260819").archived);
    place.set_clock("2026-08-20T07:30:00Z");
    logbook.refresh().await;
    assert!(progress_of(&logbook, "20260819").archived);
    assert_eq!(rows(&logbook), place.truth("20260818", "20260819"));
}

/// What a person sets goes before everything, and taking it back asks again.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_can_be_set_and_taken_back() {
    let place = Place::new(in_zone("Asia/Tokyo", "admin"), clock!("2026-08-20T20:00:00Z")).await;
    let set = InstanceZone {
        name: "Europe/London".into(),
        source: ZoneSource::Set,
    };
    let logbook = Logbook::open(LogbookOptions {
        zone: Some(set.clone()),
        ..place.options()
    });
    logbook.show(day("20260819"), day("20260820")).await;
    assert_eq!(logbook.progress().zone, set);
    assert_eq!(
        place.sandbox.calls().of("ExecBackendURLs"),
        0,
        "nobody needs to be asked"
    );
    logbook.set_zone(None);
    crate::support::wait_until("the instance has told", || zone(&logbook).1 == ZoneSource::Told).await;
    logbook.refresh().await;
    assert_eq!(
        (zone(&logbook).0.as_str(), logbook.today()),
        ("Asia/Tokyo", day("20260821"))
    );
    assert_eq!(rows(&logbook), place.truth("20260820", "20260821"));
}
