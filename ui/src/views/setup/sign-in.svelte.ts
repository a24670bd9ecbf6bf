/**
 * Signing in at Microsoft, so that checks may look there: what is said before a browser opens, how far it
 * is, and who is signed in. No token ever comes into the window.
 */
import {
  backend,
  CommandFailure,
  type SignedIn,
  type SignInAbout,
  type SignInAsk,
  type SignInProgress,
} from "../../backend";

export type Way = "browser" | "code";

/** What can be allowed, in the order in which it is worth asking, and what it is good for. */
export const ASKS: { ask: SignInAsk; title: string; why: string }[] = [
  {
    ask: "directory",
    title: "The directory, its policies and its sign-in log",
    why: "Serves almost every check. An administrator must allow it; a Global Reader can then use it.",
  },
  {
    ask: "basic",
    title: "Your own account alone",
    why: "What anybody may allow for themselves. Few checks can use it.",
  },
  {
    ask: "signInMethods",
    title: "How people sign in",
    why: "Shows whether the service account has registered Microsoft MFA.",
  },
  {
    ask: "eligibleRoles",
    title: "Who could take on a role",
    why: "Tells a role that is only eligible from one that is not there.",
  },
  {
    ask: "customerRelationships",
    title: "GDAP relationships with customers",
    why: "Shows whether the roles that customers granted reach the service account.",
  },
  {
    ask: "azure",
    title: "Azure: subscriptions and the Function App of CIPP",
    why: "For CIPP that you host yourself: Contributor, the app's identity, its sign-in settings.",
  },
];

/** What Microsoft's page will call the application for this. */
export const appNameFor = (about: SignInAbout, ask: SignInAsk): string =>
  ask === "azure" ? about.azureApp : about.graphApp;

export const scopesFor = (about: SignInAbout, ask: SignInAsk): string[] =>
  about.asks.find((known) => known.ask === ask)?.scopes ?? [];

export class SignInState {
  person = $state.raw<SignedIn | null>(null);
  about = $state.raw<SignInAbout | null>(null);
  open = $state(false);
  ask = $state<SignInAsk>("directory");
  /** What is under way; null while nothing is. */
  way = $state<Way | null>(null);
  progress = $state.raw<SignInProgress | null>(null);
  failure = $state.raw<CommandFailure | null>(null);
  /** Just signed in, or just allowed more: for the panel and for those who listen. */
  done = $state(false);

  #connectionId: string | null = null;
  #ticket = 0;
  /** Goes up whenever it is known anew who is signed in: an answer asked for before that is old. */
  #known = 0;

  /** Another connection: the other side forgets whoever was signed in for the one before. */
  async of(connectionId: string | null): Promise<void> {
    if (connectionId !== this.#connectionId) {
      this.#ticket += 1;
      this.person = null;
      this.about = null;
      this.way = null;
      this.progress = null;
      this.failure = null;
      this.open = false;
    }
    this.#connectionId = connectionId;
    await this.refresh();
  }

  /** Asks who is signed in still: a sign-in can end by itself. */
  async refresh(): Promise<void> {
    const id = this.#connectionId;
    if (id === null) return;
    const known = ++this.#known;
    // Without an answer nobody counts as signed in; the panel says why when it is opened.
    const person = await backend.signedIn(id).catch(() => null);
    if (known === this.#known && id === this.#connectionId) this.person = person;
  }

  async show(): Promise<void> {
    const id = this.#connectionId;
    this.open = true;
    if (this.way || id === null) return;
    this.failure = null;
    this.done = false;
    this.ask = this.next;
    try {
      const about = await backend.signInAbout(id);
      if (id === this.#connectionId) this.about = about;
    } catch (error) {
      if (id === this.#connectionId) this.failure = CommandFailure.from(error);
    }
  }

  /** What to propose: the first that is not allowed yet. */
  get next(): SignInAsk {
    const allowed = this.person?.allowed ?? [];
    const useful = ASKS.filter(({ ask }) => ask !== "basic" && !allowed.includes(ask));
    return useful[0]?.ask ?? "directory";
  }

  async begin(way: Way): Promise<void> {
    const id = this.#connectionId;
    if (id === null || this.way) return;
    const ticket = ++this.#ticket;
    const mine = () => ticket === this.#ticket;
    this.way = way;
    this.progress = null;
    this.failure = null;
    this.done = false;
    const start = way === "browser" ? backend.signIn : backend.signInDevice;
    try {
      const person = await start(id, this.ask, (progress) => {
        if (mine()) this.progress = progress;
      });
      if (!mine()) return;
      this.#know(person);
      this.done = true;
      this.ask = this.next;
    } catch (error) {
      if (!mine()) return;
      const failure = CommandFailure.from(error);
      if (failure.code !== "cancelled") this.failure = failure;
    } finally {
      if (mine()) {
        this.way = null;
        this.progress = null;
      }
    }
  }

  #know(person: SignedIn | null): void {
    this.#known += 1;
    this.person = person;
  }

  async openPage(): Promise<void> {
    await this.#try(() => backend.signInOpenPage());
  }

  async cancel(): Promise<void> {
    await this.#try(() => backend.signInCancel());
  }

  async signOut(): Promise<void> {
    await this.#try(async () => {
      await backend.signOut();
      this.#know(null);
      this.done = false;
      this.ask = this.next;
    });
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    const id = this.#connectionId;
    this.failure = null;
    try {
      await act();
    } catch (error) {
      if (id === this.#connectionId) this.failure = CommandFailure.from(error);
    }
  }
}
