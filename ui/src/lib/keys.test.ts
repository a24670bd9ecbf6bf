import { afterEach, describe, expect, test } from "vitest";
import { digitOf, isKey, keyName, keysOf, SHORTCUTS, useLetterKeys } from "./keys";

afterEach(() => useLetterKeys(true));

const press = (key: string, part: KeyboardEventInit = {}, target: Element = document.body) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, ...part });
  Object.defineProperty(event, "target", { value: target });
  return event;
};

describe("a key", () => {
  test("is told with exactly its modifiers", () => {
    expect(isKey(press("e"), "error.next")).toBe(true);
    expect(isKey(press("E", { shiftKey: true }), "error.next")).toBe(false);
    expect(isKey(press("E", { shiftKey: true }), "error.previous")).toBe(true);
    expect(isKey(press("e", { ctrlKey: true }), "error.next")).toBe(false);
    expect(isKey(press("E", { ctrlKey: true, shiftKey: true }), "export")).toBe(true);
    expect(isKey(press("k", { metaKey: true }), "palette")).toBe(true);
  });
  test("with Caps Lock on is the same key", () => {
    expect(isKey(press("E"), "error.next")).toBe(true);
  });
  test("with signs is told whatever has to be held for them", () => {
    expect(isKey(press("?", { shiftKey: true }), "shortcuts")).toBe(true);
    expect(isKey(press("/", { shiftKey: true }), "filter.focus")).toBe(true);
  });
  test("on a keyboard without Latin letters counts by its place", () => {
    expect(isKey(press("о", { code: "KeyJ" }), "row.next")).toBe(true);
    expect(isKey(press("л", { code: "KeyK", ctrlKey: true }), "palette")).toBe(true);
  });
  test("of a row of digits tells which", () => {
    expect(digitOf(press("3", { code: "Digit3", altKey: true }), "severity")).toBe(3);
    expect(digitOf(press("8", { code: "Digit8", altKey: true }), "severity")).toBeNull();
    const place = press("@", { code: "Digit2", altKey: true, shiftKey: true });
    expect(digitOf(place, "place")).toBe(2);
    expect(digitOf(place, "severity")).toBeNull();
  });
});

describe("letters", () => {
  test("typed into a field are only letters, with Ctrl they still act", () => {
    const input = document.createElement("input");
    expect(isKey(press("e", {}, input), "error.next")).toBe(false);
    expect(isKey(press("?", {}, input), "shortcuts")).toBe(false);
    expect(isKey(press("k", { ctrlKey: true }, input), "palette")).toBe(true);
  });
  test("act on a tick box, into which nothing is typed", () => {
    const box = document.createElement("input");
    box.type = "checkbox";
    expect(isKey(press("e", {}, box), "error.next")).toBe(true);
  });
  test("can be turned off; other keys of the same command stay", () => {
    useLetterKeys(false);
    expect(isKey(press("j"), "row.next")).toBe(false);
    expect(isKey(press("ArrowDown"), "row.next")).toBe(true);
    expect(isKey(press("?"), "shortcuts")).toBe(false);
    expect(keysOf("row.next", "linux")).toEqual(["↓"]);
    expect(keysOf("mark", "linux")).toEqual([]);
  });
});

test("keys are written as the system does", () => {
  expect(keyName("Mod+Shift+E", "windows")).toBe("Ctrl+Shift+E");
  expect(keyName("Mod+Shift+E", "macos")).toBe("⌘⇧E");
  expect(keyName("Alt+ArrowUp", "linux")).toBe("Alt+↑");
});

test("no two commands of the same place share a key", () => {
  const places = [
    ["Everywhere", "List", "Filter and time", "Investigate"],
    ["Everywhere", "Setup"],
  ];
  for (const place of places) {
    const chords = SHORTCUTS.filter(({ title }) => place.includes(title)).flatMap(({ keys }) =>
      keys.flatMap(({ press }) => press),
    );
    expect(chords.filter((chord, i) => chords.indexOf(chord) !== i)).toEqual([]);
  }
  const ids = SHORTCUTS.flatMap(({ keys }) => keys.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});
