import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  connection,
  dayState,
  entry,
  FakeLog,
  refusal,
  row,
  rowId,
  startAnswers,
} from "../../backend/samples";
import {
  answerCommands,
  settled,
  stopAnswering,
  tell,
  type Answers,
  type Call,
} from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { palette } from "../../lib/palette.svelte";
import { ROW_HEIGHT } from "../../lib/virtual";
import LogsView from "./LogsView.svelte";

const many = (count: number, part = {}) => Array.from({ length: count }, (_, i) => row(i, part));
const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);

beforeEach(() => {
  // happy-dom lays nothing out: the grid gets a size here.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(11 * ROW_HEIGHT);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollIntoView = vi.fn();
});
afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

async function open(log: FakeLog, answers: Answers = {}) {
  const calls = answerCommands(
    startAnswers({ connections_list: () => [connection()], ...log.answers, ...answers }),
  );
  const app = new AppState();
  await app.readConnections();
  app.openConnection("c1");
  const user = userEvent.setup();
  const written: string[] = [];
  vi.spyOn(navigator.clipboard, "write").mockRejectedValue(new Error("not here"));
  vi.spyOn(navigator.clipboard, "writeText").mockImplementation((text) => {
    written.push(text);
    return Promise.resolve();
  });
  render(LogsView, { context: new Map([[APP, app]]) });
  await waitFor(() => expect(called(calls, "logs_show")).toHaveLength(1));
  await settled();
  log.progress();
  const grid = await screen.findByTestId("log-grid");
  await waitFor(() => expect(within(grid).getAllByTestId("log-row").length).toBeGreaterThan(5));
  grid.focus();
  return { app, calls, grid, user, written };
}

const activeRow = (grid: HTMLElement) =>
  document.getElementById(grid.getAttribute("aria-activedescendant") ?? "");
const filter = () => screen.getByTestId<HTMLInputElement>("filter").value;

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
async function violations() {
  const result = await axe.run(document.body, {
    rules: {
      "color-contrast": { enabled: false },
      region: { enabled: false },
      "heading-order": { enabled: false },
    },
    resultTypes: ["violations"],
  });
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}

describe("a list of five million rows", () => {
  const COUNT = 5_000_000;

  async function openHuge() {
    const log = new FakeLog(many(1));
    let late: (() => void)[] = [];
    let waiting = false;
    const answer = (offset: number, limit: number) => ({
      generation: log.generation,
      total: COUNT,
      matched: COUNT,
      offset,
      rows: Array.from({ length: limit }, (_, i) => row(offset + i, { time: null })),
    });
    const opened = await open(log, {
      logs_page: ({ offset, limit }) => {
        const page = answer(Number(offset), Number(limit));
        if (!waiting) return page;
        return new Promise((resolve) => late.push(() => resolve(page)));
      },
    });
    return {
      ...opened,
      hold: () => (waiting = true),
      release: () => {
        waiting = false;
        late.forEach((go) => go());
        late = [];
      },
    };
  }

  test("is told as what it is, and no element gets too tall for an engine", async () => {
    const { grid } = await openHuge();
    expect(grid).toHaveAttribute("aria-rowcount", String(COUNT + 1));
    const heights = [...grid.querySelectorAll<HTMLElement>("*")].map(({ style }) =>
      Number.parseFloat(style.height || "0"),
    );
    expect(Math.max(...heights)).toBe(10_000_000);
    expect(within(grid).getAllByTestId("log-row").length).toBeLessThanOrEqual(60);
  });
  test("the keyboard comes to its very last row", async () => {
    const { grid, user } = await openHuge();
    await user.keyboard("{End}");
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "4999999"));
    await user.keyboard("k");
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "4999998"));
  });
  test("the thumb in the middle shows the middle, and a step of the wheel moves by its pixels", async () => {
    const { grid } = await openHuge();
    const places = () =>
      within(grid)
        .getAllByTestId("log-row")
        .map(({ dataset }) => Number(dataset.position));
    grid.scrollTop = 5_000_000;
    grid.dispatchEvent(new Event("scroll"));
    await waitFor(() => expect(places()[0]).toBeGreaterThan(2_400_000));
    const [before] = places();
    grid.scrollTop = 5_000_000 + 10 * ROW_HEIGHT;
    grid.dispatchEvent(new Event("scroll"));
    await waitFor(() => expect(places()[0]).toBe((before ?? 0) + 10));
  });
  test("a leap that has not been told of yet is not undone when the list comes to rest", async () => {
    const { grid } = await openHuge();
    grid.scrollTop = 5_000_000;
    grid.dispatchEvent(new Event("scroll"));
    // A slow engine: scrolled, but its event comes after the timer that waits for rest.
    grid.scrollTop = 0;
    await waitFor(() =>
      expect(within(grid).getAllByTestId("log-row")[0]).toHaveAttribute("data-position", "0"),
    );
    expect(grid.scrollTop).toBe(0);
  });
  test("rows stay on the screen until those of the new place are here", async () => {
    const { grid, hold, release } = await openHuge();
    hold();
    grid.scrollTop = 5_000_000;
    grid.dispatchEvent(new Event("scroll"));
    await settled();
    expect(grid).toHaveAttribute("aria-busy", "true");
    expect(within(grid).getAllByTestId("log-row")[0]).toHaveTextContent("Message 0");
    release();
    await waitFor(() => expect(grid).not.toHaveAttribute("aria-busy"));
    expect(within(grid).getAllByTestId("log-row")[0]).toHaveTextContent(/Message 2\d{6}/);
  });
});

describe("columns", () => {
  const heads = () => screen.getAllByRole("columnheader").map((cell) => cell.textContent.trim());

  test("are chosen, moved by Alt and the arrows, and put back", async () => {
    const { app, user } = await open(new FakeLog(many(20)));
    await user.click(screen.getByTestId("columns-button"));
    const dialog = await screen.findByTestId("columns");
    expect(await violations()).toEqual([]);
    await user.click(within(dialog).getByLabelText("Log day"));
    expect(app.settings.columnOrder.at(-1)).toBe("day");
    within(dialog).getByLabelText("Log day").focus();
    await user.keyboard("{Alt>}{ArrowUp}{ArrowUp}{/Alt}");
    expect(app.settings.columnOrder.slice(-3)).toEqual(["day", "api", "message"]);
    expect(within(dialog).getByLabelText("Log day")).toHaveFocus();
    await user.click(within(dialog).getByLabelText("User"));
    expect(heads()).toEqual(["Severity", "Time", "Tenant", "Log day", "API", "Message"]);
    await user.click(within(dialog).getByTestId("columns-reset"));
    expect(heads()).toEqual(["Severity", "Time", "Tenant", "User", "API", "Message"]);
  });
});

describe("going on", () => {
  const log = () =>
    new FakeLog(
      many(40).map((known, i) =>
        i % 10 === 5 ? { ...known, severity: "error" as const, severityText: "Error" } : known,
      ),
    );

  test("E goes to the next error, Shift+E back; at the end it says so", async () => {
    const { grid, user } = await open(log());
    await user.keyboard("e");
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "5"));
    await user.keyboard("e");
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "15"));
    await user.keyboard("{Shift>}e{/Shift}");
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "5"));
    await user.keyboard("{Shift>}e{/Shift}");
    await waitFor(() => expect(screen.getByTestId("note")).toHaveTextContent("No error above."));
    await user.keyboard("w");
    await waitFor(() => expect(screen.getByTestId("note")).toHaveTextContent("No warning below."));
  });
  test("letters do nothing where a person turned them off", async () => {
    const { useLetterKeys } = await import("../../lib/keys");
    const { calls, user } = await open(log());
    useLetterKeys(false);
    await user.keyboard("ecmd");
    expect(called(calls, "logs_next")).toHaveLength(0);
    useLetterKeys(true);
  });

  test("C shows what happened around the entry, wider with every press, and the way back", async () => {
    const { grid, user } = await open(log());
    await user.click(screen.getByTestId("filter"));
    // All at once: keys in the list count on rows, and half a filter leaves none.
    await user.paste("tenant:contoso");
    grid.focus();
    await waitFor(() => expect(screen.getByTestId("filter")).toHaveValue("tenant:contoso"));
    await user.keyboard("jjjjjjjjjjjjjjjjjjjj");
    await user.keyboard("c");
    const bar = await screen.findByTestId("surrounding");
    expect(bar).toHaveTextContent("5 minutes before and after");
    expect(filter()).toBe("time:2026-11-03T12:36+01:00..2026-11-03T12:46:00.001+01:00");
    await waitFor(() => expect(grid).toHaveAttribute("aria-rowcount", "12"));
    expect(activeRow(grid)).toHaveTextContent("pinned");
    await user.keyboard("c");
    await waitFor(() => expect(bar).toHaveTextContent("15 minutes before and after"));
    await user.keyboard("c");
    await waitFor(() => expect(bar).toHaveTextContent("60 minutes before and after"));
    await user.keyboard("c");
    expect(screen.getByTestId("note")).toHaveTextContent("60 minutes is the widest.");
    await user.click(screen.getByTestId("surrounding-back"));
    await waitFor(() => expect(filter()).toBe("tenant:contoso"));
    expect(screen.queryByTestId("surrounding")).toBeNull();
    await waitFor(() => expect(activeRow(grid)).toHaveAttribute("data-position", "19"));
  });
  test("one step of undo leaves the surroundings", async () => {
    const { grid, user } = await open(log());
    await user.keyboard("jc");
    await screen.findByTestId("surrounding");
    grid.focus();
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(screen.queryByTestId("surrounding")).toBeNull());
    expect(filter()).toBe("");
  });
});

describe("comparing", () => {
  test("M marks, D shows what differs from the marked entry", async () => {
    const { grid, user, written } = await open(new FakeLog(many(20)));
    await user.keyboard("d");
    expect(screen.getByTestId("note")).toHaveTextContent("Go to an entry first.");
    await user.keyboard("jd");
    expect(screen.getByTestId("note")).toHaveTextContent("Mark an entry first");
    await user.keyboard("m");
    expect(activeRow(grid)).toHaveTextContent("marked");
    await user.keyboard("jjjd");
    const dialog = await screen.findByTestId("compare");
    expect(within(dialog).getByTestId("compare-left").querySelector("del")).toHaveTextContent("0");
    expect(within(dialog).getByTestId("compare-right").querySelector("ins")).toHaveTextContent("3");
    expect(within(dialog).queryByText("Tenant")).toBeNull();
    expect(await violations()).toEqual([]);
    await user.click(within(dialog).getByTestId("compare-only-differences"));
    expect(within(dialog).getByText("Tenant")).toBeVisible();
    await user.click(within(dialog).getByText("Copy"));
    expect(written[0]).toContain("Message\n  1: Message 0\n  2: Message 3");
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("compare")).toBeNull();
  });
});

describe("copying", () => {
  test("Ctrl+C copies the row, with Shift as JSON, the menu the rest", async () => {
    const { calls, grid, user, written } = await open(new FakeLog(many(20)));
    await user.keyboard("jj{Control>}c{/Control}");
    await waitFor(() => expect(written).toEqual(["Message 1"]));
    expect(screen.getByTestId("note")).toHaveTextContent("Copied the row");
    await user.keyboard("{Control>}{Shift>}c{/Shift}{/Control}");
    await waitFor(() => expect(called(calls, "logs_copy")).toHaveLength(2));
    expect(called(calls, "logs_copy")[1]?.args).toMatchObject({ id: rowId(1), form: "json" });
    await user.pointer({ target: within(grid).getByText("Message 4"), keys: "[MouseRight]" });
    const menu = await screen.findByTestId("copy-menu");
    expect(await violations()).toEqual([]);
    await user.click(within(menu).getByText("Copy text for a ticket"));
    await waitFor(() =>
      expect(called(calls, "logs_copy")[2]?.args).toMatchObject({ id: rowId(4), form: "ticket" }),
    );
    await waitFor(() => expect(grid).toHaveFocus());
  });
});

describe("details", () => {
  test("a value filters by its buttons and by I and X", async () => {
    const { user } = await open(new FakeLog(many(20)));
    await user.keyboard("j{Enter}");
    await screen.findByTestId("detail-message");
    const tenant = screen
      .getAllByTestId("fact")
      .find(({ dataset }) => dataset.field === "tenant") as HTMLElement;
    within(tenant).getByTestId("fact-include").focus();
    await user.keyboard("i");
    await waitFor(() => expect(filter()).toBe('tenant:="contoso.com"'));
    await user.keyboard("{ArrowRight}{ArrowRight}");
    expect(within(tenant).getByTestId("fact-only")).toHaveFocus();
    await user.keyboard("x");
    await waitFor(() => expect(filter()).toBe('-tenant:="contoso.com"'));
  });
  test("show the time in every zone, and how long ago", async () => {
    const { user } = await open(new FakeLog(many(20)));
    await user.keyboard("j{Enter}");
    const times = await screen.findByTestId("detail-times");
    expect(times).toHaveTextContent("Tue 3 Nov 2026, 13:00:00.000 +01:00");
    expect(times).toHaveTextContent("Tue 3 Nov 2026, 12:00:00.000 +00:00");
    expect(times).toHaveTextContent(/ago|just now|in \d/);
    expect(await violations()).toEqual([]);
  });
  test("the same thing elsewhere: T counts it, a tenant shows it", async () => {
    const { user } = await open(new FakeLog(many(20, { message: "Same" })));
    await user.keyboard("jt");
    const same = await screen.findByTestId("same-thing");
    await waitFor(() => expect(same).toHaveTextContent("20 entries in 1 tenant"));
    expect(await violations()).toEqual([]);
    await user.click(within(same).getByTestId("same-thing-tenant"));
    await waitFor(() => expect(filter()).toBe('message:="Same" tenant:="contoso.com"'));
  });
});

test("the same thing in one tenant more than are named", async () => {
  const tenants = [{ tenant: "contoso.com", count: 4, first: null, last: null }];
  const part = { pattern: "Same", count: 5, first: null, last: null, query: "Same" };
  const { user } = await open(new FakeLog(many(20, { message: "Same" })), {
    logs_same_thing: () => ({ ...part, tenants, distinctTenants: 2 }),
  });
  await user.keyboard("jt");
  await waitFor(() =>
    expect(screen.getByTestId("same-thing")).toHaveTextContent("and 1 tenant with fewer."),
  );
});

test("two entries of more data than is compared are not said to be equal", async () => {
  const logData = JSON.stringify(Object.fromEntries([...Array(5001).keys()].map((i) => [i, i])));
  const { user } = await open(new FakeLog(many(20)), {
    logs_entry: ({ id }) => ({ ...entry(row(0)), id, logData }),
  });
  await user.keyboard("jm");
  await user.keyboard("jd");
  expect(await screen.findByTestId("compare-cut")).toHaveTextContent(
    "only the first 5,000 values were compared",
  );
  expect(screen.getByTestId("compare")).not.toHaveTextContent("Nothing else differs");
});

test("another log knows nothing of the entries of the one before", async () => {
  const two = [connection(), connection({ id: "c2", name: "Northwind" })];
  const { app, calls, user } = await open(new FakeLog(many(20)), { connections_list: () => two });
  await user.keyboard("jm");
  expect(screen.getByTestId("note")).toHaveTextContent("Marked");
  await user.keyboard("jc");
  await screen.findByTestId("surrounding");
  app.openConnection("c2");
  await waitFor(() => expect(called(calls, "logs_open")).toHaveLength(2));
  await settled();
  expect(screen.queryByTestId("surrounding")).toBeNull();
  expect(screen.getByTestId("note")).toHaveTextContent("");
  const asked = called(calls, "logs_entry").length;
  await user.keyboard("jd");
  await settled();
  expect(called(calls, "logs_entry")).toHaveLength(asked);
});

test("what was read today was read yesterday after midnight, though nothing happens", async () => {
  // 23:50 in Amsterdam, the zone of this computer.
  vi.useFakeTimers({ shouldAdvanceTime: true, now: Date.UTC(2026, 10, 3, 22, 50) });
  try {
    await open(new FakeLog(many(20)));
    await waitFor(() =>
      expect(screen.getByTestId("log-status")).toHaveTextContent("read today at 13:00"),
    );
    await vi.advanceTimersByTimeAsync(1_200_000);
    await waitFor(() =>
      expect(screen.getByTestId("log-status")).toHaveTextContent("read yesterday at 13:00"),
    );
  } finally {
    vi.useRealTimers();
  }
});

describe("saved views", () => {
  test("Ctrl+S asks for a name; the list shows, renames, updates and deletes with undo", async () => {
    const { app, user } = await open(new FakeLog(many(20)));
    await user.type(screen.getByTestId("filter"), "tenant:contoso");
    await user.keyboard("{Control>}s{/Control}");
    await user.click(await screen.findByTestId("view-save"));
    expect(screen.getByRole("alert")).toHaveTextContent("Give the view a name.");
    expect(await violations()).toEqual([]);
    await user.type(screen.getByTestId("view-name"), "Contoso{Enter}");
    expect(app.settings.savedViews).toEqual([
      {
        name: "Contoso",
        query: "tenant:contoso",
        range: "today",
        columns: ["severity", "time", "tenant", "user", "api", "message"],
      },
    ]);
    expect(screen.getByTestId("views-button")).toHaveTextContent("Contoso");

    await user.clear(screen.getByTestId("filter"));
    await user.click(screen.getByTestId("views-button"));
    await user.click(await screen.findByLabelText("Rename Contoso"));
    await user.keyboard("Mine{Enter}");
    expect(app.settings.savedViews[0]?.name).toBe("Mine");
    await user.click(screen.getByTestId("view-option"));
    await waitFor(() => expect(filter()).toBe("tenant:contoso"));

    await user.click(screen.getByTestId("views-button"));
    await user.click(await screen.findByLabelText("Delete Mine"));
    expect(app.settings.savedViews).toEqual([]);
    await user.click(screen.getByText("Undo"));
    expect(app.settings.savedViews).toHaveLength(1);
    expect(screen.getByLabelText("Make Mine what I see now")).toBeDisabled();
  });
});

describe("export", () => {
  const answers = (part: Answers = {}): Answers => ({
    export_file_name: ({ format }) => `/home/jo/Downloads/Contoso MSP 2026-11-03.${String(format)}`,
    logs_export_cancel: () => null,
    ...part,
  });
  const done = { path: "/home/jo/out.csv", rows: 20, bytes: 2_500_000, coverage: "All 1 day." };
  const openDialog = async (log: FakeLog, part: Answers) => {
    const opened = await open(log, answers(part));
    await opened.user.keyboard("{Control>}{Shift>}e{/Shift}{/Control}");
    await waitFor(() =>
      expect(screen.getByTestId("export-path")).toHaveValue(
        "/home/jo/Downloads/Contoso MSP 2026-11-03.csv",
      ),
    );
    return opened;
  };

  test("says what will be in it, then how it ended", async () => {
    const { calls, user } = await openDialog(new FakeLog(many(20)), { logs_export: () => done });
    expect(screen.getByTestId("export")).toHaveTextContent("20 entries");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("export-run"));
    expect(await screen.findByTestId("export-done")).toHaveTextContent(
      "20 entries written, 2.5 MB.",
    );
    expect(called(calls, "logs_export")[0]?.args).toMatchObject({
      path: "/home/jo/Downloads/Contoso MSP 2026-11-03.csv",
      options: {
        format: "csv",
        formulaSafe: true,
        bom: false,
        zone: "Europe/Amsterdam",
        overwrite: false,
      },
    });
  });
  test("names the days that are missing", async () => {
    const log = new FakeLog(many(20));
    await openDialog(log, {});
    log.progress({
      days: [dayState({ rows: 20 }), dayState({ day: "2026-11-02", state: "failed" })],
    });
    await waitFor(() =>
      expect(screen.getByTestId("export")).toHaveTextContent("Mon 2 Nov: not read."),
    );
  });
  test("another format brings another name, unless a person wrote their own", async () => {
    const { user } = await openDialog(new FakeLog(many(20)), {});
    const path = screen.getByTestId("export-path");
    const choose = (word: string) => user.click(screen.getByLabelText(word));
    await choose("Excel");
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso MSP 2026-11-03.xlsx"));
    await user.clear(path);
    await user.type(path, "/tmp/mine.xlsx");
    await choose("NDJSON");
    expect(path).toHaveValue("/tmp/mine.ndjson");
    expect(screen.queryByTestId("export-formula")).toBeNull();
  });
  test("asks before a file is replaced", async () => {
    const { calls, user } = await openDialog(new FakeLog(many(20)), {
      logs_export: ({ options }) => {
        if (!(options as { overwrite: boolean }).overwrite) throw refusal({ code: "fileExists" });
        return done;
      },
    });
    await user.click(screen.getByTestId("export-run"));
    await user.click(await screen.findByText("Replace it"));
    await screen.findByTestId("export-done");
    expect(called(calls, "logs_export")).toHaveLength(2);
  });
  test("shows how far it is, and can be cancelled", async () => {
    let stop: (error: unknown) => void = () => undefined;
    let args: Record<string, unknown> = {};
    const { calls, user } = await openDialog(new FakeLog(many(20)), {
      logs_export: (sent) => {
        args = sent;
        return new Promise((_, reject) => (stop = reject));
      },
    });
    await user.click(screen.getByTestId("export-run"));
    await screen.findByTestId("export-progress");
    tell(args, { rows: 5, of: 20 });
    await waitFor(() =>
      expect(screen.getByTestId("export-progress")).toHaveTextContent("5 of 20 entries written"),
    );
    await user.click(screen.getByTestId("export-cancel"));
    expect(called(calls, "logs_export_cancel")).toHaveLength(1);
    stop(refusal({ code: "cancelled" }));
    await screen.findByTestId("export-run");
    expect(screen.queryByTestId("export-failure")).toBeNull();
  });
  test("a failure is told where it happened, and the choices stay", async () => {
    const { user } = await openDialog(new FakeLog(many(20)), {
      logs_export: () => {
        throw refusal({ code: "export", message: "The disk is full." });
      },
    });
    await user.click(screen.getByTestId("export-run"));
    expect(await screen.findByTestId("export-failure")).toHaveTextContent("The disk is full.");
    expect(screen.getByTestId("export-path")).toBeVisible();
  });
});

test("the tools are commands of the palette while the log is open", async () => {
  await open(new FakeLog(many(20)));
  const ids = palette.find("").map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["export", "view.save", "columns", "error.next"]));
  cleanup();
  expect(palette.find("export")).toEqual([]);
});
