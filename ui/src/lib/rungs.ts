/** The nine rungs of the ladder by their names on the screen, and what each of them asks. */
import type { Diagnosis, ErrorCode, Rung, RungOutcome, RungState } from "../backend";

export interface RungName {
  rung: Rung;
  number: number;
  name: string;
  /** The question it answers. */
  asks: string;
}

export const RUNGS: RungName[] = (
  [
    ["address", "Address", "Is it a web address whose host can be found?"],
    ["reach", "Reach", "Does it answer: network, proxy, certificate, clock?"],
    ["rightDoor", "Right door", "Is it the API, and not the website?"],
    ["signIn", "Sign-in", "Does Microsoft give a token for this client and secret?"],
    ["tokenFits", "Token fits", "Is the token for this CIPP, from this tenant, still valid?"],
    ["accepted", "Accepted", "Does CIPP take the token?"],
    ["allowed", "Allowed", "May this client read the log, from this IP address?"],
    ["logRead", "Log read", "Do entries come, and how are they dated?"],
    ["versions", "Versions", "Which CIPP is it, and may its checks be read? Optional."],
  ] as const
).map(([rung, name, asks], at) => ({ rung, number: at + 1, name, asks }));

/** "Accepted" */
export function rungName(rung: Rung): string {
  return RUNGS.find((known) => known.rung === rung)?.name ?? "";
}

export const STATE_WORDS: Record<RungState, string> = {
  notReached: "not reached",
  running: "running",
  passed: "passed",
  failed: "broken",
  skipped: "skipped",
};

/** The rung at which a run broke; null where it did not. */
export function brokenRung({ rungs }: Pick<Diagnosis, "rungs">): RungOutcome | null {
  return rungs.find(({ state }) => state === "failed") ?? null;
}

/** A ladder on which nothing was tried yet. */
export const untried = (): RungOutcome[] =>
  RUNGS.map(({ rung, number }) => ({
    rung,
    number,
    state: "notReached",
    durationMs: 0,
    proof: "",
    facts: [],
    causes: [],
    notes: [],
    serverSaid: "",
  }));

/** The rung that a failed reading of the log points to, where its cause alone says so. */
const RUNG_OF_CODE: Partial<Record<ErrorCode, Rung>> = {
  wrongAddress: "rightDoor",
  signInRefused: "signIn",
  notAccepted: "accepted",
  notAllowed: "allowed",
  throttled: "logRead",
  serverTrouble: "logRead",
  notUnderstood: "logRead",
  cutOff: "logRead",
};

export const rungOfCode = (code: ErrorCode): RungName | null =>
  RUNGS.find(({ rung }) => rung === RUNG_OF_CODE[code]) ?? null;

/** Whether a failure says something about the connection, so that the ladder can tell more. */
export const isOfTheConnection = (code: ErrorCode): boolean =>
  code in RUNG_OF_CODE || OFFLINE_CODES.has(code);

/** Nothing could be asked of CIPP at all. */
const OFFLINE_CODES = new Set<ErrorCode>([
  "unreachable",
  "secretMissing",
  "keychainMissing",
  "keychainLocked",
  "keychainNotAnswering",
  "keychainFailing",
]);
