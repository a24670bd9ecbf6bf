/** Views that a person saved: a filter, days and columns under a name. Kept in the settings. */
import type { SavedView } from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { shownColumns } from "../../lib/columns";
import { rangeName, rangeNamed } from "../../lib/ranges";
import type { LogsState } from "./logs.svelte";

export class SavedViews {
  /** What was deleted last and where it stood, until the next change: for undo. */
  deleted = $state.raw<{ view: SavedView; at: number } | null>(null);
  readonly #app: AppState;
  readonly #logs: LogsState;

  constructor(app: AppState, logs: LogsState) {
    this.#app = app;
    this.#logs = logs;
  }

  get list(): SavedView[] {
    return this.#app.settings.savedViews;
  }

  /** The view that shows what is on the screen now. */
  get current(): SavedView | null {
    const { query, range } = this.now("");
    return (
      this.list.find((view) => view.query === query && (view.range ?? range) === range) ?? null
    );
  }

  get #range(): string {
    return rangeName({ ...this.#logs.range, kind: this.#logs.rangeKind });
  }

  /** What is on the screen, under this name. */
  now(name: string): SavedView {
    return {
      name,
      query: this.#logs.query.text.trim(),
      range: this.#range,
      columns: shownColumns(this.#app.settings.columnOrder),
    };
  }

  /** A sentence where a view cannot have this name, else null. `but` is its present name. */
  nameProblem(name: string, but: string | null = null): string | null {
    if (!name.trim()) return "Give the view a name.";
    const taken = this.list.some(
      (view) => view.name !== but && view.name.toLowerCase() === name.trim().toLowerCase(),
    );
    return taken ? "Another view has this name." : null;
  }

  save(name: string): void {
    this.#keep([...this.list, this.now(name.trim())]);
  }

  rename(view: SavedView, name: string): void {
    this.#keep(
      this.list.map((known) =>
        known.name === view.name ? { ...known, name: name.trim() } : known,
      ),
    );
  }

  /** The view becomes what is on the screen. */
  update(view: SavedView): void {
    this.#keep(this.list.map((known) => (known.name === view.name ? this.now(view.name) : known)));
  }

  remove(view: SavedView): void {
    const at = this.list.findIndex(({ name }) => name === view.name);
    if (at === -1) return;
    this.#keep(this.list.filter(({ name }) => name !== view.name));
    this.deleted = { view, at };
  }

  undoRemove(): void {
    if (!this.deleted) return;
    const { view, at } = this.deleted;
    this.#keep([...this.list.slice(0, at), view, ...this.list.slice(at)]);
  }

  apply(view: SavedView): void {
    if (view.columns.length > 0) this.#app.change({ columnOrder: view.columns });
    void this.#logs.query.replace(view.query);
    const range = view.range === null ? null : rangeNamed(view.range);
    if (range && view.range !== this.#range) void this.#logs.show(range);
  }

  #keep(views: SavedView[]): void {
    this.deleted = null;
    this.#app.change({ savedViews: views });
  }
}
