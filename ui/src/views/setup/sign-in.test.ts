import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SignedIn, SignInAbout } from "../../backend";
import { checklistView, connection, GUID, refusal, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, tell, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { setupOf } from "./setup.svelte";
import { SignInState } from "./sign-in.svelte";
import SetupView from "./SetupView.svelte";

let app: AppState;

beforeEach(() => {
  Element.prototype.scrollIntoView = vi.fn();
});

afterEach(async () => {
  setupOf(app).waits.stop();
  cleanup();
  document.querySelector("main")?.remove();
  await settled();
  stopAnswering();
});

const TENANT = "8f2c6a1e-5b7d-4c3e-9a10-2f4d6b8c0e12";
const about = (part: Partial<SignInAbout> = {}): SignInAbout => ({
  tenantId: TENANT,
  host: "login.microsoftonline.com",
  graphApp: "Microsoft Graph Command Line Tools",
  azureApp: "Microsoft Azure CLI",
  ownApp: false,
  asks: [
    { ask: "basic", scopes: ["User.Read", "MailboxSettings.Read"] },
    { ask: "directory", scopes: ["Directory.Read.All", "Policy.Read.All"] },
    { ask: "azure", scopes: ["user_impersonation"] },
  ],
  ...part,
});
const anna = (part: Partial<SignedIn> = {}): SignedIn => ({
  upn: "anna@msp.example",
  name: "Anna",
  tenantId: TENANT,
  scopes: ["Directory.Read.All"],
  azure: false,
  allowed: ["basic", "directory"],
  ...part,
});

async function open(answers: Answers = {}) {
  const calls = answerCommands(
    startAnswers({
      connections_list: () => [connection()],
      checklists: () => [checklistView()],
      sign_in_about: () => about(),
      sign_in_cancel: () => null,
      sign_in_open_page: () => null,
      sign_out: () => null,
      ...answers,
    }),
  );
  app = new AppState();
  await app.readConnections();
  app.currentId = "c1";
  // As in the window, where the view is inside its main part.
  const target = document.body.appendChild(document.createElement("main"));
  render(SetupView, { target, context: new Map([[APP, app]]) });
  await screen.findByTestId("step");
  const user = userEvent.setup();
  const sent = (command: string) =>
    calls.filter((call) => call.command === command).map(({ args }) => args);
  return { user, sent };
}

async function panel(answers: Answers = {}) {
  const opened = await open(answers);
  await opened.user.click(screen.getByTestId("setup-sign-in"));
  await screen.findByTestId("sign-in-panel");
  return opened;
}

/** A sign-in that goes on until the test ends it. */
function pending() {
  let args: Record<string, unknown> = {};
  let resolve: (person: SignedIn) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  return {
    answer: (given: Record<string, unknown>) => {
      args = given;
      return new Promise<SignedIn>((yes, no) => {
        resolve = yes;
        reject = no;
      });
    },
    tell: (message: unknown) => tell(args, message),
    done: (person: SignedIn) => resolve(person),
    fail: (error: unknown) => reject(error),
  };
}

describe("before a browser opens", () => {
  test("it is said what Microsoft calls it, what is asked, and that nothing is changed or kept", async () => {
    const { sent } = await panel();
    const words = await screen.findByTestId("sign-in-words");
    expect(words).toHaveTextContent("login.microsoftonline.com");
    expect(words).toHaveTextContent("Microsoft Graph Command Line Tools");
    expect(words).toHaveTextContent("Directory.Read.All, Policy.Read.All.");
    expect(words).toHaveTextContent("only reads and changes nothing");
    expect(words).toHaveTextContent("never written to disk");
    expect(sent("sign_in")).toEqual([]);
    const result = await axe.run(screen.getByTestId("sign-in-panel"), {
      rules: { "color-contrast": { enabled: false } },
    });
    expect(result.violations.map(({ id }) => id)).toEqual([]);
  });
  test("the words follow what is chosen, and an application of one's own is named so", async () => {
    const { user } = await panel({ sign_in_about: () => about({ ownApp: true }) });
    await user.click(await screen.findByTestId("ask-azure"));
    const words = screen.getByTestId("sign-in-words");
    expect(words).toHaveTextContent("Microsoft Azure CLI");
    expect(words).toHaveTextContent("user_impersonation");
    expect(words).toHaveTextContent("the application you entered in the settings");
  });
});

describe("in the browser", () => {
  test("the window waits, names the page, and knows the person afterwards", async () => {
    const sign = pending();
    const { user, sent } = await panel({ sign_in: sign.answer });
    await user.click(await screen.findByTestId("sign-in"));
    sign.tell({
      kind: "browser",
      url: "https://login.microsoftonline.com/x",
      opened: true,
      app: "Microsoft Graph Command Line Tools",
      seconds: 300,
    });
    await waitFor(() =>
      expect(screen.getByTestId("sign-in-progress")).toHaveTextContent("It waits 5 minutes."),
    );
    await user.click(screen.getByText("Open the page again"));
    expect(sent("sign_in_open_page")).toHaveLength(1);
    sign.done(anna());
    expect(await screen.findByTestId("signed-in-as")).toHaveTextContent("anna@msp.example");
    expect(sent("sign_in")[0]).toMatchObject({ connectionId: "c1", ask: "directory" });
    // What is allowed already is not asked for again; the next useful thing is proposed.
    expect(screen.getByTestId("ask-directory")).toBeDisabled();
    expect(screen.getByTestId("ask-signInMethods")).toBeChecked();
    await user.click(screen.getByTestId("sign-in-close"));
    expect(screen.getByTestId("setup-sign-in")).toHaveTextContent("anna@msp.example");
  });
  test("that could not be opened the address is shown to be opened by hand", async () => {
    const sign = pending();
    const { user } = await panel({ sign_in: sign.answer });
    await user.click(await screen.findByTestId("sign-in"));
    sign.tell({
      kind: "browser",
      url: "https://x.example/a",
      opened: false,
      app: "A",
      seconds: 60,
    });
    await waitFor(() =>
      expect(screen.getByTestId("sign-in-progress")).toHaveTextContent("https://x.example/a"),
    );
    expect(screen.getByTestId("sign-in-progress")).toHaveTextContent("It waits 1 minute.");
  });
  test("a cancelled sign-in is no error; another end is told in words", async () => {
    const sign = pending();
    const { user, sent } = await panel({ sign_in: sign.answer });
    await user.click(await screen.findByTestId("sign-in"));
    await user.click(await screen.findByTestId("sign-in-cancel"));
    expect(sent("sign_in_cancel")).toHaveLength(1);
    sign.fail(refusal({ code: "cancelled" }));
    await user.click(await screen.findByTestId("sign-in"));
    expect(screen.queryByTestId("sign-in-failure")).toBeNull();
    sign.fail(refusal({ code: "wrongPerson", message: "That was another tenant." }));
    expect(await screen.findByTestId("sign-in-failure")).toHaveTextContent("another tenant");
    expect(screen.getByTestId("sign-in")).toBeEnabled();
  });
});

describe("by a code", () => {
  test("code and page are shown, to be copied", async () => {
    const sign = pending();
    const { user } = await panel({ sign_in_device: sign.answer });
    await user.click(await screen.findByTestId("sign-in-device"));
    sign.tell({
      kind: "deviceCode",
      code: "ABCD1234",
      url: "https://microsoft.com/devicelogin",
      app: "Microsoft Graph Command Line Tools",
      seconds: 900,
    });
    await waitFor(() => expect(screen.getByTestId("device-code")).toHaveTextContent("ABCD1234"));
    expect(screen.getByTestId("device-page")).toHaveTextContent("microsoft.com/devicelogin");
    expect(screen.getByLabelText("Copy the code")).toBeVisible();
    sign.done(anna());
    expect(await screen.findByTestId("signed-in-as")).toHaveTextContent("anna@msp.example");
  });
});

describe("who is signed in", () => {
  test("is known when the view opens, and forgotten on signing out", async () => {
    const { user, sent } = await open({ signed_in: () => anna() });
    await waitFor(() =>
      expect(screen.getByTestId("setup-sign-in")).toHaveTextContent("anna@msp.example"),
    );
    await user.click(screen.getByTestId("setup-sign-in"));
    await user.click(await screen.findByTestId("sign-out"));
    await waitFor(() => expect(screen.queryByTestId("signed-in-as")).toBeNull());
    expect(sent("sign_out")).toHaveLength(1);
    await user.click(screen.getByTestId("sign-in-close"));
    expect(screen.getByTestId("setup-sign-in")).toHaveTextContent("Sign in to Microsoft…");
  });
  test("is nobody at another connection, whatever comes late", async () => {
    const sign = pending();
    const { user } = await panel({
      connections_list: () => [connection(), connection({ id: "c2", name: "Northwind" })],
      sign_in: sign.answer,
    });
    await user.click(await screen.findByTestId("sign-in"));
    app.currentId = "c2";
    await waitFor(() => expect(screen.queryByTestId("sign-in-panel")).toBeNull());
    sign.done(anna());
    await settled();
    expect(screen.getByTestId("setup-sign-in")).toHaveTextContent("Sign in to Microsoft…");
  });
});

test("the focus stays in the dialog when its button goes: keys are never those of the page below", async () => {
  const { user } = await open({ sign_in: () => new Promise(() => undefined) });
  await user.click(screen.getByTestId("setup-sign-in"));
  await user.click(await screen.findByTestId("sign-in"));
  await screen.findByTestId("sign-in-progress");
  await waitFor(() =>
    expect(screen.getByTestId("sign-in-panel").contains(document.activeElement)).toBe(true),
  );
  await user.keyboard("y");
  expect(screen.queryByTestId("confirm-form")).toBeNull();
});

describe("an answer that comes late", () => {
  async function known(answers: Answers) {
    answerCommands(startAnswers({ sign_in_about: () => about(), ...answers }));
    const microsoft = new SignInState();
    await microsoft.of("c1");
    return microsoft;
  }

  test("to who was signed in before does not take away who is now", async () => {
    let answer: (value: unknown) => void = () => undefined;
    let late = false;
    const microsoft = await known({
      signed_in: () => (late ? new Promise((resolve) => (answer = resolve)) : null),
      sign_in: () => anna(),
    });
    late = true;
    const asked = microsoft.refresh();
    await microsoft.begin("browser");
    answer(null);
    await asked;
    expect(microsoft.person?.upn).toBe("anna@msp.example");
  });

  test("of a failure is not shown at another connection", async () => {
    let fail: (error: unknown) => void = () => undefined;
    const microsoft = await known({
      sign_in_about: () => new Promise((_, reject) => (fail = reject)),
    });
    const shown = microsoft.show();
    await microsoft.of("c2");
    fail(refusal());
    await shown;
    expect(microsoft.failure).toBeNull();
  });
});

test("what a person knows of a set-up is kept for its connection", async () => {
  await open();
  const setup = setupOf(app);
  const { default: FactsDialog } = await import("./FactsDialog.svelte");
  const close = vi.fn();
  render(FactsDialog, { setup, onclose: close });
  const user = userEvent.setup();
  await user.type(screen.getByTestId("facts-account"), " cipp@msp.example ");
  await user.type(screen.getByTestId("facts-samAppId"), `${GUID}{Enter}`);
  expect(close).toHaveBeenCalled();
  expect(app.settings.setupFacts).toEqual({
    c1: { account: "cipp@msp.example", samAppId: GUID },
  });
});
