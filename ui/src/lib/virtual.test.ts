import { describe, expect, test } from "vitest";
import {
  clampColumn,
  fitColumns,
  MESSAGE_MIN,
  pageStep,
  ROW_HEIGHT,
  scrollToShow,
  visibleWindow,
} from "./virtual";

describe("the window of rows", () => {
  test("covers what is visible and some more on both sides", () => {
    const { first, end } = visibleWindow(1000 * ROW_HEIGHT, 700, 100_000);
    expect(first).toBe(992);
    expect(end).toBe(1000 + 26 + 8);
  });
  test("stays small however many rows there are", () => {
    for (const top of [0, 14_000_000, 27_999_000, 99_000_000]) {
      const { first, end } = visibleWindow(top, 900, 1_000_000);
      expect(end - first).toBeLessThanOrEqual(60);
      expect(end).toBeLessThanOrEqual(1_000_000);
    }
  });
  test("never begins before the list or ends after it", () => {
    expect(visibleWindow(-300, 700, 5)).toEqual({ first: 0, end: 5 });
    expect(visibleWindow(1e9, 700, 5)).toEqual({ first: 0, end: 5 });
  });
  test("is empty without rows or without a height", () => {
    expect(visibleWindow(0, 700, 0)).toEqual({ first: 0, end: 0 });
    expect(visibleWindow(0, 0, 9)).toEqual({ first: 0, end: 0 });
  });
  test("a million rows fit under the element height that engines allow", () => {
    expect(1_000_000 * ROW_HEIGHT).toBeLessThan(33_500_000);
  });
});

describe("scrolling to a row", () => {
  test("does nothing while it is in full view", () => {
    expect(scrollToShow(3, 0, 280)).toBe(0);
  });
  test("moves as little as it must", () => {
    expect(scrollToShow(10, 0, 280)).toBe(28);
    expect(scrollToShow(2, 280, 280)).toBe(56);
  });
  test("a page keeps one row in view", () => {
    expect(pageStep(280)).toBe(9);
    expect(pageStep(10)).toBe(1);
  });
});

describe("columns", () => {
  const widthsAt = (available: number) => fitColumns({}, available);
  const sum = ({ shown, message }: ReturnType<typeof widthsAt>) =>
    shown.reduce((total, { width }) => total + width, message);

  test("give the message all that is left", () => {
    const wide = widthsAt(1500);
    expect(wide.shown.map(({ width }) => width)).toEqual([108, 206, 170, 170, 130]);
    expect(sum(wide)).toBe(1500);
  });
  test("shrink before the message does", () => {
    const middle = widthsAt(900);
    expect(middle.shown).toHaveLength(5);
    expect(middle.message).toBeGreaterThanOrEqual(MESSAGE_MIN);
    expect(sum(middle)).toBeLessThanOrEqual(900);
    expect(middle.shown[1]?.width).toBe(206);
  });
  test("leave out API, then user, where even that is not enough", () => {
    expect(widthsAt(730).shown.map(({ id }) => id)).toEqual(["severity", "time", "tenant", "user"]);
    expect(widthsAt(640).shown.map(({ id }) => id)).toEqual(["severity", "time", "tenant"]);
  });
  test("follow the person's wish within sense", () => {
    expect(fitColumns({ tenant: 300 }, 1600).shown[2]?.width).toBe(300);
    expect(clampColumn("tenant", 2)).toBe(92);
    expect(clampColumn("user", 9999)).toBe(600);
    expect(fitColumns({ unknown: 7 }, 1600).shown).toHaveLength(5);
  });
});
