//! Many days as one list, newest row first, with at most two days in memory.
//!
//! Days cannot simply follow each other: a row of yesterday that the notification job marked after midnight has today's
//! date in `DateTime` and belongs among today's rows. The job runs every hour, so a row reaches into the next day at
//! most; looking one day ahead is enough.

use std::vec::IntoIter;

use jiff::civil::Date;

use super::{DayIndex, Row, World};

/// The rows of some days, newest first. Not an `Iterator`: a row borrows the day that the walk holds.
#[derive(Debug)]
pub struct Walk {
    world: World,
    dates: IntoIter<Date>,
    /// Newer day, then older day; how far each has been walked.
    days: [Option<(DayIndex, usize)>; 2],
}

impl Walk {
    /// Walks `dates`, which must be sorted newest first.
    pub fn new(world: World, dates: Vec<Date>) -> Walk {
        Walk {
            world,
            dates: dates.into_iter(),
            days: [None, None],
        }
    }

    /// The next row.
    pub fn next(&mut self) -> Option<Row<'_>> {
        self.load();
        let newest = |slot: usize| {
            let (day, place) = self.days[slot].as_ref()?;
            day.stubs.get(*place).map(|stub| stub.modified)
        };
        let slot = usize::from(newest(1) > newest(0));
        let (day, place) = self.days[slot].as_mut()?;
        *place += 1;
        self.world.row(day, *place - 1)
    }

    /// How many rows are laid out at this moment.
    #[cfg(test)]
    pub(crate) fn rows_held(&self) -> usize {
        self.days.iter().flatten().map(|(day, _)| day.len()).sum()
    }

    /// Sees to it that both slots hold days with rows left, as long as there are such days.
    fn load(&mut self) {
        let [newer, older] = &mut self.days;
        for _ in 0..2 {
            if newer.as_ref().is_none_or(|(day, place)| *place >= day.len()) {
                *newer = older.take();
            }
            while older.is_none()
                && let Some(date) = self.dates.next()
            {
                *older = Some((self.world.day(date), 0)).filter(|(day, _)| day.len() > 0);
            }
        }
    }
}
