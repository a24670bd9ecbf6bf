import { describe, expect, test } from "vitest";
import { parseJson, type JsonNode } from "./json";
import { CHUNK, findInTree, openAtFirst, treeLines, wayTo, type Part } from "./json-tree";

const node = (value: unknown): JsonNode => {
  const parsed = parseJson(JSON.stringify(value));
  if (!parsed) throw new Error("not JSON");
  return parsed;
};
const roots = (value: unknown) => [{ key: "LogData", node: node(value) }];
const none = new Map<string, Part>();
const lines = (value: unknown, ...open: string[]) =>
  treeLines(roots(value), { open: new Set(open), shown: none });

describe("the lines of a tree", () => {
  test("folded, there is one", () => {
    expect(lines({ a: 1 })).toMatchObject([{ key: "LogData", open: false, level: 1 }]);
  });
  test("opened, the members follow with level, place and path", () => {
    const [, first, second, third] = lines({ a: 1, "b c": [true] }, "0", "0/1");
    expect(first).toMatchObject({
      key: "a",
      level: 2,
      position: 1,
      siblings: 2,
      path: "LogData.a",
    });
    expect(second).toMatchObject({ open: true, path: 'LogData["b c"]' });
    expect(third).toMatchObject({ key: "0", level: 3, path: 'LogData["b c"][0]', siblings: 1 });
  });
  test("empty containers cannot be opened", () => {
    expect(lines({ a: {}, b: [] }, "0").slice(1)).toMatchObject([{ open: null }, { open: null }]);
  });
  test("a text that holds JSON opens like a container", () => {
    const raw = { RawError: '{"error":{"code":"x"}}', plain: "text" };
    const [, text, , inner] = lines(raw, "0", "0/0", "0/0/0");
    expect(text).toMatchObject({ inside: true, open: true });
    expect(inner).toMatchObject({ key: "code", path: "LogData.RawError.error.code" });
    expect(lines(raw, "0")[2]).toMatchObject({ inside: false, open: null });
  });
  test("long lists come in portions", () => {
    const long = Array.from({ length: 4312 }, (_, i) => i);
    const first = lines(long, "0");
    expect(first).toHaveLength(1 + CHUNK + 1);
    expect(first.at(-1)).toMatchObject({ more: 4312 - CHUNK, level: 2 });
    const second = treeLines(roots(long), {
      open: new Set(["0"]),
      shown: new Map([["0", { first: 0, end: 2 * CHUNK }]]),
    });
    expect(second).toHaveLength(1 + 2 * CHUNK + 1);
    expect(new Set(second.map(({ id }) => id)).size).toBe(second.length);
    const last = treeLines(roots(long), {
      open: new Set(["0"]),
      shown: new Map([["0", { first: 4200, end: 4400 }]]),
    });
    expect(last[1]).toMatchObject({ more: 4200, side: "before" });
    expect(last.at(-1)).toMatchObject({ key: "4311", position: 4312, siblings: 4312 });
    expect(last).toHaveLength(2 + 112);
  });
  test("depth costs only what is open", () => {
    let deep: unknown = "end";
    for (let i = 0; i < 500; i += 1) deep = [deep];
    const open = Array.from({ length: 500 }, (_, i) =>
      ["0", ...Array<string>(i).fill("0")].join("/"),
    );
    expect(lines(deep, ...open)).toHaveLength(501);
  });
});

test("small data is open at first, large data is not", () => {
  const open = openAtFirst(
    roots({ small: { a: 1 }, big: Array.from({ length: 99 }, (_, i) => i) }),
  );
  expect([...open]).toEqual(["0", "0/0"]);
});

describe("finding in a tree", () => {
  const value = { Error: { code: "AADSTS700082" }, RawError: '{"inner":"aadsts1"}', n: [1, 20] };

  test("looks at names and values, and into JSON within texts, without regard to case", () => {
    expect(findInTree(roots(value), "aadsts", 99)).toEqual(["0/0/0", "0/1/0"]);
    expect(findInTree(roots(value), "raw", 99)).toEqual(["0/1"]);
    expect(findInTree(roots(value), "20", 99)).toEqual(["0/2/1"]);
    expect(findInTree(roots(value), "nothing", 99)).toEqual([]);
    expect(findInTree(roots(value), "", 99)).toEqual([]);
  });
  test("ends at the number that is wanted", () => {
    expect(findInTree(roots(Array(500).fill("x")), "x", 7)).toHaveLength(7);
  });
  test("tells what must be open to see a line, and which part of a long list", () => {
    expect(wayTo("0/3/412")).toEqual([
      { id: "0", index: 3, part: { first: 0, end: CHUNK } },
      { id: "0/3", index: 412, part: { first: 2 * CHUNK, end: 3 * CHUNK } },
    ]);
    expect(wayTo("0")).toEqual([]);
  });
  test("neither depth nor a megabyte breaks it", () => {
    const deep = parseJson(`${"[".repeat(5000)}"needle"${"]".repeat(5000)}`);
    if (!deep) throw new Error("not JSON");
    expect(findInTree([{ key: "LogData", node: deep }], "needle", 9)).toHaveLength(1);
    const big = Array.from({ length: 20_000 }, (_, i) => ({ id: i, text: `value number ${i}` }));
    expect(findInTree(roots(big), "number 19999", 9)).toEqual(["0/19999/1"]);
  });
});
