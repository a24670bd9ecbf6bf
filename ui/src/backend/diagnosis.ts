/**
 * The types of the diagnosis and the commands behind them, as long as the generated bindings lack
 * them. `diagnosisCommands` has the shape of `commands`: what uses it needs another import, nothing more.
 */
import { invoke, type Channel } from "@tauri-apps/api/core";
import type { CommandError, ConnectionInfo } from "../bindings";

/** A question of the ladder, from the bottom up; `setUp` and `insideCipp` are no rungs of a run. */
export type Rung =
  | "address"
  | "reach"
  | "rightDoor"
  | "signIn"
  | "tokenFits"
  | "accepted"
  | "allowed"
  | "logRead"
  | "versions"
  | "setUp"
  | "insideCipp";

/** `skipped`: optional and not possible here; the reason is in the proof. */
export type RungState = "notReached" | "running" | "passed" | "failed" | "skipped";

/** Where a symptom is met. */
export type Seen = "client" | "person" | "log" | "page";

/** An entry of the catalogue of failures. */
export type Failure = {
  id: string;
  numbers: number[];
  rung: Rung;
  seen: Seen[];
  title: string;
  symptom: string;
  cause: string;
  remedy: string[];
  /** Trying again every so many seconds is the remedy, for so many at most. */
  waiting: { seconds: number; most: number; why: string } | null;
  /** "checklist/step" of the guide. */
  step: string | null;
  link: { label: string; url: string } | null;
  source: string;
  certain: boolean;
  /** Trying again by itself does harm. */
  neverRetry: boolean;
};

export type Fact = { label: string; value: string };

export type RungOutcome = {
  rung: Rung;
  /** 1 to 9. */
  number: number;
  state: RungState;
  durationMs: number;
  /** One line; empty until it is known. */
  proof: string;
  facts: Fact[];
  /** Failed: all that is plausible, the first is the one named. */
  causes: Failure[];
  /** Passed, but worth knowing. */
  notes: Failure[];
  /** The original text, scrubbed; empty where there was none. */
  serverSaid: string;
};

export type Verdict = "works" | "broken" | "cancelled";

export type Diagnosis = {
  startedAt: string;
  durationMs: number;
  /** All nine, in order. */
  rungs: RungOutcome[];
  verdict: Verdict;
  setting: Fact[];
};

/** Something of the connection or its surroundings that is not as it was. */
export type Changed = { what: string; before: string; now: string };

export type DiagnosisHistory = {
  /** Newest first, 20 at most. */
  runs: Diagnosis[];
  changed: { lastGoodAt: string; changes: Changed[] } | null;
};

/** What a text says that the catalogue knows, and Microsoft's codes that it does not know. */
export type Explained = {
  failures: Failure[];
  unknownCodes: { code: number; page: string }[];
};

/** A call of this process. */
export type NetworkCall = {
  at: string;
  host: string;
  path: string;
  status: number | null;
  /** Empty, or the cause in a word. */
  outcome: string;
  bytes: number;
  durationMs: number;
  reason: string;
};

/** What can be broken in the sandbox. */
export type Fault = { name: string; title: string; teaches: string };

type Answer<T> = Promise<{ status: "ok"; data: T } | { status: "error"; error: CommandError }>;

async function call<T>(command: string, args: Record<string, unknown> = {}): Answer<T> {
  try {
    return { status: "ok", data: await invoke<T>(command, args) };
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    return { status: "error", error: thrown as CommandError };
  }
}

export const diagnosisCommands = {
  diagnose: (connectionId: string, onProgress: Channel<RungOutcome>) =>
    call<Diagnosis>("diagnose", { connectionId, onProgress }),
  diagnoseCancel: (connectionId: string) => call<null>("diagnose_cancel", { connectionId }),
  diagnosisHistory: (connectionId: string) =>
    call<DiagnosisHistory>("diagnosis_history", { connectionId }),
  diagnosisReport: (connectionId: string, startedAt: string) =>
    call<string>("diagnosis_report", { connectionId, startedAt }),
  explainText: (text: string) => call<Explained>("explain_text", { text }),
  networkCalls: () => call<NetworkCall[]>("network_calls"),
  faults: () => call<Fault[]>("faults"),
  faultPlay: (name: string | null) => call<ConnectionInfo>("fault_play", { name }),
  faultPlaying: () => call<string | null>("fault_playing"),
};
