import { cleanup, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeLog } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import { FACETS_GAP_MS } from "./facets.svelte";
import { called, filterBox, many, openView, rowsShown, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const value = (field: string, name: string) =>
  within(screen.getByTestId(`facet-${field}`))
    .getAllByTestId("facet-value")
    .find((button) => button.dataset.value === name) as HTMLElement;
const values = (field: string) =>
  within(screen.getByTestId(`facet-${field}`))
    .getAllByTestId("facet-value")
    .map((button) => button.dataset.value);

async function opened(tenants = 3) {
  const rows = many(120, (i) => ({
    tenant: `t${String(i % tenants).padStart(2, "0")}.example`,
    severity: (["info", "critical", "info", "error"] as const)[i % 4],
    user: i % 2 === 0 ? "" : "jo",
  }));
  const made = await openView(new FakeLog(rows));
  await rowsShown();
  await waitFor(() => expect(screen.getByTestId("facet-tenant")).toBeVisible());
  return made;
}

describe("values", () => {
  test("come with their counts; severities in their own order; none has a name", async () => {
    await opened();
    expect(values("severity")).toEqual(["critical", "error", "info"]);
    expect(value("severity", "info")).toHaveAccessibleName("info, 60");
    expect(value("user", "")).toHaveAccessibleName("(no user), 60");
    expect(values("tenant")).toHaveLength(3);
  });

  test("a click includes, another adds, and once more takes it out", async () => {
    const { user } = await opened();
    await user.click(value("tenant", "t00.example"));
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t00.example"'));
    await waitFor(() =>
      expect(value("tenant", "t00.example")).toHaveAttribute("aria-pressed", "true"),
    );
    // A facet ignores its own choice: the others keep their counts.
    expect(value("tenant", "t01.example")).toHaveAccessibleName("t01.example, 40");
    await user.click(value("tenant", "t01.example"));
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t00.example",="t01.example"'));
    await user.click(value("tenant", "t00.example"));
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t01.example"'));
  });

  test("Shift excludes, Alt leaves this one alone", async () => {
    const { user } = await opened();
    await user.keyboard("{Shift>}");
    await user.click(value("tenant", "t00.example"));
    await user.keyboard("{/Shift}");
    await waitFor(() => expect(filterBox().value).toBe('-tenant:="t00.example"'));
    await waitFor(() =>
      expect(value("tenant", "t00.example")).toHaveAttribute("data-choice", "excluded"),
    );
    expect(value("tenant", "t00.example")).toHaveAccessibleName("t00.example, 40, excluded");
    await user.keyboard("{Alt>}");
    await user.click(value("tenant", "t02.example"));
    await user.keyboard("{/Alt}");
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t02.example"'));
  });

  test("the small buttons do the same", async () => {
    const { user } = await opened();
    const line = value("tenant", "t00.example").parentElement as HTMLElement;
    await user.click(within(line).getByTestId("facet-exclude"));
    await waitFor(() => expect(filterBox().value).toBe('-tenant:="t00.example"'));
    await user.click(within(line).getByTestId("facet-only"));
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t00.example"'));
  });

  test("the keyboard: one stop for a field, arrows, I, X and O", async () => {
    const { user } = await opened();
    const stops = within(screen.getByTestId("facet-tenant"))
      .getAllByRole("button")
      .filter((button) => button.tabIndex === 0 && button.dataset.testid === "facet-value");
    expect(stops).toHaveLength(1);
    stops[0]?.focus();
    await user.keyboard("{ArrowDown}x");
    await waitFor(() => expect(filterBox().value).toBe('-tenant:="t01.example"'));
    await user.keyboard("i");
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t01.example"'));
    await user.keyboard("{End}o");
    await waitFor(() => expect(filterBox().value).toBe('tenant:="t02.example"'));
    expect(value("tenant", "t02.example")).toHaveFocus();
  });

  test("that were chosen stay where no row has them any more", async () => {
    const { user } = await opened();
    await user.type(filterBox(), "tenant:=[[nobody");
    await waitFor(() => expect(value("tenant", "[nobody")).toHaveAccessibleName(/, 0, included/));
  });
});

describe("many values", () => {
  test("are searched in, and more are shown on demand", async () => {
    const { user } = await opened(40);
    expect(values("tenant").length).toBeLessThan(10);
    await user.click(screen.getByTestId("facet-more"));
    await waitFor(() => expect(values("tenant")).toHaveLength(25));
    await user.type(within(screen.getByTestId("facet-tenant")).getByTestId("facet-search"), "t39");
    await waitFor(() => expect(values("tenant")).toEqual(["t39.example"]));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(values("tenant")).toHaveLength(25));
  });
});

test("counts follow the rows, but not more often than need be", async () => {
  const { log, calls } = await opened();
  const before = called(calls, "logs_facets").length;
  const began = performance.now();
  for (let i = 0; i < 10; i += 1) {
    log.rows = many(120 + i);
    log.progress({ finished: false });
    await settled();
  }
  await waitFor(() =>
    expect(value("tenant", "contoso.com")).toHaveAccessibleName("contoso.com, 129"),
  );
  const asked = called(calls, "logs_facets").length - before;
  expect(asked).toBeGreaterThanOrEqual(1);
  expect(asked).toBeLessThanOrEqual(1 + (performance.now() - began) / FACETS_GAP_MS);
});

test("the panel can be put away, and then nothing is counted", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    const { app, calls, user, log } = await opened();
    await user.click(screen.getByTestId("facets-toggle"));
    expect(screen.queryByTestId("facets")).toBeNull();
    expect(app.settings.facetsOpen).toBe(false);
    // What was asked for before, and is delayed on purpose, has its time.
    await vi.advanceTimersByTimeAsync(5 * FACETS_GAP_MS);
    const before = called(calls, "logs_facets").length;
    log.rows = many(5);
    log.progress();
    await vi.advanceTimersByTimeAsync(5 * FACETS_GAP_MS);
    expect(called(calls, "logs_facets")).toHaveLength(before);
    await user.click(screen.getByTestId("facets-toggle"));
    await waitFor(() => expect(called(calls, "logs_facets").length).toBeGreaterThan(before));
  } finally {
    vi.useRealTimers();
  }
});
