/**
 * The checklists in words: states, causes, countdowns, dates that are due. Pure: the clock and the time
 * zone are passed in. What a state is, is decided on the other side; here is only how it is called.
 */
import type {
  ChecklistView,
  Due,
  HistoryItem,
  Remark,
  Step,
  StepKind,
  StepProgress,
  StepState,
} from "../../backend";
import { countdownText, momentOf, shortTime } from "../../lib/time";

export type StateKind = StepState["kind"];

/** How a state looks: one shape each, and a tone that never stands alone. */
export const STATES: Record<StateKind, { word: string; tone: Tone }> = {
  todo: { word: "To do", tone: "plain" },
  verified: { word: "Verified", tone: "ok" },
  confirmed: { word: "Confirmed by hand", tone: "plain" },
  waiting: { word: "Waiting", tone: "info" },
  failed: { word: "Failed", tone: "error" },
  notApplicable: { word: "Not applicable", tone: "quiet" },
};
export type Tone = "plain" | "ok" | "info" | "warning" | "error" | "quiet";

export const KINDS: Record<StepKind, string> = {
  requirement: "Requirement",
  action: "To do",
  wait: "Wait",
  check: "To look at",
  "clean-up": "Clean-up",
  note: "Good to know",
};

const HISTORY: Record<HistoryItem["kind"], string> = {
  passed: "Verified",
  failed: "Check failed",
  checkWaits: "Check: not yet",
  checkNotApplicable: "Check: not applicable",
  couldNotCheck: "Could not check",
  confirmed: "Confirmed by hand",
  notApplicable: "Not applicable",
  waiting: "Waiting",
  reopened: "Set back to do",
  noted: "Note",
  undone: "Undone",
  redone: "Done again",
  imported: "Imported",
  settled: "Chosen",
};

/** "Check failed, 3 times" */
export function historyWord(item: HistoryItem): string {
  return item.times > 1 ? `${HISTORY[item.kind]}, ${item.times} times` : HISTORY[item.kind];
}

/** What would make a check possible that could not be made, as far as this window can do it. */
export type WayOut = "sign-in" | "connect" | "facts" | "check";

export function waysOut(cause: Remark["cause"], signedIn: boolean): WayOut[] {
  switch (cause) {
    case "notConnected":
      return ["connect"];
    case "notSignedIn":
    case "scope":
    case "role":
      // Another permission or another person: both are a sign-in.
      return ["sign-in"];
    case "notKnown":
      return signedIn ? ["facts"] : ["sign-in", "facts"];
    case "network":
    case "notRunYet":
      return ["check"];
    default:
      return [];
  }
}

// ---- spans

/** "less than a minute", "5 minutes", "3 hours", "32 days" */
export function spanText(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const count = (n: number, unit: string) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return count(minutes, "minute");
  if (minutes < 48 * 60) return count(Math.floor(minutes / 60), "hour");
  return count(Math.floor(minutes / (24 * 60)), "day");
}

/** "just now", "5 minutes ago"; what lies ahead, by a wrong clock, is told by its date. */
export function agoText(iso: string, now: number, zone: string): string {
  const moment = momentOf(iso);
  if (moment === null) return "at an unknown time";
  const ago = now - moment;
  if (ago < -60_000) return `on ${shortTime(moment, zone)}`;
  return ago < 60_000 ? "just now" : `${spanText(ago)} ago`;
}

/** "3 Nov 2026, 06:12"; nothing for what is no moment. */
export function timeText(iso: string, zone: string): string {
  const moment = momentOf(iso);
  return moment === null ? "" : shortTime(moment, zone);
}

/** "Due in 23 hours", "Overdue by 3 hours", "Confirmed, not yet verified" */
export function dueText(due: Due, now: number): string {
  if (due.state === "toVerify") return "Confirmed, not yet verified";
  const at = momentOf(due.at) ?? now;
  return at > now ? `Due in ${spanText(at - now)}` : `Overdue by ${spanText(now - at)}`;
}

/** By the clock of now: what was due tomorrow when it was read may be overdue by now. */
export function isOverdue(due: Due, now: number): boolean {
  return due.state !== "toVerify" && (momentOf(due.at) ?? now) <= now;
}

/** "Verified 32 days ago, check again"; zero days are a proof from the future. */
export function staleText(days: number): string {
  return days === 0
    ? "Verified at a time that has not come yet: the clock was wrong. Check again"
    : `Verified ${days} days ago, check again`;
}

// ---- a step

/** Which shape and which words stand for a step in the list. */
export interface Look {
  shape: StateKind | "toCleanUp" | "stale";
  tone: Tone;
  /** The state as words, for everybody. */
  word: string;
  /** What else is to be known, in a few words each. */
  more: string[];
}

/** A state's word and tone; clean-up in good time is to be done, and no fault. */
export function stateOf({ state, toCleanUp }: StepProgress): { word: string; tone: Tone } {
  return toCleanUp ? { word: "To clean up", tone: "warning" } : STATES[state.kind];
}

export function lookOf(step: StepProgress, now: number, left: number | null): Look {
  const { word, tone } = stateOf(step);
  const stale = step.staleDays !== null;
  const look: Look = {
    shape: stale ? "stale" : step.toCleanUp ? "toCleanUp" : step.state.kind,
    tone: stale ? "warning" : tone,
    word: stale ? staleText(step.staleDays ?? 0) : word,
    more: [],
  };
  if (step.state.kind === "waiting" && left !== null && left > 0) {
    look.word = `Waiting ${countdownText(left)}`;
  }
  if (step.due) look.more.push(dueText(step.due, now));
  if (step.conflict) look.more.push("Two histories: choose");
  if (step.remark) look.more.push("Could not check");
  return look;
}

/** Whether nothing is left to do at a step. */
export function isSettled(step: StepProgress): boolean {
  const settled = ["verified", "confirmed", "notApplicable"].includes(step.state.kind);
  return settled && step.staleDays === null && !step.due && !step.conflict;
}

/** What a person is writing at a step: nothing, a confirmation, or why it does not apply. */
export type Form = "none" | "confirm" | "na";

export interface ShownStep {
  step: Step;
  progress: StepProgress;
  /** From 1, over the whole list. */
  number: number;
  group: string;
}

/** The steps of the chosen variant, in order, each with how it stands. */
export function shownSteps(view: ChecklistView): ShownStep[] {
  const standing = new Map(view.progress.steps.map((step) => [step.id, step]));
  const shown: ShownStep[] = [];
  for (const group of view.checklist.groups) {
    for (const step of group.steps) {
      const progress = standing.get(step.id);
      if (!progress) continue;
      shown.push({ step, progress, number: shown.length + 1, group: group.title });
    }
  }
  return shown;
}

/** The same in their groups. */
export function shownGroups(steps: ShownStep[]): { title: string; steps: ShownStep[] }[] {
  const groups: { title: string; steps: ShownStep[] }[] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.title === step.group) last.steps.push(step);
    else groups.push({ title: step.group, steps: [step] });
  }
  return groups;
}

/** A step of any variant. */
export function stepNamed(view: ChecklistView, id: string): Step | null {
  for (const { steps } of view.checklist.groups) {
    const found = steps.find((step) => step.id === id);
    if (found) return found;
  }
  return null;
}

/** How far a list is: what does not apply does not count. */
export function doneOf({ counts }: ChecklistView["progress"]): { done: number; of: number } {
  return {
    done: counts.verified + counts.confirmed,
    of: counts.steps - counts.notApplicable,
  };
}

/**
 * Where to go on: at the step that was shown last, else after the step at which something was done last,
 * else at the first that is open.
 */
export function resumeAt(steps: ShownStep[], kept: string | undefined): string | null {
  if (kept && steps.some(({ step }) => step.id === kept)) return kept;
  let latest: { index: number; at: number } | null = null;
  steps.forEach(({ progress }, index) => {
    const at = momentOf(progress.history.at(-1)?.at ?? null);
    if (at !== null && (!latest || at >= latest.at)) latest = { index, at };
  });
  const from = (latest as { index: number } | null)?.index ?? 0;
  return nextOpen(steps, from, 1, true) ?? steps[from]?.step.id ?? null;
}

/** The next step at which something is left to do, around the end; `here` counts where `with` is said. */
export function nextOpen(
  steps: ShownStep[],
  here: number,
  by: 1 | -1,
  withHere = false,
): string | null {
  for (let i = withHere ? 0 : 1; i <= steps.length; i++) {
    const at = steps[(here + i * by + steps.length * 2) % steps.length];
    if (at && !isSettled(at.progress)) return at.step.id;
  }
  return null;
}

/** Who can look at a step, so that a look is worth it. */
export function lookNeeds(step: Step): "nothing" | "connection" | "sign-in" {
  const { checks } = step.proof;
  if (checks.length === 0) return "nothing";
  return checks.some((check) => check.startsWith("cipp-")) ? "connection" : "sign-in";
}

/** Why a step cannot be looked at now, as a sentence; null where it can. */
export function whyNoLook(step: Step, connected: boolean): string | null {
  if (step.proof.checks.length === 0) return "Nothing can see this step: confirm it by hand.";
  if (!connected) return "Checks need a connection. Reading and confirming works without one.";
  return null;
}

/** "entra.microsoft.com": the site a link opens. */
export function siteOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}

/** Where a step comes from, as people would say it. */
export const sourceText = (source: string) =>
  source.replace(/^seed: (.*)$/, "CIPP manual, “$1”, older edition");

export const isUrl = (text: string) => /^https:\/\/\S+$/.test(text);

// ---- a list

/** Clean-up that is open, over all lists; what is due first comes first. */
export interface OpenCleanUp {
  list: string;
  step: string;
  title: string;
  due: Due;
}

export function openCleanUp(views: ChecklistView[]): OpenCleanUp[] {
  return views
    .flatMap((view) =>
      shownSteps(view).flatMap(({ step, progress }) =>
        progress.due
          ? [{ list: view.checklist.id, step: step.id, title: step.title, due: progress.due }]
          : [],
      ),
    )
    .sort((a, b) => (momentOf(a.due.at) ?? 0) - (momentOf(b.due.at) ?? 0));
}

/** What a round of checks found. */
export interface Tally {
  passed: number;
  failed: number;
  toCleanUp: number;
  waiting: number;
  notApplicable: number;
  couldNotCheck: number;
}

export const NO_TALLY: Tally = {
  passed: 0,
  failed: 0,
  toCleanUp: 0,
  waiting: 0,
  notApplicable: 0,
  couldNotCheck: 0,
};

/** Counts a step that was just looked at. */
export function tallied(tally: Tally, { state, remark, toCleanUp }: StepProgress): Tally {
  const kinds: Record<StateKind, keyof Tally> = {
    todo: "couldNotCheck",
    confirmed: "couldNotCheck",
    verified: "passed",
    waiting: "waiting",
    failed: toCleanUp ? "toCleanUp" : "failed",
    notApplicable: "notApplicable",
  };
  const kind = remark ? "couldNotCheck" : kinds[state.kind];
  return { ...tally, [kind]: tally[kind] + 1 };
}

/** "12 steps checked: 9 verified, 1 failed, 2 could not be checked." */
export function tallyText(tally: Tally, cancelled: boolean): string {
  const parts = [
    [tally.passed, "verified"],
    [tally.failed, "failed"],
    [tally.toCleanUp, "to clean up"],
    [tally.waiting, "waiting"],
    [tally.notApplicable, "not applicable"],
    [tally.couldNotCheck, "could not be checked"],
  ] as const;
  const total = parts.reduce((sum, [n]) => sum + n, 0);
  const found = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  const steps = `${total} ${total === 1 ? "step" : "steps"} checked`;
  const end = cancelled ? " Cancelled: what was found before is kept." : "";
  return total === 0 ? `Nothing was checked.${end}` : `${steps}: ${found.join(", ")}.${end}`;
}
