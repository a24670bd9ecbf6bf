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

/** Minutes east of UTC of a zone that is only an offset, such as "+02:00"; null for a named zone. */
function fixedOffset(zone: string): number | null {
  const parts = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (!parts) return null;
  return (parts[1] === "-" ? -1 : 1) * (Number(parts[2]) * 60 + Number(parts[3]));
}

/** Whether times can be told in the zone, e.g. "Europe/Amsterdam" or "+02:00". */
export function isKnownZone(zone: string): boolean {
  if (fixedOffset(zone) !== null) return true;
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

function numbersOf(moment: number, zone: string): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const part of formatFor(zone).formatToParts(moment)) {
    if (part.type !== "literal") parts[part.type] = Number(part.value);
  }
  return parts;
}

/** Zones change their clocks at full quarters of an hour, at least since this moment. */
const QUARTERS_SINCE = Date.UTC(2000, 0, 1);
const QUARTER_MS = 900_000;
const MOST_QUARTERS = 20_000;
const quarters = new Map<string, Map<number, number>>();

/**
 * Milliseconds east of UTC. Kept by quarter of an hour: asking the system for it takes longer than
 * everything else of a row that comes into view, and rows of one quarter are many.
 */
function offsetAt(moment: number, zone: string): number {
  if (moment < QUARTERS_SINCE) return askOffset(moment, zone);
  let known = quarters.get(zone);
  if (!known || known.size > MOST_QUARTERS) {
    known = new Map();
    quarters.set(zone, known);
  }
  const quarter = Math.floor(moment / QUARTER_MS);
  let offset = known.get(quarter);
  if (offset === undefined) {
    offset = askOffset(moment, zone);
    known.set(quarter, offset);
  }
  return offset;
}

function askOffset(moment: number, zone: string): number {
  // Not every engine knows offsets as zones.
  const fixed = fixedOffset(zone);
  if (fixed !== null) return fixed * 60_000;
  const parts = numbersOf(moment, zone);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}

export function wallTime(moment: number, zone: string): WallTime {
  const offset = offsetAt(moment, zone);
  // The clock on the wall, read as if it were UTC.
  const wall = new Date(moment + offset);
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
    second: wall.getUTCSeconds(),
    millisecond: wall.getUTCMilliseconds(),
    offsetMinutes: Math.round(offset / 60_000),
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

/** "06:12" */
export function clockText(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  return `${two(w.hour)}:${two(w.minute)}`;
}

/** The day a moment falls on in a zone, "yyyy-mm-dd". */
export function dayIn(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  return `${w.year}-${two(w.month)}-${two(w.day)}`;
}

/** "2026-11-03T06:12+01:00", with seconds and a fraction where there are some; "Z" for UTC. */
export function isoIn(moment: number, zone: string): string {
  const w = wallTime(moment, zone);
  const fraction = w.millisecond === 0 ? "" : `.${three(w.millisecond)}`;
  const seconds = w.second === 0 && !fraction ? "" : `:${two(w.second)}${fraction}`;
  const offset = zone === "UTC" ? "Z" : offsetText(w.offsetMinutes);
  return `${dayIn(moment, zone)}T${two(w.hour)}:${two(w.minute)}${seconds}${offset}`;
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

/** The UTC day of a moment: CIPP files its log under UTC days unless the instance was set up otherwise. */
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

/** The moment a day begins in a zone; the instance's own, for a log day. */
export function dayStart(day: string, zone = "UTC"): number {
  return momentIn(Date.parse(`${day}T00:00:00Z`), zone);
}

/**
 * The moment at which clocks in the zone show this wall time, given as if it were UTC. A time that a
 * clock change skips is the moment of the change; of one that comes twice it is the first.
 */
export function momentIn(wall: number, zone: string): number {
  const at = (moment: number) => wallTime(moment, zone).offsetMinutes * 60_000;
  // The offsets of the days around: whatever changes, changes between them.
  const guesses = [wall - at(wall - DAY_MS), wall - at(wall + DAY_MS)];
  const right = guesses.filter((moment) => moment + at(moment) === wall);
  if (right.length > 0) return Math.min(...right);
  // Skipped: the clock jumps over it, somewhere between the two guesses.
  let [before, after] = [Math.min(...guesses), Math.max(...guesses)];
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (at(middle) === at(before)) before = middle;
    else after = middle;
  }
  return after;
}

export interface ClockChange {
  /** The moment from which the new offset holds. */
  moment: number;
  /** How far clocks are moved, minutes: 60 in spring. */
  minutes: number;
}

/** The clock changes of a zone in a span, oldest first. */
export function clockChanges(from: number, to: number, zone: string): ClockChange[] {
  const offset = (moment: number) => wallTime(moment, zone).offsetMinutes;
  const changes: ClockChange[] = [];
  // No zone changes its clocks twice within four days.
  for (let at = from; at < to; at += 4 * DAY_MS) {
    let [low, high] = [at, Math.min(to, at + 4 * DAY_MS)];
    const minutes = offset(high) - offset(low);
    if (minutes === 0) continue;
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000;
      if (offset(middle) === offset(at)) low = middle;
      else high = middle;
    }
    changes.push({ moment: high, minutes });
  }
  return changes;
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
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  // Rounded first: 119.6 seconds are 2 minutes, not "1 min 60 s".
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** "4:12", "1:02:05": what is left of a wait. */
export function countdownText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** About how long something will take: "10 seconds", "2 minutes". */
export function likelyText(seconds: number): string {
  if (seconds < 55) return `about ${Math.max(5, Math.ceil(seconds / 5) * 5)} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes <= 1 ? "about a minute" : `about ${minutes} minutes`;
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
