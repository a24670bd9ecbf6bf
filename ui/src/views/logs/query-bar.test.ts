import { cleanup, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeLog } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import { called, filterBox, many, openView, rowsShown, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const options = () => screen.queryAllByTestId("completion-option");
const chip = (n: number, button: string) =>
  within(screen.getByTestId(`chip-${n}`)).getByTestId(button);

async function opened() {
  const rows = many(60, (i) => ({ tenant: i % 3 === 0 ? "contoso.com" : "fabrikam.com" }));
  const made = await openView(new FakeLog(rows));
  await rowsShown();
  await made.user.click(filterBox());
  return made;
}

describe("proposals", () => {
  test("for a field, then for its values, taken by the keyboard", async () => {
    const { user } = await opened();
    await user.keyboard("ten");
    await waitFor(() => expect(options()).toHaveLength(1));
    expect(filterBox()).toHaveAttribute("aria-expanded", "true");
    expect(filterBox()).not.toHaveAttribute("aria-activedescendant");
    await user.keyboard("{ArrowDown}");
    const chosen = document.getElementById(
      filterBox().getAttribute("aria-activedescendant") ?? "none",
    );
    expect(chosen).toHaveAttribute("aria-selected", "true");
    await user.keyboard("{Enter}");
    expect(filterBox().value).toBe("tenant:");
    await waitFor(() => expect(options().map((option) => option.textContent)).toHaveLength(2));
    await user.keyboard("{ArrowDown}{Tab}");
    expect(filterBox().value).toBe("tenant:contoso.com");
    expect(filterBox()).toHaveFocus();
    await waitFor(() => expect(screen.getByTestId("counts")).toHaveTextContent("20 of 60"));
  });

  test("by the mouse, without losing the field", async () => {
    const { user } = await opened();
    await user.keyboard("tenant:fab");
    await waitFor(() => expect(options()).toHaveLength(1));
    await user.click(options()[0] as HTMLElement);
    expect(filterBox().value).toBe("tenant:fabrikam.com");
    expect(filterBox()).toHaveFocus();
  });

  test("Ctrl+Space asks for them, Esc sends away first the one looked at, then the text", async () => {
    const { user } = await opened();
    await user.keyboard("ten");
    await waitFor(() => expect(options()).toHaveLength(1));
    await user.keyboard("{ArrowDown}{Escape}");
    expect(options()).toHaveLength(0);
    expect(filterBox().value).toBe("ten");
    await user.keyboard("{Control>} {/Control}");
    await waitFor(() => expect(options()).toHaveLength(1));
    await user.keyboard("{Escape}");
    expect(filterBox().value).toBe("");
    expect(options()).toHaveLength(0);
  });

  test("that are not looked at do not hold back Enter", async () => {
    const { user } = await opened();
    await user.keyboard("te");
    await waitFor(() => expect(options().length).toBeGreaterThan(0));
    await user.keyboard("{Enter}");
    expect(filterBox().value).toBe("te");
    expect(options()).toHaveLength(0);
  });

  test("that come too late are not shown", async () => {
    const answers: ((value: unknown) => void)[] = [];
    const log = new FakeLog(many(10));
    const { user } = await openView(log, {
      answers: { logs_complete: () => new Promise((resolve) => answers.push(resolve)) },
    });
    await rowsShown();
    await user.click(filterBox());
    await user.keyboard("te");
    await waitFor(() => expect(answers).toHaveLength(1));
    await user.keyboard("{Backspace}{Backspace}us");
    await waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.([]);
    answers[0]?.([
      { start: 0, end: 2, insert: "tenant:", label: "tenant:", detail: "", kind: "field" },
    ]);
    await settled();
    expect(options()).toHaveLength(0);
  });
});

describe("a mistake", () => {
  test("is underlined and explained once typing pauses; the last good result stays", async () => {
    const { user } = await opened();
    await user.keyboard("Message ");
    await waitFor(() => expect(screen.getByTestId("counts")).toHaveTextContent("60 of 60"));
    await user.paste("user:");
    await settled();
    expect(screen.queryByTestId("query-mistake")).toBeNull();
    const line = await screen.findByTestId("query-mistake", {}, { timeout: 3000 });
    expect(line).toHaveTextContent("“user:” cannot be read");
    expect(line).toHaveTextContent("Until then the last good filter stays.");
    expect(filterBox()).toHaveAttribute("aria-invalid", "true");
    expect(document.querySelector(".under .bad")).toHaveTextContent("user:");
    expect(screen.getByTestId("counts")).toHaveTextContent("60 of 60");
    await user.keyboard("CIPP");
    await waitFor(() => expect(screen.queryByTestId("query-mistake")).toBeNull());
    expect(filterBox()).toHaveAttribute("aria-invalid", "false");
  });

  test("is explained with proposals open too, and stays when the field is left", async () => {
    const { user } = await opened();
    await user.keyboard("tenant:");
    await waitFor(() => expect(options()).toHaveLength(2));
    const line = await screen.findByTestId("query-mistake", {}, { timeout: 3000 });
    expect(options()).toHaveLength(2);
    await user.tab();
    // A line that went with the focus would move what is being clicked on.
    expect(line).toBeVisible();
    expect(options()).toHaveLength(0);
  });

  test("without one, the field is described by what the filter means", async () => {
    const { user } = await opened();
    await user.keyboard("jo");
    await waitFor(() => expect(filterBox()).toHaveAccessibleDescription("Entries with jo."));
  });
});

describe("undo in the field", () => {
  test("goes through the filter's history, typed or clicked", async () => {
    const { user } = await opened();
    await user.keyboard("Message ");
    await waitFor(() => expect(screen.getByTestId("chip-0")).toBeVisible());
    await user.click(chip(0, "chip-flip"));
    await waitFor(() => expect(filterBox().value).toBe("-Message"));
    await user.click(filterBox());
    await user.keyboard("{Control>}z{/Control}");
    expect(filterBox().value).toBe("Message ");
    await user.keyboard("{Control>}z{/Control}");
    expect(filterBox().value).toBe("");
    await user.keyboard("{Control>}{Shift>}z{/Shift}{/Control}");
    expect(filterBox().value).toBe("Message ");
  });
});

describe("chips", () => {
  test("mirror the text: flip, switch off, remove", async () => {
    const { user, calls } = await opened();
    await user.keyboard("tenant:contoso user:CIPP");
    await waitFor(() => expect(screen.getByTestId("chip-1")).toBeVisible());
    expect(screen.getByTestId("chip-0")).toHaveAccessibleName("Tenant: contoso");
    await user.click(chip(0, "chip-flip"));
    await waitFor(() => expect(filterBox().value).toBe("-tenant:contoso user:CIPP"));
    await waitFor(() =>
      expect(screen.getByTestId("chip-0")).toHaveAccessibleName("Not Tenant: contoso"),
    );
    await user.click(chip(0, "chip-off"));
    await waitFor(() => expect(filterBox().value).toBe("~-tenant:contoso user:CIPP"));
    expect(chip(0, "chip-off")).toHaveAttribute("aria-pressed", "true");
    await user.click(chip(1, "chip-remove"));
    await waitFor(() => expect(filterBox().value).toBe("~-tenant:contoso"));
    expect(called(calls, "logs_edit_query").map(({ args }) => args.edit)).toEqual([
      { kind: "flip", term: 0 },
      { kind: "switch", term: 0 },
      { kind: "remove", term: 1 },
    ]);
  });

  test("are one tab stop; arrows move, Delete removes, the keyboard is never lost", async () => {
    const { user } = await opened();
    await user.keyboard("one two");
    await waitFor(() => expect(screen.getByTestId("chip-1")).toBeVisible());
    const bar = screen.getByRole("toolbar", { name: "Filter, term by term" });
    const stops = () =>
      within(bar)
        .getAllByRole("button")
        .filter((button) => button.tabIndex === 0);
    expect(stops()).toHaveLength(1);
    stops()[0]?.focus();
    await user.keyboard("{ArrowRight}{ArrowRight}{ArrowRight}");
    expect(chip(1, "chip-flip")).toHaveFocus();
    await user.keyboard("{Delete}");
    await waitFor(() => expect(filterBox().value).toBe("one"));
    await waitFor(() => expect(chip(0, "chip-flip")).toHaveFocus());
    await user.keyboard("{Delete}");
    await waitFor(() => expect(filterBox()).toHaveFocus());
    expect(filterBox().value).toBe("");
  });

  test("keep their text as text", async () => {
    const { user } = await opened();
    await user.click(filterBox());
    await user.paste("<b>x</b>\u202e");
    await waitFor(() => expect(screen.getByTestId("chip-0")).toHaveTextContent("<b>x</b>‹RLO›"));
  });
});
