import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, describe, expect, test } from "vitest";
import { connection, GUID, refusal, startAnswers } from "../../backend/samples";
import { answerCommands, stopAnswering, tell, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { KEEP_DAYS, withPresent } from "./settings.svelte";
import SettingsView from "./SettingsView.svelte";

afterEach(() => {
  cleanup();
  stopAnswering();
});

const status = (part = {}) => ({
  folder: "/home/jo/.local/share/cipp-desk/archive/c1",
  days: 42,
  bytes: 212_400_000,
  oldest: "2026-09-20",
  newest: "2026-11-02",
  trouble: null,
  ...part,
});

async function open(answers: Answers = {}) {
  const calls = answerCommands(
    startAnswers({
      connections_list: () => [connection()],
      archive_status: () => status(),
      ...answers,
    }),
  );
  const app = new AppState();
  await app.readConnections();
  app.currentId = "c1";
  render(SettingsView, { context: new Map([[APP, app]]) });
  await screen.findByTestId("archive-status");
  return { app, calls, user: userEvent.setup() };
}

describe("the archive", () => {
  test("says what is there, how much, and where", async () => {
    await open();
    const told = screen.getByTestId("archive-status");
    expect(told).toHaveTextContent("42 days, 212.4 MB (Sun 20 Sep to Mon 2 Nov 2026)");
    expect(told).toHaveTextContent("/home/jo/.local/share/cipp-desk/archive/c1");
    const result = await axe.run(document.body, {
      rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
    });
    expect(result.violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ""}`)).toEqual([]);
  });
  test("says why it cannot be used, and offers nothing that cannot be done", async () => {
    await open({
      archive_status: () =>
        status({ days: 0, bytes: 0, trouble: "The key is not in the keychain." }),
    });
    expect(screen.getByTestId("archive-status")).toHaveTextContent(
      "The key is not in the keychain.",
    );
    for (const button of ["verify", "export", "delete"])
      expect(screen.getByTestId(`archive-${button}`)).toBeDisabled();
  });
  test("is switched, limited and kept as long as a person says", async () => {
    const { app, user } = await open();
    await user.selectOptions(screen.getByTestId("archive-keep"), "1 year");
    await user.selectOptions(screen.getByTestId("archive-size"), "5 GB");
    expect(app.settings.archive).toEqual({ enabled: true, keepDays: 365, maxMegabytes: 5000 });
    await user.click(screen.getByTestId("archive-enabled"));
    expect(app.settings.archive.enabled).toBe(false);
    expect(screen.getByTestId("archive-keep")).toBeDisabled();
  });
  test("is deleted only after a yes that names its size", async () => {
    let left = status();
    const { calls, user } = await open({
      archive_status: () => left,
      archive_delete: () => {
        left = status({ days: 0, bytes: 0 });
        return 212_400_000;
      },
    });
    const deleted = () => calls.filter(({ command }) => command === "archive_delete");
    await user.click(screen.getByTestId("archive-delete"));
    expect(screen.getByRole("alertdialog")).toHaveTextContent("Delete 42 days of log (212.4 MB)");
    await user.click(screen.getByText("Keep it"));
    expect(deleted()).toHaveLength(0);
    await user.click(screen.getByTestId("archive-delete"));
    await user.click(screen.getByTestId("archive-delete-yes"));
    expect(await screen.findByText(/212.4 MB are free again/)).toBeVisible();
    expect(deleted()).toHaveLength(1);
    await waitFor(() =>
      expect(screen.getByTestId("archive-status")).toHaveTextContent("Nothing is kept yet."),
    );
  });
  test("is checked day by day; what is broken is named", async () => {
    let args: Record<string, unknown> = {};
    let done: (answer: unknown) => void = () => undefined;
    const { user } = await open({
      archive_verify: (sent) => {
        args = sent;
        return new Promise((resolve) => (done = resolve));
      },
    });
    await user.click(screen.getByTestId("archive-verify"));
    await screen.findByTestId("archive-progress");
    tell(args, { done: 7, of: 42 });
    await waitFor(() =>
      expect(screen.getByTestId("archive-progress")).toHaveTextContent("Checking: 7 of 42 days"),
    );
    done({
      goodDays: 41,
      rows: 180_000,
      badDays: [{ day: "2026-10-12", reason: "The file ends too soon." }],
    });
    const result = screen.getByTestId("archive-result");
    await waitFor(() => expect(result).toHaveTextContent("41 days with 180,000 entries are whole"));
    expect(result).toHaveTextContent("Mon 12 Oct: The file ends too soon.");
  });
  test("goes out in plain only after a warning, into a folder a person chose", async () => {
    const { calls, user } = await open({
      choose_folder: () => "/media/usb",
      archive_export: () => 42,
    });
    await user.click(screen.getByTestId("archive-export"));
    expect(screen.getByRole("alertdialog")).toHaveTextContent("the files are not encrypted");
    await user.click(screen.getByTestId("archive-export-yes"));
    await waitFor(() =>
      expect(screen.getByTestId("archive-result")).toHaveTextContent(
        "42 days written to /media/usb",
      ),
    );
    expect(calls.find(({ command }) => command === "archive_export")?.args).toMatchObject({
      connectionId: "c1",
      folder: "/media/usb",
    });
  });
  test("a failure is told there", async () => {
    const { user } = await open({
      archive_verify: () => {
        throw refusal({ code: "archive", message: "The folder cannot be read." });
      },
    });
    await user.click(screen.getByTestId("archive-verify"));
    expect(await screen.findByTestId("archive-failure")).toHaveTextContent(
      "The folder cannot be read.",
    );
  });
});

test("a value that is none of the choices is one of them all the same", () => {
  expect(withPresent(KEEP_DAYS, 90, String)).toEqual(KEEP_DAYS);
  expect(withPresent(KEEP_DAYS, 45, (days) => `${days} days`).at(-1)).toEqual({
    value: 45,
    word: "45 days",
  });
});

describe("setup", () => {
  test("keeps the person's name, and an application only where it can be one", async () => {
    const { app, user } = await open();
    const name = screen.getByTestId("person-name");
    await user.type(name, " Jo de Vries {Tab}");
    expect(app.settings.personName).toBe("Jo de Vries");
    const id = screen.getByTestId("sign-in-app-id");
    await user.type(id, "my app{Tab}");
    expect(id).toHaveAttribute("aria-invalid", "true");
    expect(app.settings.signInAppId).toBe("");
    await user.clear(id);
    await user.type(id, `${GUID}{Tab}`);
    expect(id).toHaveAttribute("aria-invalid", "false");
    expect(app.settings.signInAppId).toBe(GUID);
  });
});
