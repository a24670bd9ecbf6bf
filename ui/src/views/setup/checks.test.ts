import { screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checklistView, connection, refusal, stepProgress } from "../../backend/samples";
import { settled, tell } from "../../backend/testing";
import {
  confirmed,
  couldNot,
  failed,
  HOUR,
  iso,
  LIST,
  open,
  tidy,
  verified,
  violations,
  waiting,
} from "./setup-testing";

afterEach(tidy);

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
    const { app, sent, user } = await open(
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

describe("a round of checks", () => {
  const guide = (id: string, title: string) => {
    const view = checklistView();
    return {
      checklist: { ...view.checklist, id, title },
      progress: { ...view.progress, checklist: id },
    };
  };

  test("goes on while another list is read, which is not taken for the one that is checked", async () => {
    let end: (value: unknown) => void = () => undefined;
    let channel: Record<string, unknown> = {};
    const { user } = await open(
      {},
      {
        answers: {
          checklists: () => [checklistView(), guide("account", "Create the service account")],
          checklist_check: (args) => {
            channel = args;
            return new Promise((resolve) => (end = resolve));
          },
        },
      },
    );
    await user.click(screen.getByTestId("check-all"));
    await user.click(screen.getByTestId("setup-list-account"));
    await user.click(screen.getByTestId("step-create"));
    tell(channel, { kind: "looking", step: "create", done: 1, total: 4 });
    await waitFor(() =>
      expect(screen.getByTestId("checked-progress")).toHaveTextContent(
        "1 of 4 in Enable the CIPP API",
      ),
    );
    expect(screen.getByTestId("step-state")).not.toHaveTextContent("Looking");
    const { counts } = checklistView({ create: failed }).progress;
    tell(channel, {
      kind: "found",
      step: stepProgress("create", failed),
      counts,
      done: 2,
      total: 4,
    });
    end({ view: checklistView({ create: failed }), cancelled: false, trouble: null });
    await waitFor(() =>
      expect(screen.getByTestId("check-outcome")).toHaveTextContent(
        "Enable the CIPP API: 1 step checked: 1 failed.",
      ),
    );
    expect(screen.getByTestId("step-create")).toHaveAttribute("data-state", "todo");
  });

  test("that nobody asked for leaves the focus on the button that asks for one", async () => {
    const { setup } = await open(
      {},
      { answers: { checklist_check: () => new Promise(() => undefined) } },
    );
    const button = screen.getByTestId("check-all");
    button.focus();
    if (setup.list) setup.lookAt(setup.list, "create");
    await waitFor(() => expect(button).toHaveAttribute("aria-disabled", "true"));
    expect(button).toBeEnabled();
    expect(button).toHaveFocus();
  });

  test("whose end could not be asked for can be asked to end once more", async () => {
    const { sent, user } = await open(
      {},
      {
        answers: {
          checklist_check: () => new Promise(() => undefined),
          checklist_cancel: () => {
            throw refusal();
          },
        },
      },
    );
    await user.click(screen.getByTestId("check-all"));
    await user.click(screen.getByTestId("check-cancel"));
    await screen.findByTestId("setup-failure");
    await user.click(screen.getByTestId("check-cancel"));
    await waitFor(() => expect(sent("checklist_cancel")).toHaveLength(2));
  });
});

describe("a wait", () => {
  test("that a round of checks finds has its whole time, however long ago the list was read", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      let channel: Record<string, unknown> = {};
      const { setup, user } = await open(
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
      setup.choose("wait");
      await vi.advanceTimersByTimeAsync(600_000);
      await user.click(screen.getByTestId("check-all"));
      const { counts } = checklistView({ wait: waiting() }).progress;
      const step = stepProgress("wait", waiting());
      tell(channel, { kind: "found", step, counts, done: 1, total: 4 });
      await waitFor(() => expect(screen.getByTestId("countdown")).toHaveTextContent(/1[34]:\d\d/));
    } finally {
      vi.useRealTimers();
    }
  });

  test("counts down and is looked at by itself when it is time, quietly", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { sent, setup } = await open(
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
      setup.choose("wait");
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
      const { sent, setup } = await open({
        roles: waiting({ countdown: { remainingSeconds: 5, retryInSeconds: 0 } }),
      });
      setup.choose("roles");
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

describe("time that goes by", () => {
  test("makes overdue what was only due when it was read", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      await open({ clean: { due: { at: iso(Date.now() + 60_000), state: "open" } } });
      expect(screen.getByTestId("cleanup-clean")).toHaveAttribute("data-due", "open");
      await vi.advanceTimersByTimeAsync(120_000);
      await waitFor(() =>
        expect(screen.getByTestId("cleanup-clean")).toHaveAttribute("data-due", "overdue"),
      );
      expect(screen.getByTestId("cleanup-clean")).toHaveTextContent("Overdue by");
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([
    ["an hour", () => vi.advanceTimersByTimeAsync(3_601_000)],
    [
      "a computer that slept",
      () => {
        vi.setSystemTime(Date.now() + 2 * HOUR);
        return vi.advanceTimersByTimeAsync(2_000);
      },
    ],
  ])("is read anew: %s", async (_, pass) => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      let states: Parameters<typeof checklistView>[0] = { create: verified };
      const { sent } = await open(states, {
        answers: { checklists: () => [checklistView(states)] },
      });
      states = { create: { ...verified, staleDays: 30 } };
      const before = sent("checklists").length;
      await pass();
      await waitFor(() =>
        expect(screen.getByTestId("step-create")).toHaveTextContent("check again"),
      );
      expect(sent("checklists")).toHaveLength(before + 1);
    } finally {
      vi.useRealTimers();
    }
  });
});
