import { screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  connection,
  diagnosis,
  diagnosisHistory,
  failure,
  keychain,
  refusal,
  rungOutcome,
  secretWrong,
} from "../../backend/samples";
import { settled } from "../../backend/testing";
import { FakeRun, open, rung, state, tidy, violations } from "./diagnose-testing";

afterEach(tidy);

const broken = (part = {}) => diagnosis([failure()], part);
const two = [connection(), connection({ id: "c2", name: "Northwind" })];
const kept = (...runs: ReturnType<typeof diagnosis>[]) => ({
  diagnosis_history: () => diagnosisHistory({ runs }),
});

describe("before the first run", () => {
  test("says what is asked, and begins with one press", async () => {
    const run = new FakeRun();
    const { user } = await open(run.answers);
    expect(screen.getByTestId("diagnose-empty")).toHaveTextContent("Nothing is changed in CIPP");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("diagnose-run"));
    expect(run.runs).toHaveLength(1);
    expect(screen.getAllByTestId("rung")).toHaveLength(9);
    run.last.end(diagnosis());
  });
  test("without a connection leads to one", async () => {
    const { app, user } = await open({}, []);
    expect(await violations()).toEqual([]);
    await user.click(
      within(screen.getByTestId("diagnose-no-connection")).getByText("New connection"),
    );
    expect(app.view).toBe("connect");
  });
  test("begins by itself where somebody asked why", async () => {
    const run = new FakeRun();
    const { app } = await open(run.answers);
    app.diagnose();
    await waitFor(() => expect(run.runs).toHaveLength(1));
    expect(app.wantsDiagnosis).toBe(false);
    run.last.end(diagnosis());
  });
  test("says that the secret is missing, or that the keychain does not give it", async () => {
    const { app } = await open({}, [connection({ secret: "missing" })]);
    expect(screen.getByTestId("diagnose-no-secret")).toHaveTextContent("No secret is stored");
    app.keychain = keychain({ state: "locked", detail: "It is locked." });
    app.keychainDismissed = true;
    expect(await screen.findByTestId("diagnose-keychain")).toHaveTextContent("It is locked.");
  });
});

describe("a run", () => {
  test("is shown rung by rung, and told to the ear", async () => {
    const run = new FakeRun();
    const { app, user } = await open(run.answers);
    await user.click(screen.getByTestId("diagnose-run"));
    run.tell(rungOutcome("address"));
    run.tell(rungOutcome("reach", { state: "running", proof: "" }));
    await waitFor(() => expect(rung("reach")).toHaveAttribute("aria-current", "step"));
    expect(rung("address")).toHaveTextContent(
      /1 Address passed cipp-k7x2q\.azurewebsites\.net 12 ms/,
    );
    expect(screen.getByTestId("diagnose-said")).toHaveTextContent("2 Reach: running");
    expect(app.status.shown.words).toBe("checking…");
    expect(await violations()).toEqual([]);
    run.last.end(diagnosis());
    expect(await screen.findByTestId("verdict")).toHaveTextContent("It works.");
    expect(screen.getByTestId("diagnose-said")).toHaveTextContent("It works.");
    expect(app.status.shown.words).toBe("ok 0 s ago");
  });
  test("asked for twice is one", async () => {
    const run = new FakeRun();
    const { ladder, user } = await open(run.answers);
    await user.dblClick(screen.getByTestId("diagnose-run"));
    void ladder.start();
    await settled();
    expect(run.runs).toHaveLength(1);
    run.last.end(diagnosis());
  });
  test("that broke opens its rung: the cause, the words that came, what to do", async () => {
    const other = failure({
      id: "client-not-enabled",
      title: "It is not enabled.",
      certain: false,
    });
    const { app, user, sent } = await open(kept(diagnosis([failure(), other])));
    const accepted = within(rung("accepted"));
    expect(rung("accepted")).toHaveAttribute("data-state", "failed");
    expect(accepted.getByTestId("rung-more")).toBeVisible();
    expect(accepted.getAllByTestId("explanation")[0]).toHaveTextContent(
      "The sign-in worked, but CIPP did not accept the token.",
    );
    expect(accepted.getByTestId("server-said")).toHaveTextContent("This is what CIPP said: No.");
    expect(accepted.getAllByTestId("remedy")[0]).toHaveTextContent("Press “Save to Azure”.");
    const others = accepted.getByTestId("other-causes");
    expect(others).not.toHaveAttribute("open");
    expect(others).toHaveTextContent("Probably: It is not enabled.");
    expect(rung("allowed")).toHaveTextContent("not reached");
    expect(await violations()).toEqual([]);
    await user.click(accepted.getAllByTestId("explanation-link")[0] as HTMLElement);
    expect(sent("open_link")).toEqual([{ url: "https://docs.cipp.app/api" }]);
    await waitFor(() =>
      expect(accepted.getAllByTestId("explanation-step")[0]).toHaveTextContent(
        "Open step “Create the API client” of the guide",
      ),
    );
    await user.click(accepted.getAllByTestId("explanation-step")[0] as HTMLElement);
    expect(app.view).toBe("setup");
    expect(app.wantedStep).toBe("enable-the-cipp-api/create");
  });
  test("that broke without a known cause shows what came as it came", async () => {
    const run = diagnosis([failure()]);
    const rungs = run.rungs.map((known) =>
      known.state === "failed" ? { ...known, causes: [], serverSaid: "<b>418</b>" } : known,
    );
    await open(kept({ ...run, rungs }));
    expect(rung("accepted")).toHaveTextContent("No known cause has this look.");
    expect(screen.getByTestId("server-said")).toHaveTextContent("<b>418</b>");
  });
  test("shows facts where a rung is opened, and notes of passed rungs at once", async () => {
    const run = diagnosis();
    const rungs = run.rungs.map((known) =>
      known.rung === "tokenFits"
        ? {
            ...known,
            facts: [{ label: "aud", value: "api://x" }],
            notes: [failure({ id: "v2", title: "The audience is an address." })],
          }
        : known,
    );
    const { user } = await open(kept({ ...run, rungs }));
    const fits = within(rung("tokenFits"));
    expect(fits.getByTestId("rung-note")).toHaveTextContent(
      "Worth knowing: The audience is an address.",
    );
    expect(fits.queryByText("api://x")).toBeNull();
    const head = fits.getAllByRole("button")[0] as HTMLElement;
    expect(head).toHaveAttribute("aria-expanded", "false");
    await user.click(head);
    expect(head).toHaveAttribute("aria-expanded", "true");
    expect(fits.getByText("api://x")).toBeVisible();
    expect(await violations()).toEqual([]);
  });
  test("is cancelled by Esc, once; what was found stays", async () => {
    const run = new FakeRun();
    const { user, sent, app } = await open({ ...run.answers, ...kept(broken()) });
    await user.click(screen.getByTestId("diagnose-again"));
    await user.keyboard("{Escape}{Escape}");
    expect(sent("diagnose_cancel")).toEqual([{ connectionId: "c1" }]);
    expect(screen.getByTestId("diagnose-cancel")).toHaveTextContent("Cancelling…");
    run.last.end(
      diagnosis([failure()], { verdict: "cancelled", startedAt: "2026-11-03T09:00:00Z" }),
    );
    // Not kept on the other side: it stays on the screen all the same.
    await waitFor(() =>
      expect(screen.getByTestId("verdict")).toHaveAttribute("data-verdict", "cancelled"),
    );
    await settled();
    expect(screen.getByTestId("verdict")).toHaveAttribute("data-verdict", "cancelled");
    expect(app.status.shown.kind).toBe("unknown");
  });
  test("that cannot be cancelled goes on, and can be asked to end once more", async () => {
    const run = new FakeRun();
    const { ladder } = await state({
      ...run.answers,
      diagnose_cancel: () => {
        throw refusal({ message: "Not now." });
      },
    });
    await ladder.open("c1");
    void ladder.start();
    await ladder.cancel();
    expect(ladder.failure?.message).toBe("Not now.");
    expect(ladder.run?.cancelling).toBe(false);
    run.last.end(diagnosis());
  });
  test("that could not begin says why", async () => {
    const { app, user } = await open({
      diagnose: () => {
        throw refusal({ code: "keychainLocked", message: "The keychain is locked." });
      },
    });
    await user.click(screen.getByTestId("diagnose-run"));
    expect(await screen.findByTestId("diagnose-failure")).toHaveTextContent(
      "The keychain is locked.",
    );
    expect(app.status.shown.kind).toBe("unknown");
  });
  test("of a connection that was left is ended and not shown", async () => {
    const run = new FakeRun();
    const { app, user, sent } = await open(run.answers, two);
    await user.click(screen.getByTestId("diagnose-run"));
    app.currentId = "c2";
    await waitFor(() => expect(sent("diagnose_cancel")).toEqual([{ connectionId: "c1" }]));
    run.tell(rungOutcome("address"));
    run.last.end(broken());
    await settled();
    expect(screen.queryByTestId("verdict")).toBeNull();
    expect(screen.getByTestId("diagnose-empty")).toBeVisible();
    expect(app.status.shown.kind).toBe("unknown");
    await user.click(screen.getByTestId("diagnose-run"));
    expect(run.last.args.connectionId).toBe("c2");
    run.last.end(diagnosis());
    expect(await screen.findByTestId("verdict")).toHaveTextContent("It works.");
  });
});

describe("earlier runs", () => {
  const older = diagnosis([secretWrong()], { startedAt: "2026-11-02T07:00:00Z" });

  test("can be looked at, each", async () => {
    const { user } = await open(kept(broken(), older));
    const [newest, before] = screen.getAllByTestId("run");
    expect(newest).toHaveAttribute("aria-pressed", "true");
    expect(before).toHaveTextContent("broken at 4 Sign-in");
    await user.click(before as HTMLElement);
    expect(screen.getByTestId("verdict")).toHaveTextContent("An earlier run: 2 Nov 2026, 08:00");
    expect(rung("signIn")).toHaveTextContent("The client secret is wrong.");
    expect(screen.getByTestId("never-retry")).toHaveTextContent("Not tried again by itself");
    expect(await violations()).toEqual([]);
    await user.click(screen.getByTestId("show-newest"));
    expect(screen.getByTestId("verdict")).toHaveTextContent("Broken at 6 Accepted");
  });
  test("can be looked at while another is under way", async () => {
    const run = new FakeRun();
    const { user } = await open({ ...run.answers, ...kept(broken()) });
    await user.click(screen.getByTestId("diagnose-again"));
    await user.click(screen.getByTestId("run"));
    expect(screen.getByTestId("verdict")).toHaveTextContent("Broken at 6");
    await user.click(screen.getByTestId("run-live"));
    expect(screen.getByTestId("running")).toBeVisible();
    run.last.end(diagnosis());
    await screen.findByTestId("verdict");
  });
  test("say what changed since it last worked", async () => {
    await open({
      diagnosis_history: () =>
        diagnosisHistory({
          runs: [broken()],
          changed: {
            lastGoodAt: "2026-11-01T07:00:00Z",
            changes: [{ what: "CIPP version", before: "10.4.1", now: "10.4.2" }],
          },
        }),
    });
    const table = within(screen.getByTestId("what-changed")).getByRole("table");
    expect(table).toHaveTextContent(/CIPP version\s*10\.4\.1\s*10\.4\.2/);
    expect(await violations()).toEqual([]);
  });
  test("that come late are those of the connection that is shown", async () => {
    const late: ((answer: unknown) => void)[] = [];
    const { app, ladder } = await state(
      {
        diagnosis_history: ({ connectionId }) =>
          connectionId === "c1"
            ? new Promise((resolve) => late.push(resolve))
            : diagnosisHistory({ runs: [older] }),
      },
      two,
    );
    void ladder.open("c1");
    app.currentId = "c2";
    await settled();
    late[0]?.(diagnosisHistory({ runs: [broken()] }));
    await settled();
    expect(ladder.shown?.startedAt).toBe(older.startedAt);
  });
  test("that cannot be read do not stand in the way of a run", async () => {
    const run = new FakeRun();
    const { user } = await open({
      ...run.answers,
      diagnosis_history: () => {
        throw refusal({ message: "The file is damaged." });
      },
    });
    await user.click(screen.getByTestId("diagnose-run"));
    expect(screen.getByTestId("history-failure")).toHaveTextContent("The file is damaged.");
    run.last.end(diagnosis());
    expect(await screen.findByTestId("verdict")).toHaveTextContent("It works.");
  });
});

describe("the keyboard", () => {
  test("walks the rungs, opens them, runs again and goes to the step", async () => {
    const run = new FakeRun();
    const { app, user } = await open({ ...run.answers, ...kept(broken()) });
    await user.keyboard("jj");
    expect(rung("reach")).toContainElement(document.activeElement as HTMLElement);
    await user.keyboard("{ArrowUp}{Enter}");
    expect(within(rung("address")).getByTestId("rung-more")).toBeVisible();
    await user.keyboard("r");
    await waitFor(() => expect(run.runs).toHaveLength(1));
    run.last.end(broken({ startedAt: "2026-11-03T09:00:00Z" }));
    await screen.findByTestId("wait-bar");
    await user.keyboard("g");
    expect(app.wantedStep).toBe("enable-the-cipp-api/create");
  });
  test("copies the report of the run on the screen", async () => {
    const { user, sent } = await open({
      ...kept(broken()),
      diagnosis_report: () => "CIPP Desk diagnosis",
    });
    await user.keyboard("{Control>}{Shift>}c{/Shift}{/Control}");
    await waitFor(() => expect(screen.getByTestId("copy-report")).toHaveTextContent("Copied"));
    expect(sent("diagnosis_report")).toEqual([
      { connectionId: "c1", startedAt: "2026-11-03T08:20:00Z" },
    ]);
    expect(await navigator.clipboard.readText()).toBe("CIPP Desk diagnosis");
  });
  test("a report that cannot be made says so", async () => {
    const { user } = await open({
      ...kept(broken()),
      diagnosis_report: () => {
        throw refusal({ message: "There is no such run." });
      },
    });
    await user.click(screen.getByTestId("copy-report"));
    expect(await screen.findByTestId("diagnose-failure")).toHaveTextContent(
      "There is no such run.",
    );
    expect(screen.getByTestId("copy-report")).toHaveTextContent("Copy report");
  });
});

describe("waiting as the remedy", () => {
  const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1000);

  async function waiting(first = broken()) {
    const run = new FakeRun();
    const { app, ladder, sent } = await state(run.answers, two);
    await ladder.open("c1");
    vi.useFakeTimers();
    void ladder.start();
    await seconds(0);
    run.last.end(first);
    await seconds(0);
    return { app, ladder, run, sent };
  }

  test("counts down, tries again by itself, and ends when it works", async () => {
    const { app, ladder, run } = await waiting();
    expect(ladder.waiting.secondsLeft).toBe(60);
    await seconds(18);
    expect(ladder.waiting.secondsLeft).toBe(42);
    expect(app.status.shown.words).toBe("waiting, again in 0:42");
    expect(run.runs).toHaveLength(1);
    await seconds(42);
    expect(run.runs).toHaveLength(2);
    // What was found before stays on the screen meanwhile.
    expect(ladder.live).toBe(false);
    expect(ladder.cause?.id).toBe("client-not-saved");
    run.last.end(diagnosis([], { startedAt: "2026-11-03T08:21:00Z" }));
    await seconds(0);
    expect(ladder.waiting.on).toBe(false);
    expect(ladder.shown?.verdict).toBe("works");
    expect(app.status.shown.kind).toBe("ok");
    await seconds(600);
    expect(run.runs).toHaveLength(2);
  });
  test("ends after as long as it makes sense", async () => {
    const short = failure({ waiting: { seconds: 60, most: 150, why: "It restarts." } });
    const { app, ladder, run } = await waiting(diagnosis([short]));
    for (const at of [1, 2]) {
      await seconds(60);
      expect(run.runs).toHaveLength(at + 1);
      run.last.end(diagnosis([short], { startedAt: `2026-11-03T08:2${at}:00Z` }));
      await seconds(0);
    }
    expect(ladder.waiting.on).toBe(false);
    expect(ladder.waiting.givenUp?.id).toBe("client-not-saved");
    await seconds(600);
    expect(run.runs).toHaveLength(3);
    expect(app.status.shown.words).toBe("broken at 6 Accepted");
  });
  test("is not waited for twice: a press now is the next try", async () => {
    const { ladder, run } = await waiting();
    ladder.tryNow();
    ladder.tryNow();
    await seconds(70);
    expect(run.runs).toHaveLength(2);
    run.last.end(broken({ startedAt: "2026-11-03T08:21:00Z" }));
    await seconds(0);
    expect(ladder.waiting.secondsLeft).toBe(60);
    expect(ladder.waiting.tries).toBe(2);
  });
  test("can be stopped", async () => {
    const { app, ladder, run } = await waiting();
    expect(ladder.stop()).toBe(true);
    expect(ladder.stop()).toBe(false);
    expect(app.status.shown.words).toBe("broken at 6 Accepted");
    await seconds(120);
    expect(run.runs).toHaveLength(1);
  });
  test("ends with a cancelled try", async () => {
    const { ladder, run, sent } = await waiting();
    ladder.tryNow();
    ladder.stop();
    await seconds(0);
    expect(sent("diagnose_cancel")).toHaveLength(1);
    run.last.end(
      diagnosis([failure()], { verdict: "cancelled", startedAt: "2026-11-03T08:21:00Z" }),
    );
    await seconds(600);
    expect(ladder.waiting.on).toBe(false);
    expect(run.runs).toHaveLength(2);
  });
  test("never is where trying does harm", async () => {
    const harmful = { ...secretWrong(), waiting: { seconds: 1, most: 60, why: "" } };
    const { ladder, run } = await waiting(diagnosis([harmful]));
    expect(ladder.waiting.on).toBe(false);
    await seconds(60);
    expect(run.runs).toHaveLength(1);
  });
  test("begins anew with another cause", async () => {
    const { ladder, run } = await waiting();
    await seconds(60);
    run.last.end(diagnosis([failure({ id: "restarting" })], { startedAt: "2026-11-03T08:21:00Z" }));
    await seconds(0);
    expect(ladder.waiting.cause?.id).toBe("restarting");
    expect(ladder.waiting.tries).toBe(1);
  });
  test("ends with the connection that is left, whatever view is seen", async () => {
    const { app, ladder, run } = await waiting();
    app.currentId = "c2";
    await seconds(120);
    expect(run.runs).toHaveLength(1);
    expect(ladder.waiting.on).toBe(false);
    expect(ladder.connectionId).toBe("c2");
    app.currentId = "c1";
    expect(app.status.shown.words).toBe("broken at 6 Accepted");
  });
  test("is told by a clock that nobody sets", async () => {
    const { ladder, run } = await waiting();
    vi.setSystemTime(new Date("2020-01-01T00:00:00Z"));
    await seconds(59);
    expect(ladder.waiting.secondsLeft).toBe(1);
    await seconds(1);
    expect(run.runs).toHaveLength(2);
  });
});

test("the bar of a wait is no trouble to the keyboard or the ear", async () => {
  const run = new FakeRun();
  const { user } = await open(run.answers);
  await user.click(screen.getByTestId("diagnose-run"));
  run.last.end(broken());
  const bar = await screen.findByTestId("wait-bar");
  expect(bar).toHaveTextContent("After Save to Azure the instance restarts.");
  expect(screen.getByTestId("wait-countdown").closest("[aria-live]")).toHaveAttribute(
    "aria-live",
    "off",
  );
  expect(await violations()).toEqual([]);
  await user.click(screen.getByTestId("try-now"));
  expect(bar).toHaveTextContent("Trying now");
  run.last.end(diagnosis([], { startedAt: "2026-11-03T08:21:00Z" }));
  await waitFor(() => expect(screen.queryByTestId("wait-bar")).toBeNull());
});
