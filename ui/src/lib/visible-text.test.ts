import { expect, test } from "vitest";
import { visibleLine, visibleText } from "./visible-text";

test("characters that turn text round or hide are written out", () => {
  expect(visibleText("invoice\u202Efdp.exe")).toBe("invoice‹RLO›fdp.exe");
  expect(visibleText("a\u200bb\ufeffc\u0000d\u001b[31m")).toBe(
    "a‹zero width›b‹BOM›c‹NUL›d‹ESC›[31m",
  );
  expect(visibleText("\u2066x\u2069")).toBe("‹LRI›x‹PDI›");
  expect(visibleText("bell\u0007")).toBe("bell‹U+0007›");
});

test("half a surrogate pair is shown, a whole one stays", () => {
  expect(visibleText("\ud83d")).toBe("‹U+D83D›");
  expect(visibleText("\udc00x")).toBe("‹U+DC00›x");
  expect(visibleText("😀")).toBe("😀");
});

test("other scripts, tabs and lines stay as they are", () => {
  expect(visibleText("שלום\tعربى\r\nzwei")).toBe("שלום\tعربى\nzwei");
  expect(visibleLine("one\n  two")).toBe("one ↵ two");
});

test("markup is only text", () => {
  expect(visibleText("<img src=x onerror=alert(1)>")).toBe("<img src=x onerror=alert(1)>");
});
