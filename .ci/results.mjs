// How many tests passed and failed, and which, read from what the test runners print. Pure: text in, numbers out.

/** The closing lines of each runner: cargo test, vitest, node --test. */
const CLOSING_LINES = [
  /^test result: \w+\. (?<passed>\d+) passed; (?<failed>\d+) failed;/gm,
  /^\s*Tests\s+(?:(?<failed>\d+) failed(?: \| )?)?(?:(?<passed>\d+) passed)?/gm,
  /^(?:#|ℹ) pass (?<passed>\d+)$/gm,
  /^(?:#|ℹ) fail (?<failed>\d+)$/gm,
];

/** How each runner names a test that failed: cargo test, vitest, node --test in its two reports. */
const FAILED_LINES = [
  /^test (?<name>\S+) \.\.\. FAILED$/gm,
  /^\s*× (?<name>.+?)(?: \d+ms)?$/gm,
  /^not ok \d+ - (?<name>.+)$/gm,
  /^✖ (?<name>.+?) \([\d.]+ms\)$/gm,
];

// Runners colour their output for terminals, and the colour codes would hide the lines.
const COLOURS = /\u001b\[[\d;]*m/g;

const plain = (text) => text.replace(COLOURS, "").replace(/\r/g, "");

/**
 * Adds up the closing lines in a runner's output.
 * @returns {{passed: number, failed: number}}
 */
export function count(text) {
  const read = plain(text);
  const sum = { passed: 0, failed: 0 };
  for (const line of CLOSING_LINES) {
    for (const { groups } of read.matchAll(line)) {
      sum.passed += Number(groups.passed ?? 0);
      sum.failed += Number(groups.failed ?? 0);
    }
  }
  return sum;
}

/** The names of the tests that failed, each once, in the order of the runners above. */
export function failures(text) {
  const read = plain(text);
  const names = FAILED_LINES.flatMap((line) => [...read.matchAll(line)].map(({ groups }) => groups.name.trim()));
  return [...new Set(names)];
}

/** The names of the integration test targets in `cargo metadata`, less those that run in a stage of their own. */
export function testTargets(metadata, except) {
  const names = metadata.packages
    .flatMap((one) => one.targets)
    .filter((target) => target.kind.includes("test"))
    .map((target) => target.name);
  return [...new Set(names)].filter((name) => !except.includes(name)).sort();
}

/** Which stages run: all, or those of one part. */
export function chosen(stages, only) {
  return only === undefined ? stages : stages.filter((stage) => stage.parts.includes(only));
}

/** The closing table: a line per stage with its outcome, time and tests. */
export function table(rows, duration) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows
    .map(({ name, outcome, milliseconds, tests }) => {
      const counted =
        tests && tests.passed + tests.failed > 0 ? `  ${tests.passed} passed, ${tests.failed} failed` : "";
      return `  ${outcome.padEnd(8)} ${name.padEnd(width)}  ${duration(milliseconds).padStart(11)}${counted}`;
    })
    .join("\n");
}
