import { describe, expect, test, vi } from "vitest";
import { locate, PAGE_ROWS, PageCache } from "./page-cache";

interface Row {
  index: number;
  moment: number | null;
}

function cacheOver(count: number) {
  const fetch = vi.fn((offset: number, limit: number) =>
    Promise.resolve({
      rows: Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, i) => ({
        index: offset + i,
        moment: null,
      })),
    }),
  );
  const changed = vi.fn();
  const failed = vi.fn();
  return { cache: new PageCache<Row>(fetch, changed, failed), fetch, changed, failed };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("pages", () => {
  test("are fetched once, however often they are wanted", async () => {
    const { cache, fetch, changed } = cacheOver(1000);
    cache.want(190, 230);
    cache.want(190, 230);
    await settled();
    cache.want(0, 230);
    expect(fetch.mock.calls.map(([offset]) => offset)).toEqual([0, PAGE_ROWS]);
    expect(cache.row(215)).toMatchObject({ index: 215 });
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
    for (let page = 0; page < 100; page += 1)
      await cache.ready(page * PAGE_ROWS, page * PAGE_ROWS + 1);
    expect(cache.row(0)).toBeUndefined();
    expect(cache.row(99 * PAGE_ROWS)).toBeDefined();
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
});

describe("finding a row again", () => {
  // Newest first, three rows a moment, the last five without one.
  const rows: Row[] = Array.from({ length: 100_000 }, (_, i) => ({
    index: i,
    moment: i >= 99_995 ? null : 9_000_000 - Math.floor(i / 3),
  }));
  const find = (list: Row[], wanted: Row) => {
    const read = vi.fn((position: number) => Promise.resolve(list[position]));
    const found = locate(
      read,
      list.length,
      wanted.moment ?? 0,
      (row) => row.moment,
      (row) => row.index === wanted.index,
    );
    return found.then((position) => ({ position, reads: read.mock.calls.length }));
  };

  test.each([0, 1, 2, 50_000, 99_994])("row %i, in few reads", async (index) => {
    const { position, reads } = await find(rows, rows[index] ?? { index, moment: 0 });
    expect(position).toBe(index);
    expect(reads).toBeLessThan(25);
  });
  test("after rows were put before it", async () => {
    const newer = Array.from({ length: 500 }, (_, i) => ({ index: -i - 1, moment: 9_500_000 - i }));
    const wanted = rows[1234] ?? { index: 0, moment: 0 };
    expect((await find([...newer, ...rows], wanted)).position).toBe(1734);
  });
  test("not, where the filter took it away", async () => {
    const wanted = rows[600] ?? { index: 0, moment: 0 };
    expect(
      (
        await find(
          rows.filter(({ index }) => index !== 600),
          wanted,
        )
      ).position,
    ).toBeNull();
    expect((await find([], wanted)).position).toBeNull();
  });
});
