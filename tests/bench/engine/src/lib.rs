//! What both programs of the bench share: the rows, the clock, the database.

pub mod measure;
pub mod rows;
pub mod sqlite;
