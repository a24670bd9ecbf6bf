import { afterEach, describe, expect, test, vi } from "vitest";
import {
  connection,
  dayState,
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
  type Answers,
  type Call,
} from "../../backend/testing";
import { AppState } from "../../lib/app.svelte";
import { chosenDays, rangeOf } from "../../lib/ranges";
import { ROW_HEIGHT } from "../../lib/virtual";
import { LogsState } from "./logs.svelte";

const NOW = Date.UTC(2026, 10, 3, 12, 30);
const many = (count: number) => Array.from({ length: count }, (_, i) => row(i));
const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);

let open: LogsState[] = [];
afterEach(async () => {
  open.forEach((logs) => logs.close());
  open = [];
  await settled();
  stopAnswering();
});

async function stateFor(log: FakeLog, answers: Answers = {}) {
  const calls = answerCommands(
    startAnswers({
      connections_list: () => [connection(), connection({ id: "c2", name: "Northwind" })],
      ...log.answers,
      ...answers,
    }),
  );
  const app = new AppState();
  await app.readConnections();
  app.openConnection("c1");
  const logs = new LogsState(app, () => NOW);
  open.push(logs);
  logs.viewportHeight = 20 * ROW_HEIGHT;
  return { logs, calls, app };
}

async function stateOn(log: FakeLog, answers: Answers = {}) {
  const made = await stateFor(log, answers);
  await made.logs.open();
  return made;
}

/** A log of which the newest 100 rows have not come yet. */
async function growing() {
  const log = new FakeLog(many(500).slice(100));
  const { logs, calls } = await stateOn(log);
  log.progress({ finished: false });
  await settled();
  return {
    logs,
    calls,
    grow: async () => {
      log.rows = many(500);
      log.progress();
      await settled();
    },
  };
}

describe("opening", () => {
  test("one view for a connection, whatever range is chosen", async () => {
    const log = new FakeLog(many(10));
    const { logs, calls } = await stateOn(log);
    log.progress();
    await settled();
    await logs.choose(rangeOf("7d"));
    expect(called(calls, "logs_open")).toHaveLength(1);
    expect(called(calls, "logs_close")).toHaveLength(0);
    expect(called(calls, "logs_show").map(({ args }) => args.range)).toEqual([
      { kind: "last", days: 1 },
      { kind: "last", days: 7 },
    ]);
    expect(logs.matched).toBe(10);
  });

  test("another connection is another view; the one before is closed, the filter stays", async () => {
    const log = new FakeLog(many(50));
    const { logs, calls, app } = await stateOn(log);
    log.progress();
    await logs.query.replace('"Message 4"');
    await settled();
    expect(logs.matched).toBe(11);
    app.openConnection("c2");
    await logs.open();
    log.progress();
    await settled();
    expect(called(calls, "logs_close").map(({ args }) => args.viewId)).toEqual(["v1"]);
    expect(logs.connection?.id).toBe("c2");
    expect(logs.viewId).toBe("v2");
    expect(logs.matched).toBe(11);
  });

  test("a view that came too late is closed again", async () => {
    const log = new FakeLog(many(10));
    let answer: (view: unknown) => void = () => undefined;
    const { logs, calls } = await stateFor(log, {
      logs_open: () => new Promise((resolve) => (answer = resolve)),
    });
    const opening = logs.open();
    await settled();
    logs.close();
    answer({ viewId: "late", trouble: null });
    await opening;
    await settled();
    expect(logs.viewId).toBeNull();
    expect(called(calls, "logs_close").map(({ args }) => args.viewId)).toEqual(["late"]);
  });

  test("without a secret the archive is read all the same", async () => {
    const log = new FakeLog(many(10));
    const { logs } = await stateOn(log, {
      logs_open: (args) => {
        log.answers["logs_open"]?.(args);
        return { viewId: "v1", trouble: refusal({ code: "keychainLocked", message: "Locked." }) };
      },
    });
    log.progress({ days: [dayState({ state: "partial", source: "archive", rows: 10 })] });
    await settled();
    expect(logs.trouble?.code).toBe("keychainLocked");
    expect(logs.matched).toBe(10);
    expect(logs.old).toBe(true);
    expect(logs.row(3)?.message).toBe("Message 3");
  });
});

test("refreshing where CIPP could not be asked opens the log anew", async () => {
  const log = new FakeLog(many(10));
  let locked = true;
  const { logs, calls } = await stateOn(log, {
    logs_open: (args) => {
      const view = log.answers["logs_open"]?.(args) as object;
      return { ...view, trouble: locked ? refusal({ code: "keychainLocked" }) : null };
    },
  });
  log.progress();
  await settled();
  locked = false;
  logs.refresh();
  await settled();
  expect(called(calls, "logs_open")).toHaveLength(2);
  expect(logs.trouble).toBeNull();
});

describe("which days", () => {
  test("today is the instance's own", async () => {
    const log = new FakeLog([]);
    const { logs, calls } = await stateOn(log);
    expect(log.range).toEqual({ kind: "last", days: 1 });
    log.progress({ today: "2026-11-04", zone: { name: "Asia/Tokyo", source: "told" } });
    expect(logs.today).toBe("2026-11-04");
    expect(logs.instanceZone?.name).toBe("Asia/Tokyo");
    expect(called(calls, "logs_plan")).toHaveLength(0);
  });

  test("what takes more than ten calls is asked about before anything is sent", async () => {
    const log = new FakeLog([]);
    log.plan = { days: 30, archived: 12, calls: 18, seconds: 40 };
    const { logs, calls } = await stateOn(log);
    await logs.choose(rangeOf("30d"));
    expect(logs.asking).toMatchObject({ range: { kind: "30d" }, plan: { calls: 18 } });
    expect(called(calls, "logs_show")).toHaveLength(1);
    logs.declineLong();
    expect(logs.range.kind).toBe("today");
    await logs.choose(rangeOf("30d"));
    await logs.confirmLong();
    expect(log.range).toEqual({ kind: "last", days: 30 });
    expect(logs.range.kind).toBe("30d");
    expect(logs.asking).toBeNull();
  });

  test("days that are in the archive cost nothing and are shown at once", async () => {
    const log = new FakeLog([]);
    log.plan = { days: 90, archived: 89, calls: 1, seconds: 3 };
    const { logs } = await stateOn(log);
    await logs.choose(rangeOf("90d"));
    expect(logs.asking).toBeNull();
    expect(log.range).toEqual({ kind: "last", days: 90 });
  });

  test("fifteen minutes are two days and a term, which goes with the next choice", async () => {
    const log = new FakeLog(many(10));
    const { logs } = await stateOn(log);
    logs.query.set("tenant:contoso");
    await logs.choose(rangeOf("15m"));
    expect(log.range).toEqual({ kind: "last", days: 2 });
    expect(logs.query.text).toBe("time:-15m.. tenant:contoso");
    expect(logs.rangeKind).toBe("15m");
    await logs.choose(rangeOf("1h"));
    expect(logs.query.text).toBe("time:-1h.. tenant:contoso");
    await logs.choose(rangeOf("7d"));
    expect(logs.query.text).toBe("tenant:contoso");
    expect(logs.rangeLabel).toBe("Last 7 days");
  });

  test("without its term a short range is what is left of it: two days", async () => {
    const { logs } = await stateOn(new FakeLog(many(10)));
    await logs.choose(rangeOf("15m"));
    logs.query.undo();
    expect(logs.query.text).toBe("");
    expect(logs.rangeKind).toBe("2d");
    expect(logs.rangeLabel).toBe("Last 2 days");
  });

  test("a choice drops the window that was zoomed into, a saved view keeps its own", async () => {
    const log = new FakeLog(many(10));
    const { logs } = await stateOn(log);
    const window = "time:2026-11-03T11:00:00Z..2026-11-03T12:00:00Z";
    await logs.query.replace(window);
    await logs.show(chosenDays("2026-11-01", "2026-11-03"));
    expect(logs.query.text).toBe(window);
    await logs.choose(rangeOf("7d"));
    expect(logs.query.text).toBe("");
  });
});

describe("rows while loading", () => {
  test("the selected row stays where it is when newer rows arrive", async () => {
    const { logs, grow } = await growing();
    logs.scrollTo(50 * ROW_HEIGHT);
    logs.select(60);
    const before = logs.row(60);
    expect(before?.message).toBe("Message 160");
    expect(logs.activeId).toBe(rowId(160));
    await grow();
    expect(logs.active).toBe(160);
    expect(logs.activeId).toBe(rowId(160));
    expect(logs.row(160)).toEqual(before);
    expect(logs.scrollTop).toBe(150 * ROW_HEIGHT);
  });

  test("nor does the row on top, once scrolled, without a selection", async () => {
    const { logs, grow } = await growing();
    logs.scrollTo(50 * ROW_HEIGHT);
    await grow();
    expect(logs.row(Math.floor(logs.scrollTop / ROW_HEIGHT))?.message).toBe("Message 150");
  });

  test("at the top people see what is new", async () => {
    const { logs, grow } = await growing();
    await grow();
    expect(logs.scrollTop).toBe(0);
    expect(logs.row(0)?.message).toBe("Message 0");
  });

  test("a row is found by its name, in one call, not searched for", async () => {
    const { logs, calls, grow } = await growing();
    logs.select(60);
    const before = called(calls, "logs_position").length;
    await grow();
    expect(called(calls, "logs_position").length - before).toBeLessThanOrEqual(2);
  });

  test("a key pressed while new rows are taken over is not undone", async () => {
    const log = new FakeLog(many(500).slice(100));
    const { logs } = await stateOn(log, {
      logs_position: (args) => {
        logs.select(2);
        return log.answers["logs_position"]?.(args);
      },
    });
    log.progress({ finished: false });
    await settled();
    logs.select(0);
    log.rows = many(500);
    log.progress();
    await settled();
    expect(logs.active).toBe(102);
  });

  test("pages of a list that moved on meanwhile are not mixed", async () => {
    const log = new FakeLog(many(500).slice(100));
    let pages = 0;
    const { logs } = await stateOn(log, {
      logs_page: (args) => {
        pages += 1;
        // New rows come between the first page and the one in view.
        if (pages === 3) log.rows = many(500);
        return log.answers["logs_page"]?.(args);
      },
    });
    log.progress({ finished: false });
    await settled();
    logs.scrollTo(250 * ROW_HEIGHT);
    log.rows = many(500).slice(50);
    log.progress({ finished: false });
    await settled();
    log.progress();
    await settled();
    const first = Math.floor(logs.scrollTop / ROW_HEIGHT);
    for (let at = first; at < first + 20; at += 1)
      expect(logs.row(at)?.message).toBe(`Message ${at}`);
    expect(logs.matched).toBe(500);
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

describe("going to a row", () => {
  async function opened() {
    const rows = many(1000).map((known, i) =>
      i % 100 === 99 ? { ...known, severity: "error" as const } : known,
    );
    const log = new FakeLog(rows);
    const { logs } = await stateOn(log);
    log.progress();
    await settled();
    return logs;
  }

  test("by its name, into view, with its details where they are open", async () => {
    const logs = await opened();
    logs.openDetail(0);
    expect(await logs.jumpTo(rowId(700))).toBe(true);
    await settled();
    expect(logs.active).toBe(700);
    expect(logs.entry?.message).toBe("Message 700");
    expect(logs.scrollTop).toBeGreaterThan(680 * ROW_HEIGHT);
    expect(logs.scrollTop).toBeLessThan(700 * ROW_HEIGHT);
  });

  test("not where the filter hides it", async () => {
    const logs = await opened();
    await logs.query.replace('"Message 7"');
    await settled();
    expect(await logs.jumpTo(rowId(1))).toBe(false);
  });

  test("to the next error and the one before, and no further than the end", async () => {
    const logs = await opened();
    expect(await logs.nextOf(["critical", "error"], false)).toBe(true);
    expect(logs.active).toBe(99);
    expect(await logs.nextOf(["critical", "error"], false)).toBe(true);
    expect(logs.active).toBe(199);
    expect(await logs.nextOf(["critical", "error"], true)).toBe(true);
    expect(logs.active).toBe(99);
    expect(await logs.nextOf(["critical", "error"], true)).toBe(false);
    expect(logs.active).toBe(99);
  });
});

describe("reading", () => {
  test("refreshing keeps the rows, and a failure leaves them, marked as from before", async () => {
    const log = new FakeLog(many(10));
    const { logs, calls } = await stateOn(log);
    log.progress();
    await settled();
    logs.refresh();
    expect(logs.loading).toBe(true);
    await settled();
    expect(called(calls, "logs_refresh")).toHaveLength(1);
    const error = refusal({ code: "unreachable", message: "No answer." });
    log.progress({ days: [dayState({ state: "partial", rows: 10, error })] });
    await settled();
    expect(logs.loading).toBe(false);
    expect(logs.old).toBe(true);
    expect(logs.matched).toBe(10);
    expect(logs.row(3)?.message).toBe("Message 3");
    expect(logs.troubles).toMatchObject([{ days: ["2026-11-03"] }]);
  });

  test("days that failed alike are told once, and a cancelled one is no trouble", async () => {
    const log = new FakeLog([]);
    const { logs } = await stateOn(log);
    const failed = (day: string, message: string) =>
      dayState({ day, state: "failed", error: refusal({ message }) });
    log.progress({
      days: [
        failed("2026-11-03", "Busy."),
        failed("2026-11-02", "Busy."),
        failed("2026-11-01", "No."),
        dayState({ day: "2026-10-31", state: "cancelled", error: refusal({ code: "cancelled" }) }),
      ],
    });
    expect(logs.troubles.map(({ days }) => days.length)).toEqual([2, 1]);
    expect(logs.cancelled).toBe(true);
  });

  test("a reading that has nothing to tell ends by itself", async () => {
    vi.useFakeTimers();
    try {
      const log = new FakeLog(many(3));
      const { logs } = await stateOn(log);
      log.progress();
      await vi.advanceTimersByTimeAsync(1500);
      logs.refresh();
      await vi.advanceTimersByTimeAsync(10);
      expect(logs.loading).toBe(true);
      await vi.advanceTimersByTimeAsync(1500);
      expect(logs.loading).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  test("of a log that was left does not end what is told of the next one", async () => {
    let end: (error: unknown) => void = () => undefined;
    const log = new FakeLog(many(3));
    const { logs, app } = await stateOn(log, {
      logs_refresh: () => new Promise((_, reject) => (end = reject)),
      logs_open: (args) =>
        args.connectionId === "c2" ? new Promise(() => undefined) : log.answers.logs_open?.(args),
    });
    log.progress();
    logs.refresh();
    app.openConnection("c2");
    void logs.open();
    expect(logs.loading).toBe(true);
    end(refusal({ code: "noSuchView" }));
    await settled();
    expect(logs.loading).toBe(true);
    expect(logs.patience.running).toBe(true);
  });

  test("news that come ten times a second do not hold back the words about them", async () => {
    vi.useFakeTimers();
    try {
      const log = new FakeLog(many(3));
      const { logs } = await stateOn(log);
      for (let i = 0; i < 15; i += 1) {
        log.progress({ finished: false });
        await vi.advanceTimersByTimeAsync(100);
      }
      expect(logs.patience.phase).toBe("words");
      log.progress();
      expect(logs.patience.phase).toBe("none");
    } finally {
      vi.useRealTimers();
    }
  });

  test("single days are asked for and cancelled", async () => {
    const log = new FakeLog([]);
    const { logs, calls } = await stateOn(log);
    logs.fetchDay("2026-11-01");
    logs.cancelDay("2026-11-02");
    logs.cancel();
    await settled();
    expect(called(calls, "logs_fetch_day").map(({ args }) => args.day)).toEqual(["2026-11-01"]);
    expect(called(calls, "logs_cancel").map(({ args }) => args.day)).toEqual(["2026-11-02", null]);
  });

  test("following is switched by what Rust says, and the background is told", async () => {
    const log = new FakeLog([]);
    const { logs, calls } = await stateOn(log);
    logs.toggleFollow();
    await settled();
    log.progress({ nextFollowMs: NOW + 42_000 });
    expect(logs.following).toBe(true);
    logs.toggleFollow();
    logs.inBackground(true);
    await settled();
    expect(called(calls, "logs_follow").map(({ args }) => args.on)).toEqual([true, false]);
    expect(called(calls, "logs_in_background").map(({ args }) => args.yes)).toEqual([true]);
  });

  test("the last minutes are others after each reading: the filter is laid anew", async () => {
    const log = new FakeLog(many(10));
    const { logs, calls } = await stateOn(log);
    await logs.choose(rangeOf("15m"));
    const asked = () => called(calls, "logs_query").length;
    const before = asked();
    log.progress({ finished: false });
    log.progress({ finished: true });
    await settled();
    expect(asked()).toBe(before + 1);
    log.progress({ finished: true });
    await settled();
    expect(asked()).toBe(before + 1);
  });

  test("what is overtaken, or asked of a view just closed, is no failure", async () => {
    const log = new FakeLog([]);
    const { logs } = await stateOn(log, {
      logs_cancel: () => {
        throw refusal({ code: "noSuchView" });
      },
      logs_follow: () => {
        throw refusal({ code: "cancelled" });
      },
      logs_set_instance_zone: () => {
        throw refusal({ code: "zone", message: "Unknown." });
      },
    });
    logs.cancel();
    logs.toggleFollow();
    await settled();
    expect(logs.failure).toBeNull();
    await logs.setInstanceZone("Europe/Nowhere");
    expect(logs.failure?.message).toBe("Unknown.");
  });
});

describe("a span", () => {
  const reached = (calls: Call[]) => called(calls, "logs_show").at(-1)?.args.range;

  test("that reaches over midnight shows the day beside, and no more than is there", async () => {
    const log = new FakeLog(many(10));
    const { logs, calls } = await stateOn(log);
    log.progress({ days: [dayState({ day: "2026-11-03" })], today: "2026-11-03", finished: true });
    await settled();
    const shown = called(calls, "logs_show").length;
    await logs.cover({ from: Date.UTC(2026, 10, 3, 0, 10), to: Date.UTC(2026, 10, 4, 0, 10) });
    expect(called(calls, "logs_show"), "tomorrow has not begun").toHaveLength(shown);
    await logs.cover({ from: Date.UTC(2026, 10, 2, 23, 58), to: Date.UTC(2026, 10, 3, 0, 8) });
    expect(reached(calls)).toEqual({ kind: "between", from: "2026-11-02", to: "2026-11-03" });
  });
});

test("an entry that a filter hides says so in the details, and is found again", async () => {
  const log = new FakeLog(many(50));
  const { logs } = await stateOn(log);
  log.progress({ finished: true });
  await settled();
  logs.openDetail(3);
  await settled();
  expect([logs.entry?.id, logs.entryHidden]).toEqual([rowId(3), false]);
  await logs.query.replace('"no row has this"');
  await settled();
  expect([logs.matched, logs.entry?.id, logs.entryHidden]).toEqual([0, rowId(3), true]);
  await logs.showHidden();
  await settled();
  expect([logs.entryHidden, logs.active]).toEqual([false, 3]);
});
