// What this project needs on a machine before it can be built or tested, and getting it there: Node, Rust, system
// packages, npm packages, a Python environment. Installs only with the system's own package managers, and only where it
// may; elsewhere it prints the one line to run. Nothing here builds or tests anything.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { must, output, root, run, Stop, typed, works } from "./process.mjs";

const file = (name) => () => existsSync(name);
const program =
  (name, ...args) =>
  () =>
    works(name, ...args);
const onPath = (name) => () =>
  (process.env.PATH ?? "").split(path.delimiter).some((folder) => existsSync(path.join(folder, name)));

/** What Debian and Ubuntu call the things needed, each with how to tell that it is there by whatever way it came. */
export const PACKAGES = {
  terminal: [{ name: "build-essential", present: () => works("cc", "--version") && works("make", "--version") }],
  window: [
    { name: "pkg-config", present: program("pkg-config", "--version") },
    { name: "libwebkit2gtk-4.1-dev", present: program("pkg-config", "--exists", "webkit2gtk-4.1") },
  ],
  tests: [
    { name: "xvfb", present: onPath("xvfb-run") },
    { name: "xauth", present: onPath("xauth") },
    // Older Ubuntu has no package "dbus-daemon"; "dbus" brings dbus-run-session on every edition.
    { name: "dbus", present: onPath("dbus-run-session") },
    { name: "gnome-keyring", present: onPath("gnome-keyring-daemon") },
    { name: "webkit2gtk-driver", present: onPath("WebKitWebDriver") },
    { name: "fonts-dejavu-core", present: file("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") },
    // The program alone: the package "tinyproxy" would also start a service.
    { name: "tinyproxy-bin", present: onPath("tinyproxy") },
    { name: "python3-venv", present: () => pythonWithVenv() !== null },
  ],
  // What the log's engine is measured against.
  bench: [{ name: "libsqlcipher-dev", present: program("pkg-config", "--exists", "sqlcipher") }],
};

/** By hand, on systems where this script installs nothing. */
const BY_HAND = {
  win32:
    'Needed on Windows: the "Desktop development with C++" part of the Visual Studio Build Tools, NASM (https://www.nasm.us), and WebView2 (part of Windows 11).',
  darwin: "Needed on macOS: the Xcode command line tools. To get them, run: xcode-select --install",
};

/** Whether a Node version such as "20.19.0" is new enough for the tools in package.json. */
export function nodeIsEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

/** Whether the text of /etc/os-release names Debian, Ubuntu or one of their children. */
export function isDebianLike(osRelease) {
  return osRelease
    .split("\n")
    .filter((line) => /^ID(_LIKE)?=/.test(line))
    .some((line) => /\b(debian|ubuntu)\b/.test(line));
}

/** The packages of these groups that are not there. */
export function missing(groups, packages = PACKAGES) {
  return groups
    .flatMap((group) => packages[group])
    .filter(({ present }) => !present())
    .map(({ name }) => name);
}

/** The command that installs the packages, as words after an optional sudo. */
export function installCommand(names) {
  return ["apt-get", "install", "-y", "--no-install-recommends", ...names];
}

/**
 * What to do about missing packages.
 * @param {string[]} names the missing packages
 * @param {{debianLike: boolean, root: boolean, sudo: boolean}} machine `sudo`: it works without asking for a password
 * @returns {{kind: "nothing"} | {kind: "install", prefix: string[]} | {kind: "ask", message: string}}
 */
export function plan(names, machine) {
  if (names.length === 0) return { kind: "nothing" };
  if (!machine.debianLike) {
    return {
      kind: "ask",
      message: `Missing on this machine (names as in Debian; your system may call them otherwise):\n  ${names.join(" ")}\nInstall them, then run the same command again.`,
    };
  }
  if (machine.root) return { kind: "install", prefix: [] };
  if (machine.sudo) return { kind: "install", prefix: ["sudo", "-n"] };
  const line = `sudo apt-get update && sudo ${installCommand(names).join(" ")}`;
  return {
    kind: "ask",
    message: `System packages are missing. Run this line, then the same command again:\n  ${line}`,
  };
}

/** What this machine lets the script do. */
function machine() {
  return {
    debianLike: existsSync("/etc/os-release") && isDebianLike(readFileSync("/etc/os-release", "utf8")),
    root: process.getuid?.() === 0,
    sudo: works("sudo", "-n", "true"),
  };
}

/** Checks Node and Rust, which no script of ours installs. */
export function checkTools() {
  if (!nodeIsEnough(process.versions.node)) {
    throw new Stop(`Node.js 20.19 or newer is needed; this is ${process.versions.node}. See https://nodejs.org`);
  }
  if (!works("cargo", "--version")) throw new Stop("Rust is needed, and cargo was not found. See https://rustup.rs");
}

/** Checks the parts of Rust that only the checks use. */
export function checkRustComponents() {
  const absent = ["fmt", "clippy"].filter((part) => !works("cargo", part, "--version"));
  if (absent.length > 0)
    throw new Stop("Rust's formatter and linter are needed: run  rustup component add rustfmt clippy");
}

/** Sees to it that the system packages of these groups are there. */
export async function systemPackages(groups) {
  if (process.platform !== "linux") {
    console.log(BY_HAND[process.platform] ?? "This system is not supported; building may fail.");
    return;
  }
  const names = missing(groups);
  const what = plan(names, machine());
  if (what.kind === "nothing") return;
  if (what.kind === "ask") throw new Stop(what.message);

  const [first, ...rest] = [...what.prefix, "env", "DEBIAN_FRONTEND=noninteractive"];
  const apt = (args) => run(first, [...rest, ...args]);
  console.log(`Installing system packages: ${names.join(" ")}`);
  // A foreign package source that does not answer makes the update fail; the packages may be had all the same.
  await apt(["apt-get", "update", "-qq"]);
  const { code } = await apt(installCommand(names));
  const still = missing(groups);
  if (code !== 0 || still.length > 0) {
    throw new Stop(
      `These packages could not be installed: ${still.join(" ")}\nTried: ${typed("apt-get", installCommand(names).slice(1))}`,
    );
  }
}

/** Whether npm must (re)install: the lock file is newer than what npm noted when it last installed. */
export function npmIsStale(lockTime, installedTime) {
  return installedTime === null || installedTime < lockTime;
}

const changed = (name) => (existsSync(name) ? statSync(name).mtimeMs : null);

/** Installs the npm packages when the lock file changed since the last time. */
export async function npmPackages() {
  const lock = changed(path.join(root, "package-lock.json"));
  const installed = changed(path.join(root, "node_modules", ".package-lock.json"));
  if (npmIsStale(lock, installed)) await must("npm", ["ci", "--no-audit", "--no-fund"]);
}

/** A Python that can make virtual environments, or null. The one on the path may be a build without `ensurepip`. */
export function pythonWithVenv() {
  const names = process.platform === "win32" ? ["python", "py"] : ["python3", "/usr/bin/python3"];
  return names.find((name) => works(name, "-c", "import venv, ensurepip")) ?? null;
}

/**
 * A Python environment under target/ with the packages of a requirements file; made anew when the file changed.
 * @returns {Promise<string>} the path of its interpreter
 */
export async function pythonEnvironment(name, requirements) {
  const folder = path.join(root, "target", name);
  const bin = process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python3"];
  const interpreter = path.join(folder, ...bin);
  const stamp = path.join(folder, "requirements.sha256");
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash && works(interpreter, "--version")) return interpreter;

  const python = pythonWithVenv();
  if (python === null) throw new Stop("Python 3 with its venv module is needed (Debian: python3-venv).");
  mkdirSync(path.dirname(folder), { recursive: true });
  await must(python, ["-m", "venv", "--clear", folder]);
  await must(interpreter, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
  writeFileSync(stamp, hash);
  return interpreter;
}

/** Whether a window can be opened from here. */
export function hasDisplay(platform, env) {
  return platform !== "linux" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** Whether something on the session bus keeps secrets: true, false, or null where it cannot be told. */
export function secretServicePresent() {
  if (process.platform !== "linux") return true;
  const bus = process.env.DBUS_SESSION_BUS_ADDRESS ?? "";
  if (bus === "" && !existsSync(path.join(process.env.XDG_RUNTIME_DIR ?? "/nowhere", "bus"))) return false;
  const names = ["ListNames", "ListActivatableNames"].map((method) =>
    output(
      "dbus-send",
      "--session",
      "--print-reply",
      "--dest=org.freedesktop.DBus",
      "/org/freedesktop/DBus",
      `org.freedesktop.DBus.${method}`,
    ),
  );
  if (names.includes(null)) return null;
  return names.join("").includes('"org.freedesktop.secrets"');
}
