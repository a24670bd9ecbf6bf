import { describe, expect, test } from "vitest";
import { entry, row } from "../../backend/samples";
import { compareData, compareFields, comparisonText, compareWords, distance } from "./compare";

const of = (part: Parameters<typeof entry>[1] = {}, at = 0) => entry(row(at), part);

describe("fields", () => {
  test("that differ are told from those that do not; what neither has is left out", () => {
    const fields = compareFields(of({ tenant: "a.example" }), of({ tenant: "b.example" }));
    expect(fields.find(({ name }) => name === "Tenant")).toMatchObject({
      left: "a.example",
      right: "b.example",
      same: false,
    });
    expect(fields.find(({ name }) => name === "User")).toMatchObject({ same: true });
    expect(fields.some(({ name }) => name === "App ID")).toBe(false);
  });
  test("the distance in time is told from the marked entry", () => {
    expect(distance(of({}, 1), of({}, 0))).toBe("1 min 0 s later");
    expect(distance(of({}, 0), of({}, 200))).toBe("3 h 20 min earlier");
    expect(distance(of(), of())).toBe("at the same moment");
    expect(distance(of({ time: null }), of())).toBeNull();
  });
});

describe("data", () => {
  const data = (value: unknown) => of({ logData: JSON.stringify(value) });

  test("is compared by path, JSON within a text too", () => {
    const { values } = compareData(
      data({ a: 1, list: [{ id: "x" }], RawError: '{"code":"one"}' }),
      data({ a: 1, list: [{ id: "y" }], RawError: '{"code":"two"}', more: true }),
    );
    expect(values.filter(({ same }) => !same)).toMatchObject([
      { name: "LogData.list[0].id", left: "x", right: "y" },
      { name: "LogData.RawError.code", left: "one", right: "two" },
      { name: "LogData.more", left: null, right: "true" },
    ]);
    expect(values.find(({ name }) => name === "LogData.a")).toMatchObject({ same: true });
  });
  test("a name that stands twice is kept twice", () => {
    const { values } = compareData(of({ logData: '{"a":1,"a":2}' }), of({ logData: '{"a":1}' }));
    expect(values.map(({ name, same }) => [name, same])).toEqual([
      ["LogData.a", true],
      ["LogData.a (2)", false],
    ]);
  });
  test("what is no JSON is one text", () => {
    const { values } = compareData(of({ logData: "{broken" }), of({ logData: "{broken" }));
    expect(values).toMatchObject([{ name: "LogData", left: "{broken", same: true }]);
  });
  test("a megabyte of it is cut, and said so", () => {
    const big = data(Array.from({ length: 9000 }, (_, i) => `value ${i}`));
    expect(compareData(big, big)).toMatchObject({ cut: true });
  });
});

describe("words", () => {
  const alone = (side: { text: string; alone: boolean }[]) =>
    side.filter((piece) => piece.alone).map(({ text }) => text);

  test("that only one text has are marked", () => {
    const { left, right } = compareWords(
      "Failed to set license for anna@contoso.example: timeout",
      "Failed to set license for bert@contoso.example: not found",
    );
    expect(alone(left)).toEqual(["anna", "timeout"]);
    expect(alone(right)).toEqual(["bert", "not found"]);
    expect(left.map(({ text }) => text).join("")).toContain("anna@contoso.example: timeout");
  });
  test("the same text has none", () => {
    expect(compareWords("a b", "a b")).toEqual({
      left: [{ text: "a b", alone: false }],
      right: [{ text: "a b", alone: false }],
    });
  });
  test("very long texts differ as a whole between what they share at both ends", () => {
    const words = (word: string) =>
      `begin ${Array.from({ length: 700 }, (_, i) => `${word}${i}`).join(" ")} end`;
    const { left } = compareWords(words("a"), words("b"));
    expect(left).toHaveLength(3);
    expect(left[1]?.alone).toBe(true);
  });
});

test("the copy names both sides", () => {
  const [a, b] = [of({ tenant: "a.example" }), of({ tenant: "b.example" }, 1)];
  const text = comparisonText(a, b, compareFields(a, b));
  expect(text).toContain("Tenant\n  1: a.example\n  2: b.example");
  expect(text).toContain("Message\n  1: Message 0\n  2: Message 1");
  expect(text).toContain("User (both)\n  CIPP");
});
