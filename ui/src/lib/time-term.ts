/**
 * The span of time that a term of the filter means, where it says so plainly. The Rust side decides
 * what matches; this is only for what the histogram shows.
 */
import { momentIn } from "./time";

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

/** `time:-1h..`, `time:A..B`, `time:A..`; null where the term says something else or leaves out the start. */
export function spanOfTerm(term: string, zone: string, now: number): Span | null {
  const ends = /^time:"?(.*?)\.\.(.*?)"?$/i.exec(term);
  if (!ends) return null;
  const from = momentOf(ends[1] ?? "", zone, now);
  const to = ends[2] ? momentOf(ends[2], zone, now) : now;
  return from !== null && to !== null && from < to ? { from, to } : null;
}

/** Whether the term counts from now: it means something else every minute. */
export function isRelative(term: string): boolean {
  return /^time:[^"]*-\d+[smhdw]/i.test(term);
}

function momentOf(text: string, zone: string, now: number): number | null {
  const ago = /^-(\d+)([smhdw])$/i.exec(text);
  if (ago) return now - Number(ago[1]) * (UNITS[(ago[2] ?? "").toLowerCase()] ?? 0);
  const parts = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(.*))?$/i.exec(text);
  if (!parts) return null;
  const [, day, clock = "00:00", offset = ""] = parts;
  const wall = Date.parse(`${day}T${clock}${offset.toUpperCase() || "Z"}`);
  if (Number.isNaN(wall)) return null;
  return offset ? wall : momentIn(wall, zone);
}
