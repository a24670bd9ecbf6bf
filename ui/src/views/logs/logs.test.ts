import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connection, FakeLog, refusal, row, startAnswers } from "../../backend/samples";
import { answerCommands, stopAnswering, type Answers, type Call } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { ROW_HEIGHT } from "../../lib/virtual";
import { FILTER_QUIET_MS, LogsState } from "./logs.svelte";
import LogsView from "./LogsView.svelte";

const NOW = Date.UTC(2026, 10, 3, 12, 30);
const many = (count: number) => Array.from({ length: count }, (_, i) => row(i));
const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
});

async function appOn(answers: Answers): Promise<{ app: AppState; calls: Call[] }> {
  const calls = answerCommands(
    startAnswers({ connections_list: () => [connection()], ...answers }),
  );
  const app = new AppState();
  await app.readConnections();
  app.openConnection("c1");
  return { app, calls };
}

async function stateOn(log: FakeLog) {
  const { app, calls } = await appOn(log.answers);
  const logs = new LogsState(app, () => NOW);
  logs.viewportHeight = 20 * ROW_HEIGHT;
  await logs.load(false);
  return { logs, calls, app };
}

describe("which days", () => {
  test("today is the log day of UTC", async () => {
    const { calls } = await stateOn(new FakeLog([]));
    expect(called(calls, "logs_open")[0]?.args).toMatchObject({
      connectionId: "c1",
      fromDay: "2026-11-03",
      toDay: "2026-11-03",
    });
  });
  test("more than ten days are asked about before anything is sent", async () => {
    const { logs, calls } = await stateOn(new FakeLog([]));
    logs.choose("30d");
    expect(logs.asking).toMatchObject({ from: "2026-10-05" });
    expect(called(calls, "logs_open")).toHaveLength(1);
    logs.declineLong();
    expect(logs.range.kind).toBe("today");
    logs.choose("30d");
    logs.confirmLong();
    await settled();
    expect(called(calls, "logs_open")).toHaveLength(2);
  });
});

describe("rows while loading", () => {
  test("a key pressed while new rows are taken over is not undone", async () => {
    const log = new FakeLog(many(500).slice(100));
    const { logs } = await stateOn(log);
    log.progress({ finished: false });
    await settled();
    logs.select(0);
    await settled();
    let asked = 0;
    const answer = log.answers["logs_page"];
    answerCommands(
      startAnswers({
        connections_list: () => [connection()],
        ...log.answers,
        // The first call asks how many rows there are, the next ones look for the selected row.
        logs_page: (args) => {
          asked += 1;
          if (asked === 2) logs.select(2);
          return answer?.(args);
        },
      }),
    );
    log.rows = many(500);
    log.progress();
    await settled();
    expect(asked).toBeGreaterThan(1);
    expect(logs.active).toBe(102);
  });

  test("the selected row stays where it is when newer rows arrive", async () => {
    const log = new FakeLog(many(500).slice(100));
    const { logs } = await stateOn(log);
    log.progress({ finished: false });
    await settled();
    logs.scrollTo(50 * ROW_HEIGHT);
    logs.select(60);
    await settled();
    const before = logs.row(60);
    expect(before?.message).toBe("Message 160");
    log.rows = many(500);
    log.progress();
    await settled();
    expect(logs.active).toBe(160);
    expect(logs.row(160)).toEqual(before);
    expect(logs.scrollTop).toBe(150 * ROW_HEIGHT);
  });
  test("nor does the row on top, once scrolled, without a selection", async () => {
    const log = new FakeLog(many(500).slice(100));
    const { logs } = await stateOn(log);
    log.progress({ finished: false });
    await settled();
    logs.scrollTo(50 * ROW_HEIGHT);
    log.rows = many(500);
    log.progress();
    await settled();
    expect(logs.row(Math.floor(logs.scrollTop / ROW_HEIGHT))?.message).toBe("Message 150");
  });
  test("at the top people see what is new", async () => {
    const log = new FakeLog(many(500).slice(100));
    const { logs } = await stateOn(log);
    log.progress({ finished: false });
    await settled();
    log.rows = many(500);
    log.progress();
    await settled();
    expect(logs.scrollTop).toBe(0);
    expect(logs.row(0)?.message).toBe("Message 0");
  });
  test("only the pages in view are asked for", async () => {
    const log = new FakeLog(many(100_000));
    const { logs, calls } = await stateOn(log);
    log.progress();
    await settled();
    logs.want(0, 28);
    await settled();
    const rows = called(calls, "logs_page").reduce((sum, { args }) => sum + Number(args.limit), 0);
    expect(rows).toBeLessThan(1000);
    expect(logs.matched).toBe(100_000);
  });
});

describe("refresh", () => {
  test("keeps the rows until new ones are there, then closes the old view", async () => {
    const log = new FakeLog(many(10));
    const { logs, calls } = await stateOn(log);
    log.progress();
    await settled();
    logs.refresh();
    await settled();
    expect(logs.old).toBe(true);
    expect(logs.matched).toBe(10);
    log.rows = many(12);
    log.progress();
    await settled();
    expect(logs.old).toBe(false);
    expect(logs.matched).toBe(12);
    expect(called(calls, "logs_close")[0]?.args).toEqual({ viewId: "v1" });
  });
  test("that fails leaves the rows, marked as from before", async () => {
    const log = new FakeLog(many(10));
    const { logs } = await stateOn(log);
    log.progress();
    await settled();
    logs.refresh();
    await settled();
    const error = refusal({ code: "unreachable", message: "No answer." });
    log.progress({
      loaded: 0,
      matched: 0,
      days: [{ day: "2026-11-03", state: "failed", rows: 0, oddRows: 0, error }],
    });
    await settled();
    expect(logs.old).toBe(true);
    expect(logs.loading).toBe(false);
    expect(logs.matched).toBe(10);
    expect(logs.row(3)?.message).toBe("Message 3");
    expect(logs.troubles).toMatchObject([{ days: ["2026-11-03"] }]);
  });
  test("carries the filter over", async () => {
    const log = new FakeLog(many(50));
    const { logs } = await stateOn(log);
    log.progress();
    logs.setFilter("Message 4");
    await new Promise((resolve) => setTimeout(resolve, FILTER_QUIET_MS + 20));
    expect(logs.matched).toBe(11);
    logs.refresh();
    await settled();
    log.progress();
    await settled();
    expect(logs.matched).toBe(11);
  });
});

test("days that failed alike are told once", async () => {
  const log = new FakeLog([]);
  const { logs } = await stateOn(log);
  const failed = (day: string, message: string) => ({
    day,
    state: "failed" as const,
    rows: 0,
    oddRows: 0,
    error: refusal({ message }),
  });
  log.progress({
    days: [
      failed("2026-11-03", "Busy."),
      failed("2026-11-02", "Busy."),
      failed("2026-11-01", "No."),
    ],
  });
  expect(logs.troubles.map(({ days }) => days.length)).toEqual([2, 1]);
});

describe("the filter", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("asks once for several quick keystrokes", async () => {
    const log = new FakeLog(many(50));
    const { logs, calls } = await stateOn(log);
    for (const text of ["M", "Me", "Mes"]) {
      logs.setFilter(text);
      await vi.advanceTimersByTimeAsync(FILTER_QUIET_MS / 2);
    }
    expect(called(calls, "logs_filter")).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(FILTER_QUIET_MS);
    expect(called(calls, "logs_filter").map(({ args }) => args.text)).toEqual(["Mes"]);
  });
  test("that was overtaken is no failure", async () => {
    const log = new FakeLog(many(50));
    const { logs } = await stateOn(log);
    stopAnswering();
    answerCommands({
      ...log.answers,
      logs_filter: () => {
        throw refusal({ code: "cancelled" });
      },
    });
    logs.setFilter("x");
    await vi.advanceTimersByTimeAsync(FILTER_QUIET_MS + 10);
    expect(logs.failure).toBeNull();
  });
});

describe("the keyboard", () => {
  async function open(log: FakeLog) {
    // happy-dom lays nothing out: the grid gets a size here.
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(11 * ROW_HEIGHT);
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
    const { app, calls } = await appOn(log.answers);
    render(LogsView, { context: new Map([[APP, app]]) });
    await waitFor(() => expect(called(calls, "logs_open")).toHaveLength(1));
    await settled();
    log.progress();
    const grid = await screen.findByTestId("log-grid");
    await waitFor(() => expect(within(grid).getAllByTestId("log-row").length).toBeGreaterThan(9));
    return { app, calls, grid, user: userEvent.setup() };
  }
  afterEach(() => void vi.restoreAllMocks());

  const activeRow = (grid: HTMLElement) =>
    Number(
      document
        .getElementById(grid.getAttribute("aria-activedescendant") ?? "")
        ?.getAttribute("aria-rowindex"),
    );

  test("moves through the rows, whose place in the whole is told", async () => {
    const { grid, user } = await open(new FakeLog(many(1000)));
    expect(grid).toHaveAttribute("aria-rowcount", "1001");
    grid.focus();
    await user.keyboard("j");
    expect(activeRow(grid)).toBe(2);
    await user.keyboard("{ArrowDown}j");
    expect(activeRow(grid)).toBe(4);
    await user.keyboard("k{ArrowUp}");
    expect(activeRow(grid)).toBe(2);
    await user.keyboard("{PageDown}");
    expect(activeRow(grid)).toBe(11);
    await user.keyboard("{PageUp}{PageUp}");
    expect(activeRow(grid)).toBe(2);
    await user.keyboard("{End}");
    await waitFor(() => expect(activeRow(grid)).toBe(1001));
    await user.keyboard("{Home}");
    await waitFor(() => expect(activeRow(grid)).toBe(2));
  });

  test("only the rows in view exist", async () => {
    const { grid } = await open(new FakeLog(many(100_000)));
    expect(within(grid).getAllByTestId("log-row").length).toBeLessThan(60);
  });

  test("Enter opens the details, Esc closes them and the focus is back in the list", async () => {
    const { grid, user } = await open(new FakeLog(many(100)));
    grid.focus();
    await user.keyboard("jj{Enter}");
    expect(await screen.findByTestId("detail-message")).toHaveTextContent("Message 1");
    await user.keyboard("j");
    await waitFor(() =>
      expect(screen.getByTestId("detail-message")).toHaveTextContent("Message 2"),
    );
    screen.getByTestId("tab-raw").focus();
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("log-detail")).toBeNull();
    await waitFor(() => expect(grid).toHaveFocus());
    expect(activeRow(grid)).toBe(4);
  });

  test("works at once, with the focus nowhere", async () => {
    const { grid, user } = await open(new FakeLog(many(100)));
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard("j");
    expect(activeRow(grid)).toBe(2);
    expect(grid).toHaveFocus();
  });

  test("letters typed into the filter are only letters", async () => {
    const { app, calls, user } = await open(new FakeLog(many(100)));
    await user.keyboard("/");
    const box = screen.getByTestId<HTMLInputElement>("filter");
    expect(box).toHaveFocus();
    await user.keyboard("jrz");
    expect(box.value).toBe("jrz");
    expect(app.settings.timeZone).toBe("mine");
    expect(called(calls, "logs_open")).toHaveLength(1);
    await user.keyboard("{Escape}");
    expect(box.value).toBe("");
  });

  test("R refreshes and Z changes the time zone", async () => {
    const { app, calls, grid, user } = await open(new FakeLog(many(100)));
    grid.focus();
    expect(within(grid).getAllByTestId("log-row")[0]).toHaveTextContent("13:00:00.000 +01:00");
    await user.keyboard("z");
    expect(app.settings.timeZone).toBe("utc");
    expect(within(grid).getAllByTestId("log-row")[0]).toHaveTextContent("12:00:00.000 +00:00");
    await user.keyboard("r");
    await waitFor(() => expect(called(calls, "logs_open")).toHaveLength(2));
  });

  test("markup and hidden characters in a row are text", async () => {
    const hostile = "<img src=x onerror=alert(1)>\u202Egnp.exe";
    const { grid } = await open(
      new FakeLog(many(20).map((known) => ({ ...known, message: hostile, tenant: hostile }))),
    );
    expect(grid.querySelector("img")).toBeNull();
    expect(grid).toHaveTextContent("<img src=x onerror=alert(1)>‹RLO›gnp.exe");
    expect(grid.querySelectorAll("bdi").length).toBeGreaterThan(20);
  });

  test("a column keeps the width it was given", async () => {
    const { app, user } = await open(new FakeLog(many(20)));
    const before = Number(screen.getByLabelText("Width of Tenant").getAttribute("aria-valuenow"));
    screen.getByLabelText("Width of Tenant").focus();
    await user.keyboard("{ArrowRight}");
    expect(app.settings.columns.tenant).toBe(before + 16);
  });
});

describe("nothing to show", () => {
  async function openWith(log: FakeLog) {
    vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(11 * ROW_HEIGHT);
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
    const { app, calls } = await appOn(log.answers);
    render(LogsView, { context: new Map([[APP, app]]) });
    await waitFor(() => expect(called(calls, "logs_open")).toHaveLength(1));
    await settled();
    log.progress();
    return { calls, user: userEvent.setup() };
  }
  afterEach(() => void vi.restoreAllMocks());

  test("an empty day says so and offers yesterday", async () => {
    const { calls, user } = await openWith(new FakeLog([]));
    expect(await screen.findByTestId("empty-day")).toHaveTextContent("No log entries today");
    await user.click(screen.getByRole("button", { name: "Show yesterday" }));
    await waitFor(() => expect(called(calls, "logs_open")).toHaveLength(2));
  });
  test("a filter that hides all says of how many, and clears", async () => {
    const { user } = await openWith(new FakeLog(many(4182)));
    await screen.findAllByTestId("log-row");
    await user.type(screen.getByTestId("filter"), "zzz");
    expect(await screen.findByTestId("empty-filter")).toHaveTextContent("0 of 4,182 entries match");
    await user.click(screen.getByText("Clear the filter"));
    await screen.findAllByTestId("log-row");
  });
});
