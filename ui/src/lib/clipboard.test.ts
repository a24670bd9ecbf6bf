import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { copyText } from "./clipboard";

let parent: Element | null;

beforeEach(() => {
  vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("not here"));
  document.execCommand = () => {
    parent = document.querySelector("textarea")?.parentElement ?? null;
    return true;
  };
});
afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

test("where the modern way is refused, the old one copies", async () => {
  expect(await copyText("abc")).toBe(true);
  expect(parent).toBe(document.body);
  expect(document.querySelector("textarea")).toBeNull();
});

test("in an open dialog it copies from within: the page below cannot be selected in", async () => {
  const dialog = document.body.appendChild(document.createElement("dialog"));
  const button = dialog.appendChild(document.createElement("button"));
  dialog.showModal();
  button.focus();
  expect(await copyText("abc")).toBe(true);
  expect(parent).toBe(dialog);
  expect(document.activeElement).toBe(button);
});
