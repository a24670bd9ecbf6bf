//! The least a Tauri app can be: a window with a word in it. The start of CIPP Desk is measured against it, built with
//! the same profile and the same features.

fn main() -> tauri::Result<()> {
    tauri::Builder::default().run(tauri::generate_context!("../tests/bench/empty-window/tauri.conf.json"))
}
