/**
 * The arithmetic of a list of equal rows of which only the visible ones exist, and of columns that
 * must fit. Pure: pixels and counts in, pixels and counts out.
 */

/** Row height in px; the same as --row in tokens.css. 1,000,000 rows stay below 33.5 million px. */
export const ROW_HEIGHT = 28;

export interface Window {
  /** First row to render. */
  first: number;
  /** One past the last row to render. */
  end: number;
}

/** The rows to render for a scroll position, with some more above and below. */
export function visibleWindow(
  scrollTop: number,
  viewportHeight: number,
  rowCount: number,
  overscan = 8,
): Window {
  if (rowCount <= 0 || viewportHeight <= 0) return { first: 0, end: 0 };
  const top = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT));
  const rows = Math.ceil(viewportHeight / ROW_HEIGHT) + 1;
  const first = Math.max(0, Math.min(top, rowCount - rows) - overscan);
  return { first, end: Math.min(rowCount, Math.max(top, 0) + rows + overscan) };
}

/** Where to scroll so that the row is in full view; the present position if it is already. */
export function scrollToShow(row: number, scrollTop: number, viewportHeight: number): number {
  const top = row * ROW_HEIGHT;
  if (top < scrollTop) return top;
  if (top + ROW_HEIGHT > scrollTop + viewportHeight) {
    return Math.max(0, top + ROW_HEIGHT - viewportHeight);
  }
  return scrollTop;
}

/** Whole rows that fit, less one to keep the eye's place: the step of PageUp and PageDown. */
export function pageStep(viewportHeight: number): number {
  return Math.max(1, Math.floor(viewportHeight / ROW_HEIGHT) - 1);
}

export type ColumnId = "time" | "severity" | "tenant" | "user" | "api";

export const COLUMNS: { id: ColumnId; label: string; width: number; min: number }[] = [
  { id: "severity", label: "Severity", width: 96, min: 88 },
  { id: "time", label: "Time", width: 206, min: 96 },
  { id: "tenant", label: "Tenant", width: 170, min: 64 },
  { id: "user", label: "User", width: 170, min: 64 },
  { id: "api", label: "API", width: 130, min: 64 },
];

/** The message takes what is left, and never less than this. */
export const MESSAGE_MIN = 220;
const MAX_WIDTH = 600;

export function clampColumn(id: ColumnId, width: number): number {
  const min = COLUMNS.find((column) => column.id === id)?.min ?? 64;
  return Math.round(Math.min(MAX_WIDTH, Math.max(min, width)));
}

/**
 * Widths in the order of COLUMNS, then the message. Where the wish does not fit, tenant, user and
 * API give way in proportion, down to their least width: the message is what people read.
 */
export function fitColumns(wish: Partial<Record<string, number>>, available: number): number[] {
  const widths = COLUMNS.map((column) => clampColumn(column.id, wish[column.id] ?? column.width));
  const total = widths.reduce((sum, width) => sum + width, 0);
  let excess = total + MESSAGE_MIN - available;
  if (excess > 0) {
    const soft = COLUMNS.map((column, i) =>
      column.id === "time" || column.id === "severity" ? 0 : (widths[i] ?? 0) - column.min,
    );
    const room = soft.reduce((sum, give) => sum + give, 0);
    const share = room > 0 ? Math.min(1, excess / room) : 0;
    soft.forEach((give, i) => (widths[i] = Math.floor((widths[i] ?? 0) - give * share)));
    excess = 0;
  }
  const used = widths.reduce((sum, width) => sum + width, 0);
  return [...widths, Math.max(MESSAGE_MIN, Math.floor(available - used))];
}
