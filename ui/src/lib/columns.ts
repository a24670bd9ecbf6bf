/**
 * The columns of the log: which there are, in which order they are shown, and how wide they are.
 * Pure. An order is a list of column ids as the settings keep it.
 */

export type ColumnId = "severity" | "time" | "tenant" | "user" | "api" | "message" | "day";

export interface Column {
  id: ColumnId;
  label: string;
  /** Usual and least width in px. */
  width: number;
  min: number;
}

/** The message has no width of its own: it takes what is left, and never less than its `min`. */
export const COLUMNS: readonly Column[] = [
  { id: "severity", label: "Severity", width: 108, min: 104 },
  { id: "time", label: "Time", width: 206, min: 96 },
  { id: "tenant", label: "Tenant", width: 170, min: 92 },
  { id: "user", label: "User", width: 170, min: 92 },
  { id: "api", label: "API", width: 130, min: 72 },
  { id: "message", label: "Message", width: 220, min: 220 },
  { id: "day", label: "Log day", width: 104, min: 96 },
];

const USUAL: readonly ColumnId[] = ["severity", "time", "tenant", "user", "api", "message"];

export const MESSAGE_MIN = 220;
export const COLUMN_MAX = 600;

export function columnOf(id: ColumnId): Column {
  return COLUMNS.find((column) => column.id === id) ?? { id, label: id, width: 120, min: 64 };
}

export function clampColumn(id: ColumnId, width: number): number {
  return Math.round(Math.min(COLUMN_MAX, Math.max(columnOf(id).min, width)));
}

/** The columns to show, in their order. What is not known (an older or newer version) is left out. */
export function shownColumns(order: readonly string[]): ColumnId[] {
  const known = order.filter(
    (id, i): id is ColumnId =>
      COLUMNS.some((column) => column.id === id) && order.indexOf(id) === i,
  );
  return known.length > 0 ? known : [...USUAL];
}

/** Every column: those that are shown in their order, then the others. */
export function allColumns(order: readonly string[]): { id: ColumnId; shown: boolean }[] {
  const shown = shownColumns(order);
  const hidden = COLUMNS.map(({ id }) => id).filter((id) => !shown.includes(id));
  return [
    ...shown.map((id) => ({ id, shown: true })),
    ...hidden.map((id) => ({ id, shown: false })),
  ];
}

/** The order with this column shown or hidden. The last one stays. */
export function withColumn(order: readonly string[], id: ColumnId, show: boolean): ColumnId[] {
  const shown = shownColumns(order);
  if (show) return shown.includes(id) ? shown : [...shown, id];
  return shown.length > 1 ? shown.filter((other) => other !== id) : shown;
}

/** The order with this column moved to a place among the shown ones. */
export function moveColumn(order: readonly string[], id: ColumnId, to: number): ColumnId[] {
  const rest = shownColumns(order);
  const from = rest.indexOf(id);
  if (from === -1) return rest;
  rest.splice(from, 1);
  rest.splice(Math.max(0, Math.min(rest.length, to)), 0, id);
  return rest;
}

export interface FittedColumn {
  id: ColumnId;
  width: number;
}

/** What gives way first where even the least widths do not fit: the details show it all the same. */
const GIVES_WAY: readonly ColumnId[] = ["day", "api", "user"];

/**
 * The widths of the shown columns. Where the wished ones do not fit, tenant, user and API shrink in
 * proportion, down to their least width; where that is not enough, the log day, API and then user
 * are left out. The message is what people read. Without it, the last column takes what is left.
 */
export function fitColumns(
  order: readonly string[],
  wish: Partial<Record<string, number>>,
  available: number,
): FittedColumn[] {
  const wished = shownColumns(order);
  const rest = wished.includes("message") ? "message" : wished.at(-1);
  const all = wished.map((id) => ({
    id,
    width: id === "message" ? MESSAGE_MIN : clampColumn(id, wish[id] ?? columnOf(id).width),
  }));
  for (let without = 0; ; without += 1) {
    const gone = GIVES_WAY.slice(0, without);
    const left = all.filter(({ id }) => !gone.includes(id) || id === rest);
    const fitted = shrink(left, total(left) - available);
    if (total(fitted) <= available || without === GIVES_WAY.length || available <= 0) {
      const spare = Math.max(0, Math.floor(available - total(fitted)));
      return fitted.map(({ id, width }) => ({ id, width: id === rest ? width + spare : width }));
    }
  }
}

const total = (columns: { width: number }[]) => columns.reduce((sum, { width }) => sum + width, 0);

function shrink(columns: FittedColumn[], excess: number): FittedColumn[] {
  if (excess <= 0) return columns;
  const room = ({ id, width }: FittedColumn) =>
    ["time", "severity", "message", "day"].includes(id) ? 0 : width - clampColumn(id, 0);
  const most = columns.reduce((sum, column) => sum + room(column), 0);
  const share = most > 0 ? Math.min(1, excess / most) : 0;
  return columns.map((column) => ({
    ...column,
    width: Math.floor(column.width - room(column) * share),
  }));
}
