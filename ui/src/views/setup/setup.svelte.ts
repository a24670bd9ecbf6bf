/**
 * The checklists of one connection as the window holds them: which list and step are shown, what a
 * person changes, looks that are under way, and the clock that countdowns run by. What was done is
 * kept by the other side at once; the answer to each command is the whole list anew.
 */
import {
  backend,
  CommandFailure,
  type Change,
  type CheckNews,
  type ChecklistView,
} from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { Patience } from "../../lib/patience.svelte";
import { SignInState } from "./sign-in.svelte";
import {
  lookNeeds,
  lookOf,
  nextOpen,
  NO_TALLY,
  openCleanUp,
  resumeAt,
  shownGroups,
  shownSteps,
  tallied,
  tallyText,
  type ShownStep,
  type Tally,
} from "./words";

/** A round of checks that is under way. */
export interface Look {
  list: string;
  /** The one step that is looked at; null for all of the list. */
  only: string | null;
  /** The step at which it is now. */
  at: string | null;
  done: number;
  total: number;
  cancelling: boolean;
  /** Begun by a countdown and not by a person. */
  quiet: boolean;
}

/** An automatic look that told nothing new is not repeated before this. */
const QUIET_GAP_MS = 30_000;

/** Under which key it is kept which list was shown last (no list named), and at which step of a list. */
const placeKey = (connectionId: string | null, listId: string) =>
  `${connectionId ?? "none"}/${listId}`;

export class SetupState {
  readonly app: AppState;
  lists = $state.raw<ChecklistView[]>([]);
  listId = $state<string | null>(null);
  stepId = $state<string | null>(null);
  connectionId = $state<string | null>(null);
  loaded = $state(false);
  /** The lists could not be read. */
  loadFailure = $state.raw<CommandFailure | null>(null);
  /** The last thing a person asked for could not be done. */
  failure = $state.raw<CommandFailure | null>(null);
  look = $state.raw<Look | null>(null);
  /** What the last look found, for a person to read or hear. */
  outcome = $state("");
  /** The time of day, coarse: for words such as "5 minutes ago". */
  now = $state(Date.now());
  readonly patience = new Patience();
  readonly microsoft = new SignInState();

  list = $derived(
    this.lists.find(({ checklist }) => checklist.id === this.listId) ?? this.lists[0] ?? null,
  );
  steps = $derived(this.list ? shownSteps(this.list) : []);
  groups = $derived(shownGroups(this.steps));
  step = $derived(this.steps.find(({ step }) => step.id === this.stepId) ?? this.steps[0] ?? null);
  cleanUp = $derived(openCleanUp(this.lists));
  connected = $derived(this.connectionId !== null);
  signedIn = $derived(this.microsoft.person !== null);

  /** Seconds by a clock that nobody sets back, and when each list came by it. */
  #clock = $state(performance.now());
  #came: Record<string, number> = {};
  /** When a step was last looked at by itself. */
  #looked: Record<string, number> = {};
  #ticket = 0;
  #round = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #watched = false;

  constructor(app: AppState) {
    this.app = app;
  }

  // ---- reading

  async open(connectionId: string | null): Promise<void> {
    const ticket = ++this.#ticket;
    if (connectionId !== this.connectionId) this.#leave();
    if (connectionId !== this.connectionId || !this.loaded) {
      this.lists = [];
      this.loaded = false;
      this.outcome = "";
    }
    this.connectionId = connectionId;
    this.loadFailure = null;
    this.failure = null;
    this.patience.start();
    void this.microsoft.of(connectionId);
    try {
      const lists = await backend.checklists(connectionId);
      if (ticket !== this.#ticket) return;
      this.#take(lists);
      if (!this.loaded) this.#resume();
      this.loaded = true;
    } catch (error) {
      if (ticket === this.#ticket) this.loadFailure = CommandFailure.from(error);
    } finally {
      if (ticket === this.#ticket) this.patience.stop();
    }
  }

  /** What is under way for a connection that is left has nobody to look at it any more. */
  #leave(): void {
    if (this.look) void this.cancelCheck();
    this.look = null;
    this.#round += 1;
  }

  #take(views: ChecklistView[]): void {
    const at = performance.now();
    for (const { checklist } of views) this.#came[checklist.id] = at;
    this.#clock = at;
    this.now = Date.now();
    const idOf = (view: ChecklistView) => view.checklist.id;
    const fresh = (id: string) => views.find((view) => idOf(view) === id);
    const known = this.lists.map(idOf);
    this.lists = [
      ...this.lists.map((view) => fresh(idOf(view)) ?? view),
      ...views.filter((view) => !known.includes(idOf(view))),
    ];
    this.#run();
  }

  #resume(): void {
    const kept = this.app.settings.setupPlaces[placeKey(this.connectionId, "")];
    this.listId = this.lists.find(({ checklist }) => checklist.id === kept)?.checklist.id ?? null;
    this.#resumeStep();
  }

  #resumeStep(): void {
    if (!this.list) return;
    const kept = this.app.settings.setupPlaces[placeKey(this.connectionId, this.list.checklist.id)];
    this.stepId = resumeAt(this.steps, kept);
  }

  // ---- going about

  chooseList(id: string): void {
    this.listId = id;
    this.outcome = "";
    this.failure = null;
    this.#keepPlace("", id);
    this.#resumeStep();
  }

  choose(stepId: string): void {
    if (!this.list) return;
    this.failure = null;
    this.stepId = stepId;
    this.#keepPlace(this.list.checklist.id, stepId);
  }

  /** To a step of any list. */
  goTo(listId: string, stepId: string): void {
    if (this.list?.checklist.id !== listId) this.chooseList(listId);
    this.choose(stepId);
  }

  /** The step before or after; the ends hold. */
  move(by: number): void {
    const next = this.steps[this.#index + by] ?? this.steps.at(by < 0 ? 0 : -1);
    if (next) this.choose(next.step.id);
  }

  /** The next step at which something is left to do. */
  moveToOpen(by: 1 | -1): void {
    const id = nextOpen(this.steps, this.#index, by);
    if (id) this.choose(id);
  }

  get #index(): number {
    return this.steps.findIndex(({ step }) => step.id === this.step?.step.id);
  }

  #keepPlace(list: string, at: string): void {
    const setupPlaces = { ...this.app.settings.setupPlaces };
    setupPlaces[placeKey(this.connectionId, list)] = at;
    this.app.changeSoon({ setupPlaces });
  }

  // ---- changing

  async change(stepId: string, change: Change): Promise<boolean> {
    const list = this.list?.checklist.id;
    return list
      ? this.#do(() => backend.checklistChange(this.connectionId, list, stepId, change))
      : false;
  }

  async chooseVariant(variant: string): Promise<boolean> {
    const list = this.list?.checklist.id;
    if (!list) return false;
    const done = await this.#do(() =>
      backend.checklistChooseVariant(this.connectionId, list, variant),
    );
    // The other answer may not have this step.
    if (done && !this.steps.some(({ step }) => step.id === this.stepId)) this.#resumeStep();
    return done;
  }

  async #do(ask: () => Promise<ChecklistView>): Promise<boolean> {
    const { connectionId } = this;
    this.failure = null;
    try {
      const view = await ask();
      if (connectionId !== this.connectionId) return false;
      this.#take([view]);
      return true;
    } catch (error) {
      if (connectionId === this.connectionId) this.failure = CommandFailure.from(error);
      return false;
    }
  }

  /** After an import: everything may be different. */
  replace(lists: ChecklistView[]): void {
    this.#take(lists);
  }

  async openLink(url: string): Promise<void> {
    this.failure = null;
    try {
      await backend.openLink(url);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  // ---- looking

  /** Looks at one step, or at all of the list. One round at a time. */
  async check(only: string | null, quiet = false): Promise<void> {
    const { connectionId, list } = this;
    if (!connectionId || !list || this.look) return;
    await this.#check(connectionId, list, only, quiet);
  }

  async #check(connectionId: string, view: ChecklistView, only: string | null, quiet: boolean) {
    const list = view.checklist.id;
    let tally: Tally = NO_TALLY;
    const round = ++this.#round;
    const still = () => round === this.#round;
    if (!quiet) {
      this.failure = null;
      this.outcome = "";
    }
    this.look = { list, only, at: only, done: 0, total: 0, cancelling: false, quiet };
    try {
      const end = await backend.checklistCheck(connectionId, list, only, (news) => {
        if (!this.look || !still()) return;
        if (news.kind === "found") {
          tally = tallied(tally, news.step);
          this.#found(list, news);
        }
        const at = news.kind === "looking" ? news.step : null;
        this.look = { ...this.look, at, done: news.done, total: news.total };
      });
      if (!still()) return;
      this.#take([end.view]);
      if (end.trouble && !quiet) this.failure = CommandFailure.from(end.trouble);
      this.outcome = only === null ? tallyText(tally, end.cancelled) : this.#told(end.view, only);
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (!still() || quiet) return;
      if (failure.code === "cancelled") this.outcome = tallyText(tally, true);
      else this.failure = failure;
    } finally {
      if (still()) this.look = null;
      // A sign-in may have ended meanwhile.
      if (this.signedIn) void this.microsoft.refresh();
    }
  }

  /** What a look at one step found, in a few words for the ear. */
  #told(view: ChecklistView, stepId: string): string {
    const shown = shownSteps(view).find(({ step }) => step.id === stepId);
    if (!shown) return "";
    const { word, more } = lookOf(shown.progress, this.now, null);
    return `Step ${shown.number}: ${[word, ...more].join(", ").toLowerCase()}.`;
  }

  /** What was found is shown as it comes; what follows from it elsewhere comes with the end of the round. */
  #found(listId: string, { step, counts }: Extract<CheckNews, { kind: "found" }>): void {
    const view = this.lists.find(({ checklist }) => checklist.id === listId);
    if (!view) return;
    const steps = view.progress.steps.map((known) => (known.id === step.id ? step : known));
    const progress = { ...view.progress, steps, counts };
    this.lists = this.lists.map((known) => (known === view ? { ...view, progress } : known));
  }

  async cancelCheck(): Promise<void> {
    if (!this.look || this.look.cancelling) return;
    this.look = { ...this.look, cancelling: true };
    try {
      await backend.checklistCancel();
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  // ---- waiting

  /** Seconds until a wait is no longer normal; null where a step does not wait. */
  secondsLeft(shown: ShownStep, listId = this.list?.checklist.id ?? ""): number | null {
    const wait = shown.progress.countdown;
    return wait ? Math.max(0, wait.remainingSeconds - this.#elapsed(listId)) : null;
  }

  /** Seconds until a waiting step is looked at by itself; null where nothing will look. */
  secondsToLook(shown: ShownStep, listId = this.list?.checklist.id ?? ""): number | null {
    const wait = shown.progress.countdown;
    if (!wait || !this.#canLook(shown)) return null;
    const asked = wait.retryInSeconds - this.#elapsed(listId);
    const last = this.#looked[`${listId}/${shown.step.id}`];
    const gap = last === undefined ? 0 : (last + QUIET_GAP_MS - this.#clock) / 1000;
    return Math.max(0, asked, gap);
  }

  #elapsed(listId: string): number {
    return (this.#clock - (this.#came[listId] ?? this.#clock)) / 1000;
  }

  #canLook({ step }: ShownStep): boolean {
    const needs = lookNeeds(step);
    return this.connected && (needs === "connection" || (needs === "sign-in" && this.signedIn));
  }

  #waiting = $derived(
    this.lists.flatMap((view) =>
      shownSteps(view)
        .filter(({ progress }) => progress.countdown !== null)
        .map((shown) => ({ view, shown })),
    ),
  );

  /** The clock runs while the view is seen, and on without it while something waits. */
  watch(): () => void {
    this.#watched = true;
    this.#run();
    return () => {
      this.#watched = false;
    };
  }

  #run(): void {
    this.#timer ??= setInterval(() => this.#tick(), 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (!this.#watched && this.#waiting.length === 0) {
      this.stop();
      return;
    }
    this.#clock = performance.now();
    const now = Date.now();
    if (Math.abs(now - this.now) > 15_000) this.now = now;
    // Another connection may have been chosen while another view is seen.
    if (this.look || !this.connectionId || this.app.currentId !== this.connectionId) return;
    const due = this.#waiting.find(
      ({ view, shown }) => this.secondsToLook(shown, view.checklist.id) === 0,
    );
    if (!due) return;
    this.#looked[`${due.view.checklist.id}/${due.shown.step.id}`] = this.#clock;
    void this.#check(this.connectionId, due.view, due.shown.step.id, true);
  }
}

const states = new WeakMap<AppState, SetupState>();

/** The one state of a window: a wait, a sign-in and a round of checks go on while another view is seen. */
export function setupOf(app: AppState): SetupState {
  const known = states.get(app);
  if (known) return known;
  let state!: SetupState;
  // Belongs to no view: what is derived would stand still for good as soon as the first one is left.
  $effect.root(() => {
    state = new SetupState(app);
  });
  states.set(app, state);
  return state;
}
