import { afterEach, describe, expect, test, vi } from "vitest";
import type { ErrorCode, LogProgress } from "../backend";
import { dayState, diagnosis, failure, refusal } from "../backend/samples";
import { CommandFailure } from "../backend";
import { shortAgo, StatusState } from "./status.svelte";

afterEach(() => vi.useRealTimers());

const START = Date.UTC(2026, 10, 3, 12);

function status() {
  const clock = { now: START };
  const state = new StatusState(
    () => "c1",
    () => clock.now,
  );
  const words = () => state.shown.words;
  return { state, clock, words };
}

const heard = (part: Partial<LogProgress>): LogProgress => ({
  viewId: "v1",
  generation: 1,
  days: [],
  loaded: 0,
  matched: 0,
  finished: true,
  elapsedMs: 0,
  bytes: 0,
  calls: 1,
  dataSearch: { done: 0, of: 0 },
  zone: { name: "UTC", source: "assumed" },
  today: "2026-11-03",
  following: false,
  nextFollowMs: null,
  archiveTrouble: null,
  cachedAnswers: false,
  ...part,
});
const failed = (code: ErrorCode) =>
  dayState({ state: "failed", fetchedMs: null, error: refusal({ code }) });

describe("how the connection is", () => {
  test("is not known before anything has told", () => {
    expect(status().words()).toBe("not checked yet");
    expect(new StatusState(() => null).shown.kind).toBe("none");
  });
  test("is told by the ladder, and grows old", () => {
    const { state, clock, words } = status();
    state.diagnosing("c1");
    expect(words()).toBe("checking…");
    state.diagnosed("c1", diagnosis());
    clock.now += 12_000;
    // The age is worked out anew with the clock; outside of a page nothing is kept.
    expect(words()).toBe("ok 12 s ago");
    state.diagnosed("c1", diagnosis([failure()]));
    expect(words()).toBe("broken at 6 Accepted");
    state.diagnosed("c1", diagnosis([failure()], { verdict: "cancelled" }));
    expect(words()).toBe("broken at 6 Accepted");
    state.forget("c1");
    expect(words()).toBe("not checked yet");
  });
  test("is told by a log that was read", () => {
    const { state, clock, words } = status();
    state.logHeard("c1", heard({ finished: false }));
    expect(words()).toBe("checking…");
    clock.now += 3000;
    state.logHeard("c1", heard({ days: [dayState({ fetchedMs: clock.now })] }));
    expect(words()).toBe("ok 0 s ago");
    // While all is well a reading is nothing to look up for.
    state.logHeard("c1", heard({ finished: false }));
    expect(words()).toBe("ok 0 s ago");
  });
  test("is not told by what lies in the archive", () => {
    const { state, words } = status();
    state.logHeard("c1", heard({ days: [dayState({ fetchedMs: START - 86_400_000 })] }));
    expect(words()).toBe("not checked yet");
  });
  test.each([
    ["unreachable", "offline: reading the archive"],
    ["secretMissing", "no secret: reading the archive"],
    ["keychainLocked", "keychain locked: reading the archive"],
    ["signInRefused", "broken at 4 Sign-in"],
    ["notAccepted", "broken at 6 Accepted"],
    ["throttled", "broken at 8 Log read"],
    ["archive", "not checked yet"],
    ["cancelled", "not checked yet"],
  ] as [ErrorCode, string][])("after %s: %s", (code, expected) => {
    const { state, clock, words } = status();
    clock.now += 10_000;
    state.logHeard("c1", heard({ days: [failed(code)] }));
    expect(words()).toBe(expected);
    const other = status();
    other.state.logFailed("c1", CommandFailure.from(refusal({ code })));
    expect(other.words()).toBe(expected);
  });
  test("is well where only one of the days failed", () => {
    const { state, clock, words } = status();
    clock.now += 10_000;
    const days = [dayState({ fetchedMs: clock.now }), failed("serverTrouble")];
    state.logHeard("c1", heard({ days, elapsedMs: 4000 }));
    expect(words()).toBe("ok 0 s ago");
  });
  test("is what the newest told: an old failure of the log, said again, is no news", () => {
    const { state, clock, words } = status();
    clock.now += 10_000;
    state.logHeard("c1", heard({ days: [failed("notAccepted")] }));
    clock.now += 60_000;
    state.diagnosed("c1", diagnosis());
    state.logHeard("c1", heard({ days: [failed("notAccepted")], generation: 9 }));
    expect(words()).toBe("ok 0 s ago");
    // Read again, it is.
    state.logHeard("c1", heard({ finished: false }));
    state.logHeard("c1", heard({ days: [failed("notAccepted")] }));
    expect(words()).toBe("broken at 6 Accepted");
  });
  test("of another connection is its own", () => {
    const clock = { now: START };
    let current = "c1";
    const state = new StatusState(
      () => current,
      () => clock.now,
    );
    state.diagnosed("c1", diagnosis());
    current = "c2";
    state.forget("none");
    expect(state.shown.words).toBe("not checked yet");
  });
  test("waits, by a clock of its own", () => {
    vi.useFakeTimers();
    const { state, words } = status();
    state.diagnosed("c1", diagnosis([failure()]));
    state.waits("c1", performance.now() + 42_000);
    expect(words()).toBe("waiting, again in 0:42");
    expect(state.shown.short).toBe("0:42");
    state.waits("c1", null);
    expect(words()).toBe("broken at 6 Accepted");
  });
});

test("an age is short", () => {
  expect([0, 59_900, 60_000, 3_600_000, 47 * 3_600_000, 72 * 3_600_000].map(shortAgo)).toEqual([
    "0 s ago",
    "59 s ago",
    "1 min ago",
    "1 h ago",
    "47 h ago",
    "3 d ago",
  ]);
});
