/**
 * Moments and log days as text. Nothing here asks for the clock or the machine's zone: both are
 * passed in. A moment is milliseconds since 1970 (UTC); a log day is CIPP's own unit, "yyyy-mm-dd".
 */

const MONTHS = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
] as const;

const DAY_MS = 86_400_000;

export interface WallTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  /** Minutes east of UTC at that moment, daylight saving included. */
  offsetMinutes: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether this engine knows the zone, e.g. "Europe/Amsterdam". */
export function isKnownZone(zone: string): boolean {
  try {
    formatFor(zone);
    return true;
  } catch {
    return false;
  }
}

/** Milliseconds since 1970, or null where the text is no moment. Digits beyond milliseconds are cut. */
export function momentOf(iso: string | null): number | null {
  if (!iso) return null;
  const moment = Date.parse(iso.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(moment) ? null : moment;
}

export function wallTime(moment: number, zone: string): WallTime {
  const parts: Record<string, number> = {};
  for (const part of formatFor(zone).formatToParts(moment)) {
    if (part.type !== "literal") parts[part.type] = Number(part.value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const whole = Math.floor(moment / 1000) * 1000;
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    millisecond: moment - whole,
    offsetMinutes: Math.round((wall - whole) / 60_000),
  };
}

const two = (n: number) => String(n).padStart(2, "0");
const three = (n: number) => String(n).padStart(3, "0");

/** "+01:00", "-03:30"; UTC is "+00:00". */
export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export interface TimeParts {
  /** "03 Nov" */
  date: string;
  /** "06:12:44.120" */
  clock: string;
  /** "+01:00" */
  offset: string;
}

export function timeParts(moment: number, zone: string): TimeParts {
  const w = wallTime(moment, zone);
  return {
    date: `${two(w.day)} ${MONTHS[w.month - 1]}`,
    clock: `${two(w.hour)}:${two(w.minute)}:${two(w.second)}.${three(w.millisecond)}`,
    offset: offsetText(w.offsetMinutes),
  };
}

/** "Tue 3 Nov 2026, 06:12:44.120 +01:00" */
export function longTime(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  const { clock, offset } = timeParts(moment, zone);
  return `${weekday(w.year, w.month, w.day)} ${w.day} ${MONTHS[w.month - 1]} ${w.year}, ${clock} ${offset}`;
}

/** "3 Nov 2026, 06:12" */
export function shortTime(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  return `${w.day} ${MONTHS[w.month - 1]} ${w.year}, ${two(w.hour)}:${two(w.minute)}`;
}

/** "3 Nov 2026" */
export function dateText(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  return `${w.day} ${MONTHS[w.month - 1]} ${w.year}`;
}

/** "today at 08:02", "yesterday at 17:40", else "3 Nov 2026". */
export function whenText(moment: number, now: number, zone: string): string {
  const then = wallTime(moment, zone);
  const today = wallTime(now, zone);
  const days =
    (Date.UTC(today.year, today.month - 1, today.day) -
      Date.UTC(then.year, then.month - 1, then.day)) /
    DAY_MS;
  const clock = `${two(then.hour)}:${two(then.minute)}`;
  if (days === 0) return `today at ${clock}`;
  if (days === 1) return `yesterday at ${clock}`;
  return dateText(moment, zone);
}

function weekday(year: number, month: number, day: number): string {
  const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
  return names[new Date(Date.UTC(year, month - 1, day)).getUTCDay()] ?? "";
}

// ---- log days

/** CIPP files its log under UTC days unless the instance was set up otherwise. */
export function logDayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}

export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const moment = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(moment) && logDayOf(moment) === text;
}

export function shiftDay(day: string, days: number): string {
  return logDayOf(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);
}

/** Both ends count: the same day twice is 1. */
export function dayCount(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS) + 1;
}

/** The moment a log day began. */
export function dayStart(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** "Tue 3 Nov" */
export function dayText(day: string): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return `${weekday(year, month, date)} ${date} ${MONTHS[month - 1]}`;
}

// ---- spans and numbers

/** "12 ms", "0.9 s", "14 s", "2 min 5 s" */
export function durationText(ms: number): string {
  if (ms < 950) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** "28,391" */
export function countText(n: number): string {
  return n.toLocaleString("en-US");
}

/** "1 entry", "4,182 entries" */
export function entriesText(n: number): string {
  return n === 1 ? "1 entry" : `${countText(n)} entries`;
}

/** "812 KB", "3.1 MB" */
export function bytesText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000))} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
