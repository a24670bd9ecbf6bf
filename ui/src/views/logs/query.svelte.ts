/**
 * The filter's text: typed, changed by the mouse, undone, redone, and what Rust made of it. Reading
 * and changing the language is Rust's; here is only what was written when, and which answer counts.
 */
import {
  backend,
  CommandFailure,
  type Completion,
  type Filtered,
  type Mistake,
  type QueryEdit,
  type QueryRead,
  type QueryTerm,
} from "../../backend";
import { PAGE_ROWS } from "../../lib/page-cache";
import { isRelative } from "../../lib/time-term";

/** Keystrokes closer together than this are one step of undo. */
export const STEP_QUIET_MS = 1000;
const MOST_STEPS = 200;

/** A row that must not move, where it was, and where the keyboard was when that was noted. */
export interface Anchor {
  id: string;
  position: number;
  /** It is the row that the keyboard is on. */
  selected: boolean;
  active: number;
}

/** What the filter needs of the log that it lies over. */
export interface QueryHost {
  /** The open view; null before there is one. */
  readonly viewId: string | null;
  /** The zone that times in the text are meant in. */
  readonly zoneName: string;
  now(): number;
  /** A question is about to be asked. Tells the row that must not move; null where none need stay. */
  aboutToAsk(): Anchor | null;
  /** An answer came, to a question that named this anchor; it may say that the last good filter stays. */
  answered(filtered: Filtered, anchor: Anchor | null): void;
  failed(error: unknown): void;
}

export class QueryState {
  text = $state("");
  /** How the text was read that was answered last; its positions are those of `readText`. */
  read = $state.raw<QueryRead | null>(null);
  readText = $state("");
  /** The text of the filter in force: the last one without a mistake. */
  applied = $state("");
  busy = $state(false);

  mistakes = $derived<Mistake[]>(this.text.trim() ? (this.read?.mistakes ?? []) : []);
  terms = $derived<QueryTerm[]>(this.text.trim() ? (this.read?.terms ?? []) : []);
  /** Whether anything is hidden by a filter. */
  active = $derived(this.applied.trim() !== "");

  #past = $state.raw<string[]>([]);
  #future = $state.raw<string[]>([]);
  canUndo = $derived(this.#past.length > 0);
  canRedo = $derived(this.#future.length > 0);

  /** Filters that were in force, the newest last. */
  #good: string[] = [];
  /** Texts that were asked for, whatever became of them, the newest last. */
  #asked: string[] = [];
  #lastTyped = -Infinity;
  #ticket = 0;
  #edits: Promise<void> = Promise.resolve();
  readonly #host: QueryHost;

  constructor(host: QueryHost) {
    this.#host = host;
  }

  /** The text of a term as it was written. */
  sourceOf(term: QueryTerm): string {
    return this.readText.slice(term.start, term.end);
  }

  /**
   * Typed by a person: quick keystrokes are one step of undo. Every one is asked at once, for waiting
   * would only be seen as slowness: the search of the one before is stopped by it.
   */
  set(text: string): void {
    if (text === this.text) return;
    const now = this.#host.now();
    const goesOn = now - this.#lastTyped < STEP_QUIET_MS;
    this.#lastTyped = now;
    if (!goesOn) this.#step();
    this.#future = [];
    void this.#put(text);
  }

  /** Written by the window, all at once: one step of undo. Done when the rows were counted anew. */
  async replace(text: string): Promise<void> {
    if (text === this.text) return;
    this.#lastTyped = -Infinity;
    this.#step();
    this.#future = [];
    await this.#put(text);
  }

  clear(): Promise<void> {
    return this.replace("");
  }

  /** Changes the text by a term, a value or a time. One after the other, however quickly they come. */
  edit(...edits: QueryEdit[]): Promise<void> {
    this.#edits = this.#edits.then(async () => {
      try {
        // What is typed meanwhile is what the change is made to.
        for (let before = ""; ;) {
          before = this.text;
          const after = await edited(before, edits);
          if (this.text !== before) continue;
          await this.replace(after);
          return;
        }
      } catch (error) {
        this.#host.failed(error);
      }
    });
    return this.#edits;
  }

  /** Changes one of the terms as they are shown. */
  async editTerm(kind: "remove" | "flip" | "switch", term: number): Promise<void> {
    // The chips are those of the text that was read last.
    if (this.readText !== this.text) await this.apply();
    await this.edit({ kind, term });
  }

  undo(): void {
    const text = this.#past.at(-1);
    if (text === undefined) return;
    this.#past = this.#past.slice(0, -1);
    this.#future = [...this.#future, this.text];
    this.#lastTyped = -Infinity;
    void this.#put(text);
  }

  redo(): void {
    const text = this.#future.at(-1);
    if (text === undefined) return;
    this.#future = this.#future.slice(0, -1);
    this.#past = [...this.#past, this.text];
    this.#lastTyped = -Infinity;
    void this.#put(text);
  }

  #step(): void {
    this.#past = [...this.#past, this.text].slice(-MOST_STEPS);
  }

  #put(text: string): Promise<void> {
    this.text = text;
    return this.apply();
  }

  /** Whether the filter in force means something else as time goes by. */
  get relative(): boolean {
    return this.terms.some(
      (term) => term.field === "time" && !term.off && isRelative(this.sourceOf(term)),
    );
  }

  /** Lays the text over the rows. Only the newest answer counts. */
  async apply(): Promise<void> {
    const { text } = this;
    this.#asked = [...this.#asked, text].slice(-MOST_STEPS);
    const filtered = await this.#ask(text);
    if (!filtered) return;
    this.read = filtered.answer.read;
    this.readText = text;
    if (filtered.answer.applied) return;
    // What was typed quickly may be in force although its answer came too late to be looked at.
    const good = this.#lastGood(text);
    if (good === filtered.answer.inForce) this.applied = good;
    else await this.#ask(good);
  }

  /** Null where a newer question took over, or none could be answered. */
  async #ask(text: string): Promise<Filtered | null> {
    const { viewId, zoneName } = this.#host;
    const turn = ++this.#ticket;
    if (!viewId) return null;
    this.busy = true;
    try {
      const anchor = this.#host.aboutToAsk();
      const filtered = await backend.logsQuery(
        viewId,
        text,
        zoneName,
        anchor?.id ?? null,
        PAGE_ROWS,
        turn,
      );
      if (turn !== this.#ticket || viewId !== this.#host.viewId) return null;
      this.busy = false;
      if (filtered.answer.applied) this.#inForce(text);
      this.#host.answered(filtered, anchor);
      return filtered;
    } catch (error) {
      if (turn !== this.#ticket) return null;
      this.busy = false;
      this.#host.failed(error);
      return null;
    }
  }

  #inForce(text: string): void {
    this.applied = text;
    this.#good = [...this.#good.filter((known) => known !== text), text].slice(-MOST_STEPS);
  }

  /**
   * The last filter in force that was more than a beginning of the term that is mistaken now: on the
   * way to `sev:wrong`, the word `sev` was a filter too, and hardly any entry has it.
   */
  #lastGood(text: string): string {
    const bad = Math.min(...this.terms.filter(({ good }) => !good).map(({ start }) => start));
    const isOnTheWay = (known: string) => text.startsWith(known) && known.length > bad;
    const inForce = this.#good.filter((known) => !isOnTheWay(known)).at(-1) ?? "";
    // Typed quickly, the whole terms before the mistaken one may have been overtaken before they came into force.
    const whole = Number.isFinite(bad) ? text.slice(0, bad).trimEnd() : "";
    return this.#asked.includes(whole) && whole.startsWith(inForce) ? whole : inForce;
  }

  /** Proposals for the place of the cursor; none where they cannot be had. */
  async complete(cursor: number): Promise<Completion[]> {
    const { viewId } = this.#host;
    if (!viewId) return [];
    try {
      return await backend.logsComplete(viewId, this.text, cursor);
    } catch (error) {
      const { code } = CommandFailure.from(error);
      if (code !== "cancelled" && code !== "noSuchView") this.#host.failed(error);
      return [];
    }
  }

  /** The view is gone: what is on its way no longer counts. */
  leave(): void {
    this.#ticket += 1;
    this.busy = false;
  }
}

async function edited(text: string, edits: QueryEdit[]): Promise<string> {
  let changed = text;
  for (const edit of edits) changed = await backend.logsEditQuery(changed, edit);
  return changed;
}
