import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parseJson } from "../lib/json";
import JsonTree from "./JsonTree.svelte";

beforeEach(() => {
  // happy-dom has no layout to scroll.
  Element.prototype.scrollIntoView = vi.fn();
});
afterEach(() => void cleanup());

function open(value: unknown) {
  const node = parseJson(JSON.stringify(value));
  if (!node) throw new Error("not JSON");
  const user = userEvent.setup();
  render(JsonTree, { roots: [{ key: "LogData", node }], label: "Data" });
  const tree = screen.getByRole("tree");
  tree.focus();
  const current = () =>
    document.getElementById(tree.getAttribute("aria-activedescendant") ?? "")?.textContent.trim();
  return { user, tree, current };
}

test("arrows walk, open and fold", async () => {
  const { user, current } = open({ list: { a: 1, b: 2 }, last: true });
  expect(current()).toContain("LogData");
  await user.keyboard("{ArrowDown}");
  expect(current()).toContain("list");
  await user.keyboard("{ArrowLeft}");
  expect(screen.queryByText("a")).toBeNull();
  await user.keyboard("{ArrowRight}{ArrowRight}");
  expect(current()).toMatch(/a\s+1/);
  await user.keyboard("{End}");
  expect(current()).toContain("last");
  await user.keyboard("{ArrowLeft}");
  expect(current()).toContain("LogData");
});

test("every line tells its level and place", () => {
  open({ list: { a: 1, b: 2 } });
  const line = screen.getByText("b").closest("[role=treeitem]");
  expect(line).toHaveAttribute("aria-level", "3");
  expect(line).toHaveAttribute("aria-posinset", "2");
  expect(line).toHaveAttribute("aria-setsize", "2");
});

test("JSON inside of a text is offered, and the text stays until it is opened", async () => {
  const { user } = open({ RawError: '{"error":"invalid_grant"}' });
  expect(screen.getByText('{"error":"invalid_grant"}')).toBeInTheDocument();
  expect(screen.getByText(/text holding JSON/)).toBeInTheDocument();
  await user.keyboard("{ArrowDown}{ArrowRight}");
  expect(screen.getByText("invalid_grant")).toBeInTheDocument();
});

test("a long list comes in portions of 200", async () => {
  const { user } = open(Array.from({ length: 450 }, (_, i) => `item ${i}`));
  expect(screen.getAllByRole("treeitem")).toHaveLength(202);
  await user.keyboard("{End}{Enter}");
  expect(screen.getAllByRole("treeitem")).toHaveLength(402);
  expect(screen.getByText("item 399")).toBeInTheDocument();
});

test("a long text is cut until it is asked for", async () => {
  const { user } = open({ text: "x".repeat(5000) });
  expect(screen.getByText(/4,000 more characters/)).toBeInTheDocument();
  await user.keyboard("{ArrowDown}{Enter}");
  expect(screen.queryByText(/more characters/)).toBeNull();
});

test("Ctrl+C copies the value as it is", async () => {
  const user = userEvent.setup();
  const written: string[] = [];
  vi.spyOn(navigator.clipboard, "writeText").mockImplementation((text) => {
    written.push(text);
    return Promise.resolve();
  });
  const { tree } = open({ a: 'say "hi"\u202E' });
  tree.focus();
  await user.keyboard("{ArrowDown}{Control>}c{/Control}");
  expect(written).toEqual(['say "hi"\u202E']);
});
