/**
 * The spans of time a technician can choose from. CIPP's unit is the day, so a span shorter than a
 * day is two days (it may reach over midnight) and a term of the filter. Pure.
 */
import type { LogRange } from "../backend";
import { dayCount, dayText, isDay, shiftDay } from "./time";

export type RangeKind =
  "15m" | "1h" | "today" | "yesterday" | "24h" | "2d" | "7d" | "30d" | "90d" | "custom";

export interface DayRange {
  kind: RangeKind;
  /** The first and the last day of chosen days; else empty. */
  from: string;
  to: string;
}

/** Beyond this many days, if they take more calls than that, the cost is shown before anything is sent. */
export const ASK_ABOVE_DAYS = 10;

export const RANGES: { kind: RangeKind; label: string }[] = [
  { kind: "15m", label: "Last 15 minutes" },
  { kind: "1h", label: "Last hour" },
  { kind: "today", label: "Today" },
  { kind: "yesterday", label: "Yesterday" },
  { kind: "24h", label: "Last 24 hours" },
  { kind: "2d", label: "Last 2 days" },
  { kind: "7d", label: "Last 7 days" },
  { kind: "30d", label: "Last 30 days" },
  { kind: "90d", label: "Last 90 days" },
  { kind: "custom", label: "Chosen days…" },
];

const DAYS: Record<Exclude<RangeKind, "custom">, number> = {
  "15m": 2,
  "1h": 2,
  today: 1,
  yesterday: 1,
  "24h": 2,
  "2d": 2,
  "7d": 7,
  "30d": 30,
  "90d": 90,
};

const TERMS: Partial<Record<RangeKind, string>> = {
  "15m": "time:-15m..",
  "1h": "time:-1h..",
  "24h": "time:-24h..",
};

export function rangeOf(kind: Exclude<RangeKind, "custom">): DayRange {
  return { kind, from: "", to: "" };
}

export function chosenDays(from: string, to: string): DayRange {
  return { kind: "custom", from, to };
}

/** How many days of log the range means. */
export function daysIn(range: DayRange): number {
  return range.kind === "custom" ? dayCount(range.from, range.to) : DAYS[range.kind];
}

/** The range as the Rust side takes it. */
export function logRange(range: DayRange): LogRange {
  if (range.kind === "custom") return { kind: "between", from: range.from, to: range.to };
  if (range.kind === "yesterday") return { kind: "yesterday" };
  return { kind: "last", days: DAYS[range.kind] };
}

/** The term of the filter that belongs to a span shorter than its days, or null. */
export function termOf(kind: RangeKind): string | null {
  return TERMS[kind] ?? null;
}

/** Every term that stands for a range. */
export const RANGE_TERMS: ReadonlySet<string> = new Set(Object.values(TERMS));

/** "Last 7 days", "Tue 3 Nov", "Tue 3 Nov to Thu 5 Nov". */
export function rangeLabel(range: DayRange): string {
  if (range.kind !== "custom") return RANGES.find(({ kind }) => kind === range.kind)?.label ?? "";
  if (range.from === range.to) return dayText(range.from);
  return `${dayText(range.from)} to ${dayText(range.to)}`;
}

/** The range as a saved view keeps it: `7d`, or `2026-08-01..2026-08-08`. */
export function rangeName(range: DayRange): string {
  return range.kind === "custom" ? `${range.from}..${range.to}` : range.kind;
}

/** The range of that name; null where it is none. */
export function rangeNamed(name: string): DayRange | null {
  const known = RANGES.find(({ kind }) => kind === name)?.kind;
  if (known && known !== "custom") return rangeOf(known);
  const [from = "", to = ""] = name.split("..");
  return isDay(from) && isDay(to) && from <= to ? chosenDays(from, to) : null;
}

/** A sentence where the two dates are no range, else null. */
export function rangeProblem(from: string, to: string, today: string): string | null {
  if (!isDay(from) || !isDay(to)) return "Choose both dates.";
  if (from > to) return "The first day is after the last one. Swap them.";
  // One day of grace: an instance east of UTC may already write tomorrow's log.
  if (from > shiftDay(today, 1)) return "These days have not begun yet.";
  if (dayCount(from, to) > 366) return "Choose at most a year: CIPP keeps 90 days by default.";
  return null;
}
