// `npm start`: from a fresh checkout to the running app, in one command. Node built-ins only, so that it runs before
// anything is installed. Where there is no display, the same job is done in the terminal.
import { existsSync } from "node:fs";
import path from "node:path";
import { handOver, must, root, script, Stop } from "./process.mjs";
import { checkTools, hasDisplay, npmPackages, secretServicePresent, systemPackages } from "./setup.mjs";

const executable = (name) =>
  path.join(
    process.env.CARGO_TARGET_DIR ?? path.join(root, "target"),
    "release",
    process.platform === "win32" ? `${name}.exe` : name,
  );

const firstBuild = () => (existsSync(executable("cippctl")) ? "" : ", the first time about 10 minutes on two cores");

/** Announces steps as "[2/4] ...". */
function counter(total) {
  let step = 0;
  return (text) => console.log(`\n[${++step}/${total}] ${text}`);
}

async function openWindow() {
  const step = counter(4);
  step("Checking Node, Rust, system and npm packages");
  checkTools();
  await systemPackages(["terminal", "window"]);
  await npmPackages();

  step("Building the user interface");
  await must("npm", ["run", "--silent", "build:ui"]);

  step(`Building the app and its command line${firstBuild()}`);
  await must("cargo", ["build", "--release", "--locked", "-p", "cipp-desk", "-p", "cippctl"]);

  step("Opening the app on the sandbox: made-up tenants, no network");
  if (secretServicePresent() === false) {
    console.log(
      "Note: no Secret Service (GNOME Keyring, KWallet, KeePassXC) runs in this session, so secrets of your own connections\n" +
        "can be kept for the session only. The sandbox needs none. On Debian and Ubuntu: sudo apt-get install gnome-keyring",
    );
  }
  return handOver(executable("cipp-desk"), ["--sandbox"]);
}

async function showInTerminal() {
  console.log(
    "There is no display here (DISPLAY and WAYLAND_DISPLAY are empty), so the same job is done in this terminal.",
  );
  const step = counter(3);
  step("Checking Node, Rust and system packages");
  checkTools();
  await systemPackages(["terminal"]);

  step(`Building the command line${firstBuild()}`);
  await must("cargo", ["build", "--release", "--locked", "-p", "cippctl"]);

  step("Running it on the sandbox: cippctl demo");
  const code = await handOver(executable("cippctl"), ["demo"]);
  if (code !== 0) throw new Stop(`cippctl demo ended with exit code ${code}.`);
  console.log(`\nThe command line is at ${executable("cippctl")}; start with: cippctl --help`);
  return 0;
}

await script(() => (hasDisplay(process.platform, process.env) ? openWindow() : showInTerminal()));
