import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeLog, refusal, row } from "../../backend/samples";
import { answerCommands, stopAnswering, type Answers, type Call } from "../../backend/testing";
import { PAGE_ROWS } from "../../lib/page-cache";
import { QueryState, STEP_QUIET_MS, type QueryHost } from "./query.svelte";

const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 3) }));
afterEach(() => {
  vi.useRealTimers();
  stopAnswering();
});

function queryOn(answers: Answers = {}) {
  const log = new FakeLog(Array.from({ length: 50 }, (_, i) => row(i)));
  const calls = answerCommands({ ...log.answers, ...answers });
  const host = {
    viewId: "v1" as string | null,
    zoneName: "Europe/Amsterdam",
    now: () => Date.now(),
    aboutToAsk: () => null,
    answered: vi.fn(),
    failed: vi.fn(),
  };
  return { query: new QueryState(host satisfies QueryHost), calls, host, log };
}

const quiet = () => vi.advanceTimersByTimeAsync(1);

/** A query whose questions take effect at once and are answered when the test says so. */
function slowly() {
  const waiting: (() => void)[] = [];
  const made = queryOn({
    logs_query: (args) => {
      const answer = made.log.answers["logs_query"]?.(args);
      return new Promise((resolve) => waiting.push(() => resolve(answer)));
    },
  });
  const answerAll = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) next();
    await quiet();
  };
  return { ...made, answerAll };
}

describe("typing", () => {
  test("asks at once at every keystroke, for the first rows too, with the zone", async () => {
    const { query, calls } = queryOn();
    for (const text of ["M", "Me", "Mes"]) query.set(text);
    const same = { viewId: "v1", zone: "Europe/Amsterdam", anchor: null, rows: PAGE_ROWS };
    expect(called(calls, "logs_query").map(({ args }) => args)).toEqual([
      { ...same, text: "M", turn: 1 },
      { ...same, text: "Me", turn: 2 },
      { ...same, text: "Mes", turn: 3 },
    ]);
    await quiet();
    expect(query.applied).toBe("Mes");
  });

  test("an answer that was overtaken does not count", async () => {
    const waiting: ((answer: unknown) => void)[] = [];
    const { query, host, log } = queryOn({
      logs_query: () => new Promise((resolve) => waiting.push(resolve)),
    });
    query.set("slow");
    await quiet();
    query.set("quick");
    await quiet();
    const answer = (text: string) => log.answers["logs_query"]?.({ text, anchor: null, rows: 1 });
    waiting[1]?.(answer("quick"));
    await quiet();
    waiting[0]?.(answer("slow"));
    await quiet();
    expect(query.readText).toBe("quick");
    expect(query.applied).toBe("quick");
    expect(host.answered).toHaveBeenCalledOnce();
  });

  test("a mistake is told, and the last good filter stays", async () => {
    const { query } = queryOn();
    query.set("Message");
    await quiet();
    query.set("Message tenant:");
    await quiet();
    expect(query.mistakes).toHaveLength(1);
    expect(query.applied).toBe("Message");
    expect(query.active).toBe(true);
    query.set("Message tenant:contoso");
    await quiet();
    expect(query.mistakes).toHaveLength(0);
    expect(query.applied).toBe("Message tenant:contoso");
  });

  test("what was only the way to a mistake is no last good filter", async () => {
    const { query, host, log } = queryOn();
    const type = async (text: string) => {
      for (let end = 1; end <= text.length; end += 1) {
        if (!text.startsWith(query.text)) query.set("");
        query.set(text.slice(0, end));
        await quiet();
      }
    };
    await type("Message");
    expect(query.applied).toBe("Message");
    await type("Message tenant:");
    expect(query.readText).toBe("Message tenant:");
    expect([query.applied.trim(), log.text.trim()]).toEqual(["Message", "Message"]);
    expect(host.answered.mock.lastCall?.[0]).toMatchObject({ answer: { applied: true } });
    // Put in the place of everything at once: what was in force stays.
    query.set("user:");
    await quiet();
    expect([query.mistakes.length, query.applied.trim()]).toEqual([1, "Message"]);
  });

  test("a way to a mistake that was answered too late does not stay in force either", async () => {
    const { query, log, answerAll } = slowly();
    query.set("Message ");
    await answerAll();
    query.set("Message user");
    query.set("Message user:");
    expect(log.text).toBe("Message user");
    await answerAll();
    await answerAll();
    expect([query.applied, log.text]).toEqual(["Message ", "Message "]);
  });

  test("nor does a beginning of the words before it, however quickly they were typed", async () => {
    const { query, log, answerAll } = slowly();
    query.set("Mess");
    await answerAll();
    expect(query.applied).toBe("Mess");
    const text = "Message user:";
    for (let end = 5; end <= text.length; end += 1) query.set(text.slice(0, end));
    await answerAll();
    await answerAll();
    expect([query.applied, log.text]).toEqual(["Message", "Message"]);
  });

  test("a failure is handed on, unless it is that of an older question", async () => {
    const { query, host } = queryOn({
      logs_query: () => {
        throw refusal({ code: "internal" });
      },
    });
    query.set("x");
    await quiet();
    expect(host.failed).toHaveBeenCalledOnce();
    expect(query.busy).toBe(false);
  });
});

describe("undo and redo", () => {
  test("quick typing is one step, a pause begins another", async () => {
    const { query } = queryOn();
    for (const text of ["e", "er", "err"]) query.set(text);
    await vi.advanceTimersByTimeAsync(STEP_QUIET_MS + 1);
    query.set("err user:jo");
    await quiet();
    query.undo();
    expect(query.text).toBe("err");
    query.undo();
    expect(query.text).toBe("");
    expect(query.canUndo).toBe(false);
    query.undo();
    expect(query.text).toBe("");
    query.redo();
    query.redo();
    expect(query.text).toBe("err user:jo");
    expect(query.canRedo).toBe(false);
  });

  test("each change by the mouse is a step, in force at once", async () => {
    const { query, calls } = queryOn();
    query.set("Message");
    await query.edit({ kind: "include", field: "tenant", path: [], value: "contoso.com" });
    expect(query.text).toBe('Message tenant:="contoso.com"');
    await query.editTerm("flip", 1);
    expect(query.text).toBe('Message -tenant:="contoso.com"');
    expect(query.applied).toBe(query.text);
    expect(called(calls, "logs_query").at(-1)?.args.text).toBe(query.text);
    query.undo();
    query.undo();
    expect(query.text).toBe("Message");
  });

  test("a new change ends what could be redone", async () => {
    const { query } = queryOn();
    await query.replace("one");
    await query.replace("two");
    query.undo();
    query.set("three");
    expect(query.canRedo).toBe(false);
    query.undo();
    expect(query.text).toBe("one");
  });

  test("several edits at once are one step", async () => {
    const { query } = queryOn();
    await query.edit(
      { kind: "include", field: "tenant", path: [], value: "a" },
      { kind: "exclude", field: "user", path: [], value: "b" },
    );
    expect(query.text).toBe('tenant:="a" -user:="b"');
    query.undo();
    expect(query.text).toBe("");
  });

  test("changes that come quickly are made one after the other", async () => {
    const { query } = queryOn();
    await Promise.all(
      ["a", "b", "c"].map((value) =>
        query.edit({ kind: "include", field: "tenant", path: [], value }),
      ),
    );
    expect(query.text).toBe('tenant:="a",="b",="c"');
  });
});

test("a chip that is clicked before its text was read is still the right one", async () => {
  const { query } = queryOn();
  query.set("one two");
  await quiet();
  query.set("zero one two");
  await query.editTerm("remove", 0);
  expect(query.text).toBe("one two");
});

test("only a term that counts from now makes the filter relative", async () => {
  const { query } = queryOn();
  await query.replace("time:-15m..");
  expect(query.relative).toBe(true);
  await query.replace("~time:-15m..");
  expect(query.relative).toBe(false);
  await query.replace("time:2026-11-03..2026-11-04");
  expect(query.relative).toBe(false);
});

test("without an open log the text waits", async () => {
  const { query, calls, host } = queryOn();
  host.viewId = null;
  query.set("later");
  await quiet();
  expect(calls).toHaveLength(0);
  host.viewId = "v1";
  await query.apply();
  expect(query.applied).toBe("later");
});
