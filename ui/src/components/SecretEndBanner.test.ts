import { cleanup, render, screen, waitFor } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import type { ConnectionInfo } from "../backend";
import { connection, keychain, refusal, secretEnd, startAnswers } from "../backend/samples";
import { answerCommands, settled, stopAnswering, type Answers } from "../backend/testing";
import { APP, AppState } from "../lib/app.svelte";
import { remindersOf } from "../lib/secret-end";
import SecretEndBanner from "./SecretEndBanner.svelte";

afterEach(async () => {
  cleanup();
  await settled();
  stopAnswering();
});

async function open(connections: ConnectionInfo[], answers: Answers = {}) {
  answerCommands(startAnswers({ connections_list: () => connections, ...answers }));
  const app = new AppState();
  app.keychain = keychain();
  await app.readConnections();
  render(SecretEndBanner, { context: new Map([[APP, app]]) });
  return { app, user: userEvent.setup() };
}

const over = secretEnd({ daysLeft: -3, mark: "over", reminder: "over" });

test("nothing is said while there is time, or once it was put off", async () => {
  await open([
    connection({ secretEnd: secretEnd({ mark: null, reminder: null }) }),
    connection({ id: "c2", secretEnd: secretEnd({ reminder: null }) }),
    connection({ id: "c3" }),
  ]);
  expect(screen.queryByTestId("secret-end-banner")).toBeNull();
});

test("the most urgent one is named, with how many more there are", async () => {
  const { app, user } = await open([
    connection({ secretEnd: secretEnd() }),
    connection({ id: "c2", name: "Fabrikam", secretEnd: over }),
  ]);
  const banner = screen.getByTestId("secret-end-banner");
  expect(banner).toHaveTextContent("The client secret of Fabrikam ended 3 Dec 2026.");
  expect(banner).toHaveTextContent("days that are kept here can still be read");
  await user.click(screen.getByText("1 more ends soon"));
  expect(app.view).toBe("connections");
  await user.click(screen.getByTestId("secret-end-replace"));
  expect(app.secretWanted).toBe("c2");
});

test("it is put off until the next one is due; what is over is only hidden", async () => {
  const off = connection({ secretEnd: secretEnd({ reminder: null }) });
  const { app, user } = await open(
    [connection({ secretEnd: secretEnd() }), connection({ id: "c2", secretEnd: over })],
    { credential_put_off: () => off },
  );
  await user.click(screen.getByText("Hide until the next start"));
  expect(remindersOf(app.connections, app.hiddenReminders).map(({ id }) => id)).toEqual(["c1"]);
  await user.click(screen.getByText("Remind me later"));
  await waitFor(() => expect(screen.queryByTestId("secret-end-banner")).toBeNull());
  expect(app.connections[0]?.secretEnd?.mark, "the mark in the list stays").toBe("month");
});

test("a reminder that cannot be put off stays and says why", async () => {
  const { user } = await open([connection({ secretEnd: secretEnd() })], {
    credential_put_off: () => {
      throw refusal({ code: "connectionsReadOnly", message: "The file cannot be written." });
    },
  });
  await user.click(screen.getByTestId("secret-end-later"));
  expect(await screen.findByText("The file cannot be written.")).toBeVisible();
  expect(screen.getByTestId("secret-end-banner")).toBeInTheDocument();
});
