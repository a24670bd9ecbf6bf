import { describe, expect, test } from "vitest";
import {
  clockChanges,
  clockText,
  countText,
  dayCount,
  dayIn,
  dayStart,
  dayText,
  durationText,
  entriesText,
  isDay,
  isKnownZone,
  isoIn,
  likelyText,
  logDayOf,
  longTime,
  momentIn,
  momentOf,
  shiftDay,
  timeParts,
  wallTime,
  whenText,
} from "./time";

const at = (iso: string) => momentOf(iso) ?? NaN;

describe("a moment as text", () => {
  test.each([
    ["2026-11-03T05:12:44.120Z", "Europe/Amsterdam", "03 Nov", "06:12:44.120", "+01:00"],
    ["2026-07-03T22:30:00.000Z", "Europe/Amsterdam", "04 Jul", "00:30:00.000", "+02:00"],
    ["2026-11-03T05:12:44.120Z", "UTC", "03 Nov", "05:12:44.120", "+00:00"],
    ["2026-01-10T02:00:00.005Z", "America/St_Johns", "09 Jan", "22:30:00.005", "-03:30"],
    ["2026-01-10T00:00:00.000Z", "Asia/Kathmandu", "10 Jan", "05:45:00.000", "+05:45"],
    ["2026-01-10T12:00:00.000Z", "Pacific/Kiritimati", "11 Jan", "02:00:00.000", "+14:00"],
  ])("%s in %s", (iso, zone, date, clock, offset) => {
    expect(timeParts(at(iso), zone)).toEqual({ date, clock, offset });
  });

  test("tells the doubled hour of autumn apart by its offset", () => {
    const first = timeParts(at("2026-10-25T00:30:00Z"), "Europe/Amsterdam");
    const second = timeParts(at("2026-10-25T01:30:00Z"), "Europe/Amsterdam");
    expect([first.clock, first.offset]).toEqual(["02:30:00.000", "+02:00"]);
    expect([second.clock, second.offset]).toEqual(["02:30:00.000", "+01:00"]);
  });
  test("jumps over the missing hour of spring", () => {
    expect(timeParts(at("2026-03-29T00:59:59.999Z"), "Europe/Amsterdam").clock).toBe(
      "01:59:59.999",
    );
    expect(timeParts(at("2026-03-29T01:00:00Z"), "Europe/Amsterdam").clock).toBe("03:00:00.000");
  });
  test("midnight is 00, not 24", () => {
    expect(timeParts(at("2026-11-03T00:00:00Z"), "UTC").clock).toBe("00:00:00.000");
  });
  test("moments before 1970 keep their milliseconds", () => {
    expect(timeParts(-1, "UTC").clock).toBe("23:59:59.999");
  });
  test("in full, with its weekday", () => {
    expect(longTime(at("2026-11-03T05:12:44.1204821Z"), "Europe/Amsterdam")).toBe(
      "Tue 3 Nov 2026, 06:12:44.120 +01:00",
    );
  });
  test("relative to now, by the calendar of the zone", () => {
    const now = at("2026-11-03T23:30:00Z");
    expect(whenText(at("2026-11-03T23:05:00Z"), now, "Europe/Amsterdam")).toBe("today at 00:05");
    expect(whenText(at("2026-11-03T16:40:00Z"), now, "Europe/Amsterdam")).toBe(
      "yesterday at 17:40",
    );
    expect(whenText(at("2026-10-01T16:40:00Z"), now, "UTC")).toBe("1 Oct 2026");
  });
});

test("what is no moment is none", () => {
  for (const text of [null, "", "yesterday", "2026-13-40T00:00:00Z"]) {
    expect(momentOf(text)).toBeNull();
  }
  expect(momentOf("2026-11-03T05:12:44.1204821Z")).toBe(Date.UTC(2026, 10, 3, 5, 12, 44, 120));
});

test("zones are known or not", () => {
  expect(isKnownZone("Europe/Amsterdam")).toBe(true);
  expect(isKnownZone("Middle/Earth")).toBe(false);
});

describe("log days", () => {
  test("are UTC days", () => {
    expect(logDayOf(at("2026-11-03T23:59:59Z"))).toBe("2026-11-03");
  });
  test("shift over months, leap days and clock changes", () => {
    expect(shiftDay("2026-03-01", -1)).toBe("2026-02-28");
    expect(shiftDay("2028-03-01", -1)).toBe("2028-02-29");
    expect(shiftDay("2026-10-25", 1)).toBe("2026-10-26");
  });
  test("count with both ends", () => {
    expect(dayCount("2026-11-03", "2026-11-03")).toBe(1);
    expect(dayCount("2026-10-20", "2026-11-03")).toBe(15);
  });
  test("are real days of the calendar", () => {
    expect(isDay("2026-02-29")).toBe(false);
    expect(isDay("2026-02-28")).toBe(true);
    expect(isDay("20260228")).toBe(false);
  });
  test("read with their weekday", () => {
    expect(dayText("2026-11-03")).toBe("Tue 3 Nov");
  });
});

test("spans and counts", () => {
  expect([12, 949, 2345, 14_400, 125_000].map(durationText)).toEqual([
    "12 ms",
    "949 ms",
    "2.3 s",
    "14 s",
    "2 min 5 s",
  ]);
  expect([9_960, 59_700, 119_600].map(durationText)).toEqual(["10 s", "1 min 0 s", "2 min 0 s"]);
  expect(countText(28391)).toBe("28,391");
  expect([entriesText(1), entriesText(0)]).toEqual(["1 entry", "0 entries"]);
});

describe("a day of a zone", () => {
  const start = (day: string, zone: string) => new Date(dayStart(day, zone)).toISOString();
  test("begins at its own midnight", () => {
    expect(start("2026-11-03", "UTC")).toBe("2026-11-03T00:00:00.000Z");
    expect(start("2026-11-03", "Europe/Amsterdam")).toBe("2026-11-02T23:00:00.000Z");
    expect(start("2026-11-03", "Pacific/Kiritimati")).toBe("2026-11-02T10:00:00.000Z");
    expect(start("2026-11-03", "-03:30")).toBe("2026-11-03T03:30:00.000Z");
  });
  test("also in the nights in which clocks change, even at midnight", () => {
    expect(start("2026-03-29", "Europe/Amsterdam")).toBe("2026-03-28T23:00:00.000Z");
    expect(start("2026-03-30", "Europe/Amsterdam")).toBe("2026-03-29T22:00:00.000Z");
    expect(start("2026-10-26", "Europe/Amsterdam")).toBe("2026-10-25T23:00:00.000Z");
    // Beirut skips midnight itself: the day begins at one.
    expect(start("2026-03-29", "Asia/Beirut")).toBe("2026-03-28T22:00:00.000Z");
    expect(wallTime(dayStart("2026-03-29", "Asia/Beirut"), "Asia/Beirut").hour).toBe(1);
  });
  test("is the day of every moment in it", () => {
    for (const zone of ["America/Los_Angeles", "Asia/Kolkata", "+13:00"]) {
      const from = dayStart("2026-11-01", zone);
      expect(dayIn(from, zone)).toBe("2026-11-01");
      expect(dayIn(from - 1, zone)).toBe("2026-10-31");
    }
  });
});

test("of a time that comes twice the first is meant, of one that is skipped the change", () => {
  const wall = (text: string) => Date.parse(`${text}Z`);
  const iso = (moment: number) => new Date(moment).toISOString();
  expect(iso(momentIn(wall("2026-10-25T02:30:00"), "Europe/Amsterdam"))).toBe(
    "2026-10-25T00:30:00.000Z",
  );
  expect(iso(momentIn(wall("2026-03-29T02:30:00"), "Europe/Amsterdam"))).toBe(
    "2026-03-29T01:00:00.000Z",
  );
});

test("clock changes of a year", () => {
  const changes = clockChanges(Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1), "Europe/Amsterdam");
  expect(changes.map(({ moment, minutes }) => [new Date(moment).toISOString(), minutes])).toEqual([
    ["2026-03-29T01:00:00.000Z", 60],
    ["2026-10-25T01:00:00.000Z", -60],
  ]);
});

test("an offset is a zone too", () => {
  expect(isKnownZone("+05:30")).toBe(true);
  expect(wallTime(Date.UTC(2026, 10, 3, 20), "+05:30")).toMatchObject({
    day: 4,
    hour: 1,
    minute: 30,
    offsetMinutes: 330,
  });
});

test("a moment as ISO in a zone is the same moment", () => {
  const moment = Date.UTC(2026, 10, 3, 6, 12, 44, 120);
  for (const zone of ["UTC", "Europe/Amsterdam", "America/St_Johns", "+05:45"])
    expect(Date.parse(isoIn(moment, zone))).toBe(moment);
  expect(isoIn(moment, "Europe/Amsterdam")).toBe("2026-11-03T07:12:44.120+01:00");
  expect(isoIn(Date.UTC(2026, 10, 3, 6, 12), "UTC")).toBe("2026-11-03T06:12Z");
  expect(clockText(moment, "UTC")).toBe("06:12");
});

test("how long something will likely take", () => {
  expect([1, 12, 54, 60, 100, 600].map(likelyText)).toEqual([
    "about 5 seconds",
    "about 15 seconds",
    "about 55 seconds",
    "about a minute",
    "about 2 minutes",
    "about 10 minutes",
  ]);
});
