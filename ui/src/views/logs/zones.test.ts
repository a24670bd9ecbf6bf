import { cleanup, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeLog } from "../../backend/samples";
import { stopAnswering } from "../../backend/testing";
import type { InstanceZone } from "../../backend";
import { zonesLike } from "../../lib/zones";
import { called, many, openView, rowsShown, settled } from "./view-testing";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

async function opened(zone: InstanceZone = { name: "America/New_York", source: "inferred" }) {
  const made = await openView(new FakeLog(many(20)), { progress: { zone } });
  await rowsShown();
  return made;
}
const options = () => screen.getAllByTestId("zone-option").map(({ dataset }) => dataset.value);

test("Z goes from mine to UTC to the instance's and back", async () => {
  const { app, user } = await opened();
  const seen = [];
  for (let i = 0; i < 3; i += 1) {
    await user.keyboard("z");
    seen.push(app.zone);
  }
  expect(seen).toEqual(["UTC", "America/New_York", "Europe/Amsterdam"]);
});

test("zones that show the same times are one", async () => {
  const { app, user } = await opened({ name: "UTC", source: "assumed" });
  const seen = [];
  for (let i = 0; i < 2; i += 1) {
    await user.keyboard("z");
    seen.push(app.settings.timeZone);
  }
  expect(seen).toEqual(["utc", "mine"]);
});

describe("the list", () => {
  test("offers mine, the instance's and UTC first, then any that is typed", async () => {
    const { app, user } = await opened();
    await user.click(screen.getByTestId("zone-menu"));
    expect(options().slice(0, 3)).toEqual(["mine", "instance", "utc"]);
    expect(screen.getByTestId("zone-input")).toHaveFocus();
    await user.keyboard("toky");
    expect(options()).toEqual(["Asia/Tokyo"]);
    await user.keyboard("{Enter}");
    expect(app.settings.timeZone).toBe("Asia/Tokyo");
    expect(screen.queryByTestId("zone-input")).toBeNull();
    expect(screen.getByTestId("zone-menu")).toHaveFocus();
    expect(screen.getByTestId("zone")).toHaveTextContent("Asia/Tokyo");
    // The one that was chosen by name is now among those of Z.
    await user.keyboard("z");
    expect(app.zone).toBe("Europe/Amsterdam");
    await user.keyboard("zzz");
    expect(app.zone).toBe("Asia/Tokyo");
  });

  test("is closed by Esc and by a click elsewhere", async () => {
    const { user } = await opened();
    await user.click(screen.getByTestId("zone-menu"));
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("zone-input")).toBeNull();
    await user.click(screen.getByTestId("zone-menu"));
    await user.click(screen.getByTestId("log-status"));
    expect(screen.queryByTestId("zone-input")).toBeNull();
  });

  test("says how the instance's zone is known, and sets it", async () => {
    const { calls, user } = await opened();
    await user.click(screen.getByTestId("zone-menu"));
    expect(screen.getByTestId("instance-zone")).toHaveTextContent(
      "America/New York, seen from the times of the rows",
    );
    await user.click(screen.getByTestId("instance-zone-set"));
    await user.type(screen.getByTestId("zone-input"), "berlin{Enter}");
    expect(called(calls, "logs_set_instance_zone").map(({ args }) => args.zone)).toEqual([
      "Europe/Berlin",
    ]);
  });

  test("takes a zone that was set back to what can be found out", async () => {
    const { calls, user } = await opened({ name: "Europe/Berlin", source: "set" });
    await user.click(screen.getByTestId("zone-menu"));
    await user.click(screen.getByTestId("instance-zone-set"));
    await user.click(screen.getAllByTestId("zone-option")[0] as HTMLElement);
    await waitFor(() =>
      expect(called(calls, "logs_set_instance_zone").map(({ args }) => args.zone)).toEqual([null]),
    );
  });
});

test("an instance of which only the offset is known", async () => {
  const { app, user } = await opened({ name: "+05:30", source: "inferred" });
  await user.keyboard("zz");
  expect(app.zone).toBe("+05:30");
  expect(screen.getAllByTestId("log-row")[0]).toHaveTextContent("17:30:00.000 +05:30");
});

test("zones are found by any part of their name", () => {
  expect(zonesLike("berlin", 5)).toEqual(["Europe/Berlin"]);
  expect(zonesLike("new york", 5)).toEqual(["America/New_York"]);
  expect(zonesLike("utc", 5)[0]).toBe("UTC");
  expect(zonesLike("nowhere", 5)).toEqual([]);
  expect(zonesLike("+02:00", 5)).toEqual(["+02:00"]);
});
