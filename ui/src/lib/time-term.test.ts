import { expect, test } from "vitest";
import { isRelative, spanOfTerm } from "./time-term";

const NOW = Date.UTC(2026, 10, 3, 12);
const ZONE = "Europe/Amsterdam";
const span = (term: string) => {
  const found = spanOfTerm(term, ZONE, NOW);
  return found && [found.from, found.to].map((moment) => new Date(moment).toISOString());
};

test("a span counted from now", () => {
  expect(span("time:-15m..")).toEqual(["2026-11-03T11:45:00.000Z", "2026-11-03T12:00:00.000Z"]);
  expect(span("time:-2d..-1d")).toEqual(["2026-11-01T12:00:00.000Z", "2026-11-02T12:00:00.000Z"]);
  expect(isRelative("time:-15m..")).toBe(true);
  expect(isRelative("time:2026-11-03..")).toBe(false);
});

test("a span with offset, and one in the zone that is shown", () => {
  expect(span("time:2026-11-03T08:00:00+01:00..2026-11-03T09:00:00Z")).toEqual([
    "2026-11-03T07:00:00.000Z",
    "2026-11-03T09:00:00.000Z",
  ]);
  expect(span("time:2026-11-03T08:00..2026-11-03T09:30")).toEqual([
    "2026-11-03T07:00:00.000Z",
    "2026-11-03T08:30:00.000Z",
  ]);
  expect(span("time:2026-11-02..2026-11-03")).toEqual([
    "2026-11-01T23:00:00.000Z",
    "2026-11-02T23:00:00.000Z",
  ]);
});

test("what says something else is left to Rust", () => {
  for (const term of [
    "time:..2026-11-03",
    "time:>=2026",
    "time:x..y",
    "time:2026-11-03..2026-11-01",
  ])
    expect(span(term)).toBeNull();
});
