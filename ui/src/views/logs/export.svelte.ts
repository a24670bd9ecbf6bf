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
import { FileTarget } from "../../lib/file-target.svelte";
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

const ENDINGS: Record<ExportFormat, string> = {
  csv: ".csv",
  xlsx: ".xlsx",
  json: ".json",
  ndjson: ".ndjson",
  parquet: ".parquet",
};

/** The log was closed under the dialog. */
const NOT_OPEN = {
  code: "noSuchView",
  message: "The log is not open any more.",
  remedy: "Close this, refresh the log, then export.",
  detail: null,
  field: null,
} as const;

export class ExportState {
  formulaSafe = $state(true);
  bom = $state(false);
  zone = $state("UTC");
  progress = $state.raw<ExportProgress>({ rows: 0, of: 0 });
  summary = $state.raw<ExportSummary | null>(null);
  readonly target: FileTarget<ExportFormat>;
  /** The view that is being written. */
  #running: string | null = null;
  readonly #logs: LogsState;

  constructor(logs: LogsState, zone: string) {
    this.#logs = logs;
    this.zone = zone;
    this.target = new FileTarget<ExportFormat>("csv", {
      endings: ENDINGS,
      propose: (format) => backend.exportFileName(logs.connection?.name ?? "CIPP", format),
      write: (format, path, overwrite) => this.#write(format, path, overwrite),
    });
  }

  async #write(format: ExportFormat, path: string, overwrite: boolean): Promise<void> {
    const { viewId, matched } = this.#logs;
    if (!viewId) throw new CommandFailure(NOT_OPEN);
    this.#running = viewId;
    this.progress = { rows: 0, of: matched };
    const { formulaSafe, bom, zone } = this;
    const options: ExportOptions = { format, formulaSafe, bom, zone, overwrite };
    try {
      this.summary = await backend.logsExport(viewId, path, options, (progress) => {
        if (this.#running !== null) this.progress = progress;
      });
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
      this.target.failure = CommandFailure.from(error);
    }
  }
}
