/**
 * How much to show of something that takes a while: nothing under 150 ms, a thin bar to one
 * second, words, counts and Cancel after that.
 */
export const BAR_AFTER_MS = 150;
export const WORDS_AFTER_MS = 1000;

export class Patience {
  phase = $state<"none" | "bar" | "words">("none");
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** Whether the time runs already. */
  get running(): boolean {
    return this.#timers.length > 0;
  }

  start(): void {
    this.stop();
    this.#timers = [
      setTimeout(() => (this.phase = "bar"), BAR_AFTER_MS),
      setTimeout(() => (this.phase = "words"), WORDS_AFTER_MS),
    ];
  }

  stop(): void {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
    this.phase = "none";
  }
}
