/**
 * The matching rows over time: what is asked for, which part is marked, and the windows one can go
 * to. A window is nothing but a time term of the filter, so undo and the chips know it too.
 */
import { backend, type DayState, type Histogram, type SeverityCounts } from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { Latest } from "../../lib/latest";
import { chosenDays, type DayRange } from "../../lib/ranges";
import { FAMILIES } from "../../lib/severity";
import { spanOfTerm, type Span } from "../../lib/time-term";
import { dayCount, dayStart, isoIn, shiftDay } from "../../lib/time";
import type { QueryState } from "./query.svelte";

export const FEWEST_BARS = 60;
export const MOST_BARS = 120;
/** A bar and the gap beside it, px. */
const BAR_PX = 9;
/** While rows stream in, bars are brought up to date no more often than this. */
export const HISTOGRAM_GAP_MS = 300;
const SHORTEST_MS = 60_000;

interface Host {
  readonly viewId: string | null;
  readonly query: QueryState;
  readonly days: DayState[];
  readonly today: string;
  readonly range: DayRange;
  now(): number;
  failed(error: unknown): void;
  show(range: DayRange): Promise<void>;
  /** Shows more days, where this span reaches beyond those that are shown. */
  cover(span: Span): Promise<void>;
}

export function sum(bar: SeverityCounts): number {
  return FAMILIES.reduce((total, { id }) => total + bar[id], 0);
}

export class HistogramState {
  data = $state.raw<Histogram | null>(null);
  /** Width of the drawing, px; set by whoever draws it. */
  width = $state(0);
  /** The bar that is read out, or -1. */
  cursor = $state(-1);
  /** The other end of the mark, or -1 where nothing is marked. */
  anchor = $state(-1);
  /** Shown as a table. */
  table = $state(false);

  readonly #host: Host;
  readonly #app: AppState;
  readonly #soon = new Latest(() => this.#count(), HISTOGRAM_GAP_MS);
  #before: (Span | null)[] = [];
  #rangeKey = "";

  constructor(host: Host, app: AppState) {
    this.#host = host;
    this.#app = app;
  }

  bars = $derived(this.data?.bars ?? []);
  highest = $derived(Math.max(1, ...this.bars.map(sum)));
  total = $derived(this.bars.reduce((all, bar) => all + sum(bar), 0));
  /** The span that is drawn; null while there is none. */
  span = $derived.by<Span | null>(() => {
    const { fromMs = null, stepMs = null } = this.data ?? {};
    if (fromMs === null || stepMs === null || this.bars.length === 0) return null;
    return { from: fromMs, to: fromMs + stepMs * this.bars.length };
  });
  /** First and last marked bar. */
  brush = $derived<{ first: number; last: number } | null>(
    this.anchor < 0 || this.cursor < 0
      ? null
      : { first: Math.min(this.anchor, this.cursor), last: Math.max(this.anchor, this.cursor) },
  );

  get open(): boolean {
    return this.#app.settings.histogramOpen;
  }

  toggleOpen(): void {
    this.#app.change({ histogramOpen: !this.open });
    this.ask();
  }

  ask(): void {
    if (this.open) this.#soon.ask();
  }

  leave(): void {
    this.#soon.stop();
    this.data = null;
    this.cursor = -1;
    this.anchor = -1;
    this.#before = [];
    this.#rangeKey = "";
  }

  /** Called with every progress: other days are another axis, even where no row changed. */
  rangeMayHaveChanged(): void {
    const { days } = this.#host;
    const key = `${days[0]?.day ?? ""}${days.at(-1)?.day ?? ""}${this.#instanceZone}`;
    if (key === this.#rangeKey) return;
    this.#rangeKey = key;
    this.ask();
  }

  get #instanceZone(): string {
    return this.#app.zoneFor("instance");
  }

  /** The window that the filter asks for, where it says so plainly. */
  get window(): Span | null {
    const { query } = this.#host;
    for (const term of query.terms) {
      if (term.field !== "time" || term.off || term.negated || !term.good) continue;
      const span = spanOfTerm(query.sourceOf(term), this.#app.zone, this.#host.now());
      if (span) return span;
    }
    return null;
  }

  /** From the beginning of the first day to the end of the last; of today alone, to now. */
  get #days(): Span | null {
    const { days } = this.#host;
    const [first, last] = [days.at(-1)?.day, days[0]?.day];
    if (!first || !last) return null;
    const zone = this.#app.instanceZone ? this.#instanceZone : "UTC";
    const from = dayStart(first, zone);
    const end = dayStart(shiftDay(last, 1), zone);
    const single = first === last && last === this.#host.today;
    const to = single ? Math.min(end, Math.max(this.#host.now(), from + 3_600_000)) : end;
    return { from, to };
  }

  async #count(): Promise<void> {
    const { viewId } = this.#host;
    if (!viewId) return;
    const bars = Math.min(MOST_BARS, Math.max(FEWEST_BARS, Math.floor(this.width / BAR_PX)));
    try {
      const range = this.window ?? this.#days;
      const data = await backend.logsHistogram(viewId, range, bars, this.#app.zone);
      if (viewId !== this.#host.viewId) return;
      const moved = data.fromMs !== this.data?.fromMs || data.stepMs !== this.data.stepMs;
      this.data = data;
      if (moved) this.drop();
      this.cursor = Math.min(this.cursor, data.bars.length - 1);
    } catch (error) {
      this.#host.failed(error);
    }
  }

  // ---- the mark

  startOf(bar: number): number {
    return (this.data?.fromMs ?? 0) + bar * (this.data?.stepMs ?? 0);
  }

  /** Goes to a bar; `marking` draws the mark along. */
  moveTo(bar: number, marking: boolean): void {
    if (this.bars.length === 0) return;
    const before = this.cursor;
    this.cursor = Math.max(0, Math.min(this.bars.length - 1, bar));
    if (!marking) this.anchor = -1;
    // Nothing was current yet: the mark begins where it is begun, not at the first bar.
    else if (this.anchor < 0) this.anchor = before < 0 ? this.cursor : before;
  }

  mark(first: number, last: number): void {
    this.anchor = first;
    this.cursor = last;
  }

  drop(): void {
    this.anchor = -1;
  }

  /** The marked bars, or the current one, become the window. */
  async zoom(): Promise<void> {
    const first = this.brush?.first ?? this.cursor;
    const last = this.brush?.last ?? this.cursor;
    if (first < 0 || !this.data) return;
    const span = { from: this.startOf(first), to: this.startOf(last + 1) };
    if (span.to - span.from < SHORTEST_MS) span.to = span.from + SHORTEST_MS;
    this.#before.push(this.window);
    this.drop();
    this.cursor = -1;
    await this.#write(span);
  }

  /** Back to the window before, at last to all days. */
  async back(): Promise<void> {
    const { window } = this;
    if (!window) this.#before = [];
    else await this.#write(this.#before.pop() ?? null);
  }

  async reset(): Promise<void> {
    this.#before = [];
    this.drop();
    await this.#write(null);
  }

  /** One of CIPP's days becomes the window; where it is already, back to the one before. */
  async lookAtDay(day: string): Promise<void> {
    const { window } = this;
    const zone = this.#app.instanceZone ? this.#instanceZone : "UTC";
    const span = { from: dayStart(day, zone), to: dayStart(shiftDay(day, 1), zone) };
    if (window?.from === span.from && window.to === span.to) return this.back();
    this.#before.push(window);
    this.drop();
    await this.#write(span);
  }

  /** The window of the same length before or after; without a window, that many days. */
  async shift(step: 1 | -1): Promise<void> {
    const { window } = this;
    if (!window) return this.#shiftDays(step);
    const length = (window.to - window.from) * step;
    const to = { from: window.from + length, to: window.to + length };
    if (to.from >= this.#host.now()) return;
    await this.#host.cover(to);
    await this.#write(to);
  }

  async #shiftDays(step: 1 | -1): Promise<void> {
    const { days, today } = this.#host;
    const [first, last] = [days.at(-1)?.day, days[0]?.day];
    if (!first || !last) return;
    const count = dayCount(first, last) * step;
    const [from, to] = [shiftDay(first, count), shiftDay(last, count)];
    if (from > today) return;
    await this.#host.show(chosenDays(from, min(to, today)));
  }

  #write(span: Span | null): Promise<void> {
    const { zone } = this.#app;
    return this.#host.query.edit({
      kind: "time",
      from: span ? isoIn(span.from, zone) : null,
      before: span ? isoIn(span.to, zone) : null,
    });
  }
}

const min = (a: string, b: string) => (a < b ? a : b);
