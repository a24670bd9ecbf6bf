//! The command line of CIPP Desk.
fn main() {}
