/** What is said of one day of the log, and what a click on it does. */
import type { DayPhase, DayState } from "../../backend";
import { dayText, entriesText, whenText } from "../../lib/time";

export const PHASE_WORDS: Record<DayPhase, string> = {
  waiting: "waiting for its turn",
  loading: "loading",
  complete: "complete",
  partial: "only a part is here",
  failed: "failed",
  cancelled: "cancelled",
  notFetched: "not fetched",
  gone: "no longer in CIPP and not in your archive",
  outOfMemory: "in your archive, but not in memory: it is not searched",
};

export type DayAction = "look" | "fetch" | "retry" | "cancel" | "load" | "none";

const ACTIONS: Record<DayPhase, DayAction> = {
  waiting: "cancel",
  loading: "cancel",
  complete: "look",
  partial: "retry",
  failed: "retry",
  cancelled: "retry",
  notFetched: "fetch",
  gone: "none",
  outOfMemory: "load",
};

const ACTION_WORDS: Record<DayAction, string> = {
  look: "Click: this day alone",
  fetch: "Click: fetch it (1 call)",
  retry: "Click: ask again (1 call)",
  cancel: "Click: cancel",
  load: "Click: load it",
  none: "",
};

export function actionOn({ state }: DayState): DayAction {
  return ACTIONS[state];
}

/** Everything known about the day, for the tooltip and for screen readers. */
export function dayWords(day: DayState, today: string, now: number, zone: string): string {
  // Today grows until midnight: that it is not whole is no defect.
  const running = day.day === today && day.state === "partial" && !day.error;
  const words = [
    `${dayText(day.day)}: ${running ? "today so far" : PHASE_WORDS[day.state]}`,
    day.rows > 0 || day.state === "complete" || running ? entriesText(day.rows) : "",
    day.oddRows > 0 ? `${day.oddRows} of them odd` : "",
    sourceWords(day, now, zone),
  ];
  return [
    words.filter(Boolean).join(", "),
    day.error?.message ?? "",
    day.archiveTrouble ?? "",
    ACTION_WORDS[actionOn(day)],
  ]
    .filter(Boolean)
    .map((sentence) => sentence.replace(/\.$/, ""))
    .join(". ");
}

function sourceWords({ source, fetchedMs, archived }: DayState, now: number, zone: string): string {
  const when = fetchedMs === null ? "" : ` ${whenText(fetchedMs, now, zone)}`;
  if (source === "archive") return `from your archive, read from CIPP${when}`;
  if (source === "cipp") return `read from CIPP${when}${archived ? ", archived" : ""}`;
  return "";
}
