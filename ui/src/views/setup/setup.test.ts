import { render, cleanup, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test } from "vitest";
import type { Change, StepProgress } from "../../backend";
import { checklistView, refusal, startAnswers } from "../../backend/samples";
import { answerCommands, settled, type Answers } from "../../backend/testing";
import { APP, AppState } from "../../lib/app.svelte";
import {
  ago,
  confirmed,
  couldNot,
  failed,
  HOUR,
  iso,
  LIST,
  open,
  show,
  shown,
  tidy,
  verified,
  violations,
  waiting,
} from "./setup-testing";
import SetupView from "./SetupView.svelte";

afterEach(tidy);

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
    const { app, user } = await open();
    cleanup();
    await show(app);
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

describe("a change", () => {
  /** Answers to changes wait until they are let through. */
  const held = () => {
    const waitingFor: (() => void)[] = [];
    const answers: Answers = {
      checklist_change: ({ stepId, change }) =>
        new Promise((resolve) => {
          const { kind } = change as Change;
          const state = kind === "undo" ? {} : confirmed;
          waitingFor.push(() => resolve(checklistView({ [stepId as string]: state })));
        }),
    };
    return { answers, letThrough: () => waitingFor.shift()?.() };
  };

  test("asked for twice before it is answered is one", async () => {
    const { answers, letThrough } = held();
    const { sent, user } = await open({}, { answers });
    await user.click(screen.getByTestId("step-confirm"));
    await user.type(screen.getByTestId("confirm-note"), "On paper.{Enter}{Enter}");
    await user.click(screen.getByTestId("confirm-save"));
    letThrough();
    await waitFor(() => expect(screen.queryByTestId("confirm-form")).toBeNull());
    await settled();
    expect(sent("checklist_change")).toHaveLength(1);
  });

  test("waits for the one before it, or answers that overtake would show an older state", async () => {
    const { answers, letThrough } = held();
    const { sent, setup } = await open({}, { answers });
    void setup.change("know", { kind: "confirm", note: null });
    void setup.change("know", { kind: "undo" });
    await settled();
    expect(sent("checklist_change")).toHaveLength(1);
    letThrough();
    await waitFor(() => expect(sent("checklist_change")).toHaveLength(2));
    letThrough();
    await waitFor(() =>
      expect(screen.getByTestId("step-know")).toHaveAttribute("data-state", "todo"),
    );
  });

  test("that is kept late does not close what is being written at the next step", async () => {
    const { answers, letThrough } = held();
    const { user } = await open({}, { answers });
    await user.click(screen.getByTestId("step-know"));
    await user.click(screen.getByTestId("step-confirm"));
    await user.type(screen.getByTestId("confirm-note"), "On paper.{Enter}");
    await user.click(screen.getByTestId("step-create"));
    await user.click(screen.getByTestId("step-na"));
    await user.type(screen.getByTestId("na-reason"), "Hosted.");
    letThrough();
    await waitFor(() =>
      expect(screen.getByTestId("step-know")).toHaveAttribute("data-state", "confirmed"),
    );
    expect(screen.getByTestId("na-reason")).toHaveValue("Hosted.");
  });

  test("is told to those who cannot see it", async () => {
    const { setup } = await open(
      {},
      { answers: { checklist_change: () => checklistView({ know: confirmed }) } },
    );
    await setup.change("know", { kind: "confirm", note: null });
    expect(screen.getByTestId("check-outcome")).toHaveTextContent("Step 1: confirmed by hand.");
  });

  test("of a note takes the focus nowhere", async () => {
    const { user } = await open(
      {},
      { answers: { checklist_change: () => checklistView({ create: { note: "Ask." } }) } },
    );
    await user.click(screen.getByTestId("step-create"));
    await user.type(screen.getByTestId("step-note"), "Ask.");
    await user.click(screen.getByTestId("note-save"));
    await waitFor(() => expect(screen.queryByTestId("note-save")).toBeNull());
    expect(screen.getByTestId("step-note")).toHaveFocus();
  });

  test("that begins a wait leaves the focus at the step's buttons", async () => {
    const { user } = await open(
      {},
      { answers: { checklist_change: () => checklistView({ wait: waiting() }) } },
    );
    await user.click(screen.getByTestId("step-wait"));
    await user.click(await screen.findByText("Start waiting (15 min)"));
    await waitFor(() => expect(screen.queryByText("Start waiting (15 min)")).toBeNull());
    await waitFor(() => expect(document.activeElement).toHaveAttribute("data-first"));
  });
});

test("what was typed stays where one form gives way to the other", async () => {
  const { user } = await open();
  await user.click(screen.getByTestId("step-confirm"));
  await user.type(screen.getByTestId("confirm-note"), "Not ours.");
  await user.tab();
  await user.keyboard("x");
  expect(await screen.findByTestId("na-reason")).toHaveValue("Not ours.");
});

test("the next step begins at its top, and the focus goes there with it", async () => {
  const { user } = await open();
  await user.click(screen.getByTestId("step-create"));
  const area = screen.getByRole("group", { name: "Step" });
  area.scrollTop = 400;
  await user.click(within(screen.getByTestId("step-unlocks")).getByText(/Wait for the restart/));
  expect(shown()).toBe("wait");
  await waitFor(() => expect(area.scrollTop).toBe(0));
  await waitFor(() => expect(screen.getByTestId("step-title")).toHaveFocus());
});

test("the question begins without what went wrong before it, and gives the focus back", async () => {
  const { user } = await open(
    {},
    {
      answers: {
        checklists: () => [checklistView({}, { variantChosen: false })],
        checklist_choose_variant: () => checklistView(),
        open_link: () => {
          throw refusal({ message: "No browser was found." });
        },
      },
    },
  );
  await user.click(screen.getByTestId("step-create"));
  await user.click(screen.getByTestId("step-link"));
  await screen.findByTestId("setup-failure");
  await user.click(screen.getByTestId("change-variant"));
  expect(await screen.findByTestId("question")).not.toHaveTextContent("No browser");
  await user.click(screen.getByTestId("variant-hosted"));
  await waitFor(() => expect(screen.queryByTestId("question")).toBeNull());
  await waitFor(() => expect(screen.getByTestId("change-variant")).toHaveFocus());
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

describe("a step that another view names", () => {
  test("is shown, with the focus on it", async () => {
    const { app } = await open();
    app.openStep(`${LIST}/clean`);
    await waitFor(() => expect(shown()).toBe("clean"));
    await waitFor(() => expect(screen.getByTestId("step-title")).toHaveFocus());
    expect(app.wantedStep).toBeNull();
  });
  test("is shown as soon as the list is here", async () => {
    let read: (answer: unknown) => void = () => undefined;
    const { app, setup } = await open({}, { connected: false });
    answerCommands(startAnswers({ checklists: () => new Promise((answer) => (read = answer)) }));
    app.currentId = "c1";
    app.openStep(`${LIST}/wait`);
    await waitFor(() => expect(setup.connectionId).toBe("c1"));
    expect(app.wantedStep).not.toBeNull();
    await settled();
    read([checklistView()]);
    await waitFor(() => expect(shown()).toBe("wait"));
  });
  test("that is none of one's own says so, and stays where one is", async () => {
    const view = checklistView();
    view.progress.steps = view.progress.steps.filter(({ id }) => id !== "wait");
    const { app } = await open({}, { answers: { checklists: () => [view] } });
    const before = shown();
    app.openStep(`${LIST}/wait`);
    await waitFor(() =>
      expect(screen.getByTestId("check-outcome")).toHaveTextContent(
        "The step “Wait for the restart” is not one of yours",
      ),
    );
    expect(shown()).toBe(before);
    app.openStep(`${LIST}/unheard-of`);
    await waitFor(() =>
      expect(screen.getByTestId("check-outcome")).toHaveTextContent("has no such step"),
    );
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
    const { app: before, user } = await open({ know: confirmed });
    expect(shown()).toBe("create");
    await user.click(screen.getByTestId("step-roles"));
    cleanup();
    // After a restart the settings alone know.
    const { setupPlaces } = before.settings;
    expect(setupPlaces).toEqual({ [`c1/${LIST}`]: "roles" });
    const app = new AppState();
    app.settings = { ...app.settings, setupPlaces };
    await app.readConnections();
    app.currentId = "c1";
    await show(app);
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

  test("narrow, stays so where the window cannot be made wide again", async () => {
    const { user } = await open(
      {},
      {
        answers: {
          set_narrow: ({ on }) => {
            if (!on) throw refusal({ message: "The window could not be changed." });
            return null;
          },
        },
      },
    );
    await user.click(screen.getByTestId("narrow"));
    await screen.findByTestId("step-picker");
    await user.click(screen.getByTestId("narrow"));
    expect(await screen.findByTestId("setup-failure")).toHaveTextContent("could not be changed");
    expect(screen.getByTestId("narrow")).toHaveAttribute("aria-pressed", "true");
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
    const app = new AppState();
    render(SetupView, { context: new Map([[APP, app]]) });
    expect(await screen.findByTestId("setup-load-failure")).toHaveTextContent("damaged");
    broken = false;
    await userEvent.setup().click(screen.getByText("Try again"));
    expect(await screen.findByTestId("step")).toBeVisible();
    expect(screen.queryByTestId("setup-load-failure")).toBeNull();
    expect(screen.getByTestId("setup-for")).toHaveTextContent("no connection yet");
  });
});
