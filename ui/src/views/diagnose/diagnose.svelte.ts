/**
 * Why does it not connect? Runs of the ladder for one connection, what earlier runs found, and
 * waiting where waiting is the remedy. It goes on while another view is seen: how it stands is told
 * to the status of the window.
 */
import { untrack } from "svelte";
import {
  backend,
  CommandFailure,
  type Diagnosis,
  type DiagnosisHistory,
  type Rung,
  type RungOutcome,
} from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { copyLater } from "../../lib/clipboard";
import { brokenRung, rungName, STATE_WORDS, untried } from "../../lib/rungs";
import { durationText } from "../../lib/time";
import { Waiting } from "./waiting.svelte";

/** A run that is under way. */
interface Run {
  connectionId: string;
  /** What is known of each rung so far. */
  rungs: RungOutcome[];
  /** By the running clock. */
  begun: number;
  cancelling: boolean;
  /** One of a series that waits: what was found before stays on the screen meanwhile. */
  quiet: boolean;
}

/** How long "Copied the report" stays. */
const COPIED_MS = 5000;

const NO_HISTORY: DiagnosisHistory = { runs: [], changed: null };

export class DiagnoseState {
  readonly app: AppState;
  connectionId = $state<string | null>(null);
  run = $state.raw<Run | null>(null);
  history = $state.raw<DiagnosisHistory>(NO_HISTORY);
  /** The earlier runs were asked for and came, or could not be read. */
  loaded = $state(false);
  historyFailure = $state.raw<CommandFailure | null>(null);
  /** The ladder could not be walked, or cancelled, at all. */
  failure = $state.raw<CommandFailure | null>(null);
  /** How far each rung came or how the run ended, for the ear. */
  said = $state("");
  copied = $state<"no" | "making" | "yes" | "refused">("no");
  readonly waiting: Waiting;

  /** The run that a person looks at, by its start; null: the newest. */
  #chosen = $state<string | null>(null);
  /** Rungs that a person opened or folded. */
  #folds = $state.raw<Partial<Record<Rung, boolean>>>({});
  /** Titles of the guide's steps, by "checklist/step". */
  #steps = $state.raw<Record<string, string>>({});
  /** The run that ended last: it stays, whether or not it is kept. */
  #last: Diagnosis | null = null;
  #ticket = 0;
  #round = 0;
  #copy = 0;
  #copiedTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: AppState) {
    this.app = app;
    this.waiting = new Waiting({
      again: () => void this.#walk(true),
      told: (until) => {
        if (this.connectionId) app.status.waits(this.connectionId, until);
      },
    });
  }

  /** The run on the screen that has ended; null where none has, or one is being watched. */
  shown = $derived.by(() => {
    if (this.run && !this.run.quiet && this.#chosen === null) return null;
    const { runs } = this.history;
    return runs.find(({ startedAt }) => startedAt === this.#chosen) ?? runs[0] ?? null;
  });
  newest = $derived(this.history.runs[0] ?? null);
  isNewest = $derived(this.shown !== null && this.shown === this.newest);
  /** A run is under way, and this is what a person sees. */
  live = $derived(this.run !== null && this.shown === null);
  rungs = $derived(this.shown?.rungs ?? this.run?.rungs ?? untried());
  broken = $derived(brokenRung({ rungs: this.rungs }));
  /** What is named as the cause of the run on the screen. */
  cause = $derived(this.broken?.causes[0] ?? null);
  running = $derived(this.run !== null);
  /** The rung at which a run is now. */
  at = $derived(this.run?.rungs.find(({ state }) => state === "running") ?? null);
  /** Nothing was ever run for this connection. */
  empty = $derived(this.loaded && !this.run && this.history.runs.length === 0);
  /** What is different since it last worked: it concerns the newest run alone. */
  changed = $derived(
    this.isNewest && this.shown?.verdict === "broken" ? this.history.changed : null,
  );

  // ---- whose

  /** Shows another connection's runs. What is under way for the one before ends. */
  async open(connectionId: string | null): Promise<void> {
    if (connectionId !== this.connectionId) this.#leave();
    this.connectionId = connectionId;
    if (connectionId) await this.#readHistory(connectionId);
  }

  #leave(): void {
    this.waiting.stop();
    if (this.run) {
      const { connectionId } = this.run;
      this.app.status.diagnosed(connectionId, null);
      // Nobody waits for it any more; where that fails, it ends by itself.
      void backend.diagnoseCancel(connectionId).catch(() => undefined);
    }
    this.#round += 1;
    this.#ticket += 1;
    this.#copy += 1;
    this.run = null;
    this.history = NO_HISTORY;
    this.#last = null;
    this.loaded = false;
    this.historyFailure = null;
    this.failure = null;
    this.said = "";
    this.copied = "no";
    this.#steps = {};
    this.choose(null);
  }

  async #readHistory(connectionId: string): Promise<void> {
    const ticket = ++this.#ticket;
    try {
      const history = await backend.diagnosisHistory(connectionId);
      if (ticket !== this.#ticket) return;
      this.#take(history);
      this.historyFailure = null;
      if (brokenRung({ rungs: this.rungs })) void this.#readSteps();
    } catch (error) {
      if (ticket === this.#ticket) this.historyFailure = CommandFailure.from(error);
    } finally {
      if (ticket === this.#ticket) this.loaded = true;
    }
  }

  #take(history: DiagnosisHistory): void {
    const last = this.#last;
    const kept = !last || history.runs.some(({ startedAt }) => startedAt === last.startedAt);
    this.history = kept ? history : { ...history, runs: [last, ...history.runs] };
  }

  // ---- running

  /** Walks the ladder; while it is walked already, that goes on. */
  async start(): Promise<void> {
    if (this.run || !this.connectionId) return;
    this.waiting.stop();
    this.choose(null);
    await this.#walk(false);
  }

  /** A person does not want to wait. */
  tryNow(): void {
    if (!this.run && this.waiting.on) void this.#walk(true);
  }

  async #walk(quiet: boolean): Promise<void> {
    const { connectionId } = this;
    if (!connectionId || this.run) return;
    const round = ++this.#round;
    const still = () => round === this.#round;
    this.failure = null;
    this.said = "";
    this.run = {
      connectionId,
      rungs: untried(),
      begun: performance.now(),
      cancelling: false,
      quiet,
    };
    this.app.status.diagnosing(connectionId);
    this.waiting.pause();
    let diagnosis: Diagnosis | null = null;
    try {
      diagnosis = await backend.diagnose(connectionId, (rung) => {
        if (still()) this.#heard(rung);
      });
    } catch (error) {
      if (still()) this.#failed(CommandFailure.from(error));
    }
    if (!still()) return;
    this.run = null;
    this.app.status.diagnosed(connectionId, diagnosis);
    if (diagnosis) this.#ended(diagnosis, connectionId);
    else this.waiting.stop();
  }

  #heard(rung: RungOutcome): void {
    if (!this.run) return;
    const rungs = this.run.rungs.map((known) => (known.rung === rung.rung ? rung : known));
    this.run = { ...this.run, rungs };
    if (this.run.quiet) return;
    this.said = `${rung.number} ${rungName(rung.rung)}: ${STATE_WORDS[rung.state]}`;
  }

  #ended(diagnosis: Diagnosis, connectionId: string): void {
    this.#last = diagnosis;
    this.#take(this.history);
    const cause = brokenRung(diagnosis)?.causes[0] ?? null;
    if (diagnosis.verdict === "broken") this.waiting.after(cause);
    else this.waiting.stop();
    this.said = verdictText(diagnosis);
    // The other side keeps it, and compares it with the last one that worked.
    void this.#readHistory(connectionId);
  }

  #failed(failure: CommandFailure): void {
    if (failure.code === "cancelled") this.said = "Cancelled.";
    else this.failure = failure;
  }

  async cancel(): Promise<void> {
    const { run } = this;
    if (!run || run.cancelling) return;
    const round = this.#round;
    this.run = { ...run, cancelling: true };
    try {
      await backend.diagnoseCancel(run.connectionId);
    } catch (error) {
      if (round !== this.#round) return;
      this.failure = CommandFailure.from(error);
      // It goes on, and can be asked to end once more.
      if (this.run) this.run = { ...this.run, cancelling: false };
    }
  }

  /** Ends a run, or waiting for the next; false where there is neither. */
  stop(): boolean {
    if (this.run) void this.cancel();
    else if (this.waiting.on) this.waiting.stop();
    else return false;
    return true;
  }

  // ---- looking

  /** An earlier run by its start, or the newest. */
  choose(startedAt: string | null): void {
    // While a run is watched, "the newest" is that one.
    const live = this.run !== null && !this.run.quiet;
    this.#chosen = !live && startedAt === this.newest?.startedAt ? null : startedAt;
    this.#folds = {};
    this.#copy += 1;
    this.copied = "no";
  }

  /** The broken rung opens by itself. */
  isOpen({ rung, state }: RungOutcome): boolean {
    return this.#folds[rung] ?? state === "failed";
  }

  toggle(outcome: RungOutcome): void {
    this.#folds = { ...this.#folds, [outcome.rung]: !this.isOpen(outcome) };
  }

  /** The guide's own name of a step, as soon as it is known. */
  stepTitle(step: string): string | null {
    return this.#steps[step] ?? null;
  }

  async #readSteps(): Promise<void> {
    const { connectionId } = this;
    if (Object.keys(this.#steps).length > 0) return;
    // Without it the button has a plainer name.
    const lists = await backend.checklists(connectionId).catch(() => []);
    if (connectionId !== this.connectionId) return;
    this.#steps = Object.fromEntries(
      lists.flatMap(({ checklist }) =>
        checklist.groups
          .flatMap(({ steps }) => steps)
          .map(({ id, title }) => [`${checklist.id}/${id}`, title]),
      ),
    );
  }

  async openLink(url: string): Promise<void> {
    const { connectionId } = this;
    try {
      await backend.openLink(url);
    } catch (error) {
      if (connectionId === this.connectionId) this.failure = CommandFailure.from(error);
    }
  }

  /** Puts the redacted report of the run on the screen on the clipboard. */
  async copyReport(): Promise<void> {
    const { connectionId, shown } = this;
    if (!connectionId || !shown || this.copied === "making") return;
    const copy = ++this.#copy;
    this.copied = "making";
    clearTimeout(this.#copiedTimer);
    try {
      const report = backend.diagnosisReport(connectionId, shown.startedAt);
      // Not every web view ends a copy whose text does not come.
      const [done] = await Promise.all([copyLater(report), report]);
      if (copy !== this.#copy) return;
      this.copied = done ? "yes" : "refused";
      this.#copiedTimer = setTimeout(() => {
        if (copy === this.#copy) this.copied = "no";
      }, COPIED_MS);
    } catch (error) {
      if (copy !== this.#copy) return;
      this.copied = "no";
      this.failure = CommandFailure.from(error);
    }
  }
}

/** How a run ended, in a sentence. */
export function verdictText(diagnosis: Diagnosis): string {
  const { verdict, durationMs } = diagnosis;
  if (verdict === "works") return `It works. Every rung holds, ${durationText(durationMs)}.`;
  if (verdict === "cancelled") return `Cancelled after ${durationText(durationMs)}.`;
  const broken = brokenRung(diagnosis);
  if (!broken) return "Broken.";
  const title = broken.causes[0]?.title ?? "No known cause has this look.";
  return `Broken at ${broken.number} ${rungName(broken.rung)}. ${title}`;
}

const states = new WeakMap<AppState, DiagnoseState>();

/** The one state of a window: a run, and waiting for the next, go on while another view is seen. */
export function diagnoseOf(app: AppState): DiagnoseState {
  const known = states.get(app);
  if (known) return known;
  let state!: DiagnoseState;
  // Belongs to no view: what is derived would stand still for good as soon as the first one is left.
  $effect.root(() => {
    state = new DiagnoseState(app);
    // Also where another view is seen.
    $effect(() => {
      const { currentId } = app;
      if (state.connectionId !== null && currentId !== state.connectionId)
        untrack(() => void state.open(currentId));
    });
  });
  states.set(app, state);
  return state;
}
