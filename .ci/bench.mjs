// `npm run bench`: builds the release binaries and measures them against what people use instead (tests/bench/run.py).
import path from "node:path";
import { handOver, must, root, script } from "./process.mjs";
import { checkTools, npmPackages, pythonEnvironment, systemPackages } from "./setup.mjs";

const linux = process.platform === "linux";

await script(async () => {
  console.log("[1/4] Checking Node, Rust, system and npm packages");
  checkTools();
  await systemPackages(["terminal", "window", "tests", "bench"]);
  await npmPackages();

  console.log(
    "\n[2/4] Building the user interface and the release binaries, the first time about 10 minutes on two cores",
  );
  await must("npm", ["run", "--silent", "build:ui"]);
  const release = ["build", "--release", "--locked", "-p", "cipp-desk", "-p", "cippctl"];
  await must("cargo", [...release, "--bins", "--example", "empty-window"]);

  console.log("\n[3/4] Python with requests, for the comparison");
  const python = await pythonEnvironment("venv-bench", path.join(root, "tests", "bench", "requirements.txt"));

  console.log("\n[4/4] Measuring");
  const binaries = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, "target"), "release");
  const bench = [python, path.join("tests", "bench", "run.py"), "--binaries", binaries, ...process.argv.slice(2)];
  // WebKitWebDriver, which measures the window, exists on Linux only.
  if (!linux) return handOver(bench[0], [...bench.slice(1), "--no-window"]);
  return handOver("bash", ["tests/with-desktop.sh", ...bench]);
});
