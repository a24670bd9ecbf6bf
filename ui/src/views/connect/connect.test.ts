import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { connection, GUID, keychain, refusal, startAnswers } from "../../backend/samples";
import {
  answerCommands,
  settled,
  stopAnswering,
  tell,
  type Answers,
  type Call,
} from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import ConnectView from "./ConnectView.svelte";

const SECRET = "Abc8Q~not-a-real-secret-0123456789abcdef";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
});

function open(answers: Answers = {}, editing = false) {
  const calls = answerCommands(
    startAnswers({
      check_field: () => null,
      check_secret_shape: ({ value }) =>
        value === GUID
          ? { kind: "secretId", sentence: "This is the secret's ID, not its value." }
          : { kind: "ok", sentence: "" },
      connection_save: () => connection({ id: "c9" }),
      connections_list: () => [connection({ id: "c9" })],
      connection_cancel_test: () => null,
      forget_draft: () => null,
      ...answers,
    }),
  );
  const app = new AppState();
  app.keychain = keychain();
  if (editing) app.connect(connection());
  const view = render(ConnectView, { context: new Map([[APP, app]]) });
  return { app, calls, view, user: userEvent.setup() };
}

const field = (name: string) => screen.getByTestId<HTMLInputElement>(`field-${name}`);
const called = (calls: Call[], command: string) => calls.filter((call) => call.command === command);

async function fill(user: ReturnType<typeof userEvent.setup>) {
  await user.type(field("apiUrl"), "https://cipp-k7x2q.azurewebsites.net");
  await user.type(field("tenantId"), "contoso.com");
  await user.type(field("clientId"), GUID);
  await user.type(field("name"), "Contoso");
  await user.type(field("secret"), SECRET);
}

test("Enter tests and saves; the secret is gone from the form before the next view", async () => {
  const held: string[] = [];
  const { app, calls, user } = open({
    connections_list: () => {
      held.push(field("secret").value);
      return [connection({ id: "c9" })];
    },
  });
  await fill(user);
  await user.keyboard("{Enter}");
  await waitFor(() => expect(app.view).toBe("logs"));
  expect(called(calls, "connection_save")[0]?.args.input).toMatchObject({
    id: null,
    apiUrl: "https://cipp-k7x2q.azurewebsites.net",
    authority: null,
    secret: { kind: "typed", value: SECRET },
    test: true,
  });
  await waitFor(() => expect(field("secret").value).toBe(""));
  expect(JSON.stringify(app.draft)).not.toContain(SECRET);
  expect(held).toHaveLength(1);
});

test("the secret is a password field that no browser fills or keeps", () => {
  open();
  expect(field("secret")).toHaveAttribute("type", "password");
  expect(field("secret")).toHaveAttribute("autocomplete", "off");
});

test("a secret ID is called one while typing, and is never sent for saving", async () => {
  const { calls, user } = open();
  await fill(user);
  await user.clear(field("secret"));
  await user.type(field("secret"), GUID);
  expect(await screen.findByTestId("problem-secret")).toHaveTextContent("secret's ID");
  await user.keyboard("{Enter}");
  await waitFor(() => expect(field("secret")).toHaveAttribute("aria-invalid", "true"));
  expect(called(calls, "connection_save")).toHaveLength(0);
});

test("a wrong value is told under its field, once typing has paused", async () => {
  const { calls, user } = open({
    check_field: ({ field: name, value }) =>
      name === "clientId" && value === "3b9d"
        ? { problem: "A client ID has 36 characters.", remedy: "Copy it from the table." }
        : null,
  });
  await user.type(field("clientId"), "3b9d");
  expect(await screen.findByTestId("problem-clientId")).toHaveTextContent(
    "A client ID has 36 characters. Copy it from the table.",
  );
  expect(field("clientId")).toHaveAccessibleDescription(/36 characters/);
  expect(called(calls, "check_field")).toHaveLength(1);
});

test("what was pasted fills the form, while its secret stays in Rust", async () => {
  const { calls, user } = open({
    recognise: () => ({
      draftId: "d1",
      apiUrl: "https://cipp-k7x2q.azurewebsites.net",
      tenantId: "contoso.com",
      clientId: GUID,
      secretFound: true,
      notes: [{ code: "pathRemoved", sentence: "The path was left out." }],
    }),
  });
  const box = screen.getByTestId<HTMLTextAreaElement>("paste");
  await user.click(box);
  await user.paste(`secret ${SECRET}`);
  expect(await screen.findByTestId("recognised")).toHaveTextContent("The path was left out.");
  expect(box.value).toBe("");
  expect(field("clientId").value).toBe(GUID);
  expect(field("name").value).toBe("cipp-k7x2q");
  expect(screen.getByTestId("secret-recognised")).toBeVisible();
  expect(document.body.innerHTML).not.toContain(SECRET);
  await user.click(screen.getByTestId("test-and-save"));
  await waitFor(() => expect(called(calls, "connection_save")).toHaveLength(1));
  expect(called(calls, "connection_save")[0]?.args.input).toMatchObject({
    secret: { kind: "draft", draftId: "d1" },
  });
});

test("a failed test says why, keeps the entries, and marks the field it is about", async () => {
  const { app, user } = open({
    connection_save: (args) => {
      tell(args, { stage: "address", state: "failed", durationMs: 12, detail: "" });
      throw refusal({
        code: "wrongAddress",
        message: "This is the website of CIPP.",
        remedy: "Use the API address.",
        field: "apiUrl",
      });
    },
  });
  await fill(user);
  await user.keyboard("{Enter}");
  expect(await screen.findByTestId("connect-failure")).toHaveTextContent("Use the API address.");
  expect(field("apiUrl")).toHaveAttribute("aria-invalid", "true");
  expect(field("apiUrl")).toHaveFocus();
  expect(field("name").value).toBe("Contoso");
  expect(screen.getByTestId("stages").querySelector("[data-stage=address]")).toHaveAttribute(
    "data-state",
    "failed",
  );
  expect(app.view).not.toBe("logs");
});

test("Esc cancels a running test, and leaves the form only when none runs", async () => {
  let finish: (error: unknown) => void = () => undefined;
  const { app, calls, user } = open({
    connection_save: () => new Promise((_, reject) => (finish = reject)),
    connection_cancel_test: () => {
      finish(refusal({ code: "cancelled" }));
      return null;
    },
  });
  app.view = "connect";
  await fill(user);
  await user.keyboard("{Enter}");
  await screen.findByTestId("cancel-test");
  await user.keyboard("{Escape}");
  await screen.findByTestId("connect-cancel");
  expect(called(calls, "connection_cancel_test")).toHaveLength(1);
  expect(app.view).toBe("connect");
  expect(screen.queryByTestId("connect-failure")).toBeNull();
  field("name").focus();
  await user.keyboard("{Escape}");
  expect(app.view).toBe("first-run");
});

test("leaving half-way keeps everything but the secret", async () => {
  const { app, calls, user, view } = open();
  await fill(user);
  view.unmount();
  expect(app.draft).toMatchObject({ name: "Contoso", tenantId: "contoso.com" });
  expect(JSON.stringify(app.draft)).not.toContain(SECRET);
  expect(called(calls, "connection_save")).toHaveLength(0);
  render(ConnectView, { context: new Map([[APP, app]]) });
  expect(field("name").value).toBe("Contoso");
  expect(field("secret").value).toBe("");
});

test("a stored secret is named, never shown, and stays unless replaced", async () => {
  const { calls, user } = open({}, true);
  expect(screen.getByTestId("secret-stored")).toHaveTextContent(
    "Stored in GNOME Keyring (Secret Service), saved 3 Nov 2026",
  );
  expect(screen.queryByTestId("field-secret")).toBeNull();
  await user.click(screen.getByTestId("test-and-save"));
  await waitFor(() => expect(called(calls, "connection_save")).toHaveLength(1));
  expect(called(calls, "connection_save")[0]?.args.input).toMatchObject({
    id: "c1",
    authority: null,
    secret: { kind: "keep" },
  });
});

test("Replace offers an empty field", async () => {
  const { user } = open({}, true);
  await user.click(screen.getByTestId("secret-replace"));
  expect(field("secret").value).toBe("");
});
