/** Writing what the view shows to a file: the choices, how far it is, how it ended. */
import {
  backend,
  CommandFailure,
  type DayState,
  type ExportFormat,
  type ExportOptions,
  type ExportProgress,
  type ExportSummary,
} from "../../backend";
import { dayText } from "../../lib/time";
import type { LogsState } from "./logs.svelte";

export const FORMATS: { id: ExportFormat; word: string; about: string }[] = [
  { id: "csv", word: "CSV", about: "For spreadsheets and scripts. One line for each entry." },
  { id: "xlsx", word: "Excel", about: "A workbook, with a sheet about what is in it." },
  { id: "json", word: "JSON", about: "One list, each entry exactly as CIPP sent it." },
  { id: "ndjson", word: "NDJSON", about: "One entry a line, exactly as CIPP sent it." },
  { id: "parquet", word: "Parquet", about: "For analysis tools. Not encrypted." },
];

/** Which formats a switch means anything for. */
export const takesFormulaSafe = (format: ExportFormat) => format === "csv" || format === "xlsx";
export const takesBom = (format: ExportFormat) => format === "csv";
export const takesZone = (format: ExportFormat) => format === "csv" || format === "xlsx";

/** How the days of the view are, as far as an export is concerned. */
export interface ExportDays {
  days: number;
  complete: number;
  /** Sentences about days that are not whole; empty where all are. */
  gaps: string[];
}

const GAPS: { states: DayState["state"][]; words: string }[] = [
  { states: ["failed", "cancelled", "notFetched"], words: "not read" },
  { states: ["loading", "waiting"], words: "still being read" },
  { states: ["partial"], words: "not complete" },
  { states: ["outOfMemory"], words: "left out, because the memory for rows is used up" },
  { states: ["gone"], words: "no longer in CIPP" },
];

/** What of the shown days is in the export, and what is missing. */
export function exportDays(days: DayState[], today: string): ExportDays {
  const gaps = GAPS.flatMap(({ states, words }) => {
    const these = days.filter(({ state, day }) => states.includes(state) && day !== today);
    if (these.length === 0) return [];
    const named = these.slice(0, 4).map(({ day }) => dayText(day));
    const more = these.length - named.length;
    const list = `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    return [`${list}: ${words}.`];
  });
  const now = days.find(({ day }) => day === today);
  if (now) gaps.push(`${dayText(today)} is today: more entries will come.`);
  return {
    days: days.length,
    complete: days.filter(({ state }) => state === "complete").length,
    gaps,
  };
}

const ENDING = /\.(csv|json|ndjson|xlsx|parquet)$/i;

export class ExportState {
  format = $state<ExportFormat>("csv");
  formulaSafe = $state(true);
  bom = $state(false);
  zone = $state("UTC");
  path = $state("");
  phase = $state<"asking" | "exists" | "running" | "done">("asking");
  progress = $state.raw<ExportProgress>({ rows: 0, of: 0 });
  summary = $state.raw<ExportSummary | null>(null);
  failure = $state.raw<CommandFailure | null>(null);
  /** The path is as it was proposed: another format brings another one. */
  #proposed = "";
  /** The view that is being written. */
  #running: string | null = null;
  readonly #logs: LogsState;

  constructor(logs: LogsState, zone: string) {
    this.#logs = logs;
    this.zone = zone;
  }

  async propose(): Promise<void> {
    const { format } = this;
    try {
      const path = await backend.exportFileName(this.#logs.connection?.name ?? "CIPP", format);
      if (format === this.format && this.path === this.#proposed) {
        this.path = path;
        this.#proposed = path;
      }
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  choose(format: ExportFormat): void {
    this.format = format;
    this.phase = "asking";
    if (this.path === this.#proposed) void this.propose();
    else this.path = this.path.replace(ENDING, `.${format}`);
  }

  /** Asks with the system's own dialog, which also asks about a file that is there already. */
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

  async run(overwrite: boolean): Promise<void> {
    const { viewId, matched } = this.#logs;
    const path = this.path.trim();
    if (!viewId || !path || this.#running) return;
    this.#running = viewId;
    this.phase = "running";
    this.failure = null;
    this.progress = { rows: 0, of: matched };
    const { format, formulaSafe, bom, zone } = this;
    const options: ExportOptions = { format, formulaSafe, bom, zone, overwrite };
    try {
      this.summary = await backend.logsExport(viewId, path, options, (progress) => {
        if (this.phase === "running") this.progress = progress;
      });
      this.phase = "done";
    } catch (error) {
      const failure = CommandFailure.from(error);
      this.phase = failure.code === "fileExists" ? "exists" : "asking";
      if (failure.code !== "cancelled" && failure.code !== "fileExists") this.failure = failure;
    } finally {
      this.#running = null;
    }
  }

  /** Stops writing; the part that was written is removed by the other side. */
  async cancel(): Promise<void> {
    if (!this.#running) return;
    try {
      await backend.logsExportCancel(this.#running);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }
}
