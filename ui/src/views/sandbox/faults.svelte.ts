/**
 * Breaking the sandbox on purpose, and repairing it: which faults there are, and which one is played.
 * A fault may be drawn by lot; then its name stays hidden until somebody wants to know.
 */
import { backend, CommandFailure, type Fault } from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { rank } from "../../lib/fuzzy";

export class FaultsState {
  readonly app: AppState;
  list = $state.raw<Fault[]>([]);
  loaded = $state(false);
  /** The name of the fault that is played. */
  playing = $state<string | null>(null);
  /** It was drawn by lot, and nobody has asked for its name yet. */
  secret = $state(false);
  busy = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  /** What was just done, for the ear. */
  said = $state("");

  readonly #chance: () => number;

  constructor(app: AppState, chance: () => number = Math.random) {
    this.app = app;
    this.#chance = chance;
  }

  /** The fault that is played, as far as it is on the list. */
  fault = $derived(this.list.find(({ name }) => name === this.playing) ?? null);
  /** What may be said about it. */
  title = $derived(
    this.playing === null
      ? ""
      : this.secret
        ? "something, and does not say what"
        : (this.fault?.title ?? this.playing),
  );

  async load(): Promise<void> {
    if (this.loaded || this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      [this.list, this.playing] = await Promise.all([backend.faults(), backend.faultPlaying()]);
      this.loaded = true;
    } catch (error) {
      this.failure = CommandFailure.from(error);
    } finally {
      this.busy = false;
    }
  }

  /** The faults that fit what was typed, in their own order without it. */
  find(typed: string): Fault[] {
    if (!typed.trim()) return this.list;
    return this.list
      .map((fault) => ({ fault, fit: rank(typed, `${fault.title} ${fault.name}`) }))
      .filter(({ fit }) => fit > 0)
      .sort((a, b) => b.fit - a.fit)
      .map(({ fault }) => fault);
  }

  /** True where the sandbox is broken now. */
  async play(name: string): Promise<boolean> {
    return this.#change(name, false);
  }

  /** Any other than the one that is played. */
  async surprise(): Promise<boolean> {
    const others = this.list.filter(({ name }) => name !== this.playing);
    const drawn = others[Math.floor(this.#chance() * others.length)];
    return drawn ? this.#change(drawn.name, true) : false;
  }

  async repair(): Promise<boolean> {
    return this.playing === null ? false : this.#change(null, false);
  }

  reveal(): void {
    this.secret = false;
    this.said = this.title;
  }

  async #change(name: string | null, secret: boolean): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    this.said = "";
    try {
      const connection = await backend.faultPlay(name);
      this.playing = name;
      this.secret = secret;
      this.app.sandboxIs(connection);
      this.said = name === null ? "The sandbox is repaired." : `The sandbox plays ${this.title}.`;
      return true;
    } catch (error) {
      this.failure = CommandFailure.from(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

const states = new WeakMap<AppState, FaultsState>();

/** The one state of a window. */
export function faultsOf(app: AppState): FaultsState {
  const known = states.get(app);
  if (known) return known;
  let state!: FaultsState;
  // The bar and the dialog come and go.
  $effect.root(() => {
    state = new FaultsState(app);
  });
  states.set(app, state);
  return state;
}
