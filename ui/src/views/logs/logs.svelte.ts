/**
 * The log view's behaviour: which days are loaded, how far that is, what the filter leaves, which
 * row is looked at. Rows themselves stay in Rust; here are only the pages around the window.
 */
import { backend, CommandFailure, type LogEntry, type LogRow } from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { debounce } from "../../lib/debounce";
import { locate, PageCache } from "../../lib/page-cache";
import { Patience } from "../../lib/patience.svelte";
import { ASK_ABOVE_DAYS, rangeNow, rangeOf, type DayRange, type RangeKind } from "../../lib/ranges";
import { dayCount, logDayOf, momentOf } from "../../lib/time";
import { ROW_HEIGHT } from "../../lib/virtual";
import type { DayState, LogCounts, LogProgress } from "../../backend";

/** Keystrokes closer together than this are one question. */
export const FILTER_QUIET_MS = 80;

/** Days that failed for the same reason, told once. */
export interface Trouble {
  failure: CommandFailure;
  days: string[];
}

export class LogsState {
  range = $state.raw<DayRange>({ kind: "today", from: "", to: "" });
  /** A long range that waits for a yes. */
  asking = $state.raw<DayRange | null>(null);

  days = $state.raw<DayState[]>([]);
  loading = $state(false);
  total = $state(0);
  matched = $state(0);
  elapsedMs = $state(0);
  bytes = $state(0);
  /** When what is on the screen was read, or null before the first answer. */
  readAt = $state<number | null>(null);
  /** The rows on the screen are from before a refresh that has not brought new ones. */
  old = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  readonly patience = new Patience();

  filter = $state("");
  counts = $state.raw<LogCounts | null>(null);
  filtering = $state(false);

  /** Position of the row the keyboard is on, or -1. */
  active = $state(-1);
  entry = $state.raw<LogEntry | null>(null);
  entryFailure = $state.raw<CommandFailure | null>(null);
  detailOpen = $state(false);

  scrollTop = $state(0);
  viewportHeight = $state(0);
  /** A place the grid must scroll to, px; a new object for every request. */
  scrollRequest = $state.raw<{ top: number } | null>(null);

  #version = $state(0);
  #viewId: string | null = null;
  #cache: PageCache<LogRow>;
  #ticket = 0;
  #filterTicket = 0;
  #entryTicket = 0;
  #activeRow: LogRow | null = null;
  #settling = false;
  #settleAgain: (() => void) | null = null;
  readonly #app: AppState;
  readonly #now: () => number;
  readonly #filterSoon = debounce(() => void this.#applyFilter(), FILTER_QUIET_MS);

  constructor(app: AppState, now: () => number = Date.now) {
    this.#app = app;
    this.#now = now;
    this.#cache = this.#newCache(null);
    this.range = rangeOf("today", this.today);
  }

  get today(): string {
    return logDayOf(this.#now());
  }

  /** Whole days whose rows are all here. */
  daysDone = $derived(this.days.filter(({ state }) => state === "complete").length);

  troubles = $derived.by(() => {
    const troubles: Trouble[] = [];
    for (const { day, error } of this.days) {
      if (!error) continue;
      const known = troubles.find(({ failure }) => failure.message === error.message);
      if (known) known.days.push(day);
      else troubles.push({ failure: CommandFailure.from(error), days: [day] });
    }
    return troubles;
  });

  cancelled = $derived(this.days.some(({ state }) => state === "cancelled"));

  // ---- which days

  choose(kind: Exclude<RangeKind, "custom">): void {
    this.chooseDays(rangeOf(kind, this.today));
  }

  chooseDays(range: DayRange): void {
    if (dayCount(range.from, range.to) > ASK_ABOVE_DAYS) {
      this.asking = range;
      return;
    }
    this.#take(range);
  }

  confirmLong(): void {
    if (this.asking) this.#take(this.asking);
  }

  declineLong(): void {
    this.asking = null;
  }

  #take(range: DayRange): void {
    this.asking = null;
    this.range = range;
    void this.load(false);
  }

  // ---- loading

  /** Reads the days anew. With `keepRows` the rows on the screen stay until new ones are there. */
  async load(keepRows: boolean): Promise<void> {
    const connection = this.#app.current;
    if (!connection) return;
    const ticket = ++this.#ticket;
    this.range = rangeNow(this.range, this.today);
    this.failure = null;
    this.asking = null;
    this.loading = true;
    this.patience.start();
    this.days = [];
    this.elapsedMs = 0;
    this.old = keepRows && this.total > 0;
    if (!this.old) this.#forgetRows();
    try {
      const { viewId } = await backend.logsOpen(
        connection.id,
        this.range.from,
        this.range.to,
        (progress) => this.#progress(ticket, progress),
      );
      if (ticket !== this.#ticket) void this.#close(viewId);
      else if (!this.old) this.#adopt(viewId);
    } catch (error) {
      if (ticket !== this.#ticket) return;
      this.failure = CommandFailure.from(error);
      this.#finished();
    }
  }

  refresh(): void {
    void this.load(true);
  }

  async cancel(): Promise<void> {
    if (!this.#viewId && !this.#loadingView) return;
    await this.#quietly(() => backend.logsCancel(this.#loadingView ?? this.#viewId ?? ""));
  }

  async retryDay(day: string): Promise<void> {
    const view = this.#loadingView ?? this.#viewId;
    if (!view) return;
    this.loading = true;
    this.patience.start();
    await this.#quietly(() => backend.logsRetryDay(view, day));
  }

  async retryDays(days: string[]): Promise<void> {
    for (const day of days) await this.retryDay(day);
  }

  /** The view is left: nothing of it stays in Rust. */
  leave(): void {
    this.#ticket += 1;
    this.patience.stop();
    this.#filterSoon.cancel();
    if (this.#viewId) void this.#close(this.#viewId);
    if (this.#loadingView && this.#loadingView !== this.#viewId)
      void this.#close(this.#loadingView);
    this.#viewId = null;
  }

  /** The view that progress comes from: on a refresh not yet the one whose rows are shown. */
  #loadingView: string | null = null;

  #progress(ticket: number, progress: LogProgress): void {
    if (ticket !== this.#ticket) return;
    this.#loadingView = progress.viewId;
    this.days = progress.days;
    this.elapsedMs = progress.elapsedMs;
    this.bytes = progress.bytes;
    const failedWhole =
      progress.loaded === 0 && progress.days.some(({ state }) => state !== "complete");
    if (this.old && (progress.loaded > 0 || (progress.finished && !failedWhole))) {
      this.#adopt(progress.viewId);
    } else if (!this.old && this.#viewId !== progress.viewId) this.#adopt(progress.viewId);
    if (this.#viewId === progress.viewId && progress.loaded !== this.total) {
      this.total = progress.loaded;
      this.#settle();
    }
    if (progress.finished) this.#finished();
    else if (!this.loading) {
      this.loading = true;
      this.patience.start();
    }
  }

  #finished(): void {
    this.loading = false;
    this.patience.stop();
    if (!this.old) this.readAt = this.#now();
  }

  /** From here on the rows on the screen are those of this view. */
  #adopt(viewId: string): void {
    if (this.#viewId === viewId) return;
    const before = this.#viewId;
    this.#viewId = viewId;
    this.old = false;
    this.counts = null;
    if (before) void this.#close(before);
    if (this.filter.trim()) void this.#applyFilter();
    else this.#settle();
  }

  #forgetRows(): void {
    if (this.#viewId) void this.#close(this.#viewId);
    this.#viewId = null;
    this.#loadingView = null;
    this.#cache = this.#newCache(null);
    this.total = 0;
    this.matched = 0;
    this.counts = null;
    this.readAt = null;
    this.active = -1;
    this.#activeRow = null;
    this.closeDetail();
    this.scrollTo(0);
    this.#version += 1;
  }

  async #close(viewId: string): Promise<void> {
    await this.#quietly(() => backend.logsClose(viewId));
  }

  /** For calls whose failure changes nothing for the person: a view already closed, for one. */
  async #quietly(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (failure.code !== "noSuchView") this.failure = failure;
    }
  }

  // ---- rows

  #newCache(viewId: string | null): PageCache<LogRow> {
    return new PageCache<LogRow>(
      (offset, limit) =>
        viewId ? backend.logsPage(viewId, offset, limit) : Promise.resolve({ rows: [] }),
      () => (this.#version += 1),
      (error) => this.#pageFailed(error),
    );
  }

  #pageFailed(error: unknown): void {
    const failure = CommandFailure.from(error);
    // A page of a view that was just closed, or a filter that was overtaken: the next is on its way.
    if (failure.code !== "noSuchView" && failure.code !== "cancelled") this.failure = failure;
  }

  row(position: number): LogRow | undefined {
    void this.#version;
    return this.#cache.row(position);
  }

  want(first: number, end: number): void {
    this.#cache.want(first, Math.min(end, this.matched));
  }

  scrollTo(top: number): void {
    this.scrollRequest = { top };
    this.scrollTop = top;
  }

  /**
   * The list in Rust has grown or was filtered: takes over its new state without moving the row
   * that is looked at. The pages around it are fetched before anything changes on the screen.
   */
  #settle(): void {
    if (this.#settling) {
      this.#settleAgain = () => this.#settle();
      return;
    }
    this.#settling = true;
    void this.#takeOver().finally(() => {
      this.#settling = false;
      const again = this.#settleAgain;
      this.#settleAgain = null;
      again?.();
    });
  }

  async #takeOver(): Promise<void> {
    const viewId = this.#viewId;
    if (!viewId) return;
    try {
      const head = await backend.logsPage(viewId, 0, 1);
      const before = this.active;
      const anchor = this.#anchor();
      const found = anchor && (await this.#find(viewId, anchor.row, head.matched));
      const shift = anchor && found !== null ? found - anchor.position : 0;
      const top = this.#topAfter(anchor !== null, found, shift, head.matched);
      const next = this.#newCache(viewId);
      const first = Math.max(0, Math.floor(top / ROW_HEIGHT));
      const rows = Math.ceil(this.viewportHeight / ROW_HEIGHT) + 1;
      await next.ready(first, Math.min(head.matched, first + rows));
      if (viewId !== this.#viewId) return;
      this.#cache = next;
      this.matched = head.matched;
      this.total = Math.max(head.total, head.matched);
      if (this.active === before && anchor?.selected) this.active = found ?? -1;
      // A key may have been pressed meanwhile: where it led moves by as much as the row that was looked for.
      else if (this.active >= 0)
        this.active = Math.min(head.matched - 1, Math.max(0, this.active + shift));
      if (this.active < 0) this.#activeRow = null;
      const topNow = this.#topAfter(anchor !== null, found, shift, head.matched);
      if (topNow !== this.scrollTop) this.scrollTo(topNow);
      this.#version += 1;
    } catch (error) {
      this.#pageFailed(error);
    }
  }

  /** The row that must not move: the selected one, else the one on top once scrolled. */
  #anchor(): { row: LogRow; position: number; selected: boolean } | null {
    if (this.#activeRow && this.active >= 0) {
      return { row: this.#activeRow, position: this.active, selected: true };
    }
    const position = Math.floor(this.scrollTop / ROW_HEIGHT);
    const row = position > 0 ? this.#cache.row(position) : undefined;
    return row ? { row, position, selected: false } : null;
  }

  #topAfter(anchored: boolean, found: number | null, shift: number, matched: number): number {
    const last = Math.max(0, matched * ROW_HEIGHT - this.viewportHeight);
    if (anchored && found === null) return 0;
    if (this.scrollTop === 0 && shift !== 0) {
      // At the top people watch for what is new; only a selected row keeps its place on screen.
      return Math.min(last, this.active >= 0 ? shift * ROW_HEIGHT : 0);
    }
    return Math.max(0, Math.min(last, this.scrollTop + shift * ROW_HEIGHT));
  }

  #find(viewId: string, row: LogRow, matched: number): Promise<number | null> {
    const moment = momentOf(row.time);
    if (moment === null) return Promise.resolve(null);
    const identity = identityOf(row);
    return locate(
      async (position) => (await backend.logsPage(viewId, position, 1)).rows[0],
      matched,
      moment,
      (other) => momentOf(other.time),
      (other) => identityOf(other) === identity,
    );
  }

  // ---- filter

  setFilter(text: string): void {
    this.filter = text;
    this.#filterSoon();
  }

  clearFilter(): void {
    this.filter = "";
    this.#filterSoon();
    this.#filterSoon.flush();
  }

  async #applyFilter(): Promise<void> {
    const viewId = this.#viewId;
    if (!viewId) return;
    const ticket = ++this.#filterTicket;
    this.filtering = true;
    try {
      const counts = await backend.logsFilter(viewId, this.filter.trim());
      if (ticket !== this.#filterTicket || viewId !== this.#viewId) return;
      this.counts = counts;
      this.total = counts.total;
      this.#settle();
    } catch (error) {
      if (ticket === this.#filterTicket) this.#pageFailed(error);
    } finally {
      if (ticket === this.#filterTicket) this.filtering = false;
    }
  }

  // ---- the row looked at

  /** Puts the keyboard on a row; with the detail pane open, its details follow. */
  select(position: number): void {
    if (this.matched === 0) return;
    this.active = Math.max(0, Math.min(this.matched - 1, position));
    this.#activeRow = this.#cache.row(this.active) ?? null;
    if (this.detailOpen) void this.#showEntry();
  }

  openDetail(position = this.active): void {
    if (position < 0 || this.matched === 0) return;
    this.detailOpen = true;
    this.select(position);
  }

  closeDetail(): void {
    this.detailOpen = false;
    this.entry = null;
    this.entryFailure = null;
    this.#entryTicket += 1;
  }

  async #showEntry(): Promise<void> {
    const ticket = ++this.#entryTicket;
    const viewId = this.#viewId;
    const position = this.active;
    if (!viewId) return;
    try {
      await this.#cache.ready(position, position + 1);
      const row = this.#cache.row(position);
      if (!row || ticket !== this.#entryTicket) return;
      this.#activeRow = row;
      const entry = await backend.logsEntry(viewId, row.index);
      if (ticket !== this.#entryTicket) return;
      this.entry = entry;
      this.entryFailure = null;
    } catch (error) {
      if (ticket === this.#entryTicket) this.entryFailure = CommandFailure.from(error);
    }
  }
}

/** The same row in another view has another index, but the same content. */
function identityOf(row: LogRow): string {
  return JSON.stringify([row.time, row.tenant, row.user, row.api, row.message]);
}
