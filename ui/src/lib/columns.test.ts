import { describe, expect, test } from "vitest";
import {
  allColumns,
  clampColumn,
  fitColumns,
  MESSAGE_MIN,
  moveColumn,
  shownColumns,
  withColumn,
} from "./columns";

describe("widths", () => {
  const at = (available: number, order: string[] = []) => fitColumns(order, {}, available);
  const ids = (columns: { id: string }[]) => columns.map(({ id }) => id);
  const sum = (columns: { width: number }[]) => columns.reduce((all, { width }) => all + width, 0);
  const width = (columns: { id: string; width: number }[], id: string) =>
    columns.find((column) => column.id === id)?.width;

  test("give the message all that is left", () => {
    const wide = at(1500);
    expect(wide.map((column) => column.width)).toEqual([108, 206, 170, 170, 130, 716]);
    expect(sum(wide)).toBe(1500);
  });
  test("shrink before the message does", () => {
    const middle = at(900);
    expect(middle).toHaveLength(6);
    expect(width(middle, "message")).toBeGreaterThanOrEqual(MESSAGE_MIN);
    expect(sum(middle)).toBeLessThanOrEqual(900);
    expect(width(middle, "time")).toBe(206);
  });
  test("leave out API, then user, where even that is not enough", () => {
    expect(ids(at(730))).toEqual(["severity", "time", "tenant", "user", "message"]);
    expect(ids(at(640))).toEqual(["severity", "time", "tenant", "message"]);
  });
  test("follow the person's wish within sense", () => {
    expect(width(fitColumns([], { tenant: 300 }, 1600), "tenant")).toBe(300);
    expect(clampColumn("tenant", 2)).toBe(92);
    expect(clampColumn("user", 9999)).toBe(600);
    expect(fitColumns([], { unknown: 7 }, 1600)).toHaveLength(6);
  });
  test("without the message the last column takes what is left", () => {
    const columns = at(1000, ["time", "tenant"]);
    expect(columns).toEqual([
      { id: "time", width: 206 },
      { id: "tenant", width: 794 },
    ]);
  });
  test("follow the order", () => {
    expect(ids(at(1500, ["message", "time"]))).toEqual(["message", "time"]);
    expect(sum(at(1500, ["message", "time"]))).toBe(1500);
  });
});

describe("the order", () => {
  test("is the usual one until a person changes it", () => {
    expect(shownColumns([])).toEqual(["severity", "time", "tenant", "user", "api", "message"]);
    expect(allColumns([]).at(-1)).toEqual({ id: "day", shown: false });
  });
  test("leaves out what this version does not know, and doubles", () => {
    expect(shownColumns(["time", "mood", "time", "user"])).toEqual(["time", "user"]);
    expect(shownColumns(["mood"])).toHaveLength(6);
  });
  test("takes columns in and out, but never the last", () => {
    expect(withColumn(["time"], "day", true)).toEqual(["time", "day"]);
    expect(withColumn(["time", "day"], "time", false)).toEqual(["day"]);
    expect(withColumn(["day"], "day", false)).toEqual(["day"]);
  });
  test("moves a column, within the ends", () => {
    expect(moveColumn(["time", "user", "api"], "api", 0)).toEqual(["api", "time", "user"]);
    expect(moveColumn(["time", "user", "api"], "time", 9)).toEqual(["user", "api", "time"]);
    expect(moveColumn(["time", "user"], "day", 0)).toEqual(["time", "user"]);
  });
});
