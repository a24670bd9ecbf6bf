import { describe, expect, test } from "vitest";
import { dayState, entry, row } from "../../backend/samples";
import { parseJson } from "../../lib/json";
import { treeLines } from "../../lib/json-tree";
import { agoText, factsOf, treeEdit, zonesToShow } from "./detail.svelte";
import { exportDays } from "./export.svelte";
import { boundaryBetween } from "./row-lines";

describe("filtering by the data", () => {
  const edits = (json: string, root = "LogData") => {
    const node = parseJson(json);
    if (!node) throw new Error("not JSON");
    const open = new Set(["0", "0/0", "0/0/0", "0/1", "0/1/0"]);
    return treeLines([{ key: root, node }], { open, shown: new Map() }).map((line) =>
      treeEdit(line, "include"),
    );
  };

  test("names the members, and every element of a list", () => {
    expect(edits('{"Error":[{"code":"x"}]}').at(-1)).toEqual({
      kind: "include",
      field: "data",
      path: ["Error", "code"],
      value: "x",
    });
  });
  test("takes numbers and words as they are written", () => {
    expect(edits('{"n":12.50}').at(-1)).toMatchObject({ path: ["n"], value: "12.50" });
  });
  test("searches anywhere for what has no path there", () => {
    const inText = edits('{"RawError":"{\\"code\\":\\"x\\"}"}').at(-1);
    expect(inText).toEqual({ kind: "include", field: "anywhere", path: [], value: "x" });
    expect(edits('{"a":"x"}', "StandardInfo").at(-1)).toMatchObject({ field: "anywhere" });
    expect(edits('["x"]').at(-1)).toMatchObject({ field: "anywhere", value: "x" });
  });
  test("is not offered for containers, and texts nobody means as a whole", () => {
    expect(edits('{"a":{"b":1}}')[0]).toBeNull();
    expect(edits(JSON.stringify({ a: "two\nlines" })).at(-1)).toBeNull();
    expect(edits(JSON.stringify({ a: "x".repeat(600) })).at(-1)).toBeNull();
  });
});

test("facts without a value are left out; the others know their field", () => {
  const facts = factsOf(entry(row(0), { ip: "203.0.113.24", appId: null }));
  expect(facts.map(({ name }) => name)).not.toContain("App ID");
  expect(facts.find(({ name }) => name === "IP address")?.filter).toEqual({
    field: "ip",
    value: "203.0.113.24",
  });
});

test("how long ago", () => {
  const now = Date.UTC(2026, 10, 3, 12);
  expect(agoText(now - 5000, now)).toBe("just now");
  expect(agoText(now - 60_000, now)).toBe("1 minute ago");
  expect(agoText(now - 3 * 86_400_000, now)).toBe("3 days ago");
  expect(agoText(now + 2 * 3_600_000, now)).toBe("in 2 hours");
});

test("every zone is told, those that show the same in one line", () => {
  const moment = Date.UTC(2026, 10, 3, 12);
  expect(zonesToShow(moment, "UTC", "Europe/Amsterdam", "Europe/Berlin")).toEqual([
    {
      zone: "Europe/Amsterdam",
      words: "Mine, CIPP",
      names: "Europe/Amsterdam, Europe/Berlin",
    },
    { zone: "UTC", words: "UTC", names: "UTC" },
  ]);
  expect(zonesToShow(moment, "Asia/Tokyo", "UTC", null).map(({ words }) => words)).toEqual([
    "Mine, UTC",
    "Shown",
  ]);
});

describe("lines between rows", () => {
  const at = (time: string, day: string) => row(0, { time, day });

  test("a date of the shown zone, and CIPP's own day, each where it changes", () => {
    const newer = at("2026-11-03T23:30:00Z", "2026-11-03");
    const older = at("2026-11-03T22:30:00Z", "2026-11-03");
    expect(boundaryBetween(newer, older, "Europe/Amsterdam")).toBe("Tue 3 Nov");
    expect(boundaryBetween(newer, older, "UTC")).toBe("");
    const before = at("2026-11-02T23:59:00Z", "2026-11-02");
    expect(boundaryBetween(older, before, "UTC")).toBe("Mon 2 Nov · log day too");
    const early = at("2026-11-03T00:10:00Z", "2026-11-03");
    expect(boundaryBetween(early, before, "Europe/Amsterdam")).toBe("log day Mon 2 Nov");
  });
  test("clocks that changed", () => {
    const newer = at("2026-10-25T01:30:00Z", "2026-10-25");
    const older = at("2026-10-25T00:30:00Z", "2026-10-25");
    expect(boundaryBetween(newer, older, "Europe/Amsterdam")).toBe("clocks changed, +02:00 before");
  });
  test("none where a row is not known or has no time", () => {
    expect(boundaryBetween(undefined, row(0), "UTC")).toBe("");
    expect(boundaryBetween(row(0), row(1, { time: null }), "UTC")).toBe("");
  });
});

describe("what an export lacks", () => {
  const day = (date: string, state: ReturnType<typeof dayState>["state"]) =>
    dayState({ day: date, state });

  test("nothing, where all days are complete", () => {
    expect(exportDays([day("2026-11-02", "complete")], "2026-11-03")).toEqual({
      days: 1,
      complete: 1,
      gaps: [],
    });
  });
  test("names the days, and today as what it is", () => {
    const { complete, gaps } = exportDays(
      [
        day("2026-11-03", "partial"),
        day("2026-11-02", "complete"),
        day("2026-11-01", "failed"),
        day("2026-10-31", "notFetched"),
        day("2026-10-30", "gone"),
      ],
      "2026-11-03",
    );
    expect(complete).toBe(1);
    expect(gaps).toEqual([
      "Sun 1 Nov, Sat 31 Oct: not read.",
      "Fri 30 Oct: no longer in CIPP.",
      "Tue 3 Nov is today: more entries will come.",
    ]);
  });
});
