/**
 * The arithmetic of a list of equal rows of which only the visible ones exist. Pure: pixels and
 * counts in, pixels and counts out.
 *
 * "Top" is where the list is scrolled to, in px of the whole list: row 1,000,000 begins at
 * 28,000,000. No element may be that tall: layout counts in 1/64 px of 32 bits (33.5 million px in
 * Chromium and WebKit, a third of that on a screen at 300 %), and graphics lose single pixels
 * beyond 16.7 million. So the element that is scrolled is at most SPACE_MAX tall, and "real" is
 * where that one is scrolled to.
 */

/** Row height in px; the same as --row in tokens.css. */
export const ROW_HEIGHT = 28;

/** The tallest that the scrolled element gets: 357,142 rows are still one to one. */
export const SPACE_MAX = 10_000_000;

/**
 * One step of scrolling beyond this is the thumb being dragged: in a taller list one pixel of the
 * thumb's way is at least SPACE_MAX divided by the window's height. Wheels and fingers stay below.
 */
const JUMP = 2000;

/** So close to either end a taller list is one to one too, so that the wheel comes to the last row. */
const EXACT = 200_000;

export interface Window {
  /** First row to render. */
  first: number;
  /** One past the last row to render. */
  end: number;
}

/** The most rows that exist at once, unless more than that are in view. */
export const ROWS_MAX = 60;

/** The rows to render for a place, with some more above and below. */
export function visibleWindow(
  top: number,
  viewportHeight: number,
  rowCount: number,
  overscan = 8,
): Window {
  if (rowCount <= 0 || viewportHeight <= 0) return { first: 0, end: 0 };
  const at = Math.max(0, Math.floor(top / ROW_HEIGHT));
  const rows = Math.ceil(viewportHeight / ROW_HEIGHT) + 1;
  const more = Math.max(0, Math.min(overscan, Math.floor((ROWS_MAX - rows) / 2)));
  const first = Math.max(0, Math.min(at, rowCount - rows) - more);
  return { first, end: Math.min(rowCount, at + rows + more) };
}

/** Where to scroll so that the row is in full view; the present place if it is already. */
export function scrollToShow(row: number, top: number, viewportHeight: number): number {
  const begin = row * ROW_HEIGHT;
  if (begin < top) return begin;
  if (begin + ROW_HEIGHT > top + viewportHeight) {
    return Math.max(0, begin + ROW_HEIGHT - viewportHeight);
  }
  return top;
}

/** Whole rows that fit, less one to keep the eye's place: the step of PageUp and PageDown. */
export function pageStep(viewportHeight: number): number {
  return Math.max(1, Math.floor(viewportHeight / ROW_HEIGHT) - 1);
}

/** How tall the scrolled element is. */
export function spaceHeight(rowCount: number): number {
  return Math.min(SPACE_MAX, Math.max(0, rowCount) * ROW_HEIGHT);
}

/** How far the list and its element can be scrolled. */
function ends(rowCount: number, viewportHeight: number): Place {
  return {
    top: Math.max(0, rowCount * ROW_HEIGHT - viewportHeight),
    real: Math.max(0, spaceHeight(rowCount) - viewportHeight),
  };
}

const between = (value: number, most: number) => Math.max(0, Math.min(most, value));

/** A place in the list, and where its element is scrolled to for it. */
export interface Place {
  top: number;
  real: number;
}

/** The place for a top: where the thumb belongs. */
export function placeAt(top: number, rowCount: number, viewportHeight: number): Place {
  const end = ends(rowCount, viewportHeight);
  const inside = between(top, end.top);
  if (end.top === end.real || inside <= EXACT) return { top: inside, real: inside };
  const left = end.top - inside;
  if (left <= EXACT) return { top: inside, real: end.real - left };
  const part = (inside - EXACT) / (end.top - 2 * EXACT);
  return { top: inside, real: Math.round(EXACT + part * (end.real - 2 * EXACT)) };
}

/** The other way round: the top that the thumb points to. */
function topAt(real: number, end: Place): number {
  const inside = between(real, end.real);
  if (inside <= EXACT) return inside;
  const left = end.real - inside;
  if (left <= EXACT) return end.top - left;
  const part = (inside - EXACT) / (end.real - 2 * EXACT);
  return Math.round(EXACT + part * (end.top - 2 * EXACT));
}

/**
 * The place after the element was scrolled to `real`. Small steps (wheel, finger, page) move the
 * list by exactly as many pixels; a leap is the thumb, and means a part of the whole.
 */
export function placeAfter(
  before: Place,
  real: number,
  rowCount: number,
  viewportHeight: number,
): Place {
  const end = ends(rowCount, viewportHeight);
  if (end.top === end.real) return { top: between(real, end.top), real };
  const step = real - before.real;
  // What was asked for comes back rounded to the pixels of the screen.
  if (Math.abs(step) < 1) return { top: before.top, real };
  if (Math.abs(step) > JUMP) return { top: topAt(real, end), real };
  return { top: between(before.top + step, end.top), real };
}

/**
 * Whether the element must be put in its place at once, because it would come to its end before
 * the list does. Otherwise that waits until nothing moves: it would stop a finger's swing.
 */
export function mustSettle(place: Place, rowCount: number, viewportHeight: number): boolean {
  const end = ends(rowCount, viewportHeight);
  if (end.top === end.real) return false;
  const { real } = placeAt(place.top, rowCount, viewportHeight);
  const near = 2 * viewportHeight;
  if (place.real < near) return place.real < real;
  return place.real > end.real - near && place.real > real;
}
