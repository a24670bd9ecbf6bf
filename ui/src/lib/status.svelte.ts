/**
 * How the current connection is, as far as anything has told: runs of the ladder and readings of the
 * log. What is shown of it is one pill, in sight in every view. Nothing is asked from here.
 */
import type { CommandFailure, Diagnosis, ErrorCode, LogProgress } from "../backend";
import { secondsPass, timePasses } from "./clock";
import { brokenRung, isOfTheConnection, rungName, rungOfCode } from "./rungs";
import { countdownText } from "./time";

export type StatusKind = "none" | "unknown" | "checking" | "ok" | "waiting" | "broken" | "offline";

export interface Status {
  kind: StatusKind;
  /** "ok 12 s ago" */
  words: string;
  /** The same for a place of 48 px: "ok", "0:42", "rung 6". */
  short: string;
  /** For the ear, when it changes: without times that would change every second. */
  said: string;
}

/** The last outcome, and when. */
type Known =
  | { kind: "ok"; at: number }
  | { kind: "broken"; at: number; number: number; name: string }
  | { kind: "offline"; at: number; why: string };

/** Clocks of one computer, read by two programs one after the other. */
const SLACK_MS = 1000;

const OFFLINE_WORDS: Partial<Record<ErrorCode, string>> = {
  secretMissing: "no secret",
  keychainMissing: "no keychain",
  keychainLocked: "keychain locked",
  keychainNotAnswering: "keychain does not answer",
  keychainFailing: "keychain fails",
};

export class StatusState {
  /** By connection. */
  #known = $state.raw<Record<string, Known>>({});
  #diagnosing = $state<string | null>(null);
  #reading = $state<string | null>(null);
  /** The next try of a ladder that waits, by the running clock. */
  #waiting = $state.raw<{ id: string; until: number } | null>(null);
  /** What a log said last when it was at rest: said again, it is no news. */
  #rest: string | null = null;
  readonly #current: () => string | null;
  readonly #now: () => number;
  readonly #since: number;

  /** `current` names the connection that is shown. */
  constructor(current: () => string | null, now: () => number = Date.now) {
    this.#current = current;
    this.#now = now;
    this.#since = now();
  }

  shown = $derived.by<Status>(() => {
    const id = this.#current();
    if (id === null) return status("none", "no connection", "–");
    if (this.#diagnosing === id) return status("checking", "checking…", "…");
    if (this.#waiting?.id === id) {
      secondsPass();
      const left = countdownText((this.#waiting.until - performance.now()) / 1000);
      return status("waiting", `waiting, again in ${left}`, left, "waiting");
    }
    const known = this.#known[id];
    // While all is well a new reading is nothing to look up for.
    if (this.#reading === id && known?.kind !== "ok") return status("checking", "checking…", "…");
    if (!known) return status("unknown", "not checked yet", "?");
    if (known.kind === "ok") return status("ok", `ok ${this.#ago(known.at)}`, "ok", "ok");
    if (known.kind === "offline")
      return status("offline", `${known.why}: reading the archive`, "offline");
    return status("broken", `broken at ${known.number} ${known.name}`, `rung ${known.number}`);
  });

  #ago(at: number): string {
    timePasses();
    if (this.#now() - at < 60_000) secondsPass();
    return shortAgo(Math.max(0, this.#now() - at));
  }

  #set(id: string, known: Known): void {
    this.#known = { ...this.#known, [id]: known };
  }

  /** What was known holds no longer: the connection is another one now. */
  forget(id: string): void {
    this.#known = Object.fromEntries(Object.entries(this.#known).filter(([key]) => key !== id));
  }

  // ---- told by the ladder

  diagnosing(id: string): void {
    this.#diagnosing = id;
  }

  /** A run ended, or gave up (null). */
  diagnosed(id: string, diagnosis: Diagnosis | null): void {
    if (this.#diagnosing === id) this.#diagnosing = null;
    const at = this.#now();
    if (diagnosis?.verdict === "works") this.#set(id, { kind: "ok", at });
    const broken = diagnosis?.verdict === "broken" ? brokenRung(diagnosis) : null;
    if (!broken) return;
    this.#set(id, { kind: "broken", at, number: broken.number, name: rungName(broken.rung) });
  }

  /** The ladder is tried again then (`performance.now()`); null: no longer. */
  waits(id: string, until: number | null): void {
    if (until !== null) this.#waiting = { id, until };
    else if (this.#waiting?.id === id) this.#waiting = null;
  }

  // ---- told by the log

  logHeard(id: string, { days, finished, elapsedMs }: LogProgress): void {
    const good = days.filter(({ error }) => error === null).map(({ fetchedMs }) => fetchedMs ?? 0);
    const okAt = Math.max(0, ...good);
    // What lies in the archive from earlier days says nothing of now.
    const fresh = okAt >= this.#since - SLACK_MS && okAt > (this.#known[id]?.at ?? 0);
    if (!finished) {
      this.#reading = id;
      this.#rest = null;
      if (fresh) this.#set(id, { kind: "ok", at: okAt });
      return;
    }
    this.#readingEnds(id);
    const rest = JSON.stringify([id, days.map((day) => [day.day, day.error, day.fetchedMs])]);
    if (rest === this.#rest) return;
    this.#rest = rest;
    const failed = days.flatMap(({ error }) => error ?? []).find((e) => isOfTheConnection(e.code));
    if (fresh) this.#set(id, { kind: "ok", at: okAt });
    else if (failed && okAt < this.#now() - elapsedMs - SLACK_MS) this.#failed(id, failed.code);
  }

  /** The log could not be asked for at all. */
  logFailed(id: string, { code }: CommandFailure): void {
    this.#readingEnds(id);
    if (isOfTheConnection(code)) this.#failed(id, code);
  }

  logClosed(id: string): void {
    this.#readingEnds(id);
    this.#rest = null;
  }

  #readingEnds(id: string): void {
    if (this.#reading === id) this.#reading = null;
  }

  #failed(id: string, code: ErrorCode): void {
    const at = this.#now();
    const rung = rungOfCode(code);
    if (rung) this.#set(id, { kind: "broken", at, number: rung.number, name: rung.name });
    else this.#set(id, { kind: "offline", at, why: OFFLINE_WORDS[code] ?? "offline" });
  }
}

const status = (kind: StatusKind, words: string, short: string, said = words): Status => ({
  kind,
  words,
  short,
  said,
});

/** "12 s ago", "3 min ago", "2 h ago", "4 d ago" */
export function shortAgo(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
