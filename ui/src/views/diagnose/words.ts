/** The ladder in words. Pure: the clock and the zone are passed in. */
import type { Diagnosis, Rung } from "../../backend";
import { brokenRung, rungName } from "../../lib/rungs";
import { momentOf, whenText, wallTime } from "../../lib/time";

/** Whose words the original text of a rung is. */
export function saidBy(rung: Rung): string {
  if (rung === "address" || rung === "reach") return "This is what the network said:";
  return rung === "signIn" ? "This is what Microsoft said:" : "This is what CIPP said:";
}

/** "works", "broken at 6 Accepted", "cancelled" */
export function verdictWords(diagnosis: Diagnosis): string {
  if (diagnosis.verdict !== "broken") return diagnosis.verdict;
  const broken = brokenRung(diagnosis);
  return broken ? `broken at ${broken.number} ${rungName(broken.rung)}` : "broken";
}

/** "today at 08:02", "3 Nov 2026, 06:12" */
export function runTime(startedAt: string, now: number, zone: string): string {
  const moment = momentOf(startedAt);
  if (moment === null) return "at an unknown time";
  const words = whenText(moment, now, zone);
  if (words.includes(" at ")) return words;
  const { hour, minute } = wallTime(moment, zone);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${words}, ${two(hour)}:${two(minute)}`;
}

/** How long a wait goes on at most: "15 minutes", "90 seconds". */
export function mostText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return seconds < 120 ? `${seconds} seconds` : `${minutes} minutes`;
}
