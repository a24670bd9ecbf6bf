import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dayState, FakeLog } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import { clockMarks, dayLines, ticks } from "./histogram-axis";
import { barWords, pathOf, spanText, summaryOf } from "./histogram-words";
import { HISTOGRAM_GAP_MS } from "./histogram.svelte";
import { called, filterBox, many, openView, rowsShown, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const counts = (part = {}) => ({
  critical: 0,
  error: 0,
  warning: 0,
  alert: 0,
  info: 0,
  debug: 0,
  unknown: 0,
  ...part,
});

describe("the axis", () => {
  const span = (from: string, to: string) => ({ from: Date.parse(from), to: Date.parse(to) });
  const labels = (...args: Parameters<typeof ticks>) => ticks(...args).map(({ label }) => label);

  test("has round times of the zone that is shown", () => {
    const day = span("2026-11-03T00:00Z", "2026-11-04T00:00Z");
    expect(labels(day, 600, "UTC")).toEqual([
      "3 Nov",
      "03:00",
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
      "21:00",
    ]);
    expect(labels(day, 600, "Asia/Kolkata")[0]).toBe("06:00");
  });
  test("has days where there are many", () => {
    expect(labels(span("2026-10-01T00:00Z", "2026-11-01T00:00Z"), 600, "UTC")).toEqual([
      "1 Oct",
      "6 Oct",
      "11 Oct",
      "16 Oct",
      "21 Oct",
      "26 Oct",
      "31 Oct",
    ]);
  });
  test("stays round over a change of the clocks", () => {
    const night = span("2026-10-24T22:00Z", "2026-10-25T23:00Z");
    expect(labels(night, 620, "Europe/Amsterdam")).toEqual([
      "25 Oct",
      "06:00",
      "12:00",
      "18:00",
      "26 Oct",
    ]);
  });
  test("never runs away, whatever the span", () => {
    for (const hours of [0.02, 0.5, 3, 30, 300, 3000, 30_000]) {
      const from = Date.UTC(2026, 2, 28);
      for (const zone of ["UTC", "America/St_Johns", "Australia/Lord_Howe", "+05:45"]) {
        const list = ticks({ from, to: from + hours * 3_600_000 }, 800, zone);
        expect(list.length).toBeLessThan(16);
        expect(list.every(({ at }) => at >= 0 && at <= 1)).toBe(true);
      }
    }
  });

  test("shows where CIPP's days begin, in the instance's zone", () => {
    const two = span("2026-11-02T23:00Z", "2026-11-04T23:00Z");
    expect(dayLines(two, 600, "Europe/Amsterdam").map(({ title }) => title)).toEqual([
      "CIPP's log of Wed 4 Nov begins here",
    ]);
    expect(dayLines(two, 600, "UTC")).toHaveLength(2);
    expect(dayLines(span("2026-08-01T00:00Z", "2026-11-01T00:00Z"), 600, "UTC")).toEqual([]);
  });

  test("shows where the clocks change", () => {
    const autumn = span("2026-10-20T00:00Z", "2026-10-30T00:00Z");
    const [back] = clockMarks(autumn, "Europe/Amsterdam");
    expect(back?.title).toBe("Clocks go back 1 hour here");
    expect(autumn.from + (back?.at ?? 0) * (autumn.to - autumn.from)).toBe(
      Date.parse("2026-10-25T01:00Z"),
    );
    const spring = span("2026-03-20T00:00Z", "2026-04-10T00:00Z");
    expect(clockMarks(spring, "Europe/Amsterdam")[0]?.title).toContain("forward 1 hour");
    expect(clockMarks(autumn, "UTC")).toEqual([]);
  });
});

describe("bars", () => {
  const data = {
    generation: 1,
    fromMs: Date.UTC(2026, 10, 3),
    stepMs: 3_600_000,
    bars: [counts(), counts({ info: 1200, error: 41, critical: 3 }), counts({ info: 4 })],
    elsewhere: 0,
  };
  test("read with their time and their counts", () => {
    expect(barWords(data, 1, 1, "UTC")).toBe(
      "Tue 3 Nov 01:00 to 02:00: 1,244 entries: 3 critical, 41 error, 1,200 info",
    );
    expect(barWords(data, 0, 0, "UTC")).toBe("Tue 3 Nov 00:00 to 01:00: no entries");
    expect(summaryOf(data, "UTC")).toContain("most from Tue 3 Nov 01:00: 1,244.");
    expect(spanText(Date.UTC(2026, 10, 3, 23), Date.UTC(2026, 10, 4, 1), "UTC")).toBe(
      "Tue 3 Nov 23:00 to Wed 4 Nov 01:00",
    );
  });
  test("show trouble even beside a thousand others, and stay inside of the drawing", () => {
    const path = pathOf("critical", data.bars, 1244, 10, 64);
    expect(path).toBe("M10 64h9v-3h-9z");
    const top = (family: "info") =>
      [...pathOf(family, data.bars, 1244, 10, 64).matchAll(/M\S+ (\S+)h\S+v-(\S+?)h/g)].map(
        ([, y, h]) => Number(y) - Number(h),
      );
    expect(Math.min(...top("info"))).toBeGreaterThanOrEqual(0);
    expect(pathOf("alert", data.bars, 1244, 10, 64)).toBe("");
  });
});

/** A day of one row a minute, newest first, until noon. */
async function opened() {
  const log = new FakeLog(many(600, (i) => ({ severity: i % 50 === 0 ? "error" : "info" })));
  const made = await openView(log, {
    settings: { timeZone: "utc" },
    progress: { days: [dayState({ rows: 600 }), dayState({ day: "2026-11-02" })] },
  });
  await rowsShown();
  await waitFor(() => expect(plot()).toHaveAttribute("data-bars", "120"));
  return made;
}
const plot = () => screen.getByTestId("histogram");
const span = () => {
  const bars = screen.getAllByTestId("histogram-bar").map((bar) => Number(bar.dataset.from));
  return [bars[0], bars.at(-1)].map((moment) => new Date(moment ?? 0).toISOString().slice(0, 16));
};

describe("in the view", () => {
  test("spans the days, also where they are empty", async () => {
    const { calls } = await opened();
    expect(called(calls, "logs_histogram").at(-1)?.args).toMatchObject({
      fromMs: Date.UTC(2026, 10, 2),
      toMs: Date.UTC(2026, 10, 4),
      bars: 120,
      zone: "UTC",
    });
  });

  test("arrows read bar by bar, Shift marks, Enter zooms, Backspace goes back", async () => {
    const { user } = await opened();
    plot().focus();
    await user.keyboard("{Home}{ArrowRight}");
    expect(plot()).toHaveAttribute("aria-valuenow", "1");
    expect(plot()).toHaveAttribute("aria-valuetext", "Mon 2 Nov 00:24 to 00:48: no entries");
    await user.keyboard("{End}{Shift>}{PageUp}{PageUp}{PageUp}{PageUp}{/Shift}");
    expect(screen.getByTestId("histogram-brush")).toBeInTheDocument();
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(filterBox().value).toBe("time:2026-11-03T07:36Z..2026-11-04T00:00Z"),
    );
    await waitFor(() => expect(span()[0]).toBe("2026-11-03T07:36"));
    expect(screen.queryByTestId("histogram-brush")).toBeNull();
    plot().focus();
    await user.keyboard("{Home}{Enter}");
    await waitFor(() => expect(filterBox().value).toContain("07:36Z..2026-11-03T07:44"));
    await user.keyboard("{Backspace}");
    await waitFor(() => expect(filterBox().value).toContain("07:36Z..2026-11-04T00:00"));
    await user.keyboard("{Backspace}");
    await waitFor(() => expect(filterBox().value).toBe(""));
    await waitFor(() => expect(span()[0]).toBe("2026-11-02T00:00"));
  });

  test("a mark that is begun with no bar current begins at the end it comes from", async () => {
    const { user } = await opened();
    plot().focus();
    await user.keyboard("{Shift>}{ArrowLeft}{ArrowLeft}{/Shift}{Enter}");
    await waitFor(() =>
      expect(filterBox().value).toBe("time:2026-11-03T23:12Z..2026-11-04T00:00Z"),
    );
  });

  test("Esc drops the mark and nothing else", async () => {
    const { user } = await opened();
    plot().focus();
    await user.keyboard("{Home}{Shift>}{ArrowRight}{/Shift}{Escape}");
    expect(screen.queryByTestId("histogram-brush")).toBeNull();
    expect(filterBox().value).toBe("");
  });

  test("dragging marks and zooms; a click does not; a double click is all days again", async () => {
    await opened();
    const at = (clientX: number) => ({ clientX, button: 0, pointerId: 1 });
    plot().setPointerCapture = vi.fn();
    await fireEvent.pointerDown(plot(), at(605));
    await fireEvent.pointerUp(plot(), at(605));
    expect(filterBox().value).toBe("");
    await fireEvent.pointerDown(plot(), at(605));
    await fireEvent.pointerMove(plot(), at(705));
    expect(screen.getByTestId("histogram-brush")).toBeInTheDocument();
    await fireEvent.pointerUp(plot(), at(705));
    await waitFor(() =>
      expect(filterBox().value).toBe("time:2026-11-03T00:00Z..2026-11-03T04:24Z"),
    );
    await fireEvent.dblClick(plot());
    await waitFor(() => expect(filterBox().value).toBe(""));
  });

  test("[ and ] go to the window before and after, and without a window to other days", async () => {
    const { user, log } = await opened();
    await user.type(filterBox(), "time:2026-11-03T10:00Z..2026-11-03T11:00Z");
    await waitFor(() => expect(span()[0]).toBe("2026-11-03T10:00"));
    screen.getByTestId("log-grid").focus();
    await user.keyboard("[[");
    await waitFor(() => expect(filterBox().value).toContain("T09:00Z..2026-11-03T10:00"));
    await user.keyboard("]");
    await waitFor(() => expect(filterBox().value).toContain("T10:00Z..2026-11-03T11:00"));
    await user.click(screen.getByTestId("filter-clear"));
    await waitFor(() => expect(span()[0]).toBe("2026-11-02T00:00"));
    screen.getByTestId("log-grid").focus();
    await user.keyboard("[[");
    await waitFor(() =>
      expect(log.range).toEqual({ kind: "between", from: "2026-10-31", to: "2026-11-01" }),
    );
  });

  test("undo is a way back too, and a window that leaves the days loads others", async () => {
    const { user, log } = await opened();
    await user.type(filterBox(), "time:2026-11-02T06:00Z..2026-11-02T18:00Z");
    await waitFor(() => expect(span()[0]).toBe("2026-11-02T06:00"));
    (document.activeElement as HTMLElement).blur();
    await user.keyboard("[[");
    await waitFor(() =>
      expect(log.range).toEqual({ kind: "between", from: "2026-11-01", to: "2026-11-03" }),
    );
    await waitFor(() => expect(filterBox().value).toContain("2026-11-01T18:00"));
    await user.keyboard("{Control>}z{/Control}");
    expect(filterBox().value).toContain("2026-11-02T06:00Z");
  });

  test("a table has the same numbers", async () => {
    const { user } = await opened();
    await user.click(screen.getByTestId("histogram-as-table"));
    const table = screen.getByTestId("histogram-table");
    expect(
      within(table)
        .getAllByRole("columnheader")
        .map((head) => head.textContent),
    ).toEqual(["Time", "Error", "Info", "All"]);
    const sum = within(table)
      .getAllByRole("row")
      .slice(1)
      .map((line) => Number(line.lastElementChild?.textContent))
      .reduce((all, count) => all + count, 0);
    expect(sum).toBe(600);
  });

  test("put away, nothing is counted", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { user, app, calls, log } = await opened();
      await user.click(screen.getByTestId("histogram-toggle"));
      expect(app.settings.histogramOpen).toBe(false);
      expect(screen.queryByTestId("histogram")).toBeNull();
      // What was asked for before, and is delayed on purpose, has its time.
      await vi.advanceTimersByTimeAsync(5 * HISTOGRAM_GAP_MS);
      const before = called(calls, "logs_histogram").length;
      log.rows = many(3);
      log.progress();
      await vi.advanceTimersByTimeAsync(5 * HISTOGRAM_GAP_MS);
      expect(called(calls, "logs_histogram")).toHaveLength(before);
    } finally {
      vi.useRealTimers();
    }
  });
});
