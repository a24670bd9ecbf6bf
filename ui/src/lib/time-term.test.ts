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

test("a day, an hour, a word, a comparison", () => {
  expect(span("time:2026-11-02")).toEqual(["2026-11-01T23:00:00.000Z", "2026-11-02T23:00:00.000Z"]);
  expect(span("time:2026-11-02T10")).toEqual([
    "2026-11-02T09:00:00.000Z",
    "2026-11-02T10:00:00.000Z",
  ]);
  expect(span("time:today")).toEqual(["2026-11-02T23:00:00.000Z", "2026-11-03T23:00:00.000Z"]);
  expect(span("time:yesterday")?.[0]).toBe("2026-11-01T23:00:00.000Z");
  expect(span("time:-1h30m")).toEqual(["2026-11-03T10:30:00.000Z", "2026-11-03T12:00:00.000Z"]);
  expect(span("time>=-1h")).toEqual(["2026-11-03T11:00:00.000Z", "2026-11-03T12:00:00.000Z"]);
  expect(span('time:"2026-11-02 10:00..2026-11-02 11:00"')).toEqual([
    "2026-11-02T09:00:00.000Z",
    "2026-11-02T10:00:00.000Z",
  ]);
  for (const term of ["time:today", "time>=-1h", "time:2026-11-01..now", "time:-1h30m"])
    expect(isRelative(term)).toBe(true);
});

test("what says something else is left to Rust", () => {
  for (const term of [
    "time:..2026-11-03",
    "time<2026-11-03",
    "time:x..y",
    "time:2026-11-03..2026-11-01",
    "day:2026-11-03",
  ])
    expect(span(term)).toBeNull();
});
