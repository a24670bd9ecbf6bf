/**
 * Pages of rows of one state of a list, fetched when they come into view. Holds a bounded number
 * of pages and asks for each once. When the list changes, a new cache takes over: see LogsState.
 */

/** A little more than the highest screen shows: the first page comes along with every keystroke. */
export const PAGE_ROWS = 100;
const KEPT_PAGES = 120;
const IN_FLIGHT = 3;

export interface Page<Row> {
  /** Which state of the list the rows are of. */
  generation: number;
  rows: Row[];
}

export type FetchPage<Row> = (offset: number, limit: number) => Promise<Page<Row>>;

export interface PageEvents {
  /** Rows came. */
  changed: () => void;
  failed: (error: unknown) => void;
  /** A page came that is of another state of the list than this cache: it is not kept. */
  stale: () => void;
}

export class PageCache<Row> {
  readonly generation: number;
  readonly #fetch: FetchPage<Row>;
  readonly #events: PageEvents;
  #pages = new Map<number, Row[]>();
  #asked = new Set<number>();
  #wanted: number[] = [];

  constructor(generation: number, fetch: FetchPage<Row>, events: PageEvents) {
    this.generation = generation;
    this.#fetch = fetch;
    this.#events = events;
  }

  row(position: number): Row | undefined {
    return this.#pages.get(Math.floor(position / PAGE_ROWS))?.[position % PAGE_ROWS];
  }

  /** Takes a page that was fetched already: the one that begins at this position. */
  put(offset: number, rows: Row[]): void {
    this.#pages.set(Math.floor(offset / PAGE_ROWS), rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      this.#pages.delete(oldest);
    }
  }

  /** Makes sure that the rows from `first` up to `end` are here or on their way, and no others. */
  want(first: number, end: number): void {
    // Replaced, not added to: what was scrolled past is no longer wanted.
    this.#wanted = pagesOf(first, end).filter(
      (page) => !this.#pages.has(page) && !this.#asked.has(page),
    );
    this.#pump();
  }

  /** Waits for the rows from `first` up to `end`; false where the list has moved on meanwhile. */
  async ready(first: number, end: number): Promise<boolean> {
    const read = await Promise.all(pagesOf(first, end).map((page) => this.#read(page)));
    return read.every(Boolean);
  }

  #pump(): void {
    while (this.#asked.size < IN_FLIGHT) {
      const page = this.#wanted.shift();
      if (page === undefined) return;
      void this.#load(page);
    }
  }

  async #load(page: number): Promise<void> {
    this.#asked.add(page);
    try {
      if (await this.#read(page)) this.#events.changed();
      else this.#events.stale();
    } catch (error) {
      this.#events.failed(error);
    } finally {
      this.#asked.delete(page);
    }
    this.#pump();
  }

  async #read(page: number): Promise<boolean> {
    if (this.#pages.has(page)) return true;
    const answer = await this.#fetch(page * PAGE_ROWS, PAGE_ROWS);
    if (answer.generation !== this.generation) return false;
    this.put(page * PAGE_ROWS, answer.rows);
    return true;
  }
}

function pagesOf(first: number, end: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS < end; page += 1) {
    pages.push(page);
  }
  return pages;
}
