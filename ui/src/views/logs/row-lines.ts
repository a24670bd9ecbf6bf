/** The lines between two rows of the list: where a date, a log day or the clock changes. Pure. */
import type { LogRow } from "../../backend";
import { dayText, momentOf, offsetText, wallTime } from "../../lib/time";

/**
 * What to write on the line above a row, given the one before it (newer, as the list runs back in
 * time); empty where nothing changes. "Tue 3 Nov" is a date of the shown zone, "log day" is CIPP's
 * own day, whose boundary lies elsewhere in other zones.
 */
export function boundaryBetween(
  newer: LogRow | undefined,
  row: LogRow | undefined,
  zone: string,
): string {
  if (!newer || !row) return "";
  const [above, below] = [wallOf(newer, zone), wallOf(row, zone)];
  const words: string[] = [];
  const date = below && above && below.date !== above.date ? dayText(below.date) : "";
  if (date) words.push(date);
  if (newer.day !== row.day) {
    words.push(dayText(row.day) === date ? "log day too" : `log day ${dayText(row.day)}`);
  }
  if (above && below && above.offset !== below.offset) {
    words.push(`clocks changed, ${offsetText(below.offset)} before`);
  }
  return words.join(" · ");
}

const two = (n: number) => String(n).padStart(2, "0");

function wallOf(row: LogRow, zone: string): { date: string; offset: number } | null {
  const moment = momentOf(row.time);
  if (moment === null) return null;
  const { year, month, day, offsetMinutes } = wallTime(moment, zone);
  return { date: `${year}-${two(month)}-${two(day)}`, offset: offsetMinutes };
}
