import { describe, expect, test, vi } from "vitest";
import { PAGE_ROWS, PageCache } from "./page-cache";

interface Row {
  index: number;
}

function cacheOver(count: number) {
  const list = { generation: 7 };
  const fetch = vi.fn((offset: number, limit: number) =>
    Promise.resolve({
      generation: list.generation,
      rows: Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, i) => ({
        index: offset + i,
      })),
    }),
  );
  const events = { changed: vi.fn(), failed: vi.fn(), stale: vi.fn() };
  return { cache: new PageCache<Row>(7, fetch, events), fetch, list, ...events };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("pages", () => {
  test("are fetched once, however often they are wanted", async () => {
    const { cache, fetch, changed } = cacheOver(1000);
    cache.want(PAGE_ROWS - 10, PAGE_ROWS + 30);
    cache.want(PAGE_ROWS - 10, PAGE_ROWS + 30);
    await settled();
    cache.want(0, PAGE_ROWS + 30);
    expect(fetch.mock.calls.map(([offset]) => offset)).toEqual([0, PAGE_ROWS]);
    expect(cache.row(PAGE_ROWS + 15)).toMatchObject({ index: PAGE_ROWS + 15 });
    expect(changed).toHaveBeenCalledTimes(2);
  });
  test("that were scrolled past are not fetched at all", async () => {
    const { cache, fetch } = cacheOver(1_000_000);
    for (let row = 0; row < 1_000_000; row += 10_000) cache.want(row, row + 40);
    await settled();
    expect(fetch.mock.calls.length).toBeLessThan(10);
    expect(cache.row(990_010)).toMatchObject({ index: 990_010 });
  });
  test("are let go when there are many", async () => {
    const { cache } = cacheOver(1_000_000);
    for (let page = 0; page < 200; page += 1)
      await cache.ready(page * PAGE_ROWS, page * PAGE_ROWS + 1);
    expect(cache.row(0)).toBeUndefined();
    expect(cache.row(199 * PAGE_ROWS)).toBeDefined();
  });
  test("that fail are told and asked for again", async () => {
    const { cache, fetch, failed } = cacheOver(1000);
    fetch.mockRejectedValueOnce(new Error("gone"));
    cache.want(0, 10);
    await settled();
    expect(failed).toHaveBeenCalledOnce();
    cache.want(0, 10);
    await settled();
    expect(cache.row(0)).toBeDefined();
  });
  test("of another state of the list are not mixed in", async () => {
    const { cache, list, changed, stale } = cacheOver(1000);
    cache.put(0, [{ index: 0 }]);
    list.generation = 8;
    cache.want(200, 230);
    await settled();
    expect(cache.row(200)).toBeUndefined();
    expect(cache.row(0)).toBeDefined();
    expect(stale).toHaveBeenCalledOnce();
    expect(changed).not.toHaveBeenCalled();
    expect(await cache.ready(400, 410)).toBe(false);
    expect(await cache.ready(0, 1)).toBe(true);
  });
});
