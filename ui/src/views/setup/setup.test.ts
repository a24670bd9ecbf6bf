import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Change, StepProgress } from "../../backend";
import {
  checklistView,
  connection,
  evidence,
  refusal,
  startAnswers,
  stepProgress,
} from "../../backend/samples";
import { answerCommands, settled, stopAnswering, tell, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import { setupOf } from "./setup.svelte";
import SetupView from "./SetupView.svelte";

type Standing = Partial<Record<string, Partial<StepProgress>>>;
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

const LIST = "enable-the-cipp-api";
const HOUR = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();
const ago = (ms: number) => iso(Date.now() - ms);

async function open(
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
  app = new AppState();
  await app.readConnections();
  app.currentId = connected ? "c1" : null;
  // As in the window, where the view is inside its main part.
  const target = document.body.appendChild(document.createElement("main"));
  render(SetupView, { target, context: new Map([[APP, app]]) });
  await screen.findByTestId("step");
  const sent = (command: string) =>
    calls.filter((call) => call.command === command).map(({ args }) => args);
  return { calls, sent, user: userEvent.setup() };
}

/** Contrast needs real layout and is held by tokens.test.ts and the test in the real window. */
async function violations() {
  const { violations: found } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false } },
  });
  return found.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ""}`);
}

const shown = () => screen.getByTestId("step").dataset.step;
const failed: Partial<StepProgress> = {
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
const verified: Partial<StepProgress> = {
  state: {
    kind: "verified",
    at: ago(HOUR),
    check: "x",
    hint: "It ends soon.",
    evidence: evidence(),
  },
};
const confirmed: Partial<StepProgress> = {
  state: { kind: "confirmed", at: ago(HOUR), by: "jo", note: "On paper." },
  canUndo: true,
};
const couldNot: Partial<StepProgress> = {
  remark: {
    at: ago(HOUR),
    check: "ms-setup-roles",
    cause: "notSignedIn",
    reason: "Nobody is signed in at Microsoft.",
    remedy: "Sign in.",
    evidence: evidence({ requests: [], fields: [], signedInAs: null }),
  },
};
const waiting = (part: Partial<StepProgress> = {}): Partial<StepProgress> => ({
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

describe("a step", () => {
  test("is shown in full: what to do, where, who, why, what it unlocks, traps, proof, source", async () => {
    const { sent, user } = await open({ create: failed });
    await user.click(screen.getByTestId("step-create"));
    expect(screen.getByTestId("step-title")).toHaveTextContent("Create the API client");
    expect(
      within(screen.getByTestId("step-actions"))
        .getAllByRole("listitem")
        .map((e) => e.textContent),
    ).toEqual(["Open the page.", "Press the button."]);
    expect(screen.getByTestId("step-place")).toHaveTextContent("CIPP > Integrations > CIPP-API");
    expect(screen.getByTestId("step-who")).toHaveTextContent("CIPP admin");
    expect(screen.getByTestId("step-why")).toHaveTextContent("how the API knows us");
    expect(screen.getByTestId("step-traps")).toHaveTextContent("The secret is shown once.");
    expect(screen.getByLabelText("Copy AdminAgents")).toBeVisible();
    const how = screen.getByTestId("how-we-know");
    expect(how).toHaveTextContent("GET /api/ListLogs answers 200 and a list.");
    expect(how).toHaveTextContent("Status 200");
    expect(how).toHaveTextContent("403");
    expect(how).toHaveTextContent("Asked as the API client");
    expect(screen.getByTestId("step-source")).toHaveTextContent("reviewed 2026-11-22");
    const state = screen.getByTestId("step-state");
    expect(state).toHaveTextContent("Failed");
    expect(state).toHaveTextContent("Give the client the role readonly.");

    const link = screen.getByTestId("step-link");
    expect(link).toHaveAccessibleName(/docs\.cipp\.app/);
    await user.click(link);
    expect(sent("open_link")).toEqual([{ url: "https://docs.cipp.app/api" }]);
    await user.click(within(screen.getByTestId("step-unlocks")).getByText(/Wait for the restart/));
    expect(shown()).toBe("wait");
    expect(await violations()).toEqual([]);
  });

  test("that nothing can see says why, and offers no check", async () => {
    const { user } = await open();
    await user.click(screen.getByTestId("step-know"));
    expect(screen.getByTestId("how-we-know")).toHaveTextContent(
      "Nothing can see it, so you confirm it. No request shows it.",
    );
    expect(screen.queryByTestId("step-check")).toBeNull();
  });

  test("of an older way points to the one that replaced it", async () => {
    const { user } = await open();
    await user.click(screen.getByTestId("step-clean"));
    await user.click(within(screen.getByTestId("replaced-by")).getByText("Create the API client"));
    expect(shown()).toBe("create");
  });

  test("has its state in the list as a shape and as words", async () => {
    await open({
      know: confirmed,
      create: { ...verified, staleDays: 32 },
      wait: waiting(),
      roles: couldNot,
      clean: { due: { at: iso(Date.now() + 5 * HOUR + 60_000), state: "open" } },
    });
    const name = (id: string) => screen.getByTestId(`step-${id}`).textContent.replace(/\s+/g, " ");
    expect(name("know")).toContain("Confirmed by hand");
    expect(name("create")).toContain("Verified 32 days ago, check again");
    expect(name("wait")).toContain("Waiting 14:00");
    expect(name("roles")).toContain("To do");
    expect(name("roles")).toContain("Could not check");
    expect(name("clean")).toContain("Due in 5 hours");
    const shapes = [...document.querySelectorAll("nav [data-shape]")].map(
      (mark) => (mark as HTMLElement).dataset.shape,
    );
    expect(shapes).toEqual(["confirmed", "stale", "waiting", "todo", "todo"]);
    expect(await violations()).toEqual([]);
  });
});

describe("a person", () => {
  test("finds the lists alive after another view was seen meanwhile", async () => {
    const { user } = await open();
    cleanup();
    const target = document.querySelector("main")!;
    render(SetupView, { target, context: new Map([[APP, app]]) });
    await user.click(await screen.findByTestId("step-roles"));
    expect(shown()).toBe("roles");
  });

  const keeps = (state: Partial<StepProgress>): Answers => ({
    checklist_change: ({ stepId }) => checklistView({ [stepId as string]: state }),
  });
  const changes = (args: Record<string, unknown>[]) => args.map(({ change }) => change as Change);

  test("confirms by hand with a note, and takes it back", async () => {
    const { sent, user } = await open({}, { answers: keeps(confirmed) });
    await user.click(screen.getByTestId("step-create"));
    await user.click(screen.getByTestId("step-confirm"));
    await waitFor(() => expect(screen.getByTestId("confirm-note")).toHaveFocus());
    await user.keyboard("On paper.{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("step-state")).toHaveTextContent("Confirmed by hand"),
    );
    expect(screen.getByTestId("step-state")).toHaveTextContent("by jo");
    await waitFor(() => expect(screen.getByTestId("step-check")).toHaveFocus());
    await user.click(screen.getByTestId("step-undo"));
    expect(sent("checklist_change")[0]).toMatchObject({
      connectionId: "c1",
      checklistId: LIST,
      stepId: "create",
    });
    expect(changes(sent("checklist_change"))).toEqual([
      { kind: "confirm", note: "On paper." },
      { kind: "undo" },
    ]);
  });

  test("says why a step does not apply: without a reason it is not kept", async () => {
    const answers = keeps({
      state: { kind: "notApplicable", at: ago(0), by: "jo", reason: "Hosted." },
    });
    const { sent, user } = await open({}, { answers });
    await user.click(screen.getByTestId("step-na"));
    await user.click(screen.getByTestId("na-save"));
    expect(screen.getByRole("alert")).toHaveTextContent("Say why");
    expect(screen.getByTestId("na-reason")).toHaveFocus();
    expect(sent("checklist_change")).toEqual([]);
    await user.type(screen.getByTestId("na-reason"), "Hosted.");
    await user.click(screen.getByTestId("na-save"));
    await waitFor(() =>
      expect(screen.getByTestId("step-state")).toHaveTextContent("Because: Hosted."),
    );
    expect(changes(sent("checklist_change"))).toEqual([
      { kind: "notApplicable", reason: "Hosted." },
    ]);
  });

  test("starts a wait, and writes a note that is kept when the field is left", async () => {
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_change: ({ change }) => {
            const note = (change as Change).kind === "note" ? "Ask Ann." : null;
            return checklistView({ wait: waiting({ note }) });
          },
        },
      },
    );
    await user.click(screen.getByTestId("step-wait"));
    await user.click(await screen.findByText("Start waiting (15 min)"));
    await user.type(screen.getByTestId("step-note"), "Ask Ann.");
    await user.tab();
    await waitFor(() => expect(sent("checklist_change")).toHaveLength(2));
    expect(changes(sent("checklist_change"))).toEqual([
      { kind: "wait", minutes: 15, reason: "Wait for the restart" },
      { kind: "note", text: "Ask Ann." },
    ]);
    expect(screen.getByTestId("step-note")).toHaveValue("Ask Ann.");
  });

  test("is told what could not be kept, and what was typed stays", async () => {
    const { user } = await open(
      {},
      {
        answers: {
          checklist_change: () => {
            throw refusal({ code: "checklist", message: "The disk is full." });
          },
        },
      },
    );
    await user.click(screen.getByTestId("step-confirm"));
    await user.type(screen.getByTestId("confirm-note"), "On paper.");
    await user.click(screen.getByTestId("confirm-save"));
    expect(await screen.findByTestId("setup-failure")).toHaveTextContent("The disk is full.");
    expect(screen.getByTestId("confirm-note")).toHaveValue("On paper.");
  });

  test("answers the question; what a colleague answered stands beside it", async () => {
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklists: () => [
            checklistView(
              {},
              {
                variantChosen: false,
                otherVariant: { variant: "self-hosted", at: ago(HOUR), by: "ben" },
              },
            ),
          ],
          checklist_choose_variant: () => checklistView({}, { variant: "self-hosted" }),
        },
      },
    );
    await user.click(screen.getByTestId("other-answer"));
    expect(await screen.findByTestId("other-variant")).toHaveTextContent(/ben answered We host it/);
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("variant-self-hosted"));
    await waitFor(() => expect(screen.queryByTestId("question")).toBeNull());
    expect(screen.getByTestId("setup-question")).toHaveTextContent("We host it");
    expect(sent("checklist_choose_variant")).toEqual([
      { connectionId: "c1", checklistId: LIST, variant: "self-hosted" },
    ]);
  });
});

test("another answer without the step that was shown goes to one it has", async () => {
  const other = checklistView({}, { variant: "self-hosted" });
  other.progress.steps = other.progress.steps.filter(({ id }) => id !== "roles");
  const { user } = await open(
    { know: confirmed },
    { answers: { checklist_choose_variant: () => other } },
  );
  await user.click(screen.getByTestId("step-roles"));
  await user.click(screen.getByTestId("change-variant"));
  await user.click(await screen.findByTestId("variant-self-hosted"));
  await waitFor(() => expect(shown()).toBe("know"));
  expect(screen.getByTestId("step-know")).toHaveAttribute("tabindex", "0");
});

describe("checks", () => {
  test("without a connection are off, with the reason; everything else works", async () => {
    const { sent, user } = await open(
      {},
      {
        connected: false,
        answers: { checklist_change: () => checklistView({ create: confirmed }) },
      },
    );
    await user.click(screen.getByTestId("step-create"));
    expect(screen.getByTestId("check-all")).toBeDisabled();
    expect(screen.getByTestId("check-all")).toHaveAccessibleDescription(/need a connection/);
    expect(screen.getByTestId("step-check")).toBeDisabled();
    expect(screen.getByTestId("step-check")).toHaveAccessibleDescription(/need a connection/);
    await user.click(screen.getByTestId("step-confirm"));
    await user.keyboard("{Enter}");
    await waitFor(() =>
      expect(screen.getByTestId("step-state")).toHaveTextContent("Confirmed by hand"),
    );
    expect(sent("checklist_change")[0]?.connectionId).toBeNull();
    expect(await violations()).toEqual([]);
  });

  test("of all steps show how far they are, what they find as they find it, and can be cancelled", async () => {
    let end: (value: unknown) => void = () => undefined;
    let channel: Record<string, unknown> = {};
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_check: (args) => {
            channel = args;
            return new Promise((resolve) => (end = resolve));
          },
          checklist_cancel: () => null,
        },
      },
    );
    await user.click(screen.getByTestId("check-all"));
    tell(channel, { kind: "looking", step: "create", done: 0, total: 4 });
    await waitFor(() =>
      expect(screen.getByTestId("checked-progress")).toHaveTextContent(
        "0 of 4 Create the API client",
      ),
    );
    expect(screen.getByTestId("check-cancel")).toHaveFocus();
    const counts = checklistView({ create: failed }).progress.counts;
    tell(channel, {
      kind: "found",
      step: stepProgress("create", failed),
      counts,
      done: 1,
      total: 4,
    });
    await waitFor(() =>
      expect(screen.getByTestId("step-create")).toHaveAttribute("data-state", "failed"),
    );
    await user.click(screen.getByTestId("check-cancel"));
    expect(sent("checklist_cancel")).toHaveLength(1);
    end({ view: checklistView({ create: failed }), cancelled: true, trouble: null });
    await waitFor(() =>
      expect(screen.getByTestId("check-outcome")).toHaveTextContent(
        "1 step checked: 1 failed. Cancelled: what was found before is kept.",
      ),
    );
    expect(sent("checklist_check")[0]).toMatchObject({ checklistId: LIST, stepId: null });
    expect(screen.getByTestId("check-all")).toBeEnabled();
  });

  test("leave alone what is being written meanwhile", async () => {
    let channel: Record<string, unknown> = {};
    const { user } = await open(
      {},
      {
        answers: {
          checklist_check: (args) => {
            channel = args;
            return new Promise(() => undefined);
          },
        },
      },
    );
    await user.click(screen.getByTestId("step-create"));
    await user.click(screen.getByTestId("step-check"));
    expect(screen.getByTestId("step-check")).toHaveFocus();
    await user.click(screen.getByTestId("step-confirm"));
    await user.type(screen.getByTestId("confirm-note"), "On pa");
    const { counts } = checklistView({ create: failed }).progress;
    const step = stepProgress("create", failed);
    tell(channel, { kind: "found", step, counts, done: 1, total: 1 });
    await waitFor(() => expect(screen.getByTestId("step-state")).toHaveTextContent("Failed"));
    expect(screen.getByTestId("confirm-note")).toHaveValue("On pa");
    expect(screen.getByTestId("confirm-note")).toHaveFocus();
  });

  test("of one connection end when another is chosen, and show nothing there", async () => {
    let end: (value: unknown) => void = () => undefined;
    const { sent, user } = await open(
      {},
      {
        answers: {
          connections_list: () => [connection(), connection({ id: "c2", name: "Northwind" })],
          checklist_check: () => new Promise((resolve) => (end = resolve)),
          checklist_cancel: () => null,
        },
      },
    );
    await user.click(screen.getByTestId("check-all"));
    app.currentId = "c2";
    await waitFor(() => expect(screen.getByTestId("setup-for")).toHaveTextContent("For Northwind"));
    expect(sent("checklist_cancel")).toHaveLength(1);
    await waitFor(() => expect(screen.getByTestId("check-all")).toBeEnabled());
    end({ view: checklistView({ create: failed }), cancelled: true, trouble: null });
    await settled();
    expect(screen.getByTestId("step-create")).toHaveAttribute("data-state", "todo");
  });

  test("that could not be made are a neutral remark with the way on", async () => {
    const { user } = await open({ roles: couldNot });
    await user.click(screen.getByTestId("step-roles"));
    const remark = screen.getByTestId("could-not-check");
    expect(remark).toHaveTextContent("Could not check");
    expect(remark).toHaveTextContent("Nobody is signed in at Microsoft.");
    expect(screen.getByTestId("step-state")).toHaveAttribute("data-state", "todo");
    expect(within(remark).getByTestId("way-sign-in")).toBeVisible();
    expect(screen.queryByTestId("proof")).toBeNull();
  });

  test("for which CIPP could not be asked say why, with what was found all the same", async () => {
    const { user } = await open(
      {},
      {
        answers: {
          checklist_check: () => ({
            view: checklistView({ roles: verified }),
            cancelled: false,
            trouble: refusal({ code: "secretMissing", message: "There is no secret." }),
          }),
        },
      },
    );
    await user.click(screen.getByTestId("check-all"));
    expect(await screen.findByTestId("setup-failure")).toHaveTextContent("There is no secret.");
    expect(screen.getByTestId("step-roles")).toHaveAttribute("data-state", "verified");
  });
});

describe("a wait", () => {
  test("counts down and is looked at by itself when it is time, quietly", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { sent } = await open(
        { wait: waiting() },
        {
          answers: {
            checklist_check: () => ({
              view: checklistView({ wait: verified }),
              cancelled: false,
              trouble: null,
            }),
          },
        },
      );
      setupOf(app).choose("wait");
      await waitFor(() => expect(screen.getByTestId("countdown")).toHaveTextContent(/1[34]:\d\d/));
      expect(screen.getByTestId("countdown")).toHaveAttribute("aria-live", "off");
      expect(screen.getByTestId("next-look")).toHaveTextContent(/Next look by itself in/);
      expect(sent("checklist_check")).toEqual([]);
      await vi.advanceTimersByTimeAsync(62_000);
      await waitFor(() => expect(screen.getByTestId("step-state")).toHaveTextContent("Verified"));
      expect(screen.getByTestId("check-outcome")).toHaveTextContent("Step 3: verified.");
      expect(sent("checklist_check")).toHaveLength(1);
      expect(sent("checklist_check")[0]).toMatchObject({ stepId: "wait" });
    } finally {
      vi.useRealTimers();
    }
  });

  test("that only Microsoft can see is not looked at while nobody is signed in", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { sent } = await open({
        roles: waiting({ countdown: { remainingSeconds: 5, retryInSeconds: 0 } }),
      });
      setupOf(app).choose("roles");
      await vi.advanceTimersByTimeAsync(10_000);
      await waitFor(() =>
        expect(screen.getByTestId("countdown")).toHaveTextContent("The usual time is over."),
      );
      expect(screen.getByTestId("next-look")).toHaveTextContent("once you are signed in");
      expect(sent("checklist_check")).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test("whose look tells nothing new is not looked at again and again", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const still = { wait: waiting({ countdown: { remainingSeconds: 60, retryInSeconds: 0 } }) };
      const { sent } = await open(still, {
        answers: {
          checklist_check: () => ({ view: checklistView(still), cancelled: false, trouble: null }),
        },
      });
      await vi.advanceTimersByTimeAsync(20_000);
      expect(sent("checklist_check")).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("clean-up", () => {
  test("stays in sight with its date, leads to its step, and is waived only with a reason", async () => {
    const { user } = await open({
      clean: { due: { at: ago(3 * HOUR + 60_000), state: "overdue" } },
    });
    const due = screen.getByTestId("cleanup-due");
    expect(due).toHaveTextContent("Remove Global Administrator");
    expect(due).toHaveTextContent("Overdue by 3 hours");
    await user.click(within(due).getByRole("button"));
    expect(shown()).toBe("clean");
    expect(screen.getByTestId("step-na")).toHaveTextContent("Waive…");
    await user.click(screen.getByTestId("step-na"));
    expect(screen.getByText(/Why does it stay\?/)).toBeVisible();
    expect(await violations()).toEqual([]);
  });
});

describe("an import", () => {
  const item = {
    at: ago(HOUR),
    by: "ben",
    kind: "failed" as const,
    text: "cipp-listlogs: 403",
    times: 2,
    undone: false,
    evidence: null,
  };
  const conflict: Partial<StepProgress> = {
    ...confirmed,
    conflict: {
      importedAt: ago(HOUR),
      importedBy: "jo",
      theirs: failed.state ?? { kind: "todo" },
      theirNote: "Role is too small.",
      theirHistory: [item],
    },
  };

  test("brings steps in; where both went on apart a person chooses side by side", async () => {
    const { sent, user } = await open(
      {},
      {
        answers: {
          choose_checklist_file: () => "/home/jo/run.json",
          checklist_import: () => ({
            merged: {
              taken: [{ checklist: LIST, step: "know" }],
              conflicts: [{ checklist: LIST, step: "create" }],
              otherVariants: [],
            },
            views: [checklistView({ create: conflict })],
          }),
          checklist_change: () => checklistView({ create: failed }),
        },
      },
    );
    await user.click(screen.getByTestId("run-import"));
    await user.click(await screen.findByText("Choose…"));
    await waitFor(() => expect(screen.getByTestId("import-path")).toHaveValue("/home/jo/run.json"));
    await user.click(screen.getByTestId("import-open"));
    await waitFor(() =>
      expect(screen.getByTestId("import-done")).toHaveTextContent(
        "1 step came in. At 1 step both went on apart: choose there.",
      ),
    );
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("import-conflict"));
    const both = await screen.findByTestId("step-conflict");
    expect(both).toHaveTextContent("Confirmed by hand");
    expect(both).toHaveTextContent("Role is too small.");
    expect(both).toHaveTextContent("Check failed, 2 times");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("conflict-theirs"));
    await waitFor(() => expect(screen.queryByTestId("step-conflict")).toBeNull());
    expect(sent("checklist_change")[0]?.change).toEqual({ kind: "settle", kept: "theirs" });
  });

  test("of something else is refused in words", async () => {
    const { user } = await open(
      {},
      {
        answers: {
          checklist_import: () => {
            throw refusal({ code: "notARun", message: "This is not an exported checklist run." });
          },
        },
      },
    );
    await user.click(screen.getByTestId("run-import"));
    await user.type(await screen.findByTestId("import-path"), "/tmp/x.json{Enter}");
    expect(await screen.findByTestId("import-failure")).toHaveTextContent("not an exported");
  });
});

describe("the report", () => {
  test("is written where a person says, replaces nothing unasked, and can be opened", async () => {
    let there = true;
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_file_name: ({ file }) =>
            `/home/jo/Downloads/Contoso ${file === "markdown" ? "x.md" : "x.html"}`,
          checklist_write: ({ overwrite }) => {
            if (there && !overwrite) throw refusal({ code: "fileExists" });
            there = false;
            return null;
          },
        },
      },
    );
    await user.click(screen.getByTestId("setup-share"));
    const path = await screen.findByTestId("share-path");
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.html"));
    await user.click(screen.getByTestId("report-markdown"));
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.md"));
    await user.click(screen.getByTestId("report-html"));
    await waitFor(() => expect(path).toHaveValue("/home/jo/Downloads/Contoso x.html"));
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("share-save"));
    await user.click(await screen.findByText("Replace it"));
    expect(await screen.findByTestId("share-done")).toHaveTextContent("Contoso x.html");
    await user.click(screen.getByText("Open it in the browser"));
    await waitFor(() => expect(sent("checklist_write").at(-1)).toMatchObject({ show: true }));
    expect(sent("checklist_write")[0]).toMatchObject({
      connectionId: "c1",
      file: "html",
      overwrite: false,
    });
  });
});

describe("the keyboard", () => {
  test("walks the list with arrows, goes to the step with Enter, and acts with letters", async () => {
    const { sent, user } = await open(
      { know: confirmed, create: failed },
      { answers: { checklist_change: () => checklistView({ know: confirmed }) } },
    );
    screen.getByTestId("step-create").focus();
    await user.keyboard("{Home}");
    expect(shown()).toBe("know");
    await waitFor(() => expect(screen.getByTestId("step-know")).toHaveFocus());
    await user.keyboard("{ArrowDown}");
    expect(shown()).toBe("create");
    await waitFor(() => expect(screen.getByTestId("step-create")).toHaveFocus());
    expect(screen.getByTestId("step-create")).toHaveAttribute("aria-current", "step");
    expect(screen.getByTestId("step-know")).toHaveAttribute("tabindex", "-1");
    await user.keyboard("{Enter}");
    await waitFor(() => expect(screen.getByTestId("step-title")).toHaveFocus());
    await user.keyboard("j");
    expect(shown()).toBe("wait");
    await user.keyboard("{Shift>}E{/Shift}");
    expect(shown()).toBe("create");
    await user.keyboard("o");
    await waitFor(() => expect(sent("open_link")).toHaveLength(1));
    await user.keyboard("n");
    await waitFor(() => expect(screen.getByTestId("step-note")).toHaveFocus());
    await user.keyboard("x");
    expect(screen.queryByTestId("na-form")).toBeNull();
    await user.keyboard("{Escape}");
    screen.getByTestId("step-title").focus();
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() =>
      expect(sent("checklist_change").at(-1)).toMatchObject({
        stepId: "create",
        change: { kind: "undo" },
      }),
    );
    await user.keyboard("y");
    await waitFor(() => expect(screen.getByTestId("confirm-note")).toHaveFocus());
  });
});

describe("the view", () => {
  test("goes on where one left off", async () => {
    const { user } = await open({ know: confirmed });
    expect(shown()).toBe("create");
    await user.click(screen.getByTestId("step-roles"));
    cleanup();
    // After a restart the settings alone know.
    const { setupPlaces } = app.settings;
    expect(setupPlaces).toEqual({ [`c1/${LIST}`]: "roles" });
    app = new AppState();
    app.settings = { ...app.settings, setupPlaces };
    await app.readConnections();
    app.currentId = "c1";
    render(SetupView, { context: new Map([[APP, app]]) });
    await screen.findByTestId("step");
    expect(shown()).toBe("roles");
  });

  test("narrow: one line for all steps, on top of other windows, and back", async () => {
    const { sent, user } = await open({ create: failed });
    await user.click(screen.getByTestId("narrow"));
    const picker = await screen.findByTestId("step-picker");
    expect(screen.queryByTestId("step-know")).toBeNull();
    expect(within(picker).getByText(/2\. Create the API client \(Failed\)/)).toBeInTheDocument();
    await user.selectOptions(picker, "wait");
    expect(shown()).toBe("wait");
    await user.click(screen.getByTestId("step-previous"));
    expect(shown()).toBe("create");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("narrow"));
    expect(await screen.findByTestId("step-know")).toBeVisible();
    expect(sent("set_narrow")).toEqual([{ on: true }, { on: false }]);
  });

  test("whose lists cannot be read says so, and reads again when asked", async () => {
    let broken = true;
    answerCommands(
      startAnswers({
        checklists: () => {
          if (broken) throw refusal({ code: "checklist", message: "The file is damaged." });
          return [checklistView()];
        },
      }),
    );
    app = new AppState();
    render(SetupView, { context: new Map([[APP, app]]) });
    expect(await screen.findByTestId("setup-load-failure")).toHaveTextContent("damaged");
    broken = false;
    await userEvent.setup().click(screen.getByText("Try again"));
    expect(await screen.findByTestId("step")).toBeVisible();
    expect(screen.queryByTestId("setup-load-failure")).toBeNull();
    expect(screen.getByTestId("setup-for")).toHaveTextContent("no connection yet");
  });
});
