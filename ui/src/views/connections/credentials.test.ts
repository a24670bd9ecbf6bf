import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, describe, expect, test } from "vitest";
import type { ConnectionInfo, Whereabouts } from "../../backend";
import { connection, keychain, refusal, secretEnd, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, tell, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import ConnectView from "../connect/ConnectView.svelte";
import ConnectionsView from "./ConnectionsView.svelte";

const NEW = "new8Q~0123456789abcdefghijklmnopqrstuv~x";

afterEach(async () => {
  cleanup();
  document.querySelector("main")?.remove();
  await settled();
  stopAnswering();
});

const whereabouts = (part: Partial<Whereabouts> = {}): Whereabouts => ({
  place: "keychain",
  store: "GNOME Keyring (Secret Service)",
  sentence: "In GNOME Keyring (Secret Service), and in the memory of this app until it is closed.",
  savedAt: "2026-11-03T08:12:00Z",
  readAt: null,
  items: [
    {
      what: "client secret",
      name: "CIPP Desk client secret",
      labels: [{ label: "username", value: "c1" }],
      tool: "Passwords and Keys (Seahorse)",
      steps: ["Open it.", "Delete it and confirm."],
      command: "secret-tool clear service 'CIPP Desk' username 'c1'",
    },
  ],
  onDisk: [
    {
      what: "Days of its log, encrypted",
      path: "/home/jo/archive/c1",
      bytes: 3.1e6,
      shared: false,
    },
    { what: "Address and IDs", path: "/home/jo/connections.json", bytes: 812, shared: true },
  ],
  nowhere: ["The client secret: it is in no file."],
  ...part,
});

/** The list with one connection, and what its menu leads to. */
async function open(
  answers: Answers = {},
  { of = connection(), item = "" }: { of?: ConnectionInfo; item?: string } = {},
) {
  let list = [of];
  const calls = answerCommands(
    startAnswers({
      connections_list: () => list,
      credential_where: () => whereabouts(),
      check_secret_shape: () => ({ kind: "ok", sentence: "" }),
      connection_cancel_test: () => null,
      ...answers,
    }),
  );
  const app = new AppState();
  app.keychain = keychain();
  await app.readConnections();
  const target = document.body.appendChild(document.createElement("main"));
  render(ConnectionsView, { target, context: new Map([[APP, app]]) });
  const user = userEvent.setup();
  if (item) {
    await user.click(screen.getByTestId("more"));
    await user.click(
      screen.getAllByRole("menuitem").find((each) => each.dataset["item"] === item) as HTMLElement,
    );
  }
  const sent = (command: string) =>
    calls.filter((call) => call.command === command).map(({ args }) => args);
  return { app, calls, sent, user, change: (part: ConnectionInfo[]) => (list = part) };
}

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
async function violations() {
  const { violations: found } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false } },
  });
  return found.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ""}`);
}

describe("where is my secret", () => {
  test("names the store, the item, the way by hand, what is on disk and what is not", async () => {
    const { user } = await open({}, { item: "where" });
    const dialog = await screen.findByTestId("where");
    await waitFor(() =>
      expect(screen.getByTestId("where-sentence")).toHaveTextContent("GNOME Keyring"),
    );
    expect(dialog).toHaveTextContent("not since it was saved");
    await user.click(within(screen.getByTestId("where-item")).getByText(/client secret in/));
    expect(screen.getByTestId("where-item")).toHaveTextContent("secret-tool clear");
    expect(screen.getByTestId("where-disk")).toHaveTextContent("(3.1 MB)");
    expect(screen.getByTestId("where-disk")).toHaveTextContent("shared with other connections");
    expect(screen.getByTestId("where-nowhere")).toHaveTextContent("in no file");
    expect(await violations()).toEqual([]);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByTestId("where")).toBeNull());
    expect(screen.getByTestId("more")).toHaveFocus();
  });

  test("says so when it cannot be told, and tries again", async () => {
    let fine = false;
    const { user } = await open(
      {
        credential_where: () => {
          if (!fine) throw refusal({ message: "The file is damaged." });
          return whereabouts();
        },
      },
      { item: "where" },
    );
    expect(await screen.findByTestId("where-failure")).toHaveTextContent("damaged");
    fine = true;
    await user.click(screen.getByText("Try again"));
    expect(await screen.findByTestId("where-sentence")).toBeInTheDocument();
  });

  test("is there for the sandbox too, without a way to replace anything", async () => {
    await open({}, { of: connection({ sandbox: true, secret: "session" }), item: "where" });
    await screen.findByTestId("where-sentence");
    expect(screen.queryByText("Replace the secret…")).toBeNull();
  });
});

describe("a new secret", () => {
  test("is tested, takes the place of the old one and leaves nothing in the window", async () => {
    let progress: Record<string, unknown> = {};
    let end: (value: unknown) => void = () => undefined;
    const { app, sent, user } = await open(
      {
        credential_replace: (args) => {
          progress = args;
          return new Promise((resolve) => (end = resolve));
        },
      },
      { item: "replace" },
    );
    const field = await screen.findByTestId("replace-secret");
    expect(field).toHaveFocus();
    expect(field).toHaveAttribute("type", "password");
    expect(screen.getByTestId("replace")).toHaveTextContent("the old one stays");
    expect(screen.getByTestId("replace-save")).toBeDisabled();
    await user.type(field, `${NEW}{Enter}`);
    await waitFor(() => expect(sent("credential_replace")).toHaveLength(1));
    expect(sent("credential_replace")[0]).toMatchObject({
      connectionId: "c1",
      secret: { kind: "typed", value: NEW },
    });
    tell(progress, { stage: "signIn", state: "ok", durationMs: 12, detail: "" });
    await waitFor(() => expect(screen.getByTestId("stages")).toHaveTextContent("done"));
    expect(await violations()).toEqual([]);
    end(connection({ secretSavedAt: "2026-11-23T05:00:00Z" }));
    expect(await screen.findByTestId("replace-done")).toHaveTextContent("signs in and reads");
    expect(app.connections[0]?.secretSavedAt).toBe("2026-11-23T05:00:00Z");
    expect(document.documentElement.outerHTML).not.toContain(NEW);
    expect([...document.querySelectorAll("input")].map(({ value }) => value)).not.toContain(NEW);
    expect(JSON.stringify(app.connections)).not.toContain(NEW);
    await user.click(screen.getByTestId("replace-end"));
    expect(await screen.findByTestId("end")).toBeInTheDocument();
  });

  test("that does not work leaves the old one, and says so", async () => {
    const { user } = await open(
      {
        credential_replace: () => {
          throw refusal({ code: "signInRefused", message: "The client secret is wrong." });
        },
      },
      { item: "replace" },
    );
    await user.type(await screen.findByTestId("replace-secret"), `${NEW}{Enter}`);
    const failure = await screen.findByTestId("replace-failure");
    expect(failure).toHaveTextContent("The client secret is wrong.");
    expect(failure).toHaveTextContent("The old secret is still stored, unchanged.");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByText("Cancel"));
    expect(document.documentElement.outerHTML).not.toContain(NEW);
  });

  test("claims nothing about the old one where that is not known", async () => {
    const { user } = await open(
      {
        credential_replace: () => {
          throw refusal({ code: "secretUnsure", message: "It could not be put back." });
        },
      },
      { item: "replace" },
    );
    await user.type(await screen.findByTestId("replace-secret"), `${NEW}{Enter}`);
    expect(await screen.findByTestId("replace-failure")).not.toHaveTextContent("still stored");
  });

  test("that is no secret, or the old one, is named at its field", async () => {
    const { user } = await open(
      {
        check_secret_shape: () => ({ kind: "secretId", sentence: "This is the secret's ID." }),
        credential_replace: () => {
          throw refusal({
            code: "invalidField",
            field: "secret",
            message: "This is the secret that is stored already.",
          });
        },
      },
      { item: "replace" },
    );
    await user.type(await screen.findByTestId("replace-secret"), "x");
    expect(await screen.findByTestId("replace-problem")).toHaveTextContent("secret's ID");
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("replace-problem")).toHaveTextContent("stored already"),
    );
  });

  test("that is being tested can be given up, also by closing", async () => {
    let fail: (error: unknown) => void = () => undefined;
    const { sent, user } = await open(
      { credential_replace: () => new Promise((_, reject) => (fail = reject)) },
      { item: "replace" },
    );
    await user.type(await screen.findByTestId("replace-secret"), `${NEW}{Enter}`);
    await user.click(await screen.findByText("Cancel the test"));
    expect(sent("connection_cancel_test")).toHaveLength(1);
    fail(refusal({ code: "cancelled" }));
    await waitFor(() => expect(screen.getByTestId("replace-save")).toHaveTextContent("Test and"));
    expect(screen.queryByTestId("replace-failure")).toBeNull();
    await user.click(screen.getByTestId("replace-save"));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(sent("connection_cancel_test")).toHaveLength(2));
    fail(refusal({ code: "cancelled" }));
  });
});

describe("the end of a secret", () => {
  test("stands in the list, marked when it is near", async () => {
    await open({}, { of: connection({ secretEnd: secretEnd() }) });
    expect(screen.getByTestId("secret-end")).toHaveTextContent("ends 3 Dec 2026, in 9 days");
    expect(screen.getByTestId("secret-end")).toHaveClass("soon");
    cleanup();
    await open(
      {},
      {
        of: connection({
          secretEnd: secretEnd({ daysLeft: 700, mark: null, reminder: null }),
        }),
      },
    );
    expect(screen.getByTestId("secret-end")).not.toHaveClass("soon");
    cleanup();
    await open(
      {},
      {
        of: connection({ secretEnd: secretEnd({ daysLeft: -1, mark: "over", source: "refused" }) }),
      },
    );
    expect(screen.getByTestId("secret-end")).toHaveTextContent("has expired");
  });

  test("is typed by hand, and forgotten again", async () => {
    let known = secretEnd({ at: "2027-05-31T10:00:00Z", daysLeft: 180, mark: null });
    const { sent, user } = await open(
      {
        credential_set_end: ({ day }) =>
          connection({ secretEnd: day === null ? null : (known = { ...known }) }),
      },
      { item: "end" },
    );
    expect(await screen.findByTestId("end-known")).toHaveTextContent("Nobody has said yet");
    expect(screen.queryByTestId("end-forget")).toBeNull();
    expect(screen.getByTestId("end-keep")).toBeDisabled();
    await user.type(screen.getByTestId("end-day"), "2027-05-31");
    await user.click(screen.getByTestId("end-keep"));
    await waitFor(() => expect(screen.getByTestId("end-known")).toHaveTextContent("31 May 2027"));
    expect(sent("credential_set_end")[0]).toMatchObject({ connectionId: "c1", day: "2027-05-31" });
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("end-forget"));
    await waitFor(() => expect(sent("credential_set_end")[1]).toMatchObject({ day: null }));
    await waitFor(() => expect(screen.getByTestId("end-known")).toHaveTextContent("Nobody has"));
  });

  test("is asked of Entra, or where to sign in for that", async () => {
    let signedIn = false;
    const { app, user } = await open(
      {
        credential_look_up_end: () => {
          if (!signedIn) throw refusal({ code: "notSignedIn", message: "Nobody is signed in." });
          return connection({ secretEnd: secretEnd({ source: "entra", keyId: "k-1" }) });
        },
      },
      { item: "end" },
    );
    await user.click(await screen.findByTestId("end-look-up"));
    expect(await screen.findByTestId("end-failure")).toHaveTextContent("Nobody is signed in.");
    signedIn = true;
    await user.click(screen.getByTestId("end-look-up"));
    await waitFor(() => expect(screen.getByTestId("end-known")).toHaveTextContent("Entra told"));
    expect(screen.getByTestId("end-known")).toHaveTextContent("k-1");
    signedIn = false;
    await user.click(screen.getByTestId("end-look-up"));
    await user.click(await screen.findByTestId("end-sign-in"));
    expect([app.view, app.currentId]).toEqual(["setup", "c1"]);
  });
});

describe("a connection as a file", () => {
  test("is written without the secret and replaces nothing unasked", async () => {
    let there = true;
    const { sent, user } = await open(
      {
        connection_file_name: () => "/home/jo/Downloads/Contoso.json",
        connection_export: ({ overwrite }) => {
          if (there && !overwrite) throw refusal({ code: "fileExists" });
          there = false;
          return null;
        },
      },
      { item: "export" },
    );
    const path = await screen.findByTestId("connection-export-path");
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso.json"));
    expect(screen.getByTestId("connection-export")).toHaveTextContent("does not hold the secret");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("connection-export-save"));
    await user.click(await screen.findByText("Replace it"));
    expect(await screen.findByTestId("connection-export-done")).toHaveTextContent("Contoso.json");
    expect(sent("connection_export").at(-1)).toMatchObject({ connectionId: "c1", overwrite: true });
  });

  test("that comes in fills the form, which asks for the secret alone", async () => {
    const { app, user } = await open({
      choose_connection_file: () => "/home/jo/contoso.json",
      connection_import: () => ({
        name: "Contoso MSP (2)",
        nameTaken: "Contoso MSP",
        apiUrl: "https://cipp.example.net",
        tenantId: "msp.example",
        clientId: "11112222-3333-4444-9555-666677778888",
        authority: null,
        sameAs: "Contoso MSP",
      }),
    });
    await user.click(screen.getByTestId("import-connection"));
    await user.click(await screen.findByText("Choose…"));
    await waitFor(() =>
      expect(screen.getByTestId("connection-import-path")).toHaveValue("/home/jo/contoso.json"),
    );
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("connection-import-open"));
    await waitFor(() => expect(app.view).toBe("connect"));
    cleanup();
    render(ConnectView, { context: new Map([[APP, app]]) });
    expect(screen.getByTestId("imported")).toHaveTextContent("called Contoso MSP already");
    expect(screen.getByTestId("imported")).toHaveTextContent("leads to the same CIPP");
    expect(screen.getByTestId("field-secret")).toHaveFocus();
    expect(screen.getByTestId("field-secret")).toHaveValue("");
    expect(screen.getByDisplayValue("Contoso MSP (2)")).toBeInTheDocument();
    expect(screen.getByDisplayValue("https://cipp.example.net")).toBeInTheDocument();
    // A form that is opened afterwards is not the imported one.
    cleanup();
    app.connect(connection());
    expect(app.imported).toBeNull();
  });

  test("that cannot be used is refused in words, and the dialog stays", async () => {
    const { app, user } = await open({
      connection_import: () => {
        throw refusal({
          code: "notAConnection",
          message: "The field “tenant_id” is missing.",
        });
      },
    });
    await user.click(screen.getByTestId("import-connection"));
    await user.type(await screen.findByTestId("connection-import-path"), "/tmp/x.json{Enter}");
    expect(await screen.findByTestId("connection-import-failure")).toHaveTextContent("tenant_id");
    expect([app.view, app.draft]).toEqual(["first-run", null]);
  });
});

test("a connection is copied as a script that asks for the secret", async () => {
  const { sent, user } = await open(
    {
      connection_script: ({ form }) => `# ${String(form)}\nRead-Host 'Client secret'\n`,
    },
    { item: "script" },
  );
  await waitFor(() =>
    expect(screen.getByTestId("script-text")).toHaveTextContent("# powerShell Read-Host"),
  );
  expect(screen.getByTestId("script")).toHaveTextContent("asks for the secret when it runs");
  await user.click(screen.getByTestId("script-curl"));
  await waitFor(() => expect(screen.getByTestId("script-text")).toHaveTextContent("# curl"));
  expect(sent("connection_script").map(({ form }) => form)).toEqual(["powerShell", "curl"]);
  expect(await violations()).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Copy the script" }));
  expect(await navigator.clipboard.readText()).toBe("# curl\nRead-Host 'Client secret'\n");
});

test("the menu is worked with the keyboard alone", async () => {
  const { user } = await open();
  screen.getByTestId("more").focus();
  await user.keyboard("{Enter}");

  await waitFor(() => expect(document.activeElement).toHaveAttribute("role", "menuitem"));
  await user.keyboard("{ArrowDown}{Enter}");
  expect(await screen.findByTestId("replace-secret")).toHaveFocus();
});

test("what goes with a connection is listed as it is on disk, and cannot be undone", async () => {
  const { user } = await open();
  await user.click(screen.getByTestId("remove"));
  const dialog = await screen.findByTestId("remove-dialog");
  await waitFor(() => expect(dialog).toHaveTextContent("Days of its log, encrypted (3.1 MB)"));
  expect(dialog).toHaveTextContent("This cannot be undone.");
  expect(await violations()).toEqual([]);
});
