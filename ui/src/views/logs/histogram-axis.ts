/** Where the time axis has its marks. Pure: a span, a zone and a width in, places and words out. */
import type { Span } from "../../lib/time-term";
import {
  clockChanges,
  clockText,
  dayIn,
  dayStart,
  dayText,
  momentIn,
  shiftDay,
  wallTime,
} from "../../lib/time";

export interface Tick {
  /** Place from the left, 0 to 1. */
  at: number;
  label: string;
}

export interface Mark {
  at: number;
  /** What the mark says, in a sentence. */
  title: string;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((minutes) => minutes * MINUTE);
const DAY_STEPS = [1, 2, 5, 7, 14, 30, 60];
/** Room that a label needs, px. */
const LABEL_PX = 72;
/** Lines nearer to each other than this are a grey area. */
const LINE_PX = 10;

/** A label nearer to the end than this stands before its mark, px. */
export const END_PX = 46;

/** Round times of the zone, as many as there is room for. */
export function ticks(span: Span, width: number, zone: string): Tick[] {
  const list = roundTimes(span, width, zone);
  const [last, before] = [list.at(-1), list.at(-2)];
  // At the end the label stands before its mark: there it may be in the way of the one before.
  const crowded =
    last !== undefined &&
    before !== undefined &&
    (1 - last.at) * width < END_PX &&
    (last.at - before.at) * width < 2 * END_PX;
  return crowded ? list.slice(0, -1) : list;
}

function roundTimes(span: Span, width: number, zone: string): Tick[] {
  const length = span.to - span.from;
  const room = Math.max(1, Math.floor(width / LABEL_PX));
  const step = STEPS.find((known) => length / known <= room);
  if (step === undefined) return dayTicks(span, room, zone);
  const list: Tick[] = [];
  // Counted in the time that the clock shows: ticks stay round over a clock change.
  const wall = (moment: number) => moment + wallTime(moment, zone).offsetMinutes * MINUTE;
  for (let at = Math.ceil(wall(span.from) / step) * step; ; at += step) {
    const moment = momentIn(at, zone);
    if (moment > span.to) return list;
    if (moment < span.from) continue;
    const midnight = at % DAY === 0;
    const label = midnight ? shortDay(dayIn(moment, zone)) : clockText(moment, zone);
    list.push({ at: (moment - span.from) / length, label });
  }
}

function dayTicks(span: Span, room: number, zone: string): Tick[] {
  const length = span.to - span.from;
  const step = DAY_STEPS.find((days) => length / (days * DAY) <= room) ?? 120;
  const list: Tick[] = [];
  let day = dayIn(span.from, zone);
  if (dayStart(day, zone) < span.from) day = shiftDay(day, 1);
  for (; ; day = shiftDay(day, step)) {
    const moment = dayStart(day, zone);
    if (moment > span.to) return list;
    list.push({ at: (moment - span.from) / length, label: shortDay(day) });
  }
}

/** "3 Nov" */
function shortDay(day: string): string {
  return dayText(day).split(" ").slice(1).join(" ");
}

/** Where CIPP's own days begin; none where they would be too near to each other. */
export function dayLines(span: Span, width: number, instanceZone: string): Mark[] {
  const length = span.to - span.from;
  if ((DAY / length) * width < LINE_PX) return [];
  const list: Mark[] = [];
  for (let day = shiftDay(dayIn(span.from, instanceZone), 1); ; day = shiftDay(day, 1)) {
    const moment = dayStart(day, instanceZone);
    if (moment >= span.to) return list;
    list.push({
      at: (moment - span.from) / length,
      title: `CIPP's log of ${dayText(day)} begins here`,
    });
  }
}

/** Where the clocks of the zone are changed. */
export function clockMarks(span: Span, zone: string): Mark[] {
  return clockChanges(span.from, span.to, zone).map(({ moment, minutes }) => ({
    at: (moment - span.from) / (span.to - span.from),
    title: `Clocks go ${minutes > 0 ? "forward" : "back"} ${spanOf(Math.abs(minutes))} here`,
  }));
}

const spanOf = (minutes: number) => (minutes === 60 ? "1 hour" : `${minutes} minutes`);
