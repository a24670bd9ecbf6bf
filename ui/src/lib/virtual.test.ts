import { describe, expect, test } from "vitest";
import {
  mustSettle,
  pageStep,
  placeAfter,
  placeAt,
  ROW_HEIGHT,
  scrollToShow,
  SPACE_MAX,
  spaceHeight,
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
  test("gives up rows outside of view before it gets too long", () => {
    const { first, end } = visibleWindow(100_000, 1440, 1_000_000);
    expect(end - first).toBeLessThanOrEqual(60);
    const tall = visibleWindow(100_000, 2100, 1_000_000);
    expect(tall.end - tall.first).toBe(76);
  });
});

describe("a list that is taller than an element may be", () => {
  const VIEW = 800;
  const lastTop = (rows: number) => rows * ROW_HEIGHT - VIEW;
  const lastReal = SPACE_MAX - VIEW;

  test("is one to one while it fits", () => {
    expect(spaceHeight(300_000)).toBe(8_400_000);
    expect(placeAt(5_000_000, 300_000, VIEW)).toEqual({ top: 5_000_000, real: 5_000_000 });
    expect(placeAfter({ top: 0, real: 0 }, 7_000_001, 300_000, VIEW).top).toBe(7_000_001);
  });
  test.each([1_000_000, 5_000_000])("of %i rows never makes a taller element", (rows) => {
    expect(spaceHeight(rows)).toBe(SPACE_MAX);
  });
  test.each([1_000_000, 5_000_000])("of %i rows: the thumb's ends are the list's ends", (rows) => {
    const middle = placeAt(lastTop(rows) / 2, rows, VIEW);
    expect(placeAfter(middle, 0, rows, VIEW).top).toBe(0);
    expect(placeAfter(middle, lastReal, rows, VIEW).top).toBe(lastTop(rows));
    expect(placeAt(lastTop(rows), rows, VIEW).real).toBe(lastReal);
  });
  test.each([1_000_000, 5_000_000])("of %i rows: wheel steps are exact to the pixel", (rows) => {
    let place = placeAt(1_234_567, rows, VIEW);
    for (const step of [53, 120, -40, 1, 700]) {
      const before = place.top;
      place = placeAfter(place, place.real + step, rows, VIEW);
      expect(place.top - before).toBe(step);
    }
  });
  test("every row can be reached by the wheel, up to both ends", () => {
    const rows = 5_000_000;
    let place = placeAt(lastTop(rows) - 3000, rows, VIEW);
    for (let i = 0; i < 40; i += 1) {
      const real = Math.min(lastReal, place.real + 100);
      place = placeAfter(place, real, rows, VIEW);
      if (mustSettle(place, rows, VIEW)) place = placeAt(place.top, rows, VIEW);
    }
    expect(place.top).toBe(lastTop(rows));
    for (let i = 0; i < 100; i += 1) {
      place = placeAfter(place, Math.max(0, place.real - 100), rows, VIEW);
      if (mustSettle(place, rows, VIEW)) place = placeAt(place.top, rows, VIEW);
    }
    expect(place.top).toBe(lastTop(rows) - 10_000);
  });
  test("is put in its place at once where the element would end too soon", () => {
    const rows = 5_000_000;
    // A long way up by the wheel, without a pause: the element is nearly at its top, the list is not.
    const place = { top: 900_000, real: 200 };
    expect(mustSettle(place, rows, VIEW)).toBe(true);
    expect(placeAt(place.top, rows, VIEW).real).toBeGreaterThan(200_000);
    expect(mustSettle(placeAt(place.top, rows, VIEW), rows, VIEW)).toBe(false);
  });
  test("a place that comes back rounded to the screen's pixels is the same place", () => {
    const place = placeAt(77_777_777, 5_000_000, VIEW);
    expect(placeAfter(place, place.real + 0.4, 5_000_000, VIEW).top).toBe(77_777_777);
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
