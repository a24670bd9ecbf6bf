/**
 * Work that is only worth doing for the newest state of things: one run at a time, and never more
 * often than every `gapMs`. However often it is asked for meanwhile, it runs once more at the end.
 */
export class Latest {
  readonly #run: () => Promise<void>;
  readonly #gapMs: number;
  #running = false;
  #again = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(run: () => Promise<void>, gapMs: number) {
    this.#run = run;
    this.#gapMs = gapMs;
  }

  ask(): void {
    if (this.#running || this.#timer !== undefined) this.#again = true;
    else void this.#go();
  }

  /** Forgets what was asked for; a run that has begun ends by itself. */
  stop(): void {
    this.#again = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #go(): Promise<void> {
    this.#running = true;
    this.#again = false;
    try {
      await this.#run();
    } finally {
      this.#running = false;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#again) void this.#go();
      }, this.#gapMs);
    }
  }
}
