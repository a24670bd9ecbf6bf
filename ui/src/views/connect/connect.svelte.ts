/**
 * The connect form's behaviour. The secret lives here only between typing and saving; a recognised
 * one never reaches the window at all, it waits in Rust under a draft's id.
 */
import {
  backend,
  CommandFailure,
  type ConnectionInput,
  type Field,
  type FieldProblem,
  type RecognisedInfo,
  type TestProgress,
} from "../../backend";
import type { AppState, ConnectDraft } from "../../lib/app.svelte";
import { debounce, type Debounced } from "../../lib/debounce";
import { Patience } from "../../lib/patience.svelte";

export type TextField = Exclude<keyof ConnectDraft, "id">;

export const CHECK_QUIET_MS = 250;

export const STAGES: { id: TestProgress["stage"]; word: string }[] = [
  { id: "address", word: "Address answers" },
  { id: "signIn", word: "Sign-in with Microsoft" },
  { id: "accepted", word: "CIPP accepts this client" },
  { id: "logRead", word: "Today's log can be read" },
  { id: "saved", word: "Saved" },
];

export const REQUIRED: TextField[] = ["apiUrl", "tenantId", "clientId", "name"];
const OPTIONAL: TextField[] = ["authority", "caCert"];

const EMPTY: ConnectDraft = {
  id: null,
  name: "",
  apiUrl: "",
  tenantId: "",
  clientId: "",
  authority: "",
  caCert: "",
};

/** Where nearly everybody signs in: not worth a line in the form. */
const isPublicCloud = (authority: string) =>
  authority.replace(/\/+$/, "") === "https://login.microsoftonline.com";

export class ConnectForm {
  values = $state<ConnectDraft>({ ...EMPTY });
  problems = $state<Partial<Record<Field, FieldProblem>>>({});

  /** The typed secret value. Emptied as soon as it has been handed over. */
  secret = $state("");
  secretWarning = $state<string | null>(null);
  /** A recognised secret that waits in Rust. */
  draftId = $state<string | null>(null);
  /** Editing, and the stored secret is to stay. */
  keepSecret = $state(false);

  pasted = $state("");
  recognised = $state.raw<RecognisedInfo | null>(null);
  recogniseFailure = $state.raw<CommandFailure | null>(null);

  busy = $state(false);
  testing = $state(false);
  stages = $state.raw<TestProgress[]>([]);
  failure = $state.raw<CommandFailure | null>(null);
  readonly patience = new Patience();

  readonly #app: AppState;
  readonly #checks: Partial<Record<Field, Debounced<[string]>>> = {};
  readonly #checkSecretSoon = debounce(() => void this.#checkSecret(), CHECK_QUIET_MS);
  #secretTicket = 0;
  #left = false;

  constructor(app: AppState) {
    this.#app = app;
    const editing = app.editing;
    if (app.draft) this.values = { ...app.draft };
    else if (editing) {
      this.values = {
        id: editing.id,
        name: editing.name,
        apiUrl: editing.apiUrl,
        tenantId: editing.tenantId,
        clientId: editing.clientId,
        authority: isPublicCloud(editing.authority) ? "" : editing.authority,
        caCert: editing.caCert ?? "",
      };
    }
    this.keepSecret = editing !== null && editing.secret !== "missing";
  }

  /** What is still to be done before saving makes sense, in the order of the form. */
  missing = $derived.by(() => {
    const fields: Field[] = REQUIRED.filter((field) => !this.values[field].trim());
    const secret = this.keepSecret || this.draftId !== null || this.secret.trim() !== "";
    return secret ? fields : [...fields, "secret" as const];
  });

  // ---- fields

  type(field: TextField, value: string): void {
    this.values[field] = value;
    const check = (this.#checks[field] ??= debounce(
      (text: string) => void this.#check(field, text),
      CHECK_QUIET_MS,
    ));
    check(value);
  }

  /** The field was left: its check waits no longer. */
  blur(field: TextField): void {
    this.#checks[field]?.flush();
  }

  async #check(field: TextField, value: string): Promise<boolean> {
    const optional = OPTIONAL.includes(field);
    if (!value.trim() && (optional || !this.failure)) {
      delete this.problems[field];
      if (optional) return true;
    }
    try {
      const problem = await backend.checkField(field, value);
      if (this.values[field] !== value) return true;
      if (problem) this.problems[field] = problem;
      else delete this.problems[field];
      return problem === null;
    } catch (error) {
      this.failure = CommandFailure.from(error);
      return false;
    }
  }

  typeSecret(value: string): void {
    this.secret = value;
    this.secretWarning = null;
    delete this.problems.secret;
    if (value.trim()) this.#checkSecretSoon();
    else this.#checkSecretSoon.cancel();
  }

  async #checkSecret(): Promise<boolean> {
    const ticket = ++this.#secretTicket;
    if (!this.secret.trim()) return true;
    try {
      const shape = await backend.checkSecretShape(this.secret);
      if (ticket !== this.#secretTicket) return true;
      this.secretWarning = shape.kind === "unusual" ? shape.sentence : null;
      if (shape.kind === "secretId") {
        this.problems.secret = { problem: shape.sentence, remedy: "" };
        return false;
      }
      delete this.problems.secret;
      return true;
    } catch (error) {
      this.failure = CommandFailure.from(error);
      return false;
    }
  }

  replaceSecret(): void {
    this.keepSecret = false;
    void this.forgetDraft();
  }

  keepStoredSecret(): void {
    this.keepSecret = true;
    this.#clearSecret();
  }

  // ---- paste

  async recognise(text: string): Promise<void> {
    this.recogniseFailure = null;
    if (!text.trim()) return;
    try {
      const found = await backend.recognise(text);
      await this.forgetDraft();
      this.recognised = found;
      for (const field of ["apiUrl", "tenantId", "clientId"] as const) {
        const value = found[field];
        if (value) {
          this.type(field, value);
          this.blur(field);
        }
      }
      if (found.draftId && found.secretFound) {
        this.draftId = found.draftId;
        this.keepSecret = false;
        this.secret = "";
        this.secretWarning = null;
        delete this.problems.secret;
      }
      this.#suggestName();
      // What was understood may hold the secret: it does not stay on the screen.
      const understood = found.secretFound || found.apiUrl || found.tenantId || found.clientId;
      this.pasted = understood ? "" : text;
    } catch (error) {
      this.recogniseFailure = CommandFailure.from(error);
    }
  }

  /** A name nobody has to think about; the person can change it. */
  #suggestName(): void {
    if (this.values.name.trim() || !this.values.apiUrl) return;
    const host = this.values.apiUrl.replace(/^https?:\/\//, "").split(/[/:]/)[0] ?? "";
    this.values.name = host.split(".")[0] ?? "";
  }

  async forgetDraft(): Promise<void> {
    const draft = this.draftId;
    this.draftId = null;
    if (!draft) return;
    try {
      await backend.forgetDraft(draft);
    } catch {
      // It is memory of the app alone, and gone with it at the latest.
    }
  }

  // ---- save

  async save(test: boolean): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    this.stages = [];
    try {
      if (!(await this.#allFine())) return;
      this.testing = test;
      this.patience.start();
      const connection = await backend.connectionSave(this.#input(test), (stage) =>
        this.#stage(stage),
      );
      this.#clearSecret();
      this.#left = true;
      await this.#app.saved(connection);
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (failure.code === "cancelled") this.stages = [];
      else this.failure = failure;
      if (failure.field) {
        this.problems[failure.field] = {
          problem: failure.message,
          remedy: failure.remedy ?? "",
        };
      }
    } finally {
      this.busy = false;
      this.testing = false;
      this.patience.stop();
    }
  }

  async #allFine(): Promise<boolean> {
    const fields = [...REQUIRED, ...OPTIONAL.filter((field) => this.values[field].trim())];
    const fine = await Promise.all([
      ...fields.map((field) => this.#checkNow(field)),
      this.#checkSecret(),
    ]);
    if (this.missing.includes("secret")) {
      this.problems.secret = {
        problem: "The secret value is missing.",
        remedy: "CIPP shows it once, when the client is created or its secret is reset.",
      };
      return false;
    }
    return fine.every(Boolean);
  }

  #checkNow(field: TextField): Promise<boolean> {
    this.#checks[field]?.cancel();
    return this.#check(field, this.values[field]);
  }

  #input(test: boolean): ConnectionInput {
    const { id, name, apiUrl, tenantId, clientId, authority, caCert } = this.values;
    const secret: ConnectionInput["secret"] = this.keepSecret
      ? { kind: "keep" }
      : this.draftId !== null
        ? { kind: "draft", draftId: this.draftId }
        : { kind: "typed", value: this.secret };
    return {
      id,
      name: name.trim(),
      apiUrl,
      tenantId,
      clientId,
      authority: authority.trim() || null,
      caCert: caCert.trim() || null,
      secret,
      test,
    };
  }

  #stage(stage: TestProgress): void {
    this.stages = [...this.stages.filter((known) => known.stage !== stage.stage), stage];
  }

  async cancelTest(): Promise<void> {
    try {
      await backend.connectionCancelTest();
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  #clearSecret(): void {
    this.#secretTicket += 1;
    this.#checkSecretSoon.cancel();
    this.secret = "";
    this.secretWarning = null;
    this.pasted = "";
    delete this.problems.secret;
    if (this.#app.editing === null || !this.keepSecret) this.draftId = null;
    else void this.forgetDraft();
  }

  /** The form is left: everything but the secret is kept for the next time. */
  leave(): void {
    for (const check of Object.values(this.#checks)) check.cancel();
    this.patience.stop();
    if (this.busy) void this.cancelTest();
    void this.forgetDraft();
    this.#clearSecret();
    if (this.#left) return;
    const typed = [...REQUIRED, ...OPTIONAL].some((field) => this.values[field].trim() !== "");
    this.#app.draft = typed ? $state.snapshot(this.values) : null;
  }
}
