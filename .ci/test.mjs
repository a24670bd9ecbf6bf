// `npm test`: sets up the machine, then runs every check and every test the project has, one stage after another, and
// says how far it is. `npm test -- --only ui|crates|window` runs one part. What each layer proves: tests/README.md.
import { readdirSync } from "node:fs";
import path from "node:path";
import { duration, must, output, root, run, script, Stop } from "./process.mjs";
import { checkRustComponents, checkTools, npmPackages, pythonEnvironment, systemPackages } from "./setup.mjs";
import { chosen, count, failures, table, testTargets } from "./results.mjs";

const PARTS = ["ui", "crates", "window"];
const linux = process.platform === "linux";
const cargo = (...args) => ["cargo", [...args, "--locked"]];
const npm = (name) => ["npm", ["run", "--silent", name]];

// One feature set and --workspace in every cargo call: with -p, shared crates would be compiled again.
// Without incremental compilation the target folder is half the size; nothing here is compiled twice.
const environment = { CARGO_TERM_COLOR: "always", ...(process.env.CI ? { CARGO_INCREMENTAL: "0" } : {}) };

/** A command inside one of the wrappers that bring a private session bus and keychain; they exist for Linux only. */
const inside = (wrapper, [program, args]) =>
  linux ? ["bash", [`tests/${wrapper}`, program, ...args]] : [program, args];

const integrationTests = () => {
  const metadata = output("cargo", "metadata", "--no-deps", "--format-version", "1", "--locked");
  if (metadata === null) throw new Stop("cargo metadata failed; is Cargo.lock out of date?");
  return testTargets(JSON.parse(metadata), ["app"]).flatMap((name) => ["--test", name]);
};

const ownTests = () => readdirSync(path.join(root, ".ci")).filter((name) => name.endsWith(".test.mjs"));

/**
 * The stages in order. `needs`: a stage that must have passed, else this one is left out. `parts`: with --only.
 * `limitMinutes` is far above what a slow two-core machine takes; it ends what hangs.
 */
const STAGES = [
  {
    name: "tests of these scripts",
    parts: ["ui"],
    commands: () => [[process.execPath, ["--test", ...ownTests().map((name) => `.ci/${name}`)]]],
  },
  {
    name: "UI: formatting, lint, types",
    parts: ["ui"],
    commands: () => [npm("lint:ui"), npm("check:ui")],
  },
  { name: "UI: component tests", parts: ["ui"], limitMinutes: 10, commands: () => [npm("test:ui")] },
  // The app carries the built UI inside, so it must be there before the shell is compiled.
  { name: "UI: build", parts: PARTS, commands: () => [npm("build:ui")] },
  { name: "Rust: formatting", parts: ["crates"], commands: () => [["cargo", ["fmt", "--all", "--check"]]] },
  {
    name: "Rust: compile",
    parts: ["crates", "window"],
    needs: ["UI: build"],
    commands: () => [cargo("build", "--workspace", "--all-targets")],
  },
  {
    name: "Rust: lint",
    parts: ["crates"],
    needs: ["UI: build"],
    commands: () => [["cargo", ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]]],
  },
  {
    name: "crates and journeys",
    parts: ["crates"],
    needs: ["Rust: compile"],
    limitMinutes: 25,
    commands: () => [
      inside(
        "with-keychain.sh",
        cargo("test", "--workspace", "--no-fail-fast", "--lib", "--bins", ...integrationTests()),
      ),
      cargo("test", "--workspace", "--no-fail-fast", "--doc"),
    ],
  },
  {
    name: "the app in a real window",
    parts: ["window"],
    needs: ["Rust: compile"],
    limitMinutes: 25,
    leaveOut: linux ? null : "needs WebKitWebDriver, which exists on Linux only",
    commands: () => [inside("with-desktop.sh", cargo("test", "--workspace", "--no-fail-fast", "--test", "app"))],
  },
];

function readArguments(args) {
  if (args.length === 0) return undefined;
  if (args.length === 2 && args[0] === "--only" && PARTS.includes(args[1])) return args[1];
  throw new Stop(`Usage: npm test [-- --only ${PARTS.join("|")}]`);
}

/** Everything the stages need on this machine. Returns the environment to run them in. */
async function setUp(only) {
  checkTools();
  if (only !== "ui") {
    checkRustComponents();
    await systemPackages(["terminal", "window", "tests"]);
  }
  await npmPackages();
  if (only === "ui") return environment;

  const python = await pythonEnvironment("venv", path.join(root, "tests", "requirements.txt"));
  await must("cargo", ["fetch", "--locked"]);
  return { ...environment, CIPP_DESK_PYTHON: python };
}

/** Runs the commands of a stage to the end, also after one has failed: one run shows everything that is wrong. */
async function runStage(stage, env) {
  const started = Date.now();
  const sum = { passed: 0, failed: 0 };
  const named = [];
  let ok = true;
  for (const [program, args] of stage.commands()) {
    const { code, text } = await run(program, args, { env, limitMinutes: stage.limitMinutes });
    const tests = count(text);
    sum.passed += tests.passed;
    sum.failed += tests.failed;
    named.push(...failures(text));
    ok &&= code === 0;
  }
  return { name: stage.name, outcome: ok ? "ok" : "FAILED", milliseconds: Date.now() - started, tests: sum, named };
}

async function main() {
  const only = readArguments(process.argv.slice(2));
  const stages = chosen(STAGES, only);
  const total = stages.length + 1;
  const started = Date.now();

  console.log(`[1/${total}] Setting up: Node, Rust, system packages, npm packages, Python`);
  const env = await setUp(only);
  const rows = [{ name: "set-up", outcome: "ok", milliseconds: Date.now() - started }];

  for (const [index, stage] of stages.entries()) {
    console.log(`\n[${index + 2}/${total}] ${stage.name} (${duration(Date.now() - started)} so far)`);
    const broken = (stage.needs ?? []).filter((need) =>
      rows.some(({ name, outcome }) => name === need && outcome !== "ok"),
    );
    const reason = broken.length > 0 ? `left out, because this failed: ${broken.join(", ")}` : stage.leaveOut;
    if (reason) console.log(reason);
    rows.push(reason ? { name: stage.name, outcome: "left out", milliseconds: 0 } : await runStage(stage, env));
  }

  const passed = rows.reduce((sum, { tests }) => sum + (tests?.passed ?? 0), 0);
  const failed = rows.reduce((sum, { tests }) => sum + (tests?.failed ?? 0), 0);
  const broken = rows.filter(({ outcome }) => outcome === "FAILED");
  console.log(`\n${table(rows, duration)}\n`);
  console.log(`Whole time: ${duration(Date.now() - started)}`);
  // Named here once more: where only the end of this is kept, the cause must not be lost.
  for (const { name, named } of broken) console.log([`Failed: ${name}`, ...named].join("\n  "));
  // A stage can fail without a test having failed (it did not compile, it ran out of time); it counts as one then.
  console.log(`${passed} passed, ${Math.max(failed, broken.length)} failed`);
  return broken.length === 0 && failed === 0 ? 0 : 1;
}

await script(main);
