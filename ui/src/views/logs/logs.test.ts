import { cleanup, screen, waitFor, within } from "@testing-library/svelte";
import axe from "axe-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dayState, FakeLog, refusal } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import { called, filterBox, many, openView, rowsShown, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const grid = () => screen.getByTestId("log-grid");
const activeRow = () =>
  Number(
    document
      .getElementById(grid().getAttribute("aria-activedescendant") ?? "")
      ?.getAttribute("aria-rowindex"),
  );

const choices = () =>
  screen.getAllByTestId("without-term").map((button) => button.textContent?.trim());

describe("the keyboard", () => {
  test("moves through the rows, whose place in the whole is told", async () => {
    const { user } = await openView(new FakeLog(many(1000)));
    await rowsShown();
    expect(grid()).toHaveAttribute("aria-rowcount", "1001");
    grid().focus();
    await user.keyboard("j");
    expect(activeRow()).toBe(2);
    await user.keyboard("{ArrowDown}j");
    expect(activeRow()).toBe(4);
    await user.keyboard("k{ArrowUp}");
    expect(activeRow()).toBe(2);
    await user.keyboard("{End}");
    await waitFor(() => expect(activeRow()).toBe(1001));
    await user.keyboard("{Home}");
    await waitFor(() => expect(activeRow()).toBe(2));
  });

  test("only the rows in view exist", async () => {
    await openView(new FakeLog(many(100_000)));
    expect((await rowsShown()).length).toBeLessThan(60);
  });

  test("Enter opens the details, Esc closes them and the focus is back in the list", async () => {
    const { user } = await openView(new FakeLog(many(100)));
    await rowsShown();
    grid().focus();
    await user.keyboard("jj{Enter}");
    expect(await screen.findByTestId("detail-message")).toHaveTextContent("Message 1");
    await user.keyboard("j");
    await waitFor(() =>
      expect(screen.getByTestId("detail-message")).toHaveTextContent("Message 2"),
    );
    screen.getByTestId("tab-raw").focus();
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("log-detail")).toBeNull();
    await waitFor(() => expect(grid()).toHaveFocus());
    expect(activeRow()).toBe(4);
  });

  test("works at once, with the focus nowhere", async () => {
    const { user } = await openView(new FakeLog(many(100)));
    await rowsShown();
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard("j");
    expect(activeRow()).toBe(2);
    expect(grid()).toHaveFocus();
  });

  test("letters typed into the filter are only letters", async () => {
    const { app, calls, user } = await openView(new FakeLog(many(100)));
    await rowsShown();
    await user.keyboard("/");
    expect(filterBox()).toHaveFocus();
    await user.keyboard("jrzf");
    expect(filterBox().value).toBe("jrzf");
    expect(app.settings.timeZone).toBe("mine");
    expect(called(calls, "logs_refresh")).toHaveLength(0);
    expect(called(calls, "logs_follow")).toHaveLength(0);
    await user.keyboard("{Escape}");
    expect(filterBox().value).toBe("");
    await user.keyboard("{Escape}");
    await waitFor(() => expect(grid()).toHaveFocus());
  });

  test("R refreshes, F follows, Z changes the time zone and the filter's zone with it", async () => {
    const { app, calls, user } = await openView(new FakeLog(many(100)));
    const [first] = await rowsShown();
    grid().focus();
    expect(first).toHaveTextContent("13:00:00.000 +01:00");
    await user.keyboard("z");
    expect(app.settings.timeZone).toBe("utc");
    await waitFor(() =>
      expect(screen.getAllByTestId("log-row")[0]).toHaveTextContent("12:00:00.000 +00:00"),
    );
    await waitFor(() => expect(called(calls, "logs_query").at(-1)?.args.zone).toBe("UTC"));
    await user.keyboard("rf");
    expect(called(calls, "logs_refresh")).toHaveLength(1);
    expect(called(calls, "logs_follow").map(({ args }) => args.on)).toEqual([true]);
  });

  test("Alt and a digit ticks a severity, Ctrl+Z takes it back, also from the list", async () => {
    const rows = many(100, (i) => ({ severity: i % 10 === 0 ? "error" : "info" }));
    const { user } = await openView(new FakeLog(rows));
    await rowsShown();
    grid().focus();
    await user.keyboard("{Alt>}[Digit2]{/Alt}");
    await waitFor(() => expect(filterBox().value).toBe("sev:error"));
    await waitFor(() => expect(screen.getByTestId("counts")).toHaveTextContent("10 of 100"));
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(screen.getByTestId("counts")).toHaveTextContent("100 entries"));
    await user.keyboard("{Control>}y{/Control}");
    await waitFor(() => expect(screen.getByTestId("counts")).toHaveTextContent("10 of 100"));
  });

  test("markup and hidden characters in a row are text", async () => {
    const hostile = "<img src=x onerror=alert(1)>\u202Egnp.exe";
    await openView(new FakeLog(many(20, () => ({ message: hostile, tenant: hostile }))));
    await rowsShown();
    expect(document.querySelector("img")).toBeNull();
    expect(grid()).toHaveTextContent("<img src=x onerror=alert(1)>‹RLO›gnp.exe");
    await waitFor(() =>
      expect(screen.getByTestId("facet-tenant")).toHaveTextContent("‹RLO›gnp.exe"),
    );
  });
});

describe("nothing to show", () => {
  test("an empty day says so, when it began, and offers yesterday", async () => {
    const { log, user } = await openView(new FakeLog([]), {
      progress: { zone: { name: "America/New_York", source: "told" } },
    });
    const empty = await screen.findByTestId("empty-day");
    expect(empty).toHaveTextContent("No log entries today");
    expect(empty).toHaveTextContent("today's began 06:00 your time");
    await user.click(screen.getByRole("button", { name: "Show yesterday" }));
    await waitFor(() => expect(log.range).toEqual({ kind: "yesterday" }));
  });

  test("a filter that hides all says of how many, and clears", async () => {
    const { user } = await openView(new FakeLog(many(4182)));
    await rowsShown();
    await user.type(filterBox(), "zzz");
    expect(await screen.findByTestId("empty-filter")).toHaveTextContent("0 of 4,182 entries match");
    await user.click(screen.getByText("Clear the filter"));
    await rowsShown();
  });

  test("of several terms each can be switched off", async () => {
    const { user } = await openView(new FakeLog(many(50)));
    await rowsShown();
    await user.type(filterBox(), "Message zzz");
    await screen.findByTestId("empty-filter");
    expect(choices()).toEqual(["Without Any text: Message", "Without Any text: zzz"]);
    await user.click(screen.getByText("Without Any text: zzz"));
    await rowsShown();
    expect(filterBox().value).toBe("Message ~zzz");
  });

  test("the term that removes the most is named first, with what would match without it", async () => {
    const rows = many(60, (i) => ({
      tenant: i < 50 ? "contoso.com" : "fabrikam.com",
      user: i < 50 ? "CIPP" : "jo",
    }));
    const { user } = await openView(new FakeLog(rows));
    await rowsShown();
    await user.type(filterBox(), "user:jo tenant:contoso");
    const empty = await screen.findByTestId("empty-filter");
    await waitFor(() => expect(empty).toHaveTextContent("“User: jo” removes the most."));
    expect(choices()).toEqual(["Without User: jo (50)", "Without Tenant: contoso (10)"]);
  });

  test("until its values are counted, no number of the filter before stands there", async () => {
    const log = new FakeLog(many(60));
    const count = log.answers["logs_facets"];
    let counting = Promise.resolve();
    const { user } = await openView(log, {
      answers: { logs_facets: (args) => counting.then(() => count?.(args)) },
    });
    await screen.findAllByTestId("facet-value");
    let end = () => {};
    counting = new Promise((resolve) => (end = resolve));
    await user.type(filterBox(), "user:nobody tenant:contoso");
    await screen.findByTestId("empty-filter");
    expect(choices()).toEqual(["Without User: nobody", "Without Tenant: contoso"]);
    end();
    await waitFor(() => expect(choices()[0]).toBe("Without User: nobody (60)"));
  });

  test("rows may still be found in their data", async () => {
    const log = new FakeLog(many(50));
    const { user } = await openView(log);
    await rowsShown();
    await user.type(filterBox(), "zzz");
    await screen.findByTestId("empty-filter");
    log.progress({ dataSearch: { done: 11, of: 30 } });
    expect(await screen.findByTestId("empty-searching")).toHaveTextContent("day 12 of 30");
    expect(screen.getByTestId("data-search")).toHaveTextContent("searching data: day 12 of 30");
  });

  test.each([
    ["notFetched", "empty-not-fetched", "Tue 3 Nov has not been fetched"],
    ["gone", "empty-gone", "CIPP no longer has Tue 3 Nov"],
    ["outOfMemory", "empty-out-of-memory", "in your archive, but not in memory"],
    ["failed", "empty-failed", "No entries could be read"],
    ["cancelled", "empty-day", "Loading was cancelled"],
  ] as const)("a day that is %s says so", async (state, testid, words) => {
    await openView(new FakeLog([]), {
      progress: { days: [dayState({ state, source: "none", fetchedMs: null })] },
    });
    expect(await screen.findByTestId(testid)).toHaveTextContent(words);
  });

  test("nothing is called empty while it is still being read", async () => {
    await openView(new FakeLog([]), {
      progress: { finished: false, days: [dayState({ state: "loading" })] },
    });
    expect(screen.queryByTestId("empty-day")).toBeNull();
  });
});

describe("what is told", () => {
  test("archived rows are shown at once, and what is wrong above them", async () => {
    const log = new FakeLog(many(20));
    await openView(log, {
      answers: {
        logs_open: (args) => {
          log.answers["logs_open"]?.(args);
          return {
            viewId: "v1",
            trouble: refusal({ code: "secretMissing", message: "There is no secret." }),
          };
        },
      },
      progress: {
        days: [
          dayState({
            state: "partial",
            source: "archive",
            rows: 20,
            fetchedMs: Date.now() - 60_000,
          }),
        ],
      },
    });
    await rowsShown();
    const panel = screen.getByTestId("logs-trouble");
    expect(panel).toHaveTextContent("There is no secret.");
    expect(panel).toHaveTextContent("What is in your archive stays readable; it was read");
    expect(screen.getByTestId("log-status")).toHaveTextContent("from an earlier reading");
  });

  test("rows from the archive, while CIPP is asked", async () => {
    await openView(new FakeLog(many(20)), {
      progress: {
        finished: false,
        days: [dayState({ state: "loading", source: "archive", rows: 20 })],
      },
    });
    expect(screen.getByTestId("log-status")).toHaveTextContent(/archived .*, updating/);
  });

  test("why nothing is archived", async () => {
    await openView(new FakeLog(many(2)), { progress: { archiveTrouble: "The disk is full." } });
    expect(screen.getByTestId("archive-trouble")).toHaveTextContent("The disk is full.");
  });

  test("what a long range costs, before it is asked for", async () => {
    const log = new FakeLog(many(2));
    log.plan = { days: 90, archived: 60, calls: 30, seconds: 100 };
    const { user } = await openView(log);
    await user.selectOptions(screen.getByTestId("range"), "90d");
    const question = await screen.findByTestId("long-range");
    expect(question).toHaveTextContent("30 calls to CIPP, likely about 2 minutes");
    expect(question).toHaveTextContent("60 of the 90 days are in your archive and cost nothing");
    expect(log.range).toEqual({ kind: "last", days: 1 });
    await user.click(screen.getByTestId("long-range-yes"));
    await waitFor(() => expect(log.range).toEqual({ kind: "last", days: 90 }));
    expect(screen.queryByTestId("long-range")).toBeNull();
  });

  test("when following asks next", async () => {
    const log = new FakeLog(many(2));
    const { user } = await openView(log);
    expect(screen.getByTestId("follow")).toHaveTextContent("Follow");
    await user.click(screen.getByTestId("follow"));
    log.progress({ nextFollowMs: Date.now() + 42_000 });
    await waitFor(() =>
      expect(screen.getByTestId("follow")).toHaveTextContent(/updating in 4\d s/),
    );
    expect(screen.getByTestId("follow")).toHaveAttribute("aria-pressed", "true");
  });

  test("to ears: how many rows there are, not more than once a second", async () => {
    const { user } = await openView(new FakeLog(many(100)));
    await waitFor(() => expect(screen.getByTestId("live-counts")).toHaveTextContent("100"), {
      timeout: 3000,
    });
    await user.type(filterBox(), '"Message 9"');
    await waitFor(
      () => expect(screen.getByTestId("live-counts")).toHaveTextContent("11 entries of 100 shown"),
      { timeout: 3000 },
    );
  });
});

test("the window in the background is told to Rust", async () => {
  const { calls } = await openView(new FakeLog(many(2)));
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
  await waitFor(() =>
    expect(called(calls, "logs_in_background").map(({ args }) => args.yes)).toEqual([true]),
  );
});

test("axe finds nothing, with everything open", async () => {
  document.title = "CIPP Desk";
  document.documentElement.lang = "en";
  const rows = many(300, (i) => ({
    tenant: `tenant${i % 20}.example`,
    severity: (["info", "error", "critical", "warning"] as const)[i % 4],
  }));
  const { user } = await openView(new FakeLog(rows), {
    progress: {
      days: ["loading", "failed", "notFetched", "gone", "outOfMemory", "partial", "complete"].map(
        (state, i) => dayState({ day: `2026-10-2${i}`, state: state as "complete", rows: i }),
      ),
    },
  });
  await rowsShown();
  await user.type(filterBox(), "-tenant:contoso ~user:jo ");
  await waitFor(() => expect(screen.getAllByTestId("facet-value").length).toBeGreaterThan(5));
  await user.click(screen.getByTestId("histogram-as-table"));
  await user.click(screen.getByTestId("zone-menu"));
  await user.type(screen.getByTestId("zone-input"), "am");
  const result = await axe.run(document, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    resultTypes: ["violations"],
  });
  expect(result.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`)).toEqual([]);
  expect(within(screen.getByTestId("coverage")).getAllByRole("button")).toHaveLength(7);
});
