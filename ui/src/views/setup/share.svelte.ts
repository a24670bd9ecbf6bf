/** The report and the run as files: what is written, where, how it ended; and a colleague's run brought in. */
import {
  backend,
  CommandFailure,
  type ChecklistFile,
  type ChecklistView,
  type Merged,
} from "../../backend";
import { FileTarget } from "../../lib/file-target.svelte";
import type { SetupState } from "./setup.svelte";
import { stepNamed } from "./words";

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

const ENDINGS: Record<ChecklistFile, string> = { html: ".html", markdown: ".md", run: ".json" };

/** The report or the run of the connection that is open now. */
export function shareTarget(setup: SetupState): FileTarget<ChecklistFile> {
  const { connectionId } = setup;
  const name = setup.app.current?.name ?? "CIPP";
  return new FileTarget<ChecklistFile>("html", {
    endings: ENDINGS,
    propose: (file) => backend.checklistFileName(name, file),
    write: async (file, path, overwrite) => {
      await backend.checklistWrite(connectionId, file, path, overwrite, false);
    },
  });
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

  type(path: string): void {
    this.path = path;
    this.failure = null;
    this.merged = null;
  }

  async browse(): Promise<void> {
    try {
      const chosen = await backend.chooseChecklistFile();
      if (chosen !== null) this.type(chosen);
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
    const { connectionId } = this.#setup;
    try {
      const { merged, views } = await backend.checklistImport(connectionId, path);
      this.#setup.replace(connectionId, views);
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
        title: stepNamed(view, id)?.title ?? id,
      })),
  );
}
