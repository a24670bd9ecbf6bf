import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, typed } from "./process.mjs";
import { chosen, count, failures, table, testTargets } from "./results.mjs";

test("cargo's closing lines are added up", () => {
  const text =
    "running 3 tests\ntest a ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.01s\n" +
    "test result: FAILED. 4 passed; 2 failed; 1 ignored; 0 measured\n";
  assert.deepEqual(count(text), { passed: 7, failed: 2 });
});

test("vitest's closing line is read in its three forms, and its list of files is not", () => {
  assert.deepEqual(count(" Test Files  4 passed (4)\n      Tests  12 passed (12)\n"), { passed: 12, failed: 0 });
  assert.deepEqual(count("      Tests  1 failed | 11 passed (12)\n"), { passed: 11, failed: 1 });
  assert.deepEqual(count("      Tests  2 failed (2)\n"), { passed: 0, failed: 2 });
});

test("node's closing lines are read in both of its reports", () => {
  assert.deepEqual(count("# tests 3\n# pass 2\n# fail 1\n"), { passed: 2, failed: 1 });
  assert.deepEqual(count("ℹ tests 3\nℹ pass 3\nℹ fail 0\n"), { passed: 3, failed: 0 });
});

test("colours and carriage returns do not hide a line", () => {
  assert.deepEqual(count("\u001b[2m      Tests \u001b[22m \u001b[32m12 passed\u001b[39m (12)\r\n"), {
    passed: 12,
    failed: 0,
  });
  assert.deepEqual(count("test result: \u001b[32mok\u001b[0m. 3 passed; 0 failed; 0 ignored\n"), {
    passed: 3,
    failed: 0,
  });
});

test("what failed is named, whatever the runner, and each once", () => {
  assert.deepEqual(failures("test a::works ... ok\ntest a::fails ... \u001b[31mFAILED\u001b[0m\n"), ["a::fails"]);
  const vitest =
    " \u001b[31m❯\u001b[39m src/a.test.ts (2 tests | 1 failed) 912ms\n" +
    "     \u001b[31m×\u001b[39m the term \u001b[33m 898\u001b[2mms\u001b[22m\n";
  assert.deepEqual(failures(vitest), ["the term"]);
  assert.deepEqual(failures("ok 1 - fine\nnot ok 2 - broken\n"), ["broken"]);
  assert.deepEqual(failures("✔ fine (0.1ms)\n✖ broken (1.5ms)\n\n✖ failing tests:\n\n✖ broken (1.5ms)\n"), ["broken"]);
});

test("integration tests are found by kind, each once, without those of another stage", () => {
  const target = (name, kind) => ({ name, kind: [kind] });
  const metadata = {
    packages: [
      { targets: [target("cippctl", "bin"), target("journeys", "test"), target("app", "test")] },
      { targets: [target("sandbox", "lib"), target("cli", "test"), target("journeys", "test")] },
    ],
  };
  assert.deepEqual(testTargets(metadata, ["app"]), ["cli", "journeys"]);
});

test("--only chooses the stages of one part", () => {
  const stages = [{ parts: ["ui"] }, { parts: ["ui", "crates"] }, { parts: ["crates"] }];
  assert.equal(chosen(stages, undefined).length, 3);
  assert.deepEqual(chosen(stages, "crates"), stages.slice(1));
});

test("the table shows outcome, time and tests", () => {
  const rows = [
    { name: "set-up", outcome: "ok", milliseconds: 2_000 },
    { name: "crates", outcome: "FAILED", milliseconds: 65_000, tests: { passed: 3, failed: 1 } },
  ];
  assert.equal(
    table(rows, duration),
    "  ok       set-up          2 s\n  FAILED   crates   1 min 05 s  3 passed, 1 failed",
  );
});

test("commands are shown as one would type them", () => {
  assert.equal(typed("cargo", ["test", "--test", "app"]), "cargo test --test app");
  assert.equal(typed("bash", ["-c", "echo hi"]), 'bash -c "echo hi"');
});
