import { cleanup, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DayState } from "../../backend";
import { dayState, FakeLog, refusal } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import { dayWords } from "./coverage";
import { called, filterBox, many, openView, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const NOW = Date.UTC(2026, 10, 3, 12);
const words = (part: Partial<DayState>) =>
  dayWords(dayState({ day: "2026-11-02", ...part }), "2026-11-03", NOW, "UTC");

describe("what is said of a day", () => {
  test("rows, source and when they were read", () => {
    expect(words({ rows: 4182, source: "archive", fetchedMs: NOW - 86_400_000 - 3_600_000 })).toBe(
      "Mon 2 Nov: complete, 4,182 entries, from your archive, read from CIPP yesterday at 11:00. Click: this day alone",
    );
    expect(words({ rows: 1, oddRows: 1, archived: true })).toBe(
      "Mon 2 Nov: complete, 1 entry, 1 of them odd, read from CIPP today at 12:00, archived. Click: this day alone",
    );
  });
  test("that today is not over is no defect", () => {
    expect(words({ day: "2026-11-03", state: "partial", rows: 5 })).toContain(
      "Tue 3 Nov: today so far, 5 entries",
    );
    expect(words({ state: "partial", rows: 5 })).toContain("only a part is here");
  });
  test("what went wrong and what a click does", () => {
    expect(
      words({
        state: "failed",
        source: "none",
        fetchedMs: null,
        error: refusal({ message: "No answer." }),
        archiveTrouble: "Its file was damaged and set aside.",
      }),
    ).toBe(
      "Mon 2 Nov: failed. No answer. Its file was damaged and set aside. Click: ask again (1 call)",
    );
    expect(words({ state: "notFetched", source: "none", fetchedMs: null })).toContain(
      "Click: fetch it (1 call)",
    );
    expect(words({ state: "gone", source: "none", fetchedMs: null })).not.toContain("Click");
    expect(words({ state: "outOfMemory", source: "none" })).toContain("it is not searched");
  });
});

const cell = (day: string) => screen.getByTestId(`day-${day}`);

async function opened() {
  const states = ["complete", "failed", "loading", "notFetched", "gone", "outOfMemory"] as const;
  return openView(new FakeLog(many(20)), {
    progress: {
      finished: false,
      days: states.map((state, i) =>
        dayState({ day: `2026-11-0${6 - i}`, state, rows: state === "complete" ? 20 : 0 }),
      ),
    },
  });
}

test("one cell a day, oldest first, none without a shape", async () => {
  await opened();
  const cells = [...screen.getByTestId("coverage").querySelectorAll("button")];
  expect(cells.map(({ dataset }) => dataset.state)).toEqual([
    "outOfMemory",
    "gone",
    "notFetched",
    "loading",
    "failed",
    "complete",
  ]);
  const shapes = cells.map((known) => known.querySelector("svg")?.innerHTML);
  expect(new Set(shapes).size).toBe(cells.length);
});

test("a click fetches, retries, loads or cancels; a day that is gone has none", async () => {
  const { calls, user } = await opened();
  for (const day of ["01", "02", "03", "04", "05"]) await user.click(cell(`2026-11-${day}`));
  expect(called(calls, "logs_fetch_day").map(({ args }) => args.day)).toEqual([
    "2026-11-01",
    "2026-11-03",
    "2026-11-05",
  ]);
  expect(called(calls, "logs_cancel").map(({ args }) => args.day)).toEqual(["2026-11-04"]);
  expect(cell("2026-11-02")).toHaveAttribute("aria-disabled", "true");
});

test("a whole day is looked at alone, and a second click leads back", async () => {
  const { user } = await opened();
  await user.click(cell("2026-11-06"));
  await waitFor(() =>
    expect(filterBox().value).toBe("time:2026-11-06T01:00+01:00..2026-11-07T01:00+01:00"),
  );
  await user.click(cell("2026-11-06"));
  await waitFor(() => expect(filterBox().value).toBe(""));
});

test("one tab stop, arrows from day to day", async () => {
  const { user } = await opened();
  const stops = [...screen.getByTestId("coverage").querySelectorAll("button")].filter(
    ({ tabIndex }) => tabIndex === 0,
  );
  expect(stops).toHaveLength(1);
  stops[0]?.focus();
  await user.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(cell("2026-11-04")).toHaveFocus();
  await user.keyboard("{Home}");
  expect(cell("2026-11-01")).toHaveFocus();
});
