/**
 * What is done with one connection's credential on the list: where it is, a new secret, its end, a
 * file without it, a script. One dialog at a time. The secret lives here only between typing and
 * saving, as in the connect form.
 */
import {
  backend,
  CommandFailure,
  type ConnectionInfo,
  type ConnectionScript,
  type TestProgress,
  type Whereabouts,
} from "../../backend";
import type { AppState } from "../../lib/app.svelte";
import { debounce } from "../../lib/debounce";
import { FileTarget } from "../../lib/file-target.svelte";
import { dayIn, isDay, momentOf } from "../../lib/time";

export type Task = "where" | "replace" | "end" | "export" | "import" | "script";

const CHECK_QUIET_MS = 250;

export class CredentialsState {
  /** The dialog that is open. */
  task = $state<Task | null>(null);
  connectionId = $state<string | null>(null);
  readonly app: AppState;
  readonly connection = $derived.by(() =>
    this.app.connections.find(({ id }) => id === this.connectionId),
  );

  constructor(app: AppState) {
    this.app = app;
  }

  open(task: Task, connection: ConnectionInfo | null = null): void {
    this.connectionId = connection?.id ?? null;
    this.task = task;
  }

  close(): void {
    this.task = null;
  }
}

/** Where the secret is, asked when the dialog opens. */
export class WhereState {
  about = $state.raw<Whereabouts | null>(null);
  failure = $state.raw<CommandFailure | null>(null);

  async read(id: string): Promise<void> {
    this.failure = null;
    try {
      this.about = await backend.credentialWhere(id);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }
}

/** A new secret in the place of the old one. */
export class ReplaceState {
  secret = $state("");
  warning = $state<string | null>(null);
  problem = $state<string | null>(null);
  busy = $state(false);
  done = $state(false);
  stages = $state.raw<TestProgress[]>([]);
  failure = $state.raw<CommandFailure | null>(null);
  #ticket = 0;
  readonly #app: AppState;
  readonly #checkSoon = debounce(() => void this.#check(), CHECK_QUIET_MS);

  constructor(app: AppState) {
    this.#app = app;
  }

  type(value: string): void {
    this.secret = value;
    this.warning = null;
    this.problem = null;
    if (value.trim()) this.#checkSoon();
    else this.#checkSoon.cancel();
  }

  async #check(): Promise<void> {
    const ticket = ++this.#ticket;
    try {
      const shape = await backend.checkSecretShape(this.secret);
      if (ticket !== this.#ticket) return;
      this.warning = shape.kind === "unusual" ? shape.sentence : null;
      this.problem = shape.kind === "secretId" ? shape.sentence : null;
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  async save(id: string): Promise<void> {
    if (this.busy || !this.secret.trim()) return;
    this.#checkSoon.cancel();
    this.#ticket += 1;
    this.busy = true;
    this.failure = null;
    this.problem = null;
    this.stages = [];
    try {
      const secret = { kind: "typed" as const, value: this.secret };
      const changed = await backend.credentialReplace(id, secret, (stage) => {
        this.stages = [...this.stages.filter((known) => known.stage !== stage.stage), stage];
      });
      this.secret = "";
      this.warning = null;
      this.done = true;
      this.#app.changed(changed);
      // How it stood was with the old one.
      this.#app.status.forget(id);
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (failure.code === "cancelled") this.stages = [];
      else if (failure.field === "secret" && failure.code === "invalidField") {
        this.problem = [failure.message, failure.remedy].filter(Boolean).join(" ");
      } else this.failure = failure;
    } finally {
      this.busy = false;
    }
  }

  async cancel(): Promise<void> {
    try {
      await backend.connectionCancelTest();
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  /** The dialog is left: nothing of the secret stays. */
  leave(): void {
    this.#checkSoon.cancel();
    this.#ticket += 1;
    this.secret = "";
    if (this.busy) void this.cancel();
  }
}

/** When the secret ends: asked of Entra, or typed. */
export class EndState {
  day = $state("");
  busy = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  readonly #app: AppState;

  constructor(app: AppState, connection: ConnectionInfo | undefined) {
    this.#app = app;
    this.#show(connection);
  }

  /** The field follows what is known. */
  #show(connection: ConnectionInfo | undefined): void {
    const at = momentOf(connection?.secretEnd?.at ?? null);
    this.day = at === null ? "" : dayIn(at, this.#app.mine);
  }

  readonly dayIsFine = $derived(isDay(this.day.trim()));

  keep(id: string): Promise<void> {
    return this.#do(() => backend.credentialSetEnd(id, this.day.trim()));
  }

  forget(id: string): Promise<void> {
    return this.#do(() => backend.credentialSetEnd(id, null));
  }

  lookUp(id: string): Promise<void> {
    return this.#do(() => backend.credentialLookUpEnd(id));
  }

  async #do(work: () => Promise<ConnectionInfo>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      const connection = await work();
      this.#app.changed(connection);
      this.#show(connection);
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (failure.code !== "cancelled") this.failure = failure;
    } finally {
      this.busy = false;
    }
  }

  /** The dialog is left: whoever still looks may stop. */
  leave(): void {
    if (this.busy) void backend.connectionCancelTest().catch(() => undefined);
  }
}

export const SCRIPTS: { id: ConnectionScript; word: string; about: string }[] = [
  {
    id: "powerShell",
    word: "PowerShell",
    about:
      "The script of CIPP's documentation: signs in and reads the log of today. For Windows PowerShell 5.1 and PowerShell 7.",
  },
  {
    id: "module",
    word: "Set-CIPPAPIDetails",
    about: "For the module CIPPAPIModule; its other commands work afterwards, in the same session.",
  },
  {
    id: "curl",
    word: "curl",
    about: "For bash and zsh, with curl 7.55 or newer: signs in and reads the log of today.",
  },
];

export class ScriptState {
  form = $state<ConnectionScript>("powerShell");
  text = $state("");
  failure = $state.raw<CommandFailure | null>(null);

  async choose(id: string, form: ConnectionScript): Promise<void> {
    this.form = form;
    this.failure = null;
    try {
      const text = await backend.connectionScript(id, form);
      if (this.form === form) this.text = text;
    } catch (error) {
      this.text = "";
      this.failure = CommandFailure.from(error);
    }
  }
}

/** The connection as a file, without its secret. */
export function exportTarget(connection: ConnectionInfo): FileTarget<"json"> {
  return new FileTarget<"json">("json", {
    endings: { json: ".json" },
    propose: () => backend.connectionFileName(connection.name),
    write: async (_, path, overwrite) => {
      await backend.connectionExport(connection.id, path, overwrite);
    },
  });
}

export class ImportState {
  path = $state("");
  busy = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  readonly #app: AppState;

  constructor(app: AppState) {
    this.#app = app;
  }

  type(path: string): void {
    this.path = path;
    this.failure = null;
  }

  async browse(): Promise<void> {
    try {
      const chosen = await backend.chooseConnectionFile();
      if (chosen !== null) this.type(chosen);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  /** Leads to the form when the file could be read. */
  async read(): Promise<void> {
    const path = this.path.trim();
    if (!path || this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      this.#app.connectImported(await backend.connectionImport(path));
    } catch (error) {
      this.failure = CommandFailure.from(error);
    } finally {
      this.busy = false;
    }
  }
}
