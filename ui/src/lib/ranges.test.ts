import { expect, test } from "vitest";
import {
  chosenDays,
  daysIn,
  logRange,
  rangeLabel,
  rangeName,
  rangeNamed,
  rangeOf,
  rangeProblem,
  RANGES,
  termOf,
} from "./ranges";

test("a span shorter than a day is two days and a term: it may reach over midnight", () => {
  for (const kind of ["15m", "1h", "24h"] as const) {
    expect(logRange(rangeOf(kind))).toEqual({ kind: "last", days: 2 });
    expect(termOf(kind)).toBe(`time:-${kind}..`);
  }
  expect(termOf("today")).toBeNull();
});

test("days are counted from the instance's today", () => {
  expect(logRange(rangeOf("today"))).toEqual({ kind: "last", days: 1 });
  expect(logRange(rangeOf("yesterday"))).toEqual({ kind: "yesterday" });
  expect(logRange(rangeOf("90d"))).toEqual({ kind: "last", days: 90 });
  expect(logRange(chosenDays("2026-11-01", "2026-11-03"))).toEqual({
    kind: "between",
    from: "2026-11-01",
    to: "2026-11-03",
  });
  expect(daysIn(chosenDays("2026-11-01", "2026-11-03"))).toBe(3);
  expect(daysIn(rangeOf("30d"))).toBe(30);
});

test("a range is found again by its name", () => {
  for (const { kind } of RANGES) {
    const range = kind === "custom" ? chosenDays("2026-11-01", "2026-11-03") : rangeOf(kind);
    expect(rangeNamed(rangeName(range))).toEqual(range);
  }
  expect(rangeNamed("custom")).toBeNull();
  expect(rangeNamed("2026-11-03..2026-11-01")).toBeNull();
  expect(rangeNamed("next year")).toBeNull();
});

test("a range reads as people say it", () => {
  expect(rangeLabel(rangeOf("7d"))).toBe("Last 7 days");
  expect(rangeLabel(chosenDays("2026-11-03", "2026-11-03"))).toBe("Tue 3 Nov");
  expect(rangeLabel(chosenDays("2026-11-03", "2026-11-05"))).toBe("Tue 3 Nov to Thu 5 Nov");
});

test("two dates that are no range are explained", () => {
  const today = "2026-11-03";
  expect(rangeProblem("2026-11-01", "2026-11-02", today)).toBeNull();
  expect(rangeProblem("", "2026-11-02", today)).toContain("both");
  expect(rangeProblem("2026-11-02", "2026-11-01", today)).toContain("Swap");
  expect(rangeProblem("2026-11-09", "2026-11-09", today)).toContain("begun");
  expect(rangeProblem("2024-11-09", "2026-11-01", today)).toContain("year");
});
