import { describe, expect, test } from "vitest";
import { indentJson, jsonInside, parseJson, printJson, valueText } from "./json";

describe("reading", () => {
  test("keeps digits, order and doubled keys", () => {
    expect(parseJson('{"b":12345678901234567890,"a":1.50,"b":null}')).toEqual({
      kind: "object",
      entries: [
        { key: "b", value: { kind: "plain", source: "12345678901234567890" } },
        { key: "a", value: { kind: "plain", source: "1.50" } },
        { key: "b", value: { kind: "plain", source: "null" } },
      ],
    });
  });
  test("agrees with JSON.parse on ordinary data", () => {
    const data = { a: [1, -2.5e3, true, null, {}, []], 'q"\\': '\u00e9\n\t\\" \ud83d\ude00' };
    const node = parseJson(JSON.stringify(data, null, 2));
    expect(node && JSON.parse(printJson(node))).toEqual(data);
  });
  test("refuses what is no JSON", () => {
    for (const text of [
      "",
      "{",
      "[1,]",
      '{"a"}',
      '{"a":1,}',
      "1 2",
      "@{a=b}",
      '"open',
      "[1}",
      "nul",
    ]) {
      expect(parseJson(text)).toBeNull();
    }
  });
  test("takes line breaks in texts, which CIPP can send", () => {
    expect(parseJson('"a\nb"')).toEqual({ kind: "string", value: "a\nb" });
  });
  test("is not broken by depth", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const node = parseJson(deep);
    expect(node?.kind).toBe("array");
    expect(node && printJson(node).length).toBeGreaterThan(deep.length);
  });
  test("reads a text of a megabyte", () => {
    const text = 'x\\"'.repeat(350_000);
    expect(parseJson(`{"a":"${text}"}`)).not.toBeNull();
  });
});

describe("indenting", () => {
  test("changes nothing but white space", () => {
    const text = '{"n":12345678901234567890,"list":[1,2],"none":{},"text":"a, b: {c}"}';
    expect(indentJson(text)).toBe(
      '{\n  "n": 12345678901234567890,\n  "list": [\n    1,\n    2\n  ],\n  "none": {},\n  "text": "a, b: {c}"\n}',
    );
  });
  test("does not explode with depth", () => {
    expect(indentJson("[".repeat(50_000) + "]".repeat(50_000)).length).toBeLessThan(10_000_000);
  });
  test("leaves broken text alone", () => {
    expect(indentJson('{"a')).toBe('{"a');
  });
});

test("JSON inside of a text is found, and only there", () => {
  expect(jsonInside(' {"error":"invalid_grant"} ')?.kind).toBe("object");
  expect(jsonInside("[1,2]")?.kind).toBe("array");
  for (const text of ["12", '"text"', "{not json}", "plain", ""])
    expect(jsonInside(text)).toBeNull();
});

test("a copied text has no quotes", () => {
  expect(valueText({ kind: "string", value: 'a "b"' })).toBe('a "b"');
  expect(valueText({ kind: "plain", source: "1.0" })).toBe("1.0");
});
