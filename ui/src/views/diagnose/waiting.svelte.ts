/**
 * Waiting as a remedy: when a run that broke is tried again by itself, and until when. By the running
 * clock alone: what is waited for may be that somebody sets the other one right.
 */
import type { Failure } from "../../backend";

interface Host {
  /** The time has come. */
  again(): void;
  /** The next try, by `performance.now()`; null: there is none. */
  told(until: number | null): void;
}

/** A cause that keeps being found, since its first time. */
interface Series {
  cause: string;
  since: number;
  /** Seconds. */
  most: number;
  tries: number;
}

export class Waiting {
  /** The cause that is waited for; null while nothing is. */
  cause = $state.raw<Failure | null>(null);
  /** Its name, where it was tried as long as it makes sense. */
  givenUp = $state.raw<Failure | null>(null);
  tries = $state(0);

  #until = $state<number | null>(null);
  #now = $state(performance.now());
  #series: Series | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  on = $derived(this.cause !== null);
  secondsLeft = $derived(
    this.#until === null ? null : Math.max(0, Math.ceil((this.#until - this.#now) / 1000)),
  );

  /** A run broke. Waits, where that is the remedy of its cause. */
  after(cause: Failure | null): void {
    const waiting = cause?.neverRetry ? null : cause?.waiting;
    if (!cause || !waiting) {
      this.stop();
      return;
    }
    const now = performance.now();
    // Another cause is another wait.
    if (this.#series?.cause !== cause.id)
      this.#series = { cause: cause.id, since: now, most: waiting.most, tries: 0 };
    this.#series.tries += 1;
    const until = now + waiting.seconds * 1000;
    if (until - this.#series.since > waiting.most * 1000) {
      this.stop();
      this.givenUp = cause;
      return;
    }
    this.cause = cause;
    this.givenUp = null;
    this.tries = this.#series.tries;
    this.#now = now;
    this.#until = until;
    this.#host.told(until);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  /** It is being tried: nothing is counted meanwhile. */
  pause(): void {
    clearInterval(this.#timer);
    this.#until = null;
    this.#host.told(null);
  }

  /** No more tries by itself. */
  stop(): void {
    this.pause();
    this.cause = null;
    this.givenUp = null;
    this.tries = 0;
    this.#series = null;
  }

  #tick(): void {
    this.#now = performance.now();
    if (this.#until === null || this.#now < this.#until) return;
    this.pause();
    this.#host.again();
  }
}
