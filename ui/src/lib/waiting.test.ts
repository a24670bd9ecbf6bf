import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { debounce } from "./debounce";
import { Patience } from "./patience.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("of several quick calls the last one counts", () => {
  const run = vi.fn();
  const soon = debounce(run, 80);
  for (const text of ["f", "fa", "fab"]) {
    soon(text);
    vi.advanceTimersByTime(40);
  }
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(80);
  expect(run.mock.calls).toEqual([["fab"]]);
});

test("a waiting call can be hurried or dropped", () => {
  const run = vi.fn();
  const soon = debounce(run, 80);
  soon("now");
  soon.flush();
  soon.flush();
  expect(run.mock.calls).toEqual([["now"]]);
  soon("never");
  soon.cancel();
  vi.advanceTimersByTime(500);
  expect(run).toHaveBeenCalledOnce();
});

test("nothing is shown at once, a bar soon, words after a second", () => {
  const patience = new Patience();
  patience.start();
  expect(patience.phase).toBe("none");
  vi.advanceTimersByTime(149);
  expect(patience.phase).toBe("none");
  vi.advanceTimersByTime(1);
  expect(patience.phase).toBe("bar");
  vi.advanceTimersByTime(850);
  expect(patience.phase).toBe("words");
  patience.stop();
  vi.advanceTimersByTime(5000);
  expect(patience.phase).toBe("none");
});
