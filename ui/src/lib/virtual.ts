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
  { id: "severity", label: "Severity", width: 108, min: 104 },
  { id: "time", label: "Time", width: 206, min: 96 },
  { id: "tenant", label: "Tenant", width: 170, min: 92 },
  { id: "user", label: "User", width: 170, min: 92 },
  { id: "api", label: "API", width: 130, min: 72 },
];

/** The message takes what is left, and never less than this. */
export const MESSAGE_MIN = 220;
const MAX_WIDTH = 600;

export function clampColumn(id: ColumnId, width: number): number {
  const min = COLUMNS.find((column) => column.id === id)?.min ?? 64;
  return Math.round(Math.min(MAX_WIDTH, Math.max(min, width)));
}

/** What gives way first where even the least widths do not fit: the details show it all the same. */
const GIVES_WAY: ColumnId[] = ["api", "user"];

export interface FittedColumns {
  /** The columns that are shown, in the order of COLUMNS. */
  shown: { id: ColumnId; width: number }[];
  message: number;
}

/**
 * Where the wished widths do not fit, tenant, user and API shrink in proportion, down to their
 * least width; where that is not enough, API and then user are left out. The message is what
 * people read.
 */
export function fitColumns(
  wish: Partial<Record<string, number>>,
  available: number,
): FittedColumns {
  const all = COLUMNS.map(({ id, width }) => ({ id, width: clampColumn(id, wish[id] ?? width) }));
  const left = (columns: { width: number }[]) =>
    available - columns.reduce((sum, { width }) => sum + width, 0);
  for (let without = 0; ; without += 1) {
    const gone = GIVES_WAY.slice(0, without);
    const shown = shrink(
      all.filter(({ id }) => !gone.includes(id)),
      MESSAGE_MIN - left(all.filter(({ id }) => !gone.includes(id))),
    );
    if (left(shown) >= MESSAGE_MIN || without === GIVES_WAY.length || available <= 0) {
      return { shown, message: Math.max(MESSAGE_MIN, Math.floor(left(shown))) };
    }
  }
}

function shrink(
  columns: { id: ColumnId; width: number }[],
  excess: number,
): { id: ColumnId; width: number }[] {
  if (excess <= 0) return columns;
  const room = ({ id, width }: { id: ColumnId; width: number }) =>
    id === "time" || id === "severity" ? 0 : width - clampColumn(id, 0);
  const total = columns.reduce((sum, column) => sum + room(column), 0);
  const share = total > 0 ? Math.min(1, excess / total) : 0;
  return columns.map((column) => ({
    ...column,
    width: Math.floor(column.width - room(column) * share),
  }));
}
