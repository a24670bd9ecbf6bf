/** The report and the run as files: what is written, where, how it ended; and a colleague's run brought in. */
import {
  backend,
  CommandFailure,
  type ChecklistFile,
  type ChecklistView,
  type Merged,
} from "../../backend";
import type { SetupState } from "./setup.svelte";

export const FILES: { id: ChecklistFile; word: string; about: string; testid: string }[] = [
  {
    id: "html",
    word: "Report, as a page",
    about: "One file that opens in any browser and prints well. For the customer's documentation.",
    testid: "report-html",
  },
  {
    id: "markdown",
    word: "Report, as Markdown",
    about: "Text for a documentation system or a ticket.",
    testid: "report-markdown",
  },
  {
    id: "run",
    word: "The run, for a colleague",
    about:
      "Everything that was done, with proofs, notes and history. A colleague imports it and goes on.",
    testid: "run-export",
  },
];

const ENDING = /\.(html|md|json)$/i;
const ENDINGS: Record<ChecklistFile, string> = { html: ".html", markdown: ".md", run: ".json" };

export class ShareState {
  file = $state<ChecklistFile>("html");
  path = $state("");
  phase = $state<"asking" | "exists" | "writing" | "done">("asking");
  failure = $state.raw<CommandFailure | null>(null);
  readonly #setup: SetupState;
  /** The path is as it was proposed: another file brings another one. */
  #proposed = "";

  constructor(setup: SetupState) {
    this.#setup = setup;
  }

  async propose(): Promise<void> {
    const { file } = this;
    const name = this.#setup.app.current?.name ?? "CIPP";
    try {
      const path = await backend.checklistFileName(name, file);
      if (file === this.file && this.path === this.#proposed) {
        this.path = path;
        this.#proposed = path;
      }
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  choose(file: ChecklistFile): void {
    this.file = file;
    this.phase = "asking";
    this.failure = null;
    if (this.path === this.#proposed) void this.propose();
    else this.path = this.path.replace(ENDING, ENDINGS[file]);
  }

  async browse(): Promise<void> {
    try {
      const chosen = await backend.chooseExportFile(this.path || this.#proposed);
      if (chosen === null) return;
      this.path = chosen;
      this.phase = "asking";
      this.failure = null;
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  async write(overwrite: boolean, show = false): Promise<void> {
    const path = this.path.trim();
    if (!path || this.phase === "writing") return;
    this.phase = "writing";
    this.failure = null;
    const { connectionId } = this.#setup;
    try {
      await backend.checklistWrite(connectionId, this.file, path, overwrite, show);
      this.phase = "done";
    } catch (error) {
      const failure = CommandFailure.from(error);
      this.phase = failure.code === "fileExists" ? "exists" : "asking";
      if (failure.code !== "fileExists") this.failure = failure;
    }
  }
}

export class ImportState {
  path = $state("");
  busy = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  merged = $state.raw<Merged | null>(null);
  readonly #setup: SetupState;

  constructor(setup: SetupState) {
    this.#setup = setup;
  }

  async browse(): Promise<void> {
    try {
      const chosen = await backend.chooseChecklistFile();
      if (chosen === null) return;
      this.path = chosen;
      this.failure = null;
      this.merged = null;
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  async read(): Promise<void> {
    const path = this.path.trim();
    if (!path || this.busy) return;
    this.busy = true;
    this.failure = null;
    this.merged = null;
    try {
      const { merged, views } = await backend.checklistImport(this.#setup.connectionId, path);
      this.#setup.replace(views);
      this.merged = merged;
    } catch (error) {
      this.failure = CommandFailure.from(error);
    } finally {
      this.busy = false;
    }
  }
}

/** "3 steps came in. At 2 steps both went on apart: choose there." */
export function mergedText({ taken, conflicts, otherVariants }: Merged): string {
  const steps = (n: number) => `${n} ${n === 1 ? "step" : "steps"}`;
  const parts: string[] = [];
  if (taken.length > 0) parts.push(`${steps(taken.length)} came in.`);
  if (conflicts.length > 0) {
    parts.push(`At ${steps(conflicts.length)} both went on apart: choose there.`);
  }
  if (otherVariants.length > 0) parts.push("Your colleague answered the question differently.");
  return parts.length > 0 ? parts.join(" ") : "Nothing in it was new.";
}

/** The steps at which a choice waits, with their titles. */
export function conflictsOf(views: ChecklistView[]) {
  return views.flatMap((view) =>
    view.progress.steps
      .filter(({ conflict }) => conflict !== null)
      .map(({ id }) => ({
        list: view.checklist.id,
        step: id,
        title:
          view.checklist.groups.flatMap(({ steps }) => steps).find((step) => step.id === id)
            ?.title ?? id,
      })),
  );
}
