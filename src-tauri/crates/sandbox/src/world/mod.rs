//! The world behind the sandbox: a partner, its customers, and what CIPP logged about them.
//!
//! # How the generator works
//!
//! A world is a seed, a clock and a size. Nothing is stored but the cast (who exists); rows are made when asked for:
//!
//! 1. **Lay out** (`calendar`): for one day key, throw which source wrote each row and when. A row is a stub of
//!    16 bytes: its last change, its number within the day, its source. The stubs are sorted newest first. This is all
//!    that is ever held: one day at a time, two while a range is walked.
//! 2. **Tell** (`entry`): the day's seed and the row's number give the row's own seed, and that gives tenant, user, API,
//!    severity. Filters work on this.
//! 3. **Write** (`entry`): message and LogData are composed from the `dictionary` straight into the answer's buffer.
//!
//! So a million rows cost no memory, every row is the same whenever and in whatever company it is asked for, and two
//! worlds with the same size, seed and clock are equal to the byte. `incidents` hides three stories in the last days;
//! [`WorldFlags`] makes single days hard to digest. The clock can be moved ([`World::at`], `moving`): then
//! days end, rows come in and rows are marked as sent, as in life; `cast` and `dictionary` are plain lists to add to.
//!
//! What deliberately is not here: HTTP, parameters, and the two printed forms of CIPP's hosting. See `crate::cipp`.

mod calendar;
mod cast;
mod chance;
mod dictionary;
mod entry;
mod hostile;
mod incidents;
mod moving;
mod walk;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use calendar::{DayIndex, key_of};
pub use cast::{Cast, Template, Tenant};
pub(crate) use entry::push_json_text;
pub use entry::{Entry, LogData, Policy, Row};
pub(crate) use hostile::{LONE_HIGH, LONE_LOW};
pub(crate) use moving::MovingWorld;
pub use walk::Walk;

/// How much a world has to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorldSize {
    /// About 50,000 rows over 30 days, 20 tenants.
    #[default]
    Small,
    /// About 250,000 rows over 60 days, 20 tenants.
    Medium,
    /// About 1,000,000 rows over 90 days, 20 tenants.
    Large,
    /// Exactly 1,000,000 rows over 90 days, 300 tenants; every one can be asked for.
    Million,
    /// Exactly 5,000,000 rows over 90 days, 300 tenants; every one can be asked for.
    FiveMillion,
}

impl WorldSize {
    /// All sizes, the smallest first.
    pub const ALL: [WorldSize; 5] = [
        WorldSize::Small,
        WorldSize::Medium,
        WorldSize::Large,
        WorldSize::Million,
        WorldSize::FiveMillion,
    ];

    /// How many days the log reaches back, today included.
    pub const fn days(self) -> u16 {
        match self {
            WorldSize::Small => 30,
            WorldSize::Medium => 60,
            WorldSize::Large | WorldSize::Million | WorldSize::FiveMillion => 90,
        }
    }

    /// Rows of the whole log.
    const fn rows(self) -> u64 {
        match self {
            WorldSize::Small => 50_000,
            WorldSize::Medium => 250_000,
            WorldSize::Large | WorldSize::Million => 1_000_000,
            WorldSize::FiveMillion => 5_000_000,
        }
    }

    const fn tenants(self) -> usize {
        match self {
            WorldSize::Small | WorldSize::Medium | WorldSize::Large => 20,
            WorldSize::Million | WorldSize::FiveMillion => 300,
        }
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            WorldSize::Small => "small",
            WorldSize::Medium => "medium",
            WorldSize::Large => "large",
            WorldSize::Million => "million",
            WorldSize::FiveMillion => "five-million",
        }
    }

    const fn volume(self) -> Volume {
        match self {
            WorldSize::Small | WorldSize::Medium | WorldSize::Large => Volume::About {
                rows_per_day: self.rows() / self.days() as u64,
            },
            WorldSize::Million | WorldSize::FiveMillion => Volume::Exactly {
                rows: self.rows(),
                days: self.days() as u64,
            },
        }
    }
}

/// A size that there is not.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not a size. Use small, medium, large, million or five-million.")]
pub struct UnknownSize(String);

impl FromStr for WorldSize {
    type Err = UnknownSize;

    fn from_str(text: &str) -> Result<Self, UnknownSize> {
        let named = |size: &WorldSize| size.name().eq_ignore_ascii_case(text);
        WorldSize::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| UnknownSize(text.to_owned()))
    }
}

impl fmt::Display for WorldSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many rows a day gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Volume {
    /// About so many: more on working days, fewer at week-ends, today as far as it has come, and one in a hundred
    /// without a severity, which nobody can ask for.
    About { rows_per_day: u64 },
    /// Exactly so many in any so many days on end, evenly, today in full, and all with a severity.
    Exactly { rows: u64, days: u64 },
}

/// What makes a world hard to digest, or changes its measures. All off: an ordinary world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorldFlags {
    /// The middle row of every day is not valid JSON, although its braces balance.
    pub corrupt_row: bool,
    /// Yesterday has 200,000 rows.
    pub big_day: bool,
    /// One row of every day carries LogData of 200 KB, nested deeply.
    pub deep_log_data: bool,
    /// One row of every day carries LogData of 1 MB.
    pub huge_log_data: bool,
    /// Every other row has hostile text in all its text fields.
    pub hostile_text: bool,
    /// Hostile text has [`hostile::LONE_HIGH`] and [`hostile::LONE_LOW`] in it.
    pub lone_surrogates: bool,
    /// Some rows share their row key, some are there twice.
    pub duplicate_row_keys: bool,
    /// Every fiftieth row of today and yesterday is dated in the future.
    pub future_rows: bool,
    /// Three hours after a day has ended, one of its rows is gone and one more is there.
    pub changes_after_close: bool,
    /// Today has no rows.
    pub empty_day: bool,
    /// Every fifth row has missing, extra or oddly typed fields.
    pub odd_types: bool,
    /// How many customers there are, where not as the size says.
    pub tenants: Option<usize>,
    /// How many rows every day has, exactly, where not as the size says.
    pub rows_per_day: Option<u32>,
    /// How many days the log reaches back, where not as the size says.
    pub retention_days: Option<u16>,
}

/// A generated world. Cheap to clone.
#[derive(Clone)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    size: WorldSize,
    seed: u64,
    now: Timestamp,
    /// Where the clock stood at first: the stories of the last days are told from there, whenever they are asked for.
    told_from: Timestamp,
    zone: TimeZone,
    flags: WorldFlags,
    volume: Volume,
    days: u16,
    cast: Arc<Cast>,
}

impl World {
    /// Makes a world. Equal arguments make equal worlds. Its clock stands still at `now`: no row is younger. The
    /// instance's time zone is UTC, CIPP's default; see [`World::in_zone`].
    pub fn generate(size: WorldSize, seed: u64, now: Timestamp, flags: WorldFlags) -> World {
        let exactly = |rows: u32| Volume::Exactly {
            rows: u64::from(rows),
            days: 1,
        };
        let inner = Inner {
            size,
            seed,
            now,
            told_from: now,
            zone: TimeZone::UTC,
            flags,
            volume: flags.rows_per_day.map_or(size.volume(), exactly),
            days: flags.retention_days.unwrap_or(size.days()).max(1),
            cast: Arc::new(Cast::gather(seed, flags.tenants.unwrap_or(size.tenants()))),
        };
        World { inner: Arc::new(inner) }
    }

    /// The same world in an instance with another time zone (CIPP: `CIPP_TIMEZONE`), which decides day keys and today.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> World {
        Arc::make_mut(&mut self.inner).zone = zone;
        self
    }

    /// The same world at another time: the day may have ended meanwhile, rows may have been added or marked as sent.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> World {
        let mut inner = Inner::clone(&self.inner);
        inner.now = now;
        World { inner: Arc::new(inner) }
    }

    /// The moment at which the world's clock stands.
    pub fn now(&self) -> Timestamp {
        self.inner.now
    }

    /// Who exists.
    pub fn cast(&self) -> &Cast {
        &self.inner.cast
    }

    /// Today in the instance's time zone.
    pub fn today(&self) -> Date {
        self.inner.now.to_zoned(self.inner.zone.clone()).date()
    }

    /// What was today when the world began. A day keeps its rows when the clock moves on.
    fn first_today(&self) -> Date {
        self.inner.told_from.to_zoned(self.inner.zone.clone()).date()
    }

    /// All days of the log, newest first, today included even where it has no rows.
    pub fn days(&self) -> Vec<Date> {
        let mut days = Vec::with_capacity(usize::from(self.inner.days));
        let mut day = Some(self.today());
        while let Some(date) = day.filter(|_| days.len() < usize::from(self.inner.days)) {
            days.push(date);
            day = date.yesterday().ok();
        }
        days
    }

    /// The rows of one day, newest first. A day outside the log has none.
    pub fn day(&self, date: Date) -> DayIndex {
        if self.days().contains(&date) {
            calendar::lay_out(self, date)
        } else {
            DayIndex::empty(date)
        }
    }

    /// A row of a day by its place, counted from the newest.
    pub fn row<'w>(&'w self, day: &'w DayIndex, place: usize) -> Option<Row<'w>> {
        let stub = *day.stubs.get(place)?;
        Some(Row { world: self, day, stub })
    }

    fn flags(&self) -> WorldFlags {
        self.inner.flags
    }

    fn volume(&self) -> Volume {
        self.inner.volume
    }

    fn is_exact(&self) -> bool {
        matches!(self.inner.volume, Volume::Exactly { .. })
    }

    fn seed(&self) -> u64 {
        self.inner.seed
    }

    fn zone(&self) -> &TimeZone {
        &self.inner.zone
    }

    fn now_ticks(&self) -> i64 {
        self.inner.now.as_second() * calendar::SECOND + i64::from(self.inner.now.subsec_nanosecond()) / 100
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "World({}, seed {}, {})",
            self.inner.size, self.inner.seed, self.inner.now
        )
    }
}

#[cfg(test)]
mod tests;
