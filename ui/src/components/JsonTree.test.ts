import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parseJson } from "../lib/json";
import type { TreeLine } from "../lib/json-tree";
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

describe("searching", () => {
  const value = {
    list: Array.from({ length: 300 }, (_, i) => `item ${i}`),
    RawError: '{"code":"item of text"}',
  };

  test("counts the hits, opens the way to the first and goes round them", async () => {
    const { user, tree, current } = open(value);
    tree.focus();
    await user.keyboard("{Control>}f{/Control}");
    expect(screen.getByTestId("tree-search")).toHaveFocus();
    await user.keyboard("item 2");
    expect(screen.getByTestId("tree-hits")).toHaveTextContent("1 of 111");
    expect(current()).toMatch(/item 2$/);
    await user.keyboard("{Enter}");
    expect(screen.getByTestId("tree-hits")).toHaveTextContent("2 of 111");
    await user.keyboard("{Shift>}{Enter}{Enter}{/Shift}");
    // The last hit lies beyond the first 200 of the list.
    expect(current()).toMatch(/item 299$/);
    expect(screen.getAllByRole("treeitem").length).toBeLessThan(120);
    // What lies before is there for the asking.
    tree.focus();
    await user.click(screen.getByText(/more of 200\s+before/));
    expect(current()).toMatch(/item 199$/);
    expect(screen.getAllByRole("treeitem").length).toBeGreaterThan(300);
  });
  test("goes into JSON within a text", async () => {
    const { user, current } = open(value);
    await user.type(screen.getByTestId("tree-search"), "of text");
    expect(current()).toContain("item of text");
    expect(screen.getByTestId("tree-hits")).toHaveTextContent("1 of 1");
  });
  test("says when there is nothing, and Esc gives the tree back", async () => {
    const { user, tree } = open(value);
    await user.type(screen.getByTestId("tree-search"), "zzz");
    expect(screen.getByTestId("tree-hits")).toHaveTextContent("no hit");
    await user.keyboard("{Escape}");
    expect(tree).toHaveFocus();
    expect(screen.queryByTestId("tree-hits")).toBeNull();
  });
});

test("I and X filter by the value of the line, where there is one", async () => {
  const node = parseJson('{"a":{"b":"x"}}');
  if (!node) throw new Error("not JSON");
  const user = userEvent.setup();
  const told: string[] = [];
  render(JsonTree, {
    roots: [{ key: "LogData", node }],
    label: "Data",
    canFilter: (line: TreeLine) => line.node.kind === "string",
    onfilter: (line: TreeLine, how: string) => told.push(`${how} ${line.path}`),
  });
  screen.getByRole("tree").focus();
  await user.keyboard("i");
  expect(told).toEqual([]);
  await user.keyboard("{End}ix");
  expect(told).toEqual(["include LogData.a.b", "exclude LogData.a.b"]);
});
