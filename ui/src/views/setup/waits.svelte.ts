/**
 * The clock of the checklists: words such as "5 minutes ago", countdowns of steps that wait, when such
 * a step is looked at by itself, and when what was read is too old to go by. What a look does is not
 * here.
 */
import type { ChecklistView } from "../../backend";
import { shownSteps, type ShownStep } from "./words";

/** An automatic look that told nothing new is not repeated before this. */
const QUIET_GAP_MS = 30_000;

/** What is due, stale or over by time is decided where it is read: it is read again after this. */
const READ_AGAIN_MS = 3_600_000;

/** Wall clock and running clock part by more than this where the computer slept or its time was set. */
const LEAP_MS = 5_000;

interface Host {
  readonly lists: ChecklistView[];
  /** Whether a step can be looked at, by what is connected and signed in. */
  canLook(shown: ShownStep): boolean;
  /** Nothing stands in the way of a look that nobody asked for. */
  readonly free: boolean;
  lookAt(view: ChecklistView, stepId: string): void;
  readAgain(): void;
}

const keyOf = (listId: string, stepId: string) => `${listId}/${stepId}`;
const leap = () => Date.now() - performance.now();

export class Waits {
  /** The time of day, coarse. */
  now = $state(Date.now());

  /** Milliseconds by a clock that nobody sets back, and when each step came by it. */
  #clock = $state(performance.now());
  #came: Record<string, number> = {};
  /** When a step was last looked at by itself. */
  #looked: Record<string, number> = {};
  #readAt = performance.now();
  #leap = leap();
  #timer: ReturnType<typeof setInterval> | undefined;
  #watched = false;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  #waiting = $derived.by(() =>
    this.#host.lists.flatMap((view) =>
      shownSteps(view)
        .filter(({ progress }) => progress.countdown !== null)
        .map((shown) => ({ view, shown })),
    ),
  );

  /** These lists were just told: their countdowns begin now. */
  came(views: ChecklistView[]): void {
    const at = performance.now();
    for (const { checklist, progress } of views) {
      for (const { id } of progress.steps) this.#came[keyOf(checklist.id, id)] = at;
    }
    this.#clock = at;
    this.now = Date.now();
    this.#run();
  }

  /** One step was just told. */
  stepCame(listId: string, stepId: string): void {
    this.#came[keyOf(listId, stepId)] = this.#clock = performance.now();
  }

  /** All lists were just read, or are about to be. */
  read(): void {
    this.#readAt = performance.now();
    this.#leap = leap();
  }

  /** Another connection: its steps were not looked at yet. */
  leave(): void {
    this.#looked = {};
  }

  /** Seconds until a wait is no longer normal; null where a step does not wait. */
  secondsLeft({ step, progress }: ShownStep, listId: string): number | null {
    const wait = progress.countdown;
    return wait ? Math.max(0, wait.remainingSeconds - this.#elapsed(listId, step.id)) : null;
  }

  /** Seconds until a waiting step is looked at by itself; null where nothing will look. */
  secondsToLook(shown: ShownStep, listId: string): number | null {
    const wait = shown.progress.countdown;
    if (!wait || !this.#host.canLook(shown)) return null;
    const asked = wait.retryInSeconds - this.#elapsed(listId, shown.step.id);
    const last = this.#looked[keyOf(listId, shown.step.id)];
    const gap = last === undefined ? 0 : (last + QUIET_GAP_MS - this.#clock) / 1000;
    return Math.max(0, asked, gap);
  }

  #elapsed(listId: string, stepId: string): number {
    return (this.#clock - (this.#came[keyOf(listId, stepId)] ?? this.#clock)) / 1000;
  }

  /** The clock runs while the view is seen, and on without it while something waits. */
  watch(): () => void {
    this.#watched = true;
    this.#run();
    return () => {
      this.#watched = false;
    };
  }

  #run(): void {
    this.#timer ??= setInterval(() => this.#tick(), 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (!this.#watched && this.#waiting.length === 0) {
      this.stop();
      return;
    }
    this.#clock = performance.now();
    const now = Date.now();
    if (Math.abs(now - this.now) > 15_000) this.now = now;
    if (!this.#host.free) return;
    if (this.#clock - this.#readAt > READ_AGAIN_MS || Math.abs(leap() - this.#leap) > LEAP_MS) {
      this.read();
      this.#host.readAgain();
      return;
    }
    const due = this.#waiting.find(
      ({ view, shown }) => this.secondsToLook(shown, view.checklist.id) === 0,
    );
    if (!due) return;
    const { view, shown } = due;
    this.#looked[keyOf(view.checklist.id, shown.step.id)] = this.#clock;
    this.#host.lookAt(view, shown.step.id);
  }
}
