/** Opens the checklists on answers of a test, and the states a step can be in. Not part of the app. */
import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { vi } from "vitest";
import type { StepProgress } from "../../backend";
import { checklistView, connection, evidence, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { setupOf } from "./setup.svelte";
import SetupView from "./SetupView.svelte";

type Standing = Partial<Record<string, Partial<StepProgress>>>;
const opened: AppState[] = [];

/** After each test. */
export async function tidy() {
  opened.splice(0).forEach((app) => setupOf(app).waits.stop());
  cleanup();
  document.querySelector("main")?.remove();
  await settled();
  stopAnswering();
}

/** A window on the checklists, as they are there: `app.currentId` and the rest are for the caller. */
export async function show(app: AppState) {
  Element.prototype.scrollIntoView = vi.fn();
  opened.push(app);
  // As in the window, where the view is inside its main part.
  const target =
    document.querySelector("main") ?? document.body.appendChild(document.createElement("main"));
  render(SetupView, { target, context: new Map([[APP, app]]) });
  await screen.findByTestId("step");
}

export const LIST = "enable-the-cipp-api";
export const HOUR = 3_600_000;
export const iso = (ms: number) => new Date(ms).toISOString();
export const ago = (ms: number) => iso(Date.now() - ms);

export async function open(
  standing: Standing = {},
  { answers = {}, connected = true }: { answers?: Answers; connected?: boolean } = {},
) {
  const calls = answerCommands(
    startAnswers({
      connections_list: () => [connection()],
      checklists: () => [checklistView(standing)],
      open_link: () => null,
      set_narrow: () => null,
      ...answers,
    }),
  );
  const app = new AppState();
  await app.readConnections();
  app.currentId = connected ? "c1" : null;
  await show(app);
  const sent = (command: string) =>
    calls.filter((call) => call.command === command).map(({ args }) => args);
  return { app, setup: setupOf(app), calls, sent, user: userEvent.setup() };
}

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
export async function violations() {
  const { violations: found } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false } },
  });
  return found.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ""}`);
}

export const shown = () => screen.getByTestId("step").dataset.step;
export const failed: Partial<StepProgress> = {
  state: {
    kind: "failed",
    at: ago(HOUR),
    check: "cipp-listlogs",
    reason: "CIPP answered 403.",
    remedy: "Give the client the role readonly.",
    evidence: evidence({ fields: [{ name: "status", value: "403" }] }),
  },
  canUndo: true,
};
export const verified: Partial<StepProgress> = {
  state: {
    kind: "verified",
    at: ago(HOUR),
    check: "x",
    hint: "It ends soon.",
    evidence: evidence(),
  },
};
export const confirmed: Partial<StepProgress> = {
  state: { kind: "confirmed", at: ago(HOUR), by: "jo", note: "On paper." },
  canUndo: true,
};
export const couldNot: Partial<StepProgress> = {
  remark: {
    at: ago(HOUR),
    check: "ms-setup-roles",
    cause: "notSignedIn",
    reason: "Nobody is signed in at Microsoft.",
    remedy: "Sign in.",
    evidence: evidence({ requests: [], fields: [], signedInAs: null }),
  },
};
export const waiting = (part: Partial<StepProgress> = {}): Partial<StepProgress> => ({
  state: {
    kind: "waiting",
    since: ago(60_000),
    until: iso(Date.now() + 14 * 60_000),
    retryAt: iso(Date.now() + 60_000),
    reason: "CIPP restarts.",
    last: null,
  },
  countdown: { remainingSeconds: 840, retryInSeconds: 60 },
  ...part,
});
