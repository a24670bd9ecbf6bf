/**
 * The checklists of one connection as the window holds them: which list and step are shown, what a
 * person changes, and looks that are under way. What was done is kept by the other side at once; the
 * answer to each command is the whole list anew. Countdowns and what follows from them: waits.svelte.ts.
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
import { Waits } from "./waits.svelte";
import {
  lookNeeds,
  lookOf,
  nextOpen,
  NO_TALLY,
  openCleanUp,
  resumeAt,
  shownGroups,
  shownSteps,
  stepNamed,
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
  /** What the last look found or the last change led to, for a person to read or hear. */
  outcome = $state("");
  readonly waits = new Waits(this);
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

  #ticket = 0;
  #round = 0;
  /** Changes that are under way, by what they are. */
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- nothing of it is shown
  readonly #asked = new Map<string, Promise<boolean>>();
  #turns: Promise<unknown> = Promise.resolve();

  constructor(app: AppState) {
    this.app = app;
  }

  /** The time of day, coarse: for words such as "5 minutes ago". */
  get now(): number {
    return this.waits.now;
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
      this.waits.read();
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
    this.waits.leave();
  }

  /** What time alone changed: due, stale, over. What is shown stays where it cannot be read. */
  readAgain(): void {
    const { connectionId } = this;
    const ticket = this.#ticket;
    this.#turns = this.#turns.then(async () => {
      const lists = await backend.checklists(connectionId).catch(() => []);
      if (ticket === this.#ticket && !this.look) this.#take(lists);
    });
  }

  #take(views: ChecklistView[]): void {
    const idOf = (view: ChecklistView) => view.checklist.id;
    const fresh = (id: string) => views.find((view) => idOf(view) === id);
    const known = this.lists.map(idOf);
    this.lists = [
      ...this.lists.map((view) => fresh(idOf(view)) ?? view),
      ...views.filter((view) => !known.includes(idOf(view))),
    ];
    this.waits.came(views);
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

  /** To a step that another view names, "checklist/step". */
  goToNamed(place: string): void {
    const [listId = "", stepId = ""] = place.split("/");
    const view = this.lists.find(({ checklist }) => checklist.id === listId);
    if (!view) return;
    this.chooseList(listId);
    if (this.steps.some(({ step }) => step.id === stepId)) this.choose(stepId);
    else {
      const title = stepNamed(view, stepId)?.title;
      // It belongs to another answer to the list's question.
      this.outcome = title
        ? `The step “${title}” is not one of yours: it belongs to another answer to “${view.checklist.question}”`
        : "This version of the guide has no such step.";
    }
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

  /** True where it was kept. The same change, asked for again before the answer, is one: a double click. */
  async change(stepId: string, change: Change): Promise<boolean> {
    const { connectionId } = this;
    const list = this.list?.checklist.id;
    if (!list) return false;
    const again = change.kind === "undo" || change.kind === "redo";
    const done = await this.#do(again ? null : JSON.stringify([list, stepId, change]), () =>
      backend.checklistChange(connectionId, list, stepId, change),
    );
    const view = this.lists.find(({ checklist }) => checklist.id === list);
    if (done && view && change.kind !== "note") this.#say(list, this.#told(view, stepId));
    return done;
  }

  async chooseVariant(variant: string): Promise<boolean> {
    const { connectionId } = this;
    const list = this.list?.checklist.id;
    if (!list) return false;
    const done = await this.#do(JSON.stringify([list, variant]), () =>
      backend.checklistChooseVariant(connectionId, list, variant),
    );
    // The other answer may not have this step.
    if (done && !this.steps.some(({ step }) => step.id === this.stepId)) this.#resumeStep();
    return done;
  }

  /** One after the other: answers that overtake each other would show an older state. */
  #do(name: string | null, ask: () => Promise<ChecklistView>): Promise<boolean> {
    const known = name === null ? undefined : this.#asked.get(name);
    if (known) return known;
    const { connectionId } = this;
    this.failure = null;
    const done = this.#turns.then(async () => {
      try {
        const view = await ask();
        if (connectionId !== this.connectionId) return false;
        this.#take([view]);
        return true;
      } catch (error) {
        if (connectionId === this.connectionId) this.failure = CommandFailure.from(error);
        return false;
      } finally {
        if (name !== null) this.#asked.delete(name);
      }
    });
    if (name !== null) this.#asked.set(name, done);
    this.#turns = done;
    return done;
  }

  /** After an import: everything may be different. Not where another connection was chosen meanwhile. */
  replace(connectionId: string | null, lists: ChecklistView[]): void {
    if (connectionId === this.connectionId) this.#take(lists);
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
      this.#say(list, only === null ? tallyText(tally, end.cancelled) : this.#told(end.view, only));
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (!still() || quiet) return;
      if (failure.code === "cancelled") this.#say(list, tallyText(tally, true));
      else this.failure = failure;
    } finally {
      if (still()) this.look = null;
      // A sign-in may have ended meanwhile.
      if (this.signedIn) void this.microsoft.refresh();
    }
  }

  /** Whether this step of the list that is shown is looked at now. */
  looksAt(stepId: string): boolean {
    return this.look?.list === this.list?.checklist.id && this.look?.at === stepId;
  }

  /** The name of a list that is not the one shown: what is told of it must not be taken for this one's. */
  elsewhere(listId: string): string | null {
    if (listId === this.list?.checklist.id) return null;
    return this.lists.find(({ checklist }) => checklist.id === listId)?.checklist.title ?? null;
  }

  #say(listId: string, words: string): void {
    const title = this.elsewhere(listId);
    this.outcome = title ? `${title}: ${words}` : words;
  }

  /** How one step stands now, in a few words for the ear. */
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
    this.waits.stepCame(listId, step.id);
    this.lists = this.lists.map((known) => (known === view ? { ...view, progress } : known));
  }

  async cancelCheck(): Promise<void> {
    if (!this.look || this.look.cancelling) return;
    const { connectionId } = this;
    this.look = { ...this.look, cancelling: true };
    try {
      await backend.checklistCancel();
    } catch (error) {
      if (connectionId !== this.connectionId) return;
      this.failure = CommandFailure.from(error);
      // It goes on, and can be asked to end once more.
      if (this.look) this.look = { ...this.look, cancelling: false };
    }
  }

  // ---- waiting

  secondsLeft(shown: ShownStep): number | null {
    return this.waits.secondsLeft(shown, this.list?.checklist.id ?? "");
  }

  secondsToLook(shown: ShownStep): number | null {
    return this.waits.secondsToLook(shown, this.list?.checklist.id ?? "");
  }

  canLook({ step }: ShownStep): boolean {
    const needs = lookNeeds(step);
    return this.connected && (needs === "connection" || (needs === "sign-in" && this.signedIn));
  }

  /** Another connection may have been chosen while another view is seen. */
  get free(): boolean {
    return !this.look && this.loaded && this.app.currentId === this.connectionId;
  }

  lookAt(view: ChecklistView, stepId: string): void {
    if (this.connectionId) void this.#check(this.connectionId, view, stepId, true);
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
