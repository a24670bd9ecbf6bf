//! Rows -> the loaded log -> pages: collecting days of log, keeping them in memory, filtering them.
