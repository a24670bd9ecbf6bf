import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { checklist, startAnswers } from "../../backend/samples";
import { answerCommands, stopAnswering } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import SetupView from "./SetupView.svelte";

afterEach(() => {
  cleanup();
  stopAnswering();
});

test("a step is ticked, counted, and un-ticked; its link opens outside", async () => {
  const list = checklist();
  const calls = answerCommands(
    startAnswers({
      checklist_tick: ({ ticked }) => {
        const changed = structuredClone(list);
        for (const step of changed.groups.flatMap(({ steps }) => steps)) {
          step.ticked = ticked === true;
          step.tickedAt = step.ticked ? "2026-11-03T08:20:00Z" : null;
        }
        return changed;
      },
      open_link: () => null,
    }),
  );
  const user = userEvent.setup();
  render(SetupView, { context: new Map([[APP, new AppState()]]) });
  const tick = await screen.findByTestId<HTMLInputElement>("tick");
  expect(screen.getByTestId("setup-for")).toHaveTextContent("no connection yet");
  expect(screen.getByTestId("setup-progress")).toHaveTextContent("0 of 1 done");

  await user.click(tick);
  await waitFor(() =>
    expect(screen.getByTestId("setup-progress")).toHaveTextContent("1 of 1 done"),
  );
  expect(screen.getByTestId("step")).toHaveTextContent("Ticked by you, 3 Nov 2026, 09:20");
  await user.click(tick);
  await waitFor(() =>
    expect(screen.getByTestId("setup-progress")).toHaveTextContent("0 of 1 done"),
  );
  expect(
    calls.filter(({ command }) => command === "checklist_tick").map(({ args }) => args),
  ).toEqual([
    { connectionId: null, checklistId: list.id, stepId: "create", ticked: true },
    { connectionId: null, checklistId: list.id, stepId: "create", ticked: false },
  ]);

  await user.click(screen.getByRole("button", { name: "CIPP manual" }));
  expect(calls.at(-1)).toEqual({ command: "open_link", args: { url: "https://docs.cipp.app/" } });
});
