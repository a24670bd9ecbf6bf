// Starting programs and saying so: the one place of these scripts that knows how the three systems differ in that.
// What must be installed is in setup.mjs; what is run in which order is in start.mjs and test.mjs.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json and Cargo.toml. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

const windows = process.platform === "win32";

/** npm is a batch file on Windows, and those start only through the command prompt. */
const needsShell = (program) => windows && program === "npm";

/** A message that ends the script: for a cause the reader can do something about, so without a stack trace. */
export class Stop extends Error {}

/** Whether a program starts and ends well; its output is thrown away. */
export function works(program, ...args) {
  return spawnSync(program, args, { stdio: "ignore", shell: needsShell(program) }).status === 0;
}

/** What a program writes to standard output, or null when it cannot be started or fails. */
export function output(program, ...args) {
  const done = spawnSync(program, args, { cwd: root, encoding: "utf8", shell: needsShell(program) });
  return done.status === 0 ? done.stdout : null;
}

/** A command as one would type it, for messages. */
export function typed(program, args) {
  return [program, ...args].map((word) => (/^[\w@%+=:,./\\-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}

/** Milliseconds in words: "8 s", "12 min 05 s". */
export function duration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * Runs a program in the project's folder and shows what it writes.
 *
 * With `limitMinutes` the program and all it started are ended when the time is over: a window that never answers must
 * not hold up everything else. Standard error stays a terminal where it was one, so cargo keeps its progress bar.
 *
 * @returns {Promise<{code: number, text: string, timedOut: boolean}>} exit code and standard output; a program that
 *   could not be started or was killed counts as code 1
 */
export function run(program, args, { env = {}, limitMinutes } = {}) {
  return new Promise((resolve) => {
    // Its own process group, so that the limit reaches grandchildren too; there Ctrl+C has to be handed on.
    const group = limitMinutes !== undefined && !windows;
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
      shell: needsShell(program),
      detached: group,
    });
    let timedOut = false;
    const end = (signal) => {
      try {
        if (group) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // it had already ended
      }
    };
    const interrupted = () => {
      end("SIGTERM");
      process.exit(130);
    };
    if (group) process.on("SIGINT", interrupted);
    const limit =
      limitMinutes &&
      setTimeout(() => {
        timedOut = true;
        console.error(`\nStopped after ${limitMinutes} minutes without an end: ${typed(program, args)}`);
        end("SIGKILL");
      }, limitMinutes * 60_000);

    let text = "";
    child.stdout.on("data", (chunk) => {
      process.stdout.write(chunk);
      text += chunk;
    });
    const done = (code) => {
      clearTimeout(limit);
      process.off("SIGINT", interrupted);
      resolve({ code, text, timedOut });
    };
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      done(1);
    });
    child.on("close", (code) => done(code ?? 1));
  });
}

/** Runs a program that must succeed; else the script ends with the program's name and exit code. */
export async function must(program, args, options) {
  const { code } = await run(program, args, options);
  if (code !== 0) throw new Stop(`This failed (exit code ${code}): ${typed(program, args)}`);
}

/** Runs a program that talks to the person at the keyboard, to its end. */
export function handOver(program, args, env = {}) {
  return new Promise((resolve) => {
    // Ctrl+C reaches both; the program decides what it means, this script only waits for it.
    const wait = () => {};
    process.on("SIGINT", wait);
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" });
    child.on("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => {
      process.off("SIGINT", wait);
      resolve(code ?? 1);
    });
  });
}

/** The main function of a script: a `Stop` becomes its message and exit code 1. */
export async function script(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}`);
    process.exitCode = 1;
  }
}
