import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  connection,
  dayState,
  FakeLog,
  refusal,
  row,
  rowId,
  startAnswers,
} from "../../backend/samples";
import { answerCommands, stopAnswering, type Answers, type Call } from "../../backend/testing";
import { AppState } from "../../lib/app.svelte";
import { chosenDays, rangeOf } from "../../lib/ranges";
import { ROW_HEIGHT } from "../../lib/virtual";
import { LogsState } from "./logs.svelte";
import { QUERY_QUIET_MS } from "./query.svelte";

const NOW = Date.UTC(2026, 10, 3, 12, 30);
const many = (count: number) => Array.from({ length: count }, (_, i) => row(i));
const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);
const settled = () => new Promise((resolve) => setTimeout(resolve, 8));

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
    logs.query.replace('"Message 4"');
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
