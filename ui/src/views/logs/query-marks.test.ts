import { describe, expect, test } from "vitest";
import { FakeLog } from "../../backend/samples";
import { segmentsOf } from "./query-marks";

const read = (text: string) => new FakeLog([]).read(text);
const marks = (text: string, readText = text) =>
  segmentsOf(text, read(readText), readText)
    .filter(({ mark }) => mark !== "plain")
    .map(({ text, mark }) => `${mark} ${text}`);

describe("marks", () => {
  test("terms, excluded, switched off and mistaken", () => {
    expect(marks("one -two ~three four:")).toEqual([
      "term one",
      "not -two",
      "off ~three",
      "bad four:",
    ]);
  });
  test("together they are the text", () => {
    for (const text of ["", " ", "one  two ", 'a:"b c" -d']) {
      const pieces = segmentsOf(text, read(text), text);
      expect(pieces.map((piece) => piece.text).join("")).toBe(text);
    }
  });
  test("stay where they were while more is typed behind or before them", () => {
    expect(marks("one two th", "one two")).toEqual(["term one", "term two"]);
    expect(marks("zero one two", "one two")).toEqual(["term one", "term two"]);
  });
  test("of what was changed are gone until it is read anew", () => {
    expect(marks("one twenty three", "one two three")).toEqual(["term one", "term three"]);
    expect(marks("", "one two")).toEqual([]);
  });
  test("what is missing is marked at what stands before it", () => {
    const reading = {
      terms: [],
      mistakes: [{ start: 4, end: 4, message: "Close the quotation mark." }],
      sentence: "",
    };
    expect(segmentsOf('a "b', reading, 'a "b')).toEqual([
      { text: 'a "', mark: "plain" },
      { text: "b", mark: "bad" },
    ]);
  });
});
