/** Bars as words and as lines to draw. Pure. */
import type { Histogram, SeverityCounts, SeverityFamily } from "../../backend";
import { FAMILIES } from "../../lib/severity";
import { clockText, countText, dayIn, dayText, entriesText } from "../../lib/time";
import { sum } from "./histogram.svelte";

/** A moment without seconds: "Tue 3 Nov 06:00". */
export function momentText(moment: number, zone: string): string {
  return `${dayText(dayIn(moment, zone))} ${clockText(moment, zone)}`;
}

/** "Tue 3 Nov 06:00 to 07:00". */
export function spanText(from: number, to: number, zone: string): string {
  const sameDay = dayIn(from, zone) === dayIn(to, zone);
  return `${momentText(from, zone)} to ${sameDay ? clockText(to, zone) : momentText(to, zone)}`;
}

/** "3 critical, 41 error"; what there is none of is left out. */
export function countsText(counts: SeverityCounts): string {
  return FAMILIES.filter(({ id }) => counts[id] > 0)
    .map(({ id, word }) => `${countText(counts[id])} ${word.toLowerCase()}`)
    .join(", ");
}

/** What the bars from `first` to `last` say, both included. */
export function barWords(data: Histogram, first: number, last: number, zone: string): string {
  const { fromMs, stepMs, bars } = data;
  if (fromMs === null || stepMs === null) return "";
  const counts = added(bars.slice(first, last + 1));
  const total = sum(counts);
  const time = spanText(fromMs + first * stepMs, fromMs + (last + 1) * stepMs, zone);
  return total === 0
    ? `${time}: no entries`
    : `${time}: ${entriesText(total)}: ${countsText(counts)}`;
}

/** The whole in a sentence: how many, from when to when, where most are. */
export function summaryOf(data: Histogram, zone: string): string {
  const { fromMs, stepMs, bars } = data;
  if (fromMs === null || stepMs === null || bars.length === 0) return "No entries over time.";
  const counts = added(bars);
  const total = sum(counts);
  const time = spanText(fromMs, fromMs + stepMs * bars.length, zone);
  if (total === 0) return `${time}: no entries.`;
  const highest = bars.reduce((best, bar, i) => (sum(bar) > sum(bars[best] ?? bar) ? i : best), 0);
  const most = momentText(fromMs + highest * stepMs, zone);
  return `${time}: ${entriesText(total)} (${countsText(counts)}), most from ${most}: ${countText(sum(bars[highest] ?? counts))}.`;
}

function added(bars: SeverityCounts[]): SeverityCounts {
  const all = { critical: 0, error: 0, warning: 0, alert: 0, info: 0, debug: 0, unknown: 0 };
  for (const bar of bars) for (const { id } of FAMILIES) all[id] += bar[id];
  return all;
}

/** What must be seen even beside a thousand others, px. */
const LEAST: Record<SeverityFamily, number> = {
  critical: 3,
  error: 2,
  warning: 2,
  alert: 2,
  info: 1,
  debug: 1,
  unknown: 1,
};

/** The parts of all bars that belong to one family, as one path: trouble stands at the bottom. */
export function pathOf(
  family: SeverityFamily,
  bars: SeverityCounts[],
  highest: number,
  step: number,
  height: number,
): string {
  const below = FAMILIES.slice(
    0,
    FAMILIES.findIndex(({ id }) => id === family),
  ).map(({ id }) => id);
  const tall = (counts: SeverityCounts, id: SeverityFamily) =>
    counts[id] === 0 ? 0 : Math.max(LEAST[id], (counts[id] / highest) * (height - 8));
  const gap = step > 3 ? 1 : 0;
  return bars
    .map((counts, i) => {
      const h = tall(counts, family);
      if (h === 0) return "";
      const from = below.reduce((total, id) => total + tall(counts, id), 0);
      const size = Math.min(h, height - from);
      return `M${round(i * step)} ${round(height - from)}h${round(Math.max(1, step - gap))}v${round(-size)}h${round(-Math.max(1, step - gap))}z`;
    })
    .join("");
}

const round = (px: number) => Math.round(px * 10) / 10;
