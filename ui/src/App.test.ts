import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import App from "./App.svelte";
import {
  connection,
  dayState,
  diagnosis,
  diagnosisHistory,
  failure,
  FakeLog,
  keychain,
  networkCall,
  refusal,
  row,
  secretWrong,
  settings,
  startAnswers,
} from "./backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "./backend/testing";

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollIntoView = vi.fn();
  // What index.html has.
  document.title = "CIPP Desk";
  document.documentElement.lang = "en";
});

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
  vi.restoreAllMocks();
});

const log = () => new FakeLog(Array.from({ length: 50 }, (_, i) => row(i)));
const two = [connection(), connection({ id: "c2", name: "Northwind" })];

async function start(answers: Answers = {}) {
  const fake = log();
  const calls = answerCommands(
    startAnswers({
      ...fake.answers,
      sandbox_start: () => connection({ id: "s1", name: "Sandbox", sandbox: true }),
      connection_remove: () => null,
      ...answers,
    }),
  );
  render(App);
  await screen.findByTestId("app");
  return { calls, fake, user: userEvent.setup() };
}

const view = () => document.querySelector("main")?.dataset.view;

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
async function violations() {
  const result = await axe.run(document, {
    rules: { "color-contrast": { enabled: false } },
    resultTypes: ["violations"],
  });
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""}`);
}

describe("the start", () => {
  test("without connections shows the three doors, the sandbox first", async () => {
    const { user } = await start();
    expect(view()).toBe("first-run");
    expect(screen.getByTestId("door-sandbox")).toHaveFocus();
    await user.keyboard("{Enter}");
    expect(await screen.findByTestId("sandbox-bar")).toBeVisible();
    expect(view()).toBe("logs");
  });
  test("opens the log of the last connection at once", async () => {
    const { calls } = await start({
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c2" }),
    });
    expect(view()).toBe("logs");
    await waitFor(() =>
      expect(calls.find(({ command }) => command === "logs_open")?.args.connectionId).toBe("c2"),
    );
  });
  test("on the sandbox, where the app was started so", async () => {
    const { calls } = await start({
      app_info: () => ({
        version: "0",
        os: "linux",
        utcOffset: "",
        timeZone: "",
        connectionsFile: "",
        startOn: "sandbox",
      }),
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c2" }),
    });
    expect(await screen.findByTestId("sandbox-bar")).toBeVisible();
    expect(
      calls.filter(({ command }) => command === "logs_open").map(({ args }) => args.connectionId),
    ).toEqual(["s1"]);
  });
  test("does not wait for a keychain that does not answer", async () => {
    await start({ keychain_status: () => new Promise(() => undefined) });
    expect(screen.getByTestId("door-sandbox")).toBeVisible();
  });
  test("survives settings that cannot be read", async () => {
    await start({
      settings: () => {
        throw refusal({ code: "settings" });
      },
    });
    expect(view()).toBe("first-run");
  });
});

describe("the keychain", () => {
  const locked = keychain({ state: "locked", detail: "It is locked.", remedy: "Unlock it." });

  test("that is locked is named, with the ways on", async () => {
    const { user } = await start({
      keychain_status: () => locked,
      keychain_retry: () => keychain(),
    });
    const banner = await screen.findByTestId("keychain-banner");
    expect(banner).toHaveTextContent(
      "The keychain is locked: GNOME Keyring (Secret Service). It is locked. Unlock it.",
    );
    await user.click(within(banner).getByText("Unlock and retry"));
    await waitFor(() => expect(screen.queryByTestId("keychain-banner")).toBeNull());
  });
  test("can be done without for this session", async () => {
    const { user } = await start({
      keychain_status: () => locked,
      keychain_use_session_memory: () => keychain({ ...locked, sessionOnly: true }),
    });
    await user.click(await screen.findByTestId("keychain-session"));
    await waitFor(() => expect(screen.queryByTestId("keychain-banner")).toBeNull());
  });
});

describe("the keyboard", () => {
  test("Ctrl+P finds a connection, Enter opens it", async () => {
    const { user } = await start({ connections_list: () => two });
    await user.keyboard("{Control>}p{/Control}");
    const input = await screen.findByTestId("switcher-input");
    await user.type(input, "north");
    expect(screen.getAllByTestId("switcher-option")).toHaveLength(1);
    const scrolled = vi.fn();
    Element.prototype.scrollIntoView = scrolled;
    await user.keyboard("{ArrowDown}");
    expect(scrolled).toHaveBeenCalledWith({ block: "nearest" });
    await user.keyboard("{Enter}");
    expect(view()).toBe("logs");
    expect(screen.queryByTestId("switcher")).toBeNull();
    expect(screen.getByTestId("connection-switcher")).toHaveTextContent("Northwind");
  });
  test("Ctrl and a number go straight to a connection", async () => {
    const { user } = await start({ connections_list: () => two });
    await user.keyboard("{Control>}[Digit2]{/Control}");
    expect(screen.getByTestId("connection-switcher")).toHaveTextContent("Northwind");
  });
  test("Ctrl+K finds a command by a part of its name, Enter does it, the last used is on top", async () => {
    const { user } = await start({ connections_list: () => two });
    await user.keyboard("{Control>}k{/Control}");
    const input = await screen.findByTestId("palette-input");
    expect(screen.getAllByTestId("palette-option").length).toBeGreaterThan(8);
    await user.type(input, "dark");
    expect(screen.getAllByTestId("palette-option")).toHaveLength(1);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.queryByTestId("palette")).toBeNull());
    await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByTestId("palette-input"), "settings");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(view()).toBe("settings"));
    await user.keyboard("{Control>}k{/Control}");
    expect((await screen.findAllByTestId("palette-option"))[0]).toHaveTextContent("Settings");
    await user.type(screen.getByTestId("palette-input"), "northwind");
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("connection-switcher")).toHaveTextContent("Northwind"),
    );
  });
  test("single letters can be turned off in the settings", async () => {
    const { user } = await start({ connections_list: () => two });
    await user.click(screen.getByTestId("rail-settings"));
    await user.click(screen.getByTestId("letter-keys"));
    (document.activeElement as HTMLElement).blur();
    await user.keyboard("?");
    expect(screen.queryByTestId("shortcuts")).toBeNull();
    await user.click(screen.getByTestId("rail-shortcuts"));
    const list = await screen.findByTestId("shortcuts");
    expect(list).toHaveTextContent("Every command");
    expect(list).not.toHaveTextContent("Mark the entry");
  });
  test("? explains the keys, Esc closes it", async () => {
    const { user } = await start();
    await user.keyboard("?");
    expect(await screen.findByTestId("shortcuts")).toHaveTextContent("Switch connection");
    await user.keyboard("{Escape}");
    expect(screen.queryByTestId("shortcuts")).toBeNull();
  });
});

describe("connections", () => {
  test("a damaged file is named and can be set aside", async () => {
    let damaged = true;
    const { user } = await start({
      connections_list: () => {
        if (damaged) throw refusal({ code: "connectionsDamaged", message: "The file is damaged." });
        return [];
      },
      connections_set_damaged_aside: () => {
        damaged = false;
        return "/home/jo/connections.damaged.json";
      },
    });
    expect(view()).toBe("connections");
    expect(screen.getByTestId("connections-failure")).toHaveTextContent("The file is damaged.");
    await user.click(screen.getByTestId("set-aside"));
    expect(await screen.findByTestId("set-aside-done")).toHaveTextContent(
      "connections.damaged.json",
    );
    expect(screen.getByTestId("empty-connections")).toBeVisible();
  });
  test("removing one says what goes, and asks", async () => {
    const { calls, user } = await start({ connections_list: () => two });
    await user.click(screen.getAllByTestId("remove")[0] as HTMLElement);
    expect(await screen.findByTestId("remove-dialog")).toHaveTextContent(
      "its client secret from GNOME Keyring",
    );
    expect(calls.some(({ command }) => command === "connection_remove")).toBe(false);
    await user.click(screen.getByTestId("remove-confirm"));
    await waitFor(() =>
      expect(
        calls.some(({ command, args }) => command === "connection_remove" && args.id === "c1"),
      ).toBe(true),
    );
  });
});

describe("the status of the connection", () => {
  test("is in sight in every view, and leads to the ladder", async () => {
    const { user } = await start({
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c1" }),
    });
    for (const place of ["logs", "setup", "connections", "settings"]) {
      await user.click(screen.getByTestId(`rail-${place}`));
      expect(screen.getByTestId("status-pill")).toBeVisible();
    }
    await user.click(screen.getByTestId("status-pill"));
    expect(view()).toBe("diagnose");
    expect(await screen.findByTestId("diagnose-empty")).toBeVisible();
  });
  test("follows the log, and a key asks why", async () => {
    const { calls, fake, user } = await start({
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c1" }),
      diagnose: () => diagnosis([failure()]),
    });
    await settled();
    fake.progress({ days: [dayState({ fetchedMs: Date.now() })] });
    const pill = screen.getByTestId("status-pill");
    await waitFor(() => expect(pill).toHaveAttribute("data-kind", "ok"));
    fake.progress({ finished: false });
    fake.progress({
      elapsedMs: 0,
      days: [
        dayState({ state: "failed", fetchedMs: null, error: refusal({ code: "unreachable" }) }),
      ],
    });
    await waitFor(() => expect(pill).toHaveTextContent("offline: reading the archive"));
    expect(screen.getByTestId("status-said")).toHaveTextContent("Connection offline");
    await user.click(screen.getByTestId("why"));
    expect(view()).toBe("diagnose");
    await waitFor(() => expect(pill).toHaveTextContent("waiting, again in"));
    expect(calls.filter(({ command }) => command === "diagnose")).toHaveLength(1);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(pill).toHaveTextContent("broken at 6 Accepted"));
    await user.click(screen.getByTestId("rail-settings"));
    await user.keyboard("{Control>}d{/Control}");
    await waitFor(() =>
      expect(calls.filter(({ command }) => command === "diagnose")).toHaveLength(2),
    );
    await user.keyboard("{Escape}");
  });
  test("goes from the cause to the step of the guide", async () => {
    const { user } = await start({
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c1" }),
      diagnosis_history: () => diagnosisHistory({ runs: [diagnosis([failure()])] }),
    });
    await user.click(screen.getByTestId("rail-diagnose"));
    await user.click(await screen.findByTestId("explanation-step"));
    expect(view()).toBe("setup");
    await waitFor(() => expect(screen.getByTestId("step").dataset.step).toBe("create"));
  });
});

describe("the sandbox", () => {
  const sandbox = (part = {}) => connection({ id: "s1", name: "Sandbox", sandbox: true, ...part });

  async function inSandbox(answers: Answers = {}) {
    const started = await start({
      fault_play: () => sandbox({ secretSavedAt: "2026-11-03T09:00:00Z" }),
      diagnose: () => diagnosis([secretWrong()]),
      ...answers,
    });
    await started.user.click(screen.getByTestId("door-sandbox"));
    await screen.findByTestId("sandbox-bar");
    return started;
  }

  test("is broken, diagnosed and repaired as a technician would", async () => {
    const { calls, user } = await inSandbox();
    const played = () =>
      calls.filter(({ command }) => command === "fault_play").map(({ args }) => args.name);
    await user.click(screen.getByTestId("faults-open"));
    await user.type(await screen.findByTestId("faults-search"), "secr");
    expect(screen.getAllByTestId("fault")).toHaveLength(1);
    const hint = screen.getByTestId("fault-hint");
    expect(hint).not.toHaveAttribute("open");
    expect(await violations()).toEqual([]);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.queryByTestId("faults-dialog")).toBeNull());
    expect(played()).toEqual(["wrong_secret"]);
    expect(screen.getByTestId("fault-playing")).toHaveTextContent("“Wrong secret”");
    expect(screen.getByTestId("fault-diagnose")).toHaveFocus();
    expect(await violations()).toEqual([]);
    await user.keyboard("{Enter}");
    expect(await screen.findByTestId("verdict")).toHaveTextContent("Broken at 4 Sign-in");
    await user.click(screen.getByTestId("fault-repair"));
    await waitFor(() => expect(screen.queryByTestId("fault-playing")).toBeNull());
    expect(played()).toEqual(["wrong_secret", null]);
    expect(screen.getByTestId("status-pill")).toHaveTextContent("not checked yet");
  });
  test("can be broken by lot, without saying how", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const { user } = await inSandbox();
    await user.click(screen.getByTestId("faults-open"));
    await user.click(await screen.findByTestId("fault-surprise"));
    const bar = await screen.findByTestId("fault-playing");
    expect(bar).toHaveTextContent("does not say what");
    expect(document.body).not.toHaveTextContent("Not saved to Azure");
    await user.click(screen.getByTestId("fault-reveal"));
    expect(bar).toHaveTextContent("“Not saved to Azure”");
    expect(bar).toHaveTextContent("401 after a good sign-in.");
  });
  test("says where it cannot be broken, and stays as it is", async () => {
    const { user } = await inSandbox({
      fault_play: () => {
        throw refusal({ message: "The sandbox does not run." });
      },
    });
    await user.click(screen.getByTestId("faults-open"));
    await user.click(await screen.findByTestId("break-it"));
    expect(await screen.findByTestId("faults-failure")).toHaveTextContent(
      "The sandbox does not run.",
    );
    expect(screen.queryByTestId("fault-playing")).toBeNull();
  });
  test("alone can be broken", async () => {
    const { user } = await start({ connections_list: () => two });
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByTestId("palette-input"), "break");
    expect(screen.queryAllByTestId("palette-option")).toHaveLength(0);
  });
});

describe("the calls that left this computer", () => {
  test("are listed newest first, read anew, and copied", async () => {
    let listed = [networkCall(), networkCall({ status: null, outcome: "time-out", path: "/x" })];
    const { user } = await start({ network_calls: () => listed });
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByTestId("palette-input"), "network");
    await user.keyboard("{Enter}");
    const dialog = await screen.findByTestId("network");
    expect(dialog).toHaveTextContent("Nothing else leaves this computer.");
    await waitFor(() => expect(screen.getAllByTestId("network-call")).toHaveLength(2));
    expect(screen.getAllByTestId("network-call")[1]).toHaveTextContent("time-out");
    expect(await violations()).toEqual([]);
    await user.click(within(dialog).getByText("Copy as text"));
    const copied = await navigator.clipboard.readText();
    expect(copied.split("\n")).toHaveLength(3);
    expect(copied).toContain("/api/ListLogs\t200\t48210\t904\treading the log");
    listed = [networkCall({ path: "/api/PublicPing" }), ...listed];
    await user.click(screen.getByTestId("network-refresh"));
    await waitFor(() => expect(screen.getAllByTestId("network-call")).toHaveLength(3));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByTestId("network")).toBeNull());
  });
  test("are none at first, and a failure is told", async () => {
    let failing = false;
    const { user } = await start({
      network_calls: () => {
        if (failing) throw refusal({ message: "It cannot be read." });
        return [];
      },
    });
    await user.click(screen.getByTestId("rail-settings"));
    await user.click(screen.getByTestId("network-open"));
    expect(await screen.findByTestId("network-empty")).toBeVisible();
    failing = true;
    await user.click(screen.getByTestId("network-refresh"));
    expect(await screen.findByTestId("network-failure")).toHaveTextContent("It cannot be read.");
  });
});

describe("axe finds nothing", () => {
  test("on the three doors, with the keychain's banner", async () => {
    await start({ keychain_status: () => keychain({ state: "missing", remedy: "Install one." }) });
    await screen.findByTestId("keychain-banner");
    expect(await violations()).toEqual([]);
  });
  test("in the log with its details", async () => {
    const { fake, user } = await start({
      connections_list: () => two,
      settings: () => settings({ lastConnectionId: "c1" }),
    });
    await settled();
    fake.progress();
    await user.click((await screen.findAllByTestId("log-row"))[0] as HTMLElement);
    await screen.findByTestId("json-tree");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("tab-raw"));
    expect(await violations()).toEqual([]);
  });
  test.each(["connections", "setup", "diagnose", "settings"])("in %s", async (name) => {
    const { user } = await start({ connections_list: () => two });
    await user.click(screen.getByTestId(`rail-${name}`));
    if (name === "setup") await screen.findByTestId("step");
    expect(await violations()).toEqual([]);
  });
  test("in the form", async () => {
    const { user } = await start();
    await user.click(screen.getByTestId("door-connect"));
    await screen.findByTestId("connect-form");
    expect(await violations()).toEqual([]);
  });
  test.each(["{Control>}p{/Control}", "{Control>}k{/Control}", "?"])(
    "in the window that %s opens",
    async (keys) => {
      const { user } = await start({ connections_list: () => two });
      await user.keyboard(keys);
      await screen.findByRole("dialog");
      expect(await violations()).toEqual([]);
    },
  );
});
