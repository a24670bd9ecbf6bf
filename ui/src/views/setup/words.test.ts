import { describe, expect, test } from "vitest";
import { checklistView, stepProgress } from "../../backend/samples";
import {
  agoText,
  doneOf,
  dueText,
  isSettled,
  lookNeeds,
  lookOf,
  nextOpen,
  NO_TALLY,
  openCleanUp,
  resumeAt,
  shownGroups,
  shownSteps,
  siteOf,
  spanText,
  staleText,
  tallied,
  tallyText,
  waysOut,
  whyNoLook,
} from "./words";
import { countdownText } from "../../lib/time";

const NOW = Date.UTC(2026, 10, 3, 12);
const at = (ms: number) => new Date(ms).toISOString();
const HOUR = 3_600_000;
const none = { requests: [], fields: [], signedInAs: null };
const confirmed = { kind: "confirmed" as const, at: at(NOW - HOUR), by: "jo", note: null };

describe("spans", () => {
  test("are counted in the unit that says most", () => {
    expect([20_000, 60_000, 5 * 60_000, HOUR, 47 * HOUR, 48 * HOUR].map(spanText)).toEqual([
      "less than a minute",
      "1 minute",
      "5 minutes",
      "1 hour",
      "47 hours",
      "2 days",
    ]);
  });
  test("ago; a time still to come is told by its date, whatever the clock says", () => {
    expect(agoText(at(NOW - 3 * HOUR), NOW, "UTC")).toBe("3 hours ago");
    expect(agoText(at(NOW - 1000), NOW, "UTC")).toBe("just now");
    expect(agoText(at(NOW + HOUR), NOW, "UTC")).toBe("on 3 Nov 2026, 13:00");
    expect(agoText("nonsense", NOW, "UTC")).toBe("at an unknown time");
  });
  test("of a wait run to nothing and not below", () => {
    expect([252, 59.2, 0, -3, 3725].map(countdownText)).toEqual([
      "4:12",
      "1:00",
      "0:00",
      "0:00",
      "1:02:05",
    ]);
  });
  test("of clean-up", () => {
    expect(dueText({ at: at(NOW + 23 * HOUR), state: "open" }, NOW)).toBe("Due in 23 hours");
    expect(dueText({ at: at(NOW - 3 * HOUR), state: "overdue" }, NOW)).toBe("Overdue by 3 hours");
    expect(dueText({ at: at(NOW), state: "toVerify" }, NOW)).toBe("Confirmed, not yet verified");
  });
  test("of a proof that grew stale, or lies in the future", () => {
    expect(staleText(32)).toBe("Verified 32 days ago, check again");
    expect(staleText(0)).toContain("the clock was wrong");
  });
});

describe("a step", () => {
  test("says its state, and what else there is to know, in words", () => {
    const look = lookOf(
      stepProgress("a", {
        state: confirmed,
        due: { at: at(NOW + HOUR), state: "open" },
        remark: {
          at: at(NOW),
          check: "ms-setup-roles",
          cause: "notSignedIn",
          reason: "",
          remedy: "",
          evidence: { requests: [], fields: [], signedInAs: null },
        },
      }),
      NOW,
      null,
    );
    expect(look.word).toBe("Confirmed by hand");
    expect(look.more).toEqual(["Due in 1 hour", "Could not check"]);
    const wait = stepProgress("b", {
      state: { kind: "waiting", since: "", until: "", reason: "", retryAt: "", last: null },
    });
    expect(lookOf(wait, NOW, 252).word).toBe("Waiting 4:12");
    expect(lookOf(wait, NOW, 0).word).toBe("Waiting");
  });
  test("is settled only when nothing is left to do", () => {
    expect(isSettled(stepProgress("a", { state: confirmed }))).toBe(true);
    expect(
      isSettled(stepProgress("a", { state: confirmed, due: { at: at(NOW), state: "toVerify" } })),
    ).toBe(false);
    expect(isSettled(stepProgress("a", { state: confirmed, staleDays: 32 }))).toBe(false);
    expect(isSettled(stepProgress("a"))).toBe(false);
  });
  test("that nothing can look at says so; without a connection it says that", () => {
    const steps = shownSteps(checklistView());
    const named = (id: string) => steps.find(({ step }) => step.id === id)?.step;
    const [know, create, roles] = [named("know"), named("create"), named("roles")];
    if (!know || !create || !roles) throw new Error("the sample has changed");
    expect(whyNoLook(know, true)).toContain("confirm it by hand");
    expect(whyNoLook(create, false)).toContain("need a connection");
    expect(whyNoLook(create, true)).toBeNull();
    expect([know, create, roles].map(lookNeeds)).toEqual(["nothing", "connection", "sign-in"]);
  });
  test("that could not be checked names the way out, as far as the window has one", () => {
    expect(waysOut("notConnected", false)).toEqual(["connect"]);
    expect(waysOut("notKnown", false)).toEqual(["sign-in", "facts"]);
    expect(waysOut("notKnown", true)).toEqual(["facts"]);
    expect(waysOut("network", true)).toEqual(["check"]);
    expect(waysOut("licence", true)).toEqual([]);
  });
  test("names the site of its link", () => {
    expect(siteOf("https://entra.microsoft.com/#view/x")).toBe("entra.microsoft.com");
    expect(siteOf("nonsense")).toBe("");
  });
});

describe("a list", () => {
  const view = checklistView({
    know: { state: confirmed, history: [] },
    create: { state: { kind: "notApplicable", at: at(NOW), by: "jo", reason: "x" } },
    clean: { due: { at: at(NOW + HOUR), state: "open" } },
  });
  const steps = shownSteps(view);

  test("shows the steps of the chosen variant alone, numbered through, in their groups", () => {
    const part = { ...view.progress, steps: view.progress.steps.slice(1) };
    const shown = shownSteps({ ...view, progress: part });
    expect(shown.map(({ step, number }) => `${number} ${step.id}`)).toEqual([
      "1 create",
      "2 wait",
      "3 roles",
      "4 clean",
    ]);
    expect(shownGroups(shown).map((group) => [group.title, group.steps.length])).toEqual([
      ["Create", 3],
      ["Clean up", 1],
    ]);
  });
  test("counts what is done of what applies", () => {
    expect(doneOf(view.progress)).toEqual({ done: 1, of: 4 });
  });
  test("goes on at the kept step, else after what was done last, else at the first open one", () => {
    expect(resumeAt(steps, "roles")).toBe("roles");
    expect(resumeAt(steps, "gone")).toBe("wait");
    const item = {
      by: "jo",
      kind: "confirmed" as const,
      text: "",
      times: 1,
      undone: false,
      evidence: null,
    };
    const later = shownSteps(
      checklistView({
        know: { state: confirmed, history: [{ ...item, at: at(NOW - HOUR) }] },
        wait: { state: confirmed, history: [{ ...item, at: at(NOW) }] },
      }),
    );
    expect(resumeAt(later, undefined)).toBe("roles");
    expect(resumeAt([], undefined)).toBeNull();
  });
  test("leads to the next open step, around its end, both ways", () => {
    expect(nextOpen(steps, 4, 1)).toBe("wait");
    expect(nextOpen(steps, 2, -1)).toBe("clean");
    const done = shownSteps(
      checklistView(
        Object.fromEntries(
          ["know", "create", "wait", "roles", "clean"].map((id) => [id, { state: confirmed }]),
        ),
      ),
    );
    expect(nextOpen(done, 0, 1)).toBeNull();
  });
  test("brings its open clean-up, what is due first on top", () => {
    const other = checklistView({ clean: { due: { at: at(NOW), state: "overdue" } } });
    expect(openCleanUp([view, other]).map(({ due }) => due.state)).toEqual(["overdue", "open"]);
  });
});

describe("a round of checks", () => {
  test("is told in a sentence, with what could not be looked at apart", () => {
    const found = [
      stepProgress("a", {
        state: { kind: "failed", at: "", check: "", reason: "", remedy: "", evidence: none },
      }),
      stepProgress("b"),
      stepProgress("c", {
        state: { kind: "failed", at: "", check: "", reason: "", remedy: "", evidence: none },
        toCleanUp: true,
      }),
    ];
    const tally = found.reduce(tallied, NO_TALLY);
    expect(tallyText(tally, false)).toBe(
      "3 steps checked: 1 failed, 1 to clean up, 1 could not be checked.",
    );
    expect(tallyText({ ...NO_TALLY, passed: 1 }, true)).toBe(
      "1 step checked: 1 verified. Cancelled: what was found before is kept.",
    );
    expect(tallyText(NO_TALLY, false)).toBe("Nothing was checked.");
  });
});
