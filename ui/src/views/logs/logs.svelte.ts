/**
 * The log view's behaviour: which days are shown, how far they are, which row is looked at. The rows
 * themselves stay in Rust; here are only the pages around the window. What the filter, the facets
 * and the histogram do is in classes of their own, which this one holds together.
 */
import {
  backend,
  CommandFailure,
  type ConnectionInfo,
  type DayState,
  type Filtered,
  type InstanceZone,
  type LogCounts,
  type LogEntry,
  type LogPage,
  type LogProgress,
  type LogRow,
  type Plan,
  type SeverityFamily,
} from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { PAGE_ROWS, PageCache } from "../../lib/page-cache";
import { Patience } from "../../lib/patience.svelte";
import {
  ASK_ABOVE_DAYS,
  chosenDays,
  daysIn,
  logRange,
  RANGE_TERMS,
  rangeLabel,
  rangeOf,
  termOf,
  type DayRange,
  type RangeKind,
} from "../../lib/ranges";
import type { Span } from "../../lib/time-term";
import { timePasses } from "../../lib/clock";
import { dayIn, logDayOf } from "../../lib/time";
import { pageStep, ROW_HEIGHT, scrollToShow } from "../../lib/virtual";
import { FacetsState } from "./facets.svelte";
import { HistogramState } from "./histogram.svelte";
import { QueryState, type Anchor, type QueryHost } from "./query.svelte";

/** Days that failed for the same reason, told once. */
export interface Trouble {
  failure: CommandFailure;
  days: string[];
}

/** A long range that waits for a yes, and what it would cost. */
export interface Question {
  range: DayRange;
  plan: Plan;
  anyTime: boolean;
}

/** The beginning of a state of the list, and where in it the row is that must not move. */
interface Beginning {
  head: LogPage;
  anchor: Anchor | null;
  found: number | null;
}

/** A reading that has begun tells of itself within this time. */
const SILENCE_MS = 1000;

/** Facets and bars follow the rows after this time: sooner, they would take it from the next key. */
const COUNT_AFTER_MS = 120;

/** How often a list that changes under our hands is looked at anew before it is shown as it is. */
const TRIES = 4;

export class LogsState implements QueryHost {
  // ---- what is open

  connection = $state.raw<ConnectionInfo | null>(null);
  /** Names the open log in calls; null while there is none. */
  viewId = $state<string | null>(null);
  /** Why nothing can be asked of CIPP; the archive is read all the same. */
  trouble = $state.raw<CommandFailure | null>(null);
  failure = $state.raw<CommandFailure | null>(null);
  progress = $state.raw<LogProgress | null>(null);

  range = $state.raw<DayRange>(rangeOf("today"));
  asking = $state.raw<Question | null>(null);
  /** A call that starts reading was made, and its first progress has not come yet. */
  #starting = $state(false);
  /** That call was answered. */
  #called = false;
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly patience = new Patience();

  // ---- the rows on the screen

  /** The state of the list that the rows on the screen are of. */
  generation = $state(-1);
  total = $state(0);
  matched = $state(0);
  counts = $state.raw<LogCounts | null>(null);

  /** Position of the row the keyboard is on, or -1. */
  active = $state(-1);
  /** Its id, once the row is here. */
  activeId = $state<string | null>(null);
  entry = $state.raw<LogEntry | null>(null);
  entryFailure = $state.raw<CommandFailure | null>(null);
  /** The entry in the details is not among the rows that the filter leaves. */
  entryHidden = $derived(this.entry !== null && this.active < 0);
  detailOpen = $state(false);
  /** The row whose surroundings are shown, or null. */
  pinned = $state<string | null>(null);

  scrollTop = $state(0);
  viewportHeight = $state(0);
  /** A place the grid must scroll to, px; a new object for every request. */
  scrollRequest = $state.raw<{ top: number } | null>(null);

  readonly query: QueryState = new QueryState(this);
  readonly facets: FacetsState = new FacetsState(this);
  readonly histogram: HistogramState;

  #version = $state(0);
  #cache: PageCache<LogRow>;
  #opening = 0;
  #entryTicket = 0;
  #settling = false;
  #unsettled = false;
  /** The state of the list that was told of last when it was taken over. */
  #settledFor = -1;
  /** The beginning that came with the answer to a filter: it need not be asked for. */
  #brought: Beginning | null = null;
  /** The rows changed, and what is counted over them was not asked for yet. */
  #countsDue = false;
  #counting: ReturnType<typeof setTimeout> | undefined;
  readonly #app: AppState;
  readonly #clock: () => number;

  constructor(app: AppState, now: () => number = Date.now) {
    this.#app = app;
    this.#clock = now;
    this.#cache = this.#newCache(-1);
    this.histogram = new HistogramState(this, app);
  }

  now(): number {
    return this.#clock();
  }

  /** The same for words such as "today": whoever shows it is told again as time goes by. */
  get nowShown(): number {
    timePasses();
    return this.#clock();
  }

  // ---- derived from the progress

  days = $derived<DayState[]>(this.progress?.days ?? []);
  /** The instance's today; the UTC day until it is known. */
  today = $derived(this.progress?.today ?? logDayOf(this.now()));
  instanceZone = $derived<InstanceZone | null>(this.progress?.zone ?? null);
  elapsedMs = $derived(this.progress?.elapsedMs ?? 0);
  bytes = $derived(this.progress?.bytes ?? 0);
  following = $derived(this.progress?.following ?? false);
  loading = $derived(this.#starting || (this.progress !== null && !this.progress.finished));
  /** Whether something was shown and read to its end, so that an empty list means something. */
  settled = $derived(!this.loading && this.progress !== null && this.days.length > 0);

  /** Days that need no further reading. */
  daysDone = $derived(
    this.days.filter(({ state }) => state !== "waiting" && state !== "loading").length,
  );
  cancelled = $derived(this.days.some(({ state }) => state === "cancelled"));

  /** When what is on the screen was read from CIPP: the newest reading; null where nothing was. */
  readAt = $derived.by(() => {
    const moments = this.days.flatMap(({ fetchedMs }) => fetchedMs ?? []);
    return moments.length > 0 ? Math.max(...moments) : null;
  });
  /** The newest rows are from an earlier reading that could not be, or is not yet, brought up to date. */
  old = $derived.by(() => {
    const newest = this.days[0];
    if (!newest || newest.rows === 0 || newest.state === "complete") return false;
    return this.trouble !== null || newest.error !== null || newest.state === "loading";
  });

  troubles = $derived.by(() => {
    const troubles: Trouble[] = [];
    for (const { day, error } of this.days) {
      if (!error || error.code === "cancelled") continue;
      const known = troubles.find(({ failure }) => failure.message === error.message);
      if (known) known.days.push(day);
      else troubles.push({ failure: CommandFailure.from(error), days: [day] });
    }
    return troubles;
  });

  /** The range as it is shown: once the term of a short one is gone, its days are what is left. */
  rangeKind = $derived<RangeKind>(
    this.#rangeTerm() === null || this.query.text.includes(this.#rangeTerm() ?? "")
      ? this.range.kind
      : "2d",
  );
  rangeLabel = $derived(rangeLabel({ ...this.range, kind: this.rangeKind }));

  /** The zone in which times are shown. */
  get zoneName(): string {
    return this.#app.zone;
  }

  #rangeTerm(): string | null {
    return termOf(this.range.kind);
  }

  // ---- opening and closing

  /** Opens the log of the current connection and shows the days chosen last. */
  async open(): Promise<void> {
    const connection = this.#app.current;
    this.close();
    if (!connection) return;
    const ticket = ++this.#opening;
    this.connection = connection;
    this.#starting = true;
    this.patience.start();
    try {
      const view = await backend.logsOpen(connection.id, (progress) => {
        if (ticket === this.#opening) this.#heard(progress);
      });
      if (ticket !== this.#opening) {
        void this.#quietly(() => backend.logsClose(view.viewId));
        return;
      }
      this.viewId = view.viewId;
      this.trouble = view.trouble ? CommandFailure.from(view.trouble) : null;
      if (this.trouble) this.#app.status.logFailed(connection.id, this.trouble);
      if (document.visibilityState === "hidden") this.inBackground(true);
      if (this.query.text.trim()) await this.query.apply();
      await this.#showNow(this.range, false);
    } catch (error) {
      if (ticket !== this.#opening) return;
      this.failure = CommandFailure.from(error);
      this.#app.status.logFailed(connection.id, this.failure);
      this.#ended();
    }
  }

  /** The view is left, or another connection chosen: nothing of it stays in Rust. */
  close(): void {
    this.#opening += 1;
    const { viewId } = this;
    if (viewId) void this.#quietly(() => backend.logsClose(viewId));
    if (this.connection) this.#app.status.logClosed(this.connection.id);
    this.viewId = null;
    this.query.leave();
    this.facets.leave();
    this.histogram.leave();
    this.progress = null;
    this.#ended();
    this.trouble = null;
    this.failure = null;
    this.asking = null;
    this.#app.instanceZone = null;
    this.#forgetRows();
  }

  #forgetRows(): void {
    this.#cache = this.#newCache(-1);
    this.#brought = null;
    this.#countsDue = false;
    this.#countLater();
    this.#settledFor = -1;
    this.generation = -1;
    this.total = 0;
    this.matched = 0;
    this.counts = null;
    this.active = -1;
    this.activeId = null;
    this.pinned = null;
    this.closeDetail();
    this.scrollTo(0);
    this.#version += 1;
  }

  /** For calls whose failure changes nothing where the view is gone or something newer took over. */
  async #quietly(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Something could not be answered. What was overtaken, or asked of a view just closed, is no failure. */
  failed(error: unknown): void {
    const failure = CommandFailure.from(error);
    if (failure.code !== "noSuchView" && failure.code !== "cancelled") {
      this.failure = failure;
      if (this.connection) this.#app.status.logFailed(this.connection.id, failure);
    }
    if (this.#behind) this.#settle();
  }

  // ---- which days

  /** A person wants to see this span, whatever times the filter named before. */
  choose(range: DayRange): Promise<void> {
    return this.show(range, true);
  }

  /**
   * Shows these days. Where that means many calls, it is asked first. With `anyTime` the times in
   * the filter go; without, only those that a shorter span had put there.
   */
  async show(range: DayRange, anyTime = false): Promise<void> {
    this.asking = null;
    const { viewId } = this;
    if (viewId && daysIn(range) > ASK_ABOVE_DAYS) {
      const plan = await this.#plan(viewId, range);
      if (viewId !== this.viewId) return;
      if (plan && plan.calls > ASK_ABOVE_DAYS) {
        this.asking = { range, plan, anyTime };
        return;
      }
    }
    await this.#showNow(range, anyTime);
  }

  /** Shows more days, where this span reaches beyond those that are shown: midnight is no border. */
  async cover({ from, to }: Span): Promise<void> {
    const zone = this.instanceZone ? this.#app.zoneFor("instance") : "UTC";
    const [oldest, newest] = [this.days.at(-1)?.day, this.days[0]?.day];
    if (!oldest || !newest) return;
    const [first, last] = [dayIn(from, zone), dayIn(to - 1, zone)];
    const until = last > this.today ? this.today : last;
    if (first >= oldest && until <= newest) return;
    await this.show(chosenDays(first < oldest ? first : oldest, until > newest ? until : newest));
  }

  async confirmLong(): Promise<void> {
    const { asking } = this;
    this.asking = null;
    if (asking) await this.#showNow(asking.range, asking.anyTime);
  }

  declineLong(): void {
    this.asking = null;
  }

  async #plan(viewId: string, range: DayRange): Promise<Plan | null> {
    try {
      return await backend.logsPlan(viewId, logRange(range));
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  async #showNow(range: DayRange, anyTime: boolean): Promise<void> {
    this.range = range;
    await this.#exchangeTerm(range, anyTime);
    const { viewId } = this;
    if (viewId) await this.#start(() => backend.logsShow(viewId, logRange(range)));
  }

  /** A span shorter than its days is a term of the filter; that of the span before goes. */
  async #exchangeTerm(range: DayRange, anyTime: boolean): Promise<void> {
    const term = termOf(range.kind);
    const words = this.query.text.split(/\s+/);
    const shorter = words.some((word) => RANGE_TERMS.has(word) && word !== term);
    const there = term !== null && words.includes(term);
    const others = anyTime && this.query.terms.some(({ field }) => field === "time");
    if (there || !(term !== null || shorter || others)) return;
    try {
      const rest = await backend.logsEditQuery(this.query.text, {
        kind: "clearField",
        field: "time",
      });
      await this.query.replace([term, rest.trim()].filter(Boolean).join(" "));
    } catch (error) {
      this.failed(error);
    }
  }

  // ---- reading

  /** Asks for today again, and for days that failed or are incomplete. */
  refresh(): void {
    const { viewId, trouble } = this;
    // What kept CIPP from being asked at the opening may be put right now.
    if (!viewId || trouble) void this.open();
    else void this.#start(() => backend.logsRefresh(viewId));
  }

  cancel(): void {
    const { viewId } = this;
    this.#starting = false;
    if (viewId) void this.#quietly(() => backend.logsCancel(viewId));
  }

  fetchDay(day: string): void {
    const { viewId } = this;
    if (viewId) void this.#start(() => backend.logsFetchDay(viewId, day));
  }

  fetchDays(days: string[]): void {
    for (const day of days) this.fetchDay(day);
  }

  cancelDay(day: string): void {
    const { viewId } = this;
    if (viewId) void this.#quietly(() => backend.logsCancel(viewId, day));
  }

  toggleFollow(): void {
    const { viewId, following } = this;
    if (viewId) void this.#quietly(() => backend.logsFollow(viewId, !following));
  }

  inBackground(yes: boolean): void {
    const { viewId } = this;
    if (viewId) void this.#quietly(() => backend.logsInBackground(viewId, yes));
  }

  setInstanceZone(zone: string | null): Promise<void> {
    const { viewId } = this;
    if (!viewId) return Promise.resolve();
    return this.#quietly(() => backend.logsSetInstanceZone(viewId, zone));
  }

  async #start(call: () => Promise<unknown>): Promise<void> {
    this.failure = null;
    this.#starting = true;
    if (!this.patience.running) this.patience.start();
    this.#called = false;
    const { viewId } = this;
    try {
      await call();
      // Another log may be opening by now: whether that has begun is its own affair.
      if (viewId !== this.viewId) return;
      this.#called = true;
      // Where there was nothing to read, nothing is told either.
      clearTimeout(this.#silence);
      this.#silence = setTimeout(() => {
        if (this.#starting) this.#ended();
      }, SILENCE_MS);
    } catch (error) {
      if (viewId !== this.viewId) return;
      this.failed(error);
      this.#ended();
    }
  }

  #ended(): void {
    this.#starting = false;
    clearTimeout(this.#silence);
    if (!this.loading) this.patience.stop();
  }

  #heard(progress: LogProgress): void {
    const before = this.progress;
    this.progress = progress;
    if (this.connection && !this.trouble) this.#app.status.logHeard(this.connection.id, progress);
    this.#app.instanceZone = progress.zone;
    if (this.#called || !progress.finished) this.#starting = false;
    if (progress.finished && !this.#starting) {
      this.#ended();
      // "The last 15 minutes" are others now.
      if (before && !before.finished && this.query.relative) void this.query.apply();
    } else if (!this.patience.running) this.patience.start();
    // The answer to a filter that is on its way brings the list along.
    if (progress.generation !== this.generation && !this.query.busy) this.#settle();
    this.histogram.rangeMayHaveChanged();
  }

  // ---- rows

  #newCache(generation: number): PageCache<LogRow> {
    return new PageCache<LogRow>(
      generation,
      (offset, limit) =>
        this.viewId
          ? backend.logsPage(this.viewId, offset, limit)
          : Promise.resolve({ generation, rows: [] }),
      {
        changed: () => this.#rowsCame(),
        failed: (error) => this.failed(error),
        stale: () => this.#settle(),
      },
    );
  }

  #rowsCame(): void {
    this.#version += 1;
    if (this.active >= 0 && this.activeId === null)
      this.activeId = this.#cache.row(this.active)?.id ?? null;
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

  /** Brings a row into view: where it is far away, to the middle. */
  reveal(position: number): void {
    const top = scrollToShow(position, this.scrollTop, this.viewportHeight);
    const far =
      Math.abs(top - this.scrollTop) > pageStep(this.viewportHeight) * ROW_HEIGHT &&
      position * ROW_HEIGHT - (this.viewportHeight - ROW_HEIGHT) / 2;
    if (top !== this.scrollTop) this.scrollTo(Math.max(0, far === false ? top : far));
  }

  /** An answer to the filter came: its rows are taken over at once. */
  answered({ answer, head, anchorAt }: Filtered, anchor: Anchor | null): void {
    this.counts = answer.counts;
    if (this.#countsDue) this.#countSoon();
    if (answer.generation !== this.generation) {
      this.#brought = { head, anchor, found: anchorAt };
      this.#settle();
    } else if (this.#behind) this.#settle();
  }

  /**
   * The list in Rust has grown or was filtered: takes over its new state without moving the row
   * that is looked at. The pages around it are fetched before anything changes on the screen.
   */
  #settle(): void {
    this.#unsettled = true;
    if (this.#settling) return;
    this.#settling = true;
    void this.#takeOverAll().finally(() => {
      this.#settling = false;
    });
  }

  /** More was told of than was taken over, while an answer to a filter was on its way. */
  get #behind(): boolean {
    const told = this.progress?.generation ?? -1;
    return told > this.generation && told > this.#settledFor && !this.query.busy;
  }

  async #takeOverAll(): Promise<void> {
    while ((this.#unsettled || this.#behind) && this.viewId) {
      this.#unsettled = false;
      this.#settledFor = this.progress?.generation ?? -1;
      try {
        for (let tries = 1; !(await this.#takeOver(this.viewId, tries === TRIES)); tries += 1);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  /** False where the list moved on while it was read, and is to be read again. */
  async #takeOver(viewId: string, whatever: boolean): Promise<boolean> {
    const { head, anchor, found } = this.#takeBrought() ?? (await this.#beginning(viewId));
    const shift = anchor && found !== null ? found - anchor.position : 0;
    const next = this.#newCache(head.generation);
    next.put(0, head.rows);
    const top = this.#topAfter(anchor !== null, found, shift, head.matched);
    const first = Math.max(0, Math.floor(top / ROW_HEIGHT));
    const rows = Math.ceil(this.viewportHeight / ROW_HEIGHT) + 1;
    const whole = await next.ready(first, Math.min(head.matched, first + rows));
    if (viewId !== this.viewId) return true;
    if (!whole && !whatever) return false;
    this.#cache = next;
    this.generation = head.generation;
    this.matched = head.matched;
    this.total = Math.max(head.total, head.matched);
    this.#moveActive(anchor, found, shift);
    const topNow = this.#topAfter(anchor !== null, found, shift, head.matched);
    if (topNow !== this.scrollTop) this.scrollTo(topNow);
    this.#rowsCame();
    this.#countsDue = true;
    this.#countSoon();
    return true;
  }

  /** What is counted over the rows follows when they are on the screen. */
  #countSoon(): void {
    this.#counting ??= setTimeout(() => {
      this.#counting = undefined;
      this.#countsDue = false;
      this.facets.ask();
      this.histogram.ask();
    }, COUNT_AFTER_MS);
  }

  #countLater(): void {
    clearTimeout(this.#counting);
    this.#counting = undefined;
  }

  /** What the filter's answer brought along, unless the list has moved past it. */
  #takeBrought(): Beginning | null {
    const brought = this.#brought;
    this.#brought = null;
    return brought && brought.head.generation > this.generation ? brought : null;
  }

  async #beginning(viewId: string): Promise<Beginning> {
    const anchor = this.#anchor();
    const [head, found] = await Promise.all([
      backend.logsPage(viewId, 0, PAGE_ROWS),
      anchor ? backend.logsPosition(viewId, anchor.id) : null,
    ]);
    return { head, anchor, found };
  }

  #moveActive(anchor: Anchor | null, found: number | null, shift: number): void {
    if (this.active < 0) return;
    if (anchor?.selected && this.active === anchor.active) {
      this.active = found ?? -1;
      if (found === null) this.activeId = null;
    } else {
      // A key was pressed meanwhile: where it led moves by as much as the row that was looked for.
      this.active = Math.min(this.matched - 1, Math.max(0, this.active + shift));
      this.activeId = null;
    }
  }

  /** A filter is about to be asked for: nothing else may keep the machine busy. */
  aboutToAsk(): Anchor | null {
    this.#countLater();
    return this.#anchor();
  }

  /** The row that must not move: the selected one, else the one on top once scrolled. */
  #anchor(): Anchor | null {
    const { active } = this;
    if (this.activeId !== null && active >= 0)
      return { id: this.activeId, position: active, selected: true, active };
    const position = Math.floor(this.scrollTop / ROW_HEIGHT);
    const row = position > 0 ? this.#cache.row(position) : undefined;
    return row ? { id: row.id, position, selected: false, active } : null;
  }

  #topAfter(anchored: boolean, found: number | null, shift: number, matched: number): number {
    const last = Math.max(0, matched * ROW_HEIGHT - this.viewportHeight);
    if (anchored && found === null) return 0;
    if (this.scrollTop === 0 && shift !== 0) {
      // At the top people watch for what is new; only a selected row keeps its place on screen.
      return Math.max(0, Math.min(last, this.active >= 0 ? shift * ROW_HEIGHT : 0));
    }
    return Math.max(0, Math.min(last, this.scrollTop + shift * ROW_HEIGHT));
  }

  // ---- the row looked at

  /** Puts the keyboard on a row; with the detail pane open, its details follow. */
  select(position: number): void {
    if (this.matched === 0) return;
    this.active = Math.max(0, Math.min(this.matched - 1, position));
    this.activeId = this.#cache.row(this.active)?.id ?? null;
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

  /** The filter hides the entry in the details: it goes, and the entry is shown in its place. */
  async showHidden(): Promise<void> {
    const id = this.entry?.id;
    await this.query.clear();
    if (id) await this.jumpTo(id);
  }

  /** Selects the row with this id; false where the filter hides it or it is not loaded. */
  async jumpTo(id: string): Promise<boolean> {
    const { viewId } = this;
    if (!viewId) return false;
    return this.#goTo(() => backend.logsPosition(viewId, id));
  }

  /** Selects the next row of these severities below the current one, or above it; false at the end. */
  async nextOf(families: SeverityFamily[], backwards: boolean): Promise<boolean> {
    const { viewId, active } = this;
    if (!viewId) return false;
    return this.#goTo(() => backend.logsNext(viewId, families, active, backwards));
  }

  async #goTo(where: () => Promise<number | null>): Promise<boolean> {
    try {
      const position = await where();
      if (position === null || position >= this.matched) return false;
      await this.#cache.ready(position, position + 1);
      this.select(position);
      this.reveal(position);
      this.#version += 1;
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    }
  }

  async #showEntry(): Promise<void> {
    const ticket = ++this.#entryTicket;
    const { viewId, active } = this;
    if (!viewId) return;
    try {
      await this.#cache.ready(active, active + 1);
      const row = this.#cache.row(active);
      if (!row || ticket !== this.#entryTicket) return;
      this.activeId = row.id;
      const entry = await backend.logsEntry(viewId, row.id);
      if (ticket !== this.#entryTicket) return;
      this.entry = entry;
      this.entryFailure = null;
    } catch (error) {
      if (ticket === this.#entryTicket) this.entryFailure = CommandFailure.from(error);
    }
  }
}
