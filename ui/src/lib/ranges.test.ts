import { expect, test } from "vitest";
import { rangeNow, rangeOf, rangeProblem } from "./ranges";

const today = "2026-11-03";

test("the choices are days that include today", () => {
  expect(rangeOf("today", today)).toMatchObject({ from: today, to: today });
  expect(rangeOf("yesterday", today)).toMatchObject({ from: "2026-11-02", to: "2026-11-02" });
  expect(rangeOf("2d", today)).toMatchObject({ from: "2026-11-02", to: today });
  expect(rangeOf("7d", today)).toMatchObject({ from: "2026-10-28", to: today });
  expect(rangeOf("30d", today)).toMatchObject({ from: "2026-10-05", to: today });
});

test("a refresh after midnight moves the choice on, but not chosen days", () => {
  expect(rangeNow(rangeOf("7d", today), "2026-11-04")).toMatchObject({ to: "2026-11-04" });
  const custom = { kind: "custom", from: "2026-01-01", to: "2026-01-02" } as const;
  expect(rangeNow(custom, "2026-11-04")).toBe(custom);
});

test("wrong dates are called what they are", () => {
  expect(rangeProblem("2026-10-01", "2026-10-03", today)).toBeNull();
  expect(rangeProblem("", "2026-10-03", today)).toMatch(/both dates/);
  expect(rangeProblem("2026-10-05", "2026-10-03", today)).toMatch(/Swap/);
  expect(rangeProblem("2027-01-01", "2027-01-02", today)).toMatch(/not begun/);
  expect(rangeProblem("2024-01-01", "2026-01-02", today)).toMatch(/at most a year/);
});
