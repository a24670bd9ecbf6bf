//! The memory budget: the newest days stay in memory, older ones on disk, and it is always said which.
//!
//! First the data (`LogData`) of the oldest days is let go: it is then searched from disk. Then whole days: they are no
//! longer searched, and their phase says so.

use cipp_client::Day;
use log_index::Segment;

use crate::{
    coverage::DayPhase,
    days::{Days, Job, Slot},
    logbook::Logbook,
};

use std::sync::Arc;

/// Of so many parts of the budget ...
const PARTS: u64 = 16;
/// ... the rows in memory may take so many, by the bytes they count. One more is for the holes between them (measured with
/// one and five million rows: 3 to 6 % of the rows), the others are for what comes with rows: reading the next days, and
/// the window that shows them (65 to 100 MB).
const PARTS_FOR_ROWS: u64 = 13;

/// Something that can be let go of.
enum Ballast {
    /// Rows of a day that nobody looks at.
    Unseen(Day),
    /// The data of an archived day.
    Data(Day),
    /// A whole archived day.
    Rows(Day),
}

impl Logbook {
    /// Lets go of days until the rows fit into the budget.
    pub(crate) fn stay_within_budget(&self) {
        loop {
            let changed = {
                let mut days = self.days();
                if memory(&days) <= self.room_for_rows() {
                    return;
                }
                match ballast(&days) {
                    Some(ballast) => drop_it(&mut days, &ballast),
                    None => {
                        self.out_of_room(&mut days);
                        return;
                    }
                }
            };
            self.publish([changed]);
        }
    }

    /// Whether the data of an archived day comes into memory. Where it would only push out what is loaded after it, or be
    /// pushed out by newer days, it stays on disk from the beginning: data that comes and goes leaves holes in memory that
    /// nothing fills.
    pub(crate) fn takes_data(&self, day: Day) -> bool {
        let mut days = self.days();
        days.data_on_disk = days.data_on_disk || !data_fits(&days, day, self.room_for_rows());
        !days.data_on_disk
    }

    /// What the rows may take, by the bytes they count.
    fn room_for_rows(&self) -> u64 {
        self.options.memory_budget / PARTS * PARTS_FOR_ROWS
    }

    /// Nothing can be laid aside: days that have not been fetched stay where they are.
    fn out_of_room(&self, days: &mut Days) {
        let under_way = days.slots().values().any(|slot| slot.doing.is_some());
        if under_way && self.archive().is_some() {
            // What is being sealed can be laid aside in a moment.
            return;
        }
        days.no_room = true;
        let today = days.today;
        for (day, slot) in days.slots_mut() {
            let waits = slot.todo.is_some() && slot.doing.is_none() && slot.rows() == 0;
            if waits && day < today && !slot.pinned && !slot.archived {
                slot.todo = None;
                slot.phase = DayPhase::OutOfMemory;
                slot.archive_trouble = Some(
                    "The memory for rows is used up, and days cannot be laid aside in an archive. Choose fewer days, \
                     or allow more memory in the settings."
                        .to_owned(),
                );
            }
        }
    }
}

fn memory(days: &Days) -> u64 {
    let of = |slot: &Slot| {
        let rows: usize = slot.shown().map(|segment| segment.memory_bytes()).sum();
        let names = slot.names.as_ref().map_or(0, |names| names.memory_bytes());
        (rows + names) as u64
    };
    days.slots().values().map(of).sum()
}

/// Whether there is room for the data of a day and for the rows of every day that is still to be loaded, if those
/// are about as large as the days that are here. A day that is newer than one of those goes before it.
fn data_fits(days: &Days, day: Day, room: u64) -> bool {
    let has_data = |segment: &&Arc<Segment>| segment.has_log_data() && segment.raw_rows().is_none();
    let loaded = || days.slots().values().flat_map(|slot| &slot.segments).filter(has_data);
    let here = loaded().count() as u64;
    if loaded().any(|segment| segment.day() < day) || here == 0 {
        return true;
    }
    let data: u64 = loaded().map(|segment| segment.log_data_bytes() as u64).sum();
    let all: u64 = loaded().map(|segment| segment.memory_bytes() as u64).sum();
    let is_coming = |slot: &&Slot| slot.todo == Some(Job::Load) || slot.doing == Some(Job::Load);
    let coming = days.slots().values().filter(is_coming).count() as u64;
    memory(days) + coming * ((all - data) / here) + data / here <= room
}

/// What goes next. Days that a person asked for stay longest.
fn ballast(days: &Days) -> Option<Ballast> {
    let resting = || {
        days.slots()
            .iter()
            .filter(|(_, slot)| is_at_rest(slot) && !slot.segments.is_empty())
    };
    let unseen = resting()
        .filter(|(day, _)| !days.is_shown(**day))
        .min_by_key(|(day, slot)| (!slot.archived, **day));
    if let Some((day, _)) = unseen {
        return Some(Ballast::Unseen(*day));
    }
    let oldest = |can_go: &dyn Fn(&Slot) -> bool| {
        resting()
            .filter(|(_, slot)| slot.archived && can_go(slot))
            .min_by_key(|(day, slot)| (slot.pinned, **day))
            .map(|(day, _)| *day)
    };
    let has_data = |slot: &Slot| {
        slot.segments
            .iter()
            .any(|segment| segment.has_log_data() && segment.raw_rows().is_none())
    };
    oldest(&has_data)
        .map(Ballast::Data)
        .or_else(|| oldest(&|_| true).map(Ballast::Rows))
}

/// A day that has just been loaded can go like any other; one that is fetched or sealed cannot.
fn is_at_rest(slot: &Slot) -> bool {
    matches!(slot.doing, None | Some(Job::Load))
}

fn drop_it(days: &mut Days, ballast: &Ballast) -> Day {
    match ballast {
        Ballast::Unseen(day) => {
            let slot = days.slot(*day);
            slot.forget_rows();
            slot.phase = DayPhase::NotFetched;
            *day
        }
        Ballast::Data(day) => {
            days.data_on_disk = true;
            let slot = days.slot(*day);
            let without = slot
                .segments
                .iter()
                .map(|segment: &Arc<Segment>| Arc::new(segment.without_log_data()));
            slot.segments = without.collect();
            *day
        }
        Ballast::Rows(day) => {
            let slot = days.slot(*day);
            slot.forget_rows();
            slot.phase = DayPhase::OutOfMemory;
            if !slot.pinned {
                days.floor = days.floor.max(Some(*day));
            }
            let floor = days.floor;
            // Older ones would push out newer ones, only to be pushed out themselves.
            for (older, slot) in days.slots_mut() {
                let load = slot.todo == Some(Job::Load);
                if load && !slot.pinned && floor.is_some_and(|floor| older <= floor) {
                    slot.todo = None;
                    slot.phase = DayPhase::OutOfMemory;
                }
            }
            *day
        }
    }
}
