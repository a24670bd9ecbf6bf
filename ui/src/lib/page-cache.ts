/**
 * Pages of rows of one state of a list, fetched when they come into view. Holds a bounded number
 * of pages and asks for each once. When the list changes, a new cache takes over: see LogsState.
 */

export const PAGE_ROWS = 200;
const KEPT_PAGES = 60;
const IN_FLIGHT = 3;

export type FetchPage<Row> = (offset: number, limit: number) => Promise<{ rows: Row[] }>;

export class PageCache<Row> {
  readonly #fetch: FetchPage<Row>;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;
  #pages = new Map<number, Row[]>();
  #asked = new Set<number>();
  #wanted: number[] = [];

  constructor(fetch: FetchPage<Row>, changed: () => void, failed: (error: unknown) => void) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  row(position: number): Row | undefined {
    return this.#pages.get(Math.floor(position / PAGE_ROWS))?.[position % PAGE_ROWS];
  }

  /** Makes sure that the rows from `first` up to `end` are here or on their way, and no others. */
  want(first: number, end: number): void {
    // Replaced, not added to: what was scrolled past is no longer wanted.
    this.#wanted = pagesOf(first, end).filter(
      (page) => !this.#pages.has(page) && !this.#asked.has(page),
    );
    this.#pump();
  }

  /** Waits for the rows from `first` up to `end`. */
  async ready(first: number, end: number): Promise<void> {
    await Promise.all(pagesOf(first, end).map((page) => this.#read(page)));
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
      await this.#read(page);
      this.#changed();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#asked.delete(page);
    }
    this.#pump();
  }

  async #read(page: number): Promise<void> {
    if (this.#pages.has(page)) return;
    const answer = await this.#fetch(page * PAGE_ROWS, PAGE_ROWS);
    this.#pages.set(page, answer.rows);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) break;
      this.#pages.delete(oldest);
    }
  }
}

function pagesOf(first: number, end: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(first / PAGE_ROWS); page * PAGE_ROWS < end; page += 1) {
    pages.push(page);
  }
  return pages;
}

/**
 * Where a row stands in a list sorted newest first, found by its time in about 17 reads of
 * 100,000 rows; null where it is not on the list. Rows without a time cannot be found.
 */
export async function locate<Row>(
  read: (position: number) => Promise<Row | undefined>,
  count: number,
  moment: number,
  momentOfRow: (row: Row) => number | null,
  isWanted: (row: Row) => boolean,
): Promise<number | null> {
  // Rows without a time are sorted last.
  const at = (row: Row) => momentOfRow(row) ?? -Infinity;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = await read(middle);
    if (!row) return null;
    if (at(row) > moment) low = middle + 1;
    else high = middle;
  }
  // Equal times stand side by side in no order that can be known.
  for (let position = low; position < count; position += 1) {
    const row = await read(position);
    if (!row || at(row) < moment) return null;
    if (isWanted(row)) return position;
  }
  return null;
}
