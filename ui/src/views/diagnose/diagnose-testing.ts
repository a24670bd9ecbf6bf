/** Opens the ladder on answers of a test. Not part of the app. */
import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { vi } from "vitest";
import type { ConnectionInfo, Diagnosis, RungOutcome } from "../../backend";
import { connection, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, tell, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { diagnoseOf } from "./diagnose.svelte";
import DiagnoseView from "./DiagnoseView.svelte";

const opened: AppState[] = [];

/** After each test. */
export async function tidy() {
  opened.splice(0).forEach((app) => diagnoseOf(app).waiting.stop());
  vi.useRealTimers();
  cleanup();
  document.querySelector("main")?.remove();
  await settled();
  stopAnswering();
}

/** A run of the ladder that ends when the test says so. */
export class FakeRun {
  runs: { args: Record<string, unknown>; end: (diagnosis: Diagnosis) => void }[] = [];

  readonly answers: Answers = {
    diagnose: (args) => new Promise<Diagnosis>((resolve) => this.runs.push({ args, end: resolve })),
  };

  get last() {
    const last = this.runs.at(-1);
    if (!last) throw new Error("nothing was run");
    return last;
  }

  tell(outcome: RungOutcome, run = this.last) {
    tell(run.args, outcome);
  }
}

/** The state alone, without a page. */
export async function state(answers: Answers = {}, listed: ConnectionInfo[] = [connection()]) {
  const calls = answerCommands(
    startAnswers({
      connections_list: () => listed,
      diagnose_cancel: () => null,
      open_link: () => null,
      ...answers,
    }),
  );
  const app = new AppState();
  opened.push(app);
  await app.readConnections();
  app.currentId = listed[0]?.id ?? null;
  const sent = (command: string) =>
    calls.filter((call) => call.command === command).map(({ args }) => args);
  return { app, ladder: diagnoseOf(app), calls, sent };
}

export async function open(answers: Answers = {}, listed?: ConnectionInfo[]) {
  const made = await state(answers, listed);
  Element.prototype.scrollIntoView = vi.fn();
  const target =
    document.querySelector("main") ?? document.body.appendChild(document.createElement("main"));
  render(DiagnoseView, { target, context: new Map([[APP, made.app]]) });
  await screen.findByTestId("diagnose");
  await settled();
  return { ...made, user: userEvent.setup() };
}

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
export async function violations() {
  const { violations: found } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false } },
  });
  return found.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ""}`);
}

export const rung = (name: string): HTMLElement => {
  const found = screen.getAllByTestId("rung").find(({ dataset }) => dataset.rung === name);
  if (!found) throw new Error(`no rung ${name}`);
  return found;
};
