//! A world whose clock can be moved, or moves by itself: what the running sandbox answers from.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

use super::World;

/// A world and when its clock was set.
#[derive(Debug)]
pub(crate) struct MovingWorld {
    set: Mutex<(World, Instant)>,
    /// Seconds of the world in a second; 0: the clock stands.
    speed: u32,
}

impl MovingWorld {
    pub(crate) fn new(world: World, speed: u32) -> MovingWorld {
        MovingWorld {
            set: Mutex::new((world, Instant::now())),
            speed,
        }
    }

    /// The world as it is at this moment. It does not change any more: one request is answered from one of them.
    pub(crate) fn now(&self) -> World {
        let set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        let (world, since) = &*set;
        if self.speed == 0 {
            return world.clone();
        }
        let passed = SignedDuration::try_from(since.elapsed() * self.speed).unwrap_or_default();
        world.at(world.now().checked_add(passed).unwrap_or(world.now()))
    }

    /// Moves the clock, forwards or backwards.
    pub(crate) fn set_clock(&self, now: Timestamp) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        *set = (set.0.at(now), Instant::now());
    }
}
