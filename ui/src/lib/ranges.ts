/** The day ranges a technician can choose from. Pure: today's log day is passed in. */
import { dayCount, isDay, shiftDay } from "./time";

export type RangeKind = "today" | "yesterday" | "2d" | "7d" | "30d" | "custom";

export interface DayRange {
  kind: RangeKind;
  from: string;
  to: string;
}

/** Beyond this many days the number of calls is shown before anything is sent (facts: ListLogs). */
export const ASK_ABOVE_DAYS = 10;

export const RANGES: { kind: RangeKind; label: string }[] = [
  { kind: "today", label: "Today" },
  { kind: "yesterday", label: "Yesterday" },
  { kind: "2d", label: "Last 2 days" },
  { kind: "7d", label: "Last 7 days" },
  { kind: "30d", label: "Last 30 days" },
  { kind: "custom", label: "Custom days" },
];

const DAYS_BACK: Record<Exclude<RangeKind, "custom" | "yesterday">, number> = {
  today: 0,
  "2d": 1,
  "7d": 6,
  "30d": 29,
};

export function rangeOf(kind: Exclude<RangeKind, "custom">, today: string): DayRange {
  if (kind === "yesterday") {
    const day = shiftDay(today, -1);
    return { kind, from: day, to: day };
  }
  return { kind, from: shiftDay(today, -DAYS_BACK[kind]), to: today };
}

/** The same choice seen from today: "Last 7 days" moves on, chosen dates stay. */
export function rangeNow(range: DayRange, today: string): DayRange {
  return range.kind === "custom" ? range : rangeOf(range.kind, today);
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
