//! Declares the app's own commands (commands.txt), so that each becomes a permission and the window gets only what
//! capabilities/main.json grants; an undeclared app would let any page in the window call every command.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=commands.txt");
    let list = std::fs::read_to_string("commands.txt")?;
    // Tauri keeps the names for the life of the process.
    let names: Vec<&'static str> = list.lines().map(|name| &*name.to_owned().leak()).collect();
    let manifest = tauri_build::AppManifest::new().commands(names.leak());
    Ok(tauri_build::try_build(
        tauri_build::Attributes::new().app_manifest(manifest),
    )?)
}
