/**
 * The span of time that a term of the filter means, where it says so plainly. The Rust side decides
 * what matches; this is only for what the histogram shows.
 */
import { dayIn, dayStart, isDay, momentIn, shiftDay } from "./time";

export interface Span {
  from: number;
  to: number;
}

const UNITS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** What is written for a moment may be a whole day, hour, minute or second. */
type Moment = Span;

/**
 * `time:-1h..`, `time:A..B`, `time:today`, `time>=A`; null where the term says something else or
 * leaves out the start. Without an end it goes to now.
 */
export function spanOfTerm(term: string, zone: string, now: number): Span | null {
  const parts = /^time(:|>=)"?(.*?)"?$/i.exec(term);
  if (!parts) return null;
  const [, sign, text = ""] = parts;
  const [first = "", last] = sign === ":" ? text.split("..") : [text, ""];
  const from = momentOf(first, zone, now);
  if (!from) return null;
  if (last === undefined) return first.startsWith("-") ? { from: from.from, to: now } : from;
  const to = last === "" ? now : momentOf(last, zone, now)?.from;
  return to !== undefined && from.from < to ? { from: from.from, to } : null;
}

/** Whether the term counts from now: it means something else every minute. */
export function isRelative(term: string): boolean {
  return /^time[:<>=]+"?(.*\.\.)?(-\d|now|today|yesterday)/i.test(term);
}

function momentOf(text: string, zone: string, now: number): Moment | null {
  const word = text.toLowerCase();
  if (word === "now") return { from: now, to: now };
  if (word === "today") return wholeDay(dayIn(now, zone), zone);
  if (word === "yesterday") return wholeDay(shiftDay(dayIn(now, zone), -1), zone);
  if (/^-(\d+[smhdw])+$/.test(word)) {
    const back = [...word.matchAll(/(\d+)([smhdw])/g)].reduce(
      (sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0),
      0,
    );
    return { from: now - back, to: now - back };
  }
  if (isDay(text)) return wholeDay(text, zone);
  return written(text, zone);
}

const wholeDay = (day: string, zone: string): Moment => ({
  from: dayStart(day, zone),
  to: dayStart(shiftDay(day, 1), zone),
});

function written(text: string, zone: string): Moment | null {
  const parts =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2})(:\d{2})?(:\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?$/i.exec(
      text,
    );
  if (!parts) return null;
  const [, day, hour, minute, second, offset] = parts;
  const clock = `${hour}${minute ?? ":00"}${(second ?? ":00").slice(0, 7)}`;
  const wall = Date.parse(`${day}T${clock}${offset?.toUpperCase() ?? "Z"}`);
  if (Number.isNaN(wall)) return null;
  const from = offset ? wall : momentIn(wall, zone);
  const length = second ? 1000 : minute ? 60_000 : 3_600_000;
  return { from, to: from + length };
}
