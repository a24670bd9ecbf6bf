import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { connection, keychain, refusal, startAnswers } from "../../backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import ConnectionsView from "./ConnectionsView.svelte";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
});

const FACTS = { account: "cipp@msp.example", samAppId: "", subscription: "", site: "" };

/** Two connections with something in the settings for each, and the question whether the first shall go. */
async function askAboutTheFirst(answers: Answers) {
  let left = [connection({ id: "c1" }), connection({ id: "c2", name: "Fabrikam" })];
  const remove = () => {
    left = left.slice(1);
    return null;
  };
  const calls = answerCommands(
    startAnswers({
      connections_list: () => left,
      connection_remove: remove,
      settings_save: () => null,
      ...Object.fromEntries(
        Object.entries(answers).map(([name, answer]) => [
          name,
          (args: Record<string, unknown>) => {
            remove();
            return answer(args);
          },
        ]),
      ),
    }),
  );
  const app = new AppState();
  app.keychain = keychain();
  app.settings = {
    ...app.settings,
    lastConnectionId: "c1",
    setupFacts: { c1: FACTS, c2: FACTS },
    setupPlaces: { "c1/": "list", "c1/list": "step", "c2/list": "step", "none/list": "step" },
  };
  await app.readConnections();
  render(ConnectionsView, { context: new Map([[APP, app]]) });
  const user = userEvent.setup();
  await user.click(screen.getAllByTestId("remove")[0] as HTMLElement);
  return { app, calls, user };
}

test("says what goes with a connection, and the settings keep nothing of it", async () => {
  const { app, calls, user } = await askAboutTheFirst({});
  const dialog = screen.getByTestId("remove-dialog");
  for (const told of ["client secret", "log", "checklists", "set-up", "time zone"]) {
    expect(dialog).toHaveTextContent(told);
  }
  await user.click(screen.getByTestId("remove-confirm"));
  await waitFor(() => expect(calls.some(({ command }) => command === "settings_save")).toBe(true));
  const saved = calls.find(({ command }) => command === "settings_save")?.args["settings"];
  expect(saved).toMatchObject({
    lastConnectionId: null,
    setupFacts: { c2: FACTS },
    setupPlaces: { "c2/list": "step", "none/list": "step" },
  });
  expect(JSON.stringify(saved)).not.toContain("c1");
  expect(Object.keys(app.settings.setupFacts)).toEqual(["c2"]);
});

test("a connection that went in spite of a failure leaves nothing in the settings either", async () => {
  const { app, user } = await askAboutTheFirst({
    connection_remove: () => {
      throw refusal({ code: "keychainLocked" });
    },
  });
  await user.click(screen.getByTestId("remove-confirm"));
  await waitFor(() => expect(Object.keys(app.settings.setupFacts)).toEqual(["c2"]));
  expect(app.connections.map(({ id }) => id)).toEqual(["c2"]);
  expect(screen.getByTestId("remove-dialog")).toBeInTheDocument();
});
