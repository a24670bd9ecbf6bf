import { expect, test } from "vitest";

const sources = import.meta.glob<string>("./**/*.{ts,svelte}", {
  query: "?raw",
  import: "default",
  eager: true,
});
const files = Object.entries(sources).filter(([path]) => !path.endsWith(".test.ts"));

const where = (wrong: (path: string, text: string) => boolean) =>
  files.filter(([path, text]) => wrong(path, text)).map(([path]) => path);

test("there are files to look at", () => {
  expect(files.length).toBeGreaterThan(30);
});

test("only the backend folder knows the bindings and Tauri", () => {
  const door = /from\s+["'](?:@tauri-apps\/|[^"']*\/bindings["'])/;
  expect(
    where(
      (path, text) => path !== "./bindings.ts" && !path.startsWith("./backend/") && door.test(text),
    ),
  ).toEqual([]);
});

test("nothing is ever written into the page as HTML", () => {
  const html = new RegExp(
    ["\\{@", "html|inner", "HTML|outer", "HTML|insertAdjacent", "HTML"].join(""),
  );
  expect(where((path, text) => path !== "./bindings.ts" && html.test(text))).toEqual([]);
});

test("no style attribute stands in a template: the security policy of some web views refuses it", () => {
  expect(where((path, text) => path.endsWith(".svelte") && /<[^>]*\sstyle=/.test(text))).toEqual(
    [],
  );
});

test("no view imports another view", () => {
  expect(
    where((path, text) => {
      const view = /^\.\/views\/([\w-]+)\//.exec(path)?.[1];
      if (!view) return false;
      return [...text.matchAll(/from\s+"(\.\.\/[\w-]+)\//g)].some(([, to]) => to !== "..");
    }),
  ).toEqual([]);
});

test("every view has its name on the page", () => {
  expect(sources["./App.svelte"]).toContain("data-view={app.view}");
});
