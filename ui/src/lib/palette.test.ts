import { describe, expect, test, vi } from "vitest";
import { rank } from "./fuzzy";
import { Palette } from "./palette.svelte";

describe("how well letters fit", () => {
  test("a whole word goes before a part, a part before letters", () => {
    const [start, word, part, letters] = [
      rank("exp", "Export what I see"),
      rank("what", "Export what I see"),
      rank("port", "Export what I see"),
      rank("ewis", "Export what I see"),
    ];
    expect(start).toBeGreaterThan(word);
    expect(word).toBeGreaterThan(part);
    expect(part).toBeGreaterThan(letters);
    expect(letters).toBeGreaterThan(0);
  });
  test("every word typed must be found, in any order", () => {
    expect(rank("see exp", "Export what I see")).toBeGreaterThan(0);
    expect(rank("export nothing", "Export what I see")).toBe(0);
    expect(rank("zq", "Export what I see")).toBe(0);
  });
});

describe("the palette", () => {
  const command = (id: string, title: string, part = {}) => ({
    id,
    title,
    group: "Test",
    run: vi.fn(),
    ...part,
  });

  test("lists what was added and can be used, the last used first", () => {
    const palette = new Palette();
    const [a, b, c] = [
      command("a", "Alpha"),
      command("b", "Beta"),
      command("c", "Gamma", { enabled: () => false }),
    ];
    palette.add(a, b, c);
    expect(palette.find("").map(({ id }) => id)).toEqual(["a", "b"]);
    palette.run(b);
    expect(b.run).toHaveBeenCalledOnce();
    expect(palette.find("").map(({ id }) => id)).toEqual(["b", "a"]);
    expect(palette.find("alp").map(({ id }) => id)).toEqual(["a"]);
  });
  test("a command goes when its owner goes, and an id stands once", () => {
    const palette = new Palette();
    const remove = palette.add(command("a", "Alpha"));
    palette.add(command("a", "Alpha again"));
    expect(palette.find("")).toHaveLength(1);
    remove();
    expect(palette.find("")).toMatchObject([{ title: "Alpha again" }]);
  });
});
