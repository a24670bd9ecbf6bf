/**
 * What can be done with the rows of the log beside looking at them: going to the next error,
 * surroundings, comparing, copying, columns, saved views, export. One for each open log view; the
 * dialogs and bars of this folder show its state, LogsView gives it the keys.
 */
import { backend, CommandFailure, type CopyForm, type LogEntry, type LogRow } from "../../backend";
import type { SeverityFamily, ViewCommand } from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { copyLater } from "../../lib/clipboard";
import type { ColumnId } from "../../lib/columns";
import { isKey, isTyping } from "../../lib/keys";
import type { DayRange } from "../../lib/ranges";
import { isoIn, momentOf } from "../../lib/time";
import type { LogsState } from "./logs.svelte";
import { Meanings } from "./meaning.svelte";
import { SavedViews } from "./views.svelte";

/** Minutes before and after an entry; each further press takes the next. */
export const SURROUNDING_MINUTES = [5, 15, 60] as const;

/** How long a note such as "Copied the row" stays. */
const NOTE_MS = 5000;

const MINUTE_MS = 60_000;

export interface Surrounding {
  /** The entry in the middle. */
  row: LogRow;
  /** Which of SURROUNDING_MINUTES. */
  step: number;
  /** The filter that shows it, and the one before the first press. */
  text: string;
  before: string;
  /** The days that were shown before the first press. */
  range: DayRange;
}

export interface Comparison {
  marked: LogEntry;
  other: LogEntry;
}

const TROUBLE: Record<"error" | "warning", { families: SeverityFamily[]; word: string }> = {
  error: { families: ["critical", "error"], word: "error" },
  warning: { families: ["warning"], word: "warning" },
};

const COPIED: Record<CopyForm | ViewCommand, string> = {
  row: "Copied the row",
  json: "Copied the row as JSON",
  markdown: "Copied the entry as Markdown",
  ticket: "Copied the text for a ticket",
  cippctl: "Copied the view as a cippctl command",
  powerShell: "Copied the view as PowerShell",
};

export class LogTools {
  /** The dialog that is open. */
  dialog = $state<"none" | "export" | "views" | "save" | "columns">("none");
  /** Where the menu of the active row is open, in px of the window. */
  menu = $state.raw<{ x: number; y: number } | null>(null);
  /** A sentence about what was just done, for eyes and ears; empty when it is old. */
  note = $state("");
  failure = $state.raw<CommandFailure | null>(null);

  marked = $state.raw<LogRow | null>(null);
  comparison = $state.raw<Comparison | null>(null);
  /** The part "same thing elsewhere" of the details. */
  sameOpen = $state(false);

  #around = $state.raw<Surrounding | null>(null);
  /** The surroundings that are shown: until the filter is changed in any other way. */
  surrounding = $derived.by(() =>
    this.#around && this.logs.query.text === this.#around.text ? this.#around : null,
  );

  readonly views: SavedViews;
  /** What codes and known errors in the entries mean. */
  readonly meanings = new Meanings();
  #noteTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly app: AppState,
    readonly logs: LogsState,
  ) {
    this.views = new SavedViews(app, logs);
  }

  /** Another log is opened: entries of the one before mean nothing in it. */
  leave(): void {
    clearTimeout(this.#noteTimer);
    this.note = "";
    this.failure = null;
    this.menu = null;
    this.marked = null;
    this.comparison = null;
    this.#around = null;
    this.meanings.forget();
  }

  /** True where the key was one of these tools'. */
  onkey(event: KeyboardEvent): boolean {
    if (isKey(event, "export")) this.openExport();
    else if (isKey(event, "view.save")) this.dialog = "save";
    else if (isKey(event, "views")) this.dialog = "views";
    else if (isKey(event, "copy.json") && this.#mayCopy(event)) void this.copy("json");
    else if (isKey(event, "copy.row") && this.#mayCopy(event)) void this.copy("row");
    else if (isKey(event, "error.next")) void this.next("error", false);
    else if (isKey(event, "error.previous")) void this.next("error", true);
    else if (isKey(event, "warning.next")) void this.next("warning", false);
    else if (isKey(event, "warning.previous")) void this.next("warning", true);
    else if (isKey(event, "surrounding")) void this.surround();
    else if (isKey(event, "same")) this.toggleSame();
    else if (isKey(event, "mark")) this.mark();
    else if (isKey(event, "compare")) void this.compare();
    else return false;
    return true;
  }

  /** Text that a person has marked with the mouse goes first; so does a field. */
  #mayCopy(event: KeyboardEvent): boolean {
    return !isTyping(event) && !window.getSelection()?.toString() && this.row !== null;
  }

  /** The row the keyboard is on. */
  get row(): LogRow | null {
    return this.logs.active < 0 ? null : (this.logs.row(this.logs.active) ?? null);
  }

  say(sentence: string): void {
    clearTimeout(this.#noteTimer);
    this.failure = null;
    this.note = sentence;
    this.#noteTimer = setTimeout(() => (this.note = ""), NOTE_MS);
  }

  fail(error: unknown): void {
    const failure = CommandFailure.from(error);
    // Overtaken, or of a view that was left: nothing that a person waits for.
    if (failure.code === "cancelled" || failure.code === "noSuchView") return;
    this.note = "";
    this.failure = failure;
  }

  // ---- going on

  async next(what: "error" | "warning", backwards: boolean): Promise<void> {
    const { families, word } = TROUBLE[what];
    const found = await this.logs.nextOf(families, backwards);
    if (!found) this.say(`No ${word} ${backwards ? "above" : "below"}.`);
    else if (this.note.startsWith("No ")) this.note = "";
  }

  /** What happened around the active entry, in all tenants. Pressed again: wider. */
  async surround(): Promise<void> {
    const { logs } = this;
    const shown = this.surrounding;
    const widest = SURROUNDING_MINUTES.length - 1;
    if (shown && shown.step === widest) {
      this.say(`${SURROUNDING_MINUTES[widest]} minutes is the widest.`);
      return;
    }
    const row = shown?.row ?? this.row;
    if (!row) return this.say("Go to an entry first.");
    const moment = momentOf(row.time);
    if (moment === null) return this.say("This entry has no time that could be read.");
    const step = shown ? shown.step + 1 : 0;
    const reach = (SURROUNDING_MINUTES[step] ?? 0) * MINUTE_MS;
    const at = (ms: number) => isoIn(ms, logs.zoneName);
    const range = shown?.range ?? logs.range;
    try {
      const text = await backend.logsEditQuery("", {
        kind: "time",
        from: at(moment - reach),
        // The end is not part of it; the moment itself must be.
        before: at(moment + reach + 1),
      });
      const { viewId } = logs;
      await logs.cover({ from: moment - reach, to: moment + reach + 1 });
      if (viewId !== logs.viewId) return;
      const before = shown?.before ?? logs.query.text;
      this.#around = { row, step, text, before, range };
      logs.pinned = row.id;
      // The list keeps the selected row where it is.
      await logs.query.replace(text);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Back to the filter from before the surroundings. */
  async leaveSurrounding(): Promise<void> {
    const shown = this.surrounding;
    if (!shown) return;
    // Selected first: the list keeps the selected row where it is.
    await this.logs.jumpTo(shown.row.id);
    void this.logs.query.replace(shown.before);
    if (this.logs.range !== shown.range) void this.logs.show(shown.range);
    this.#around = null;
  }

  toggleSame(): void {
    if (this.logs.detailOpen) this.sameOpen = !this.sameOpen;
    else if (this.logs.active >= 0) {
      this.logs.openDetail();
      this.sameOpen = true;
    } else this.say("Go to an entry first.");
  }

  // ---- comparing

  mark(): void {
    const { row } = this;
    if (!row) return this.say("Go to an entry first.");
    if (this.marked?.id === row.id) {
      this.marked = null;
      this.say("The mark is gone.");
    } else {
      this.marked = row;
      this.say("Marked. Go to another entry and press D to compare.");
    }
  }

  async compare(): Promise<void> {
    const { row, marked } = this;
    const { viewId } = this.logs;
    if (!row || !viewId) return this.say("Go to an entry first.");
    if (!marked) return this.say("Mark an entry first (M), then go to the one to compare it with.");
    if (marked.id === row.id) return this.say("This is the marked entry: go to another one.");
    try {
      const [a, b] = await Promise.all([
        backend.logsEntry(viewId, marked.id),
        backend.logsEntry(viewId, row.id),
      ]);
      if (viewId === this.logs.viewId) this.comparison = { marked: a, other: b };
    } catch (error) {
      this.fail(error);
    }
  }

  // ---- copying

  openMenu(x: number, y: number): void {
    if (this.row) this.menu = { x, y };
  }

  async copy(form: CopyForm): Promise<void> {
    const { row } = this;
    const { viewId } = this.logs;
    if (!row || !viewId) return this.say("Go to an entry first.");
    await this.#put(backend.logsCopy(viewId, row.id, form, this.logs.zoneName), form);
  }

  async copyAs(form: ViewCommand): Promise<void> {
    const { viewId } = this.logs;
    if (viewId) await this.#put(backend.logsCopyAs(viewId, form), form);
  }

  async #put(text: Promise<string>, form: CopyForm | ViewCommand): Promise<void> {
    try {
      if (await copyLater(text)) this.say(COPIED[form]);
      else this.say("The system did not let CIPP Desk write to the clipboard. Try once more.");
    } catch (error) {
      this.fail(error);
    }
  }

  // ---- columns and export

  get columnOrder(): string[] {
    return this.app.settings.columnOrder;
  }

  setColumns(order: ColumnId[]): void {
    this.app.change({ columnOrder: order });
  }

  resetColumns(): void {
    this.app.change({ columnOrder: [], columns: {} });
  }

  openExport(): void {
    if (this.logs.matched > 0) this.dialog = "export";
    else this.say("There is nothing to export: no entry is shown.");
  }
}
