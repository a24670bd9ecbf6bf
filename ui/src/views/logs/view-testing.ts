/** Opens the log view on a fake log, for tests. Not part of the app. */
import { render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { vi } from "vitest";
import { connection, row, settings, startAnswers, type FakeLog } from "../../backend/samples";
import { answerCommands, settled, type Answers, type Call } from "../../backend/testing";
import type { LogProgress, LogRow, Settings } from "../../backend";
import { APP, AppState } from "../../lib/app.svelte";
import { ROW_HEIGHT } from "../../lib/virtual";
import LogsView from "./LogsView.svelte";

export const many = (count: number, part: (i: number) => Partial<LogRow> = () => ({})) =>
  Array.from({ length: count }, (_, i) => row(i, part(i)));

export const called = (calls: Call[], command: string) =>
  calls.filter((call) => call.command === command);

interface Options {
  answers?: Answers;
  settings?: Partial<Settings>;
  progress?: Partial<LogProgress> | null;
}

export async function openView(log: FakeLog, options: Options = {}) {
  // happy-dom lays nothing out: the grid gets a size here.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(11 * ROW_HEIGHT);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollIntoView = vi.fn();
  const calls = answerCommands(
    startAnswers({
      connections_list: () => [connection()],
      settings: () => settings({ lastConnectionId: "c1", ...options.settings }),
      ...log.answers,
      ...options.answers,
    }),
  );
  const app = new AppState();
  await app.start();
  render(LogsView, { context: new Map([[APP, app]]) });
  await waitFor(() => {
    if (called(calls, "logs_show").length === 0) throw new Error("nothing is shown yet");
  });
  await settled();
  if (options.progress !== null) log.progress(options.progress);
  await settled();
  return { app, calls, log, user: userEvent.setup() };
}

export { settled };

export const rowsShown = () => screen.findAllByTestId("log-row");
export const filterBox = () => screen.getByTestId<HTMLInputElement>("filter");
