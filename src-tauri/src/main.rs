//! The program: everything is in the library, where tests can reach it.

// Without this Windows opens a console beside the window.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    cipp_desk::run()
}
