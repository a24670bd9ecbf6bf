/**
 * What the codes and known errors in an entry mean, in the app's own words. Asked for once an entry;
 * the entry itself stays as it came.
 */
import { backend, type Explained, type LogEntry } from "../../backend";

/** What stands further behind than this in the data is not explained. */
const MOST_LETTERS = 200_000;

/** So many entries are remembered. */
const KEPT = 300;

const NOTHING: Explained = { failures: [], unknownCodes: [] };

export class Meanings {
  /** Of the entry that was asked about last, by its id; null until it is known. */
  shown = $state.raw<{ id: string; explained: Explained } | null>(null);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- what is shown of it is above
  readonly #known = new Map<string, Explained>();
  #ticket = 0;

  async of(entry: LogEntry): Promise<void> {
    const ticket = ++this.#ticket;
    const known = this.#known.get(entry.id);
    this.shown = known ? { id: entry.id, explained: known } : null;
    if (known) return;
    const text = textOf(entry);
    let answer = NOTHING;
    try {
      if (text) answer = await backend.explainText(text);
    } catch {
      // An entry without explanation is what it would be anyway; the next look asks again.
      return;
    }
    this.#keep(entry.id, answer);
    if (ticket === this.#ticket) this.shown = { id: entry.id, explained: answer };
  }

  #keep(id: string, answer: Explained): void {
    this.#known.set(id, answer);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Another log: ids may be those of other entries. */
  forget(): void {
    this.#ticket += 1;
    this.#known.clear();
    this.shown = null;
  }
}

function textOf({ message, logData }: LogEntry): string {
  return `${message}\n${logData ?? ""}`.trim().slice(0, MOST_LETTERS);
}
