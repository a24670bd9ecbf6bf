/**
 * What the whole window shares: settings, connections, the keychain's state, and where we are.
 * Views get it from the context; what belongs to one view lives in that view's own class.
 */
import { getContext } from "svelte";
import {
  backend,
  CommandFailure,
  type AppInfo,
  type ConnectionInfo,
  type ImportedConnection,
  type InstanceZone,
  type KeychainStatus,
  type Settings,
} from "../backend";
import { debounce } from "./debounce";
import { StatusState } from "./status.svelte";
import { isKnownZone } from "./time";

export type ViewName =
  "first-run" | "logs" | "setup" | "diagnose" | "connections" | "connect" | "settings";

/** What the connect form keeps when it is left half-way: never the secret. */
export interface ConnectDraft {
  /** The connection being edited, or null for a new one. */
  id: string | null;
  name: string;
  apiUrl: string;
  tenantId: string;
  clientId: string;
  authority: string;
  caCert: string;
}

/** What holds before the settings were read, and for those that an older version did not know. */
const FIRST_SETTINGS: Required<Settings> = {
  theme: "system",
  timeZone: "mine",
  lastConnectionId: null,
  columns: {},
  columnOrder: [],
  detailWidth: 420,
  facetsOpen: true,
  facetsWidth: 220,
  histogramOpen: true,
  letterKeys: true,
  savedViews: [],
  instanceZones: {},
  archive: {},
  memoryMegabytes: 0,
  personName: "",
  signInAppId: "",
  setupFacts: {},
  setupPlaces: {},
};

export class AppState {
  /** False until the first answers are in; the window shows nothing of its own before that. */
  ready = $state(false);
  view = $state<ViewName>("first-run");
  info = $state<AppInfo | null>(null);
  settings = $state<Required<Settings>>(FIRST_SETTINGS);
  /** Why the settings were not read or kept; the app works on without them. */
  settingsFailure = $state<CommandFailure | null>(null);

  connections = $state<ConnectionInfo[]>([]);
  connectionsFailure = $state<CommandFailure | null>(null);
  currentId = $state<string | null>(null);
  current = $derived(this.connections.find(({ id }) => id === this.currentId) ?? null);
  /** How the current connection is, as far as anything has told. */
  readonly status = new StatusState(() => this.currentId);

  keychain = $state<KeychainStatus | null>(null);
  keychainBusy = $state(false);
  keychainDismissed = $state(false);

  draft = $state<ConnectDraft | null>(null);
  /** The connection the form was opened to edit. */
  editing = $state<ConnectionInfo | null>(null);

  /** Where the values of the form came from, when that was a file. */
  imported = $state.raw<ImportedConnection | null>(null);
  /** The connection whose new secret is to be asked for, on the list of connections. */
  secretWanted = $state<string | null>(null);
  /** Secrets that have ended, and whose reminder is hidden until the next start. */
  hiddenReminders = $state<string[]>([]);
  reminderFailure = $state.raw<CommandFailure | null>(null);
  /** Somebody wants the ladder walked; the view of it does so as soon as it is seen. */
  wantsDiagnosis = $state(false);
  /** A step of the guide ("checklist/step") that the view of the checklists is to show. */
  wantedStep = $state<string | null>(null);
  /** The list of the last calls that left this computer. */
  networkOpen = $state(false);
  /** The choice of what to break in the sandbox. */
  faultsOpen = $state(false);

  switcherOpen = $state(false);
  /** The window is narrow and on top, to stand beside a browser. */
  narrow = $state(false);
  shortcutsOpen = $state(false);
  sandboxStarting = $state(false);
  sandboxFailure = $state<CommandFailure | null>(null);

  /** The zone of this computer, for Intl. */
  mine = $derived.by(() => {
    const told = this.info?.timeZone ?? "";
    return told && isKnownZone(told) ? told : Intl.DateTimeFormat().resolvedOptions().timeZone;
  });
  /** The zone of the open log's instance, as far as it is known; null without an open log. */
  instanceZone = $state.raw<InstanceZone | null>(null);
  /** The zone in which times are shown: an IANA name, or a fixed offset where an instance has only that. */
  zone = $derived(this.zoneFor(this.settings.timeZone));

  /** The sandbox lives as long as the app and is never on the saved list. */
  #sandbox: ConnectionInfo | null = null;
  readonly #keepSettings = debounce(() => void this.#saveSettings(), 400);

  async start(): Promise<void> {
    const [info, settings] = await Promise.allSettled([
      backend.appInfo(),
      backend.settings(),
      this.readConnections(),
    ]);
    if (info.status === "fulfilled") this.info = info.value;
    if (settings.status === "fulfilled") this.settings = { ...FIRST_SETTINGS, ...settings.value };
    else this.settingsFailure = CommandFailure.from(settings.reason);
    if (this.info?.startOn !== "sandbox") this.#openLast();
    this.ready = true;
    // Last: the keychain's self-test would compete with the first screen for the processor.
    void this.readKeychain();
    if (this.info?.startOn === "sandbox") await this.startSandbox();
  }

  #openLast(): void {
    const last = this.settings.lastConnectionId;
    const start = this.connections.find(({ id }) => id === last);
    if (start) this.openConnection(start.id);
    else if (this.connectionsFailure || this.connections.length > 0) this.view = "connections";
    else this.view = "first-run";
  }

  async readConnections(): Promise<void> {
    try {
      const listed = await backend.connectionsList();
      const sandbox = this.#sandbox;
      const missing = sandbox !== null && !listed.some(({ id }) => id === sandbox.id);
      this.connections = missing ? [...listed, sandbox] : listed;
      this.connectionsFailure = null;
    } catch (error) {
      this.connectionsFailure = CommandFailure.from(error);
      this.connections = this.#sandbox ? [this.#sandbox] : [];
    }
  }

  /** Where a view without a connection leads. */
  go(view: ViewName): void {
    this.view = view === "logs" && !this.current ? "first-run" : view;
  }

  openConnection(id: string): void {
    this.currentId = id;
    this.view = "logs";
    this.switcherOpen = false;
    const connection = this.connections.find((entry) => entry.id === id);
    if (connection && !connection.sandbox && this.settings.lastConnectionId !== id) {
      this.change({ lastConnectionId: id });
    }
  }

  connect(editing: ConnectionInfo | null = null): void {
    // A half-filled form is kept only for the connection it was filled in for.
    if (this.draft && this.draft.id !== (editing?.id ?? null)) this.draft = null;
    this.editing = editing;
    this.imported = null;
    this.view = "connect";
  }

  /** The form, filled in from a file; the secret is asked for there. */
  connectImported(imported: ImportedConnection): void {
    const { name, apiUrl, tenantId, clientId, authority } = imported;
    this.draft = {
      id: null,
      name,
      apiUrl,
      tenantId,
      clientId,
      authority: authority ?? "",
      caCert: "",
    };
    this.connect();
    this.imported = imported;
  }

  /** The list of connections, with the question for this one's new secret. */
  askForSecret(id: string): void {
    this.secretWanted = id;
    this.view = "connections";
  }

  /** Until the next reminder is due. After the end there is none: then only the banner goes, until the next start. */
  async putOffReminder({ id, secretEnd }: ConnectionInfo): Promise<void> {
    this.reminderFailure = null;
    if (secretEnd?.reminder === "over") {
      this.hiddenReminders = [...this.hiddenReminders, id];
      return;
    }
    try {
      this.changed(await backend.credentialPutOff(id));
    } catch (error) {
      this.reminderFailure = CommandFailure.from(error);
    }
  }

  /** A connection as it is now, in the place of what was known of it. */
  changed(connection: ConnectionInfo): void {
    this.connections = this.connections.map((known) =>
      known.id === connection.id ? connection : known,
    );
  }

  async startSandbox(): Promise<void> {
    if (this.sandboxStarting) return;
    this.sandboxStarting = true;
    this.sandboxFailure = null;
    try {
      this.#sandbox = await backend.sandboxStart();
      await this.readConnections();
      this.openConnection(this.#sandbox.id);
    } catch (error) {
      this.sandboxFailure = CommandFailure.from(error);
    } finally {
      this.sandboxStarting = false;
    }
  }

  /** Why does it not connect? Shows the ladder and walks it. */
  diagnose(): void {
    this.wantsDiagnosis = this.currentId !== null;
    this.view = "diagnose";
  }

  /** A step of the guide, "checklist/step". */
  openStep(step: string): void {
    this.wantedStep = step;
    this.view = "setup";
  }

  /** The sandbox was broken or repaired: its connection as the technician has it now. */
  sandboxIs(connection: ConnectionInfo): void {
    this.#sandbox = connection;
    this.connections = this.connections.map((known) =>
      known.id === connection.id ? connection : known,
    );
    this.status.forget(connection.id);
  }

  /** Called after a connection was saved: it becomes the current one. */
  async saved(connection: ConnectionInfo): Promise<void> {
    this.draft = null;
    this.editing = null;
    this.imported = null;
    this.status.forget(connection.id);
    await this.readConnections();
    this.openConnection(connection.id);
  }

  async remove(id: string): Promise<void> {
    try {
      await backend.connectionRemove(id);
    } finally {
      // Also after a failure: the connection may be gone, though something of it could not be removed.
      await this.readConnections();
      if (!this.connections.some((listed) => listed.id === id) && !this.connectionsFailure) {
        if (this.currentId === id) this.currentId = null;
        this.#forget(id);
      }
    }
  }

  /** What the settings held for a connection that is gone. Rust has taken it out already; this copy must not bring it back. */
  #forget(id: string): void {
    const { lastConnectionId, setupFacts, setupPlaces } = this.settings;
    const others = <T>(kept: Record<string, T>) =>
      Object.fromEntries(Object.entries(kept).filter(([key]) => key.split("/")[0] !== id));
    this.change({
      lastConnectionId: lastConnectionId === id ? null : lastConnectionId,
      setupFacts: others(setupFacts),
      setupPlaces: others(setupPlaces),
    });
  }

  // ---- keychain

  async readKeychain(): Promise<void> {
    await this.#askKeychain(() => backend.keychainStatus());
  }

  async retryKeychain(): Promise<void> {
    await this.#askKeychain(() => backend.keychainRetry());
    await this.readConnections();
  }

  async useSessionMemory(): Promise<void> {
    await this.#askKeychain(() => backend.keychainUseSessionMemory());
    await this.readConnections();
  }

  async #askKeychain(ask: () => Promise<KeychainStatus>): Promise<void> {
    this.keychainBusy = true;
    try {
      this.keychain = await ask();
    } catch (error) {
      const failure = CommandFailure.from(error);
      this.keychain = {
        store: this.keychain?.store ?? "the keychain of this system",
        state: "failing",
        detail: failure.message,
        remedy: failure.remedy ?? "",
        sessionOnly: false,
      };
    } finally {
      this.keychainBusy = false;
    }
  }

  /** The keychain cannot take secrets, and the person has not chosen to do without. */
  keychainTrouble = $derived(
    this.keychain !== null &&
      !["ready", "unchecked"].includes(this.keychain.state) &&
      !this.keychain.sessionOnly,
  );

  /** "GNOME Keyring (Secret Service)", or the words for memory alone. */
  secretStore = $derived(
    this.keychain?.sessionOnly
      ? "memory only, until you close CIPP Desk"
      : (this.keychain?.store ?? "the keychain of this system"),
  );

  /** Narrow and on top, or as it was. A window that cannot be changed stays as it is; the answer says why. */
  async setNarrow(on: boolean): Promise<CommandFailure | null> {
    if (on === this.narrow) return null;
    this.narrow = on;
    try {
      await backend.setNarrow(on);
      return null;
    } catch (error) {
      this.narrow = !on;
      return CommandFailure.from(error);
    }
  }

  // ---- settings

  /** Kept at once: the window may be closed the next moment. */
  change(part: Partial<Settings>): void {
    this.changeSoon(part);
    this.#keepSettings.flush();
  }

  /** For what changes many times a second, such as a width that is being dragged: kept once it is quiet. */
  changeSoon(part: Partial<Settings>): void {
    this.settings = { ...this.settings, ...part };
    this.#keepSettings();
  }

  async #saveSettings(): Promise<void> {
    try {
      await backend.settingsSave($state.snapshot(this.settings));
      this.settingsFailure = null;
    } catch (error) {
      this.settingsFailure = CommandFailure.from(error);
    }
  }

  // ---- the time zone

  /** The zone that a choice in the settings means: `mine`, `instance`, `utc` or a name. */
  zoneFor(choice: string): string {
    if (choice === "utc") return "UTC";
    const wanted = choice === "instance" ? this.instanceZone?.name : choice;
    return wanted && wanted !== "mine" && isKnownZone(wanted) ? wanted : this.mine;
  }

  /** The zone that was last chosen by its name. */
  #named: string | null = null;

  /** The next of: mine, UTC, the instance's, and the one chosen by name. What shows the same times is left out. */
  toggleZone(): void {
    const chosen = this.settings.timeZone;
    if (!["mine", "utc", "instance"].includes(chosen)) this.#named = chosen;
    const choices: string[] = [];
    for (const choice of ["mine", "utc", "instance", this.#named ?? "mine"]) {
      if (choice === "instance" && !this.instanceZone) continue;
      const zone = this.zoneFor(choice);
      if (!choices.some((known) => this.zoneFor(known) === zone)) choices.push(choice);
    }
    const at = choices.findIndex((choice) => this.zoneFor(choice) === this.zone);
    const next = choices[(at + 1) % choices.length];
    if (next !== undefined && next !== chosen) this.change({ timeZone: next });
  }
}

export const APP = Symbol("app");

export function useApp(): AppState {
  return getContext<AppState>(APP);
}
