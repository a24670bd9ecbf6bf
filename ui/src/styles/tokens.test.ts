import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(`${import.meta.dirname}/tokens.css`, "utf8");

type Tokens = Record<string, string>;

function tokensOf(selector: string): Tokens {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(css.indexOf("{", from) + 1, css.indexOf("}", from));
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  ) as Tokens;
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2 contrast ratio. */
function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["bg", "surface", "sunken", "hover", "selected"];
const ROWS = ["surface", "hover", "selected"];
const TEXT: [string, string[]][] = [
  ["text", [...GROUNDS, "error-tag", "warning-tag", "info-tag", "ok-tag"]],
  ["text-2", [...GROUNDS, "error-tag", "warning-tag"]],
  // Hovered and selected rows take text-2 instead.
  ["text-3", ["bg", "surface", "sunken"]],
  ["accent", GROUNDS],
  ["on-accent", ["accent", "focus"]],
  ["debug", [...ROWS, "debug-tag"]],
  ["info", [...ROWS, "info-tag"]],
  ["warning", ["bg", ...ROWS, "warning-tag"]],
  ["error", ["bg", ...ROWS, "error-tag"]],
  ["critical", ["critical-tag"]],
  ["alert", [...ROWS, "alert-tag"]],
  ["ok", ["bg", ...ROWS, "ok-tag"]],
  ["sandbox-text", ["sandbox-a", "sandbox-b"]],
];
const SHAPES: [string, string[]][] = [
  ["focus", GROUNDS],
  ["control", ["bg", "surface"]],
  ["warning", ROWS],
  ["error", ROWS],
  ["critical-tag", ROWS],
];

const themes = { light: tokensOf(":root"), dark: tokensOf(':root[data-theme="dark"]') };

describe.each(Object.entries(themes))("%s theme", (_, tokens) => {
  const pairs = (list: [string, string[]][]) =>
    list.flatMap(([front, backs]) => backs.map((back) => [front, back] as const));

  test.each(pairs(TEXT))("%s can be read on %s", (front, back) => {
    expect(contrast(tokens[front] ?? "", tokens[back] ?? "")).toBeGreaterThanOrEqual(4.5);
  });
  test.each(pairs(SHAPES))("%s can be told from %s", (front, back) => {
    expect(contrast(tokens[front] ?? "", tokens[back] ?? "")).toBeGreaterThanOrEqual(3);
  });
});

test("both copies of the dark theme are the same", () => {
  expect(tokensOf(':root:not([data-theme="light"])')).toEqual(themes.dark);
});

test("both themes define the same tokens", () => {
  expect(Object.keys(themes.dark)).toEqual(Object.keys(themes.light));
});
