/**
 * A log in memory that answers the log commands, for tests of the views. It speaks only as much of
 * the filter language as those need: words, `"exact words"`, `field:value`, `field:="value"`,
 * `field:="a",="b"`, `sev:a,b`, `time:from..before`, with `-` and `~` in front. Not part of the app.
 */
import type {
  Completion,
  Edit,
  Facet,
  FacetField,
  Facets,
  Filtered,
  Histogram,
  LogCounts,
  LogEntry,
  LogPage,
  LogProgress,
  LogRange,
  LogRow,
  Plan,
  QueryAnswer,
  QueryField,
  QueryRead,
  QueryTerm,
  SameThing,
  SeverityCounts,
  SeverityFamily,
} from "../bindings";
import { dayState, entry, refusal } from "./samples";
import { tell, type Answers } from "./testing";

const FIELDS: Record<string, QueryField> = {
  sev: "severity",
  severity: "severity",
  tenant: "tenant",
  user: "user",
  api: "api",
  ip: "ip",
  app: "app",
  template: "template",
  message: "message",
  data: "data",
  time: "time",
  day: "day",
  has: "has",
  key: "rowKey",
};
const NAMES: Partial<Record<QueryField, string>> = { severity: "sev", rowKey: "key" };
const FACETS: FacetField[] = ["severity", "tenant", "user", "api", "ip", "app", "template"];

const noCounts = (): SeverityCounts => ({
  critical: 0,
  error: 0,
  warning: 0,
  alert: 0,
  info: 0,
  debug: 0,
  unknown: 0,
});

interface Term extends QueryTerm {
  /** What may fit; one of them must. */
  values: string[];
  whole: boolean;
}

/** The few forms of a term that the fake knows. */
function termsOf(text: string): Term[] {
  const terms: Term[] = [];
  for (const found of text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)) {
    const source = found[0];
    const parts = /^(~?)(-?)(?:([a-z]+):)?(.*)$/is.exec(source);
    const [, off = "", negated = "", name = "", rest = ""] = parts ?? [];
    const field = FIELDS[name.toLowerCase()];
    const whole = rest.startsWith("=");
    const values = rest
      .replace(/^=/, "")
      .split(",")
      .map((value) => value.replace(/^=?"?|"$/g, ""));
    terms.push({
      start: found.index,
      end: found.index + source.length,
      field: field ?? "anywhere",
      label: field === undefined ? "Any text" : field[0]?.toUpperCase() + field.slice(1),
      value: values.join(" or "),
      negated: negated !== "",
      off: off !== "",
      good: rest !== "" && (name === "" || field !== undefined),
      values,
      whole,
    });
  }
  return terms;
}

function fits(row: LogRow, term: Term): boolean {
  const told = (text: string) =>
    term.values.some((value) =>
      term.whole
        ? text.toLowerCase() === value.toLowerCase()
        : text.toLowerCase().includes(value.toLowerCase()),
    );
  if (term.field === "severity") return term.values.includes(row.severity);
  if (term.field === "time") return inTime(row, term.values[0] ?? "");
  if (term.field === "tenant" || term.field === "user" || term.field === "api")
    return told(row[term.field]);
  return [row.message, row.tenant, row.user, row.api].some(told);
}

function inTime(row: LogRow, span: string): boolean {
  const [from = "", before = ""] = span.split("..");
  const moment = Date.parse(row.time ?? "");
  const at = (text: string, otherwise: number) => {
    const known = Date.parse(text);
    return Number.isNaN(known) ? otherwise : known;
  };
  return moment >= at(from, -Infinity) && moment < at(before, Infinity);
}

function countsOf(rows: LogRow[]): SeverityCounts {
  const counts = noCounts();
  for (const { severity } of rows) counts[severity] += 1;
  return counts;
}

const valueOf = (row: LogRow, field: FacetField): string =>
  field === "severity" || field === "tenant" || field === "user" || field === "api"
    ? row[field]
    : "";

export class FakeLog {
  rows: LogRow[];
  /** The filter in force. */
  text = "";
  /** What a range would cost. */
  plan: Plan = { days: 30, archived: 0, calls: 30, seconds: 45 };
  range: LogRange | null = null;
  following = false;
  #args: Record<string, unknown> = {};
  #views = 0;
  #generation = 1;
  #known: LogRow[] = [];
  #matching: { generation: number; rows: LogRow[] } = { generation: 0, rows: [] };

  constructor(rows: LogRow[]) {
    this.rows = rows;
  }

  get viewId(): string {
    return `v${this.#views}`;
  }

  /** Counts up by itself when `rows` or the filter were exchanged. */
  get generation(): number {
    if (this.#known !== this.rows) {
      this.#known = this.rows;
      this.#generation += 1;
    }
    return this.#generation;
  }

  get matching(): LogRow[] {
    const { generation } = this;
    if (this.#matching.generation !== generation) {
      const terms = this.#inForce();
      this.#matching = {
        generation,
        rows: this.rows.filter((row) => terms.every((term) => fits(row, term) !== term.negated)),
      };
    }
    return this.#matching.rows;
  }

  #inForce(without?: QueryField): Term[] {
    return termsOf(this.text).filter(
      (term) => !term.off && term.good && (without === undefined || term.field !== without),
    );
  }

  #without(field: QueryField): LogRow[] {
    const terms = this.#inForce(field);
    return this.rows.filter((row) => terms.every((term) => fits(row, term) !== term.negated));
  }

  /** Reports progress of the view opened last. */
  progress(part: Partial<LogProgress> = {}): void {
    tell(this.#args, {
      viewId: this.viewId,
      generation: this.generation,
      days: [dayState({ rows: this.rows.length })],
      loaded: this.rows.length,
      matched: this.matching.length,
      finished: true,
      elapsedMs: 40,
      bytes: 1000,
      calls: 1,
      dataSearch: { done: 0, of: 0 },
      zone: { name: "UTC", source: "assumed" },
      today: "2026-11-03",
      following: this.following,
      nextFollowMs: null,
      archiveTrouble: null,
      cachedAnswers: false,
      ...part,
    } satisfies LogProgress);
  }

  get counts(): LogCounts {
    return {
      total: this.rows.length,
      matched: this.matching.length,
      bySeverity: countsOf(this.matching),
    };
  }

  read(text: string): QueryRead {
    const terms = termsOf(text);
    return {
      terms: terms.map(({ start, end, field, label, value, negated, off, good }) => ({
        start,
        end,
        field,
        label,
        value,
        negated,
        off,
        good,
      })),
      mistakes: terms
        .filter(({ good }) => !good)
        .map(({ start, end }) => ({
          start,
          end,
          message: `“${text.slice(start, end)}” cannot be read. Write a value after the colon.`,
        })),
      sentence:
        terms.length > 0 ? `Entries with ${terms.map(({ value }) => value).join(" and ")}.` : "",
    };
  }

  #page(offset: number, limit: number): LogPage {
    return {
      generation: this.generation,
      total: this.rows.length,
      matched: this.matching.length,
      offset,
      rows: this.matching.slice(offset, offset + limit),
    };
  }

  #position(id: unknown): number | null {
    const position = this.matching.findIndex((row) => row.id === id);
    return position < 0 ? null : position;
  }

  #filtered(text: string, anchor: unknown, rows: number): Filtered {
    const answer = this.#query(text);
    return { answer, head: this.#page(0, rows), anchorAt: this.#position(anchor) };
  }

  #query(text: string): QueryAnswer {
    const read = this.read(text);
    const applied = read.mistakes.length === 0;
    if (applied && text !== this.text) {
      this.text = text;
      this.#generation = this.generation + 1;
    }
    return { generation: this.generation, read, applied, inForce: this.text, counts: this.counts };
  }

  #facets(fields: FacetField[], typed: string, most: number): Facets {
    const facets = FACETS.filter((field) => fields.includes(field)).map((field): Facet => {
      const counts = new Map<string, number>();
      for (const row of this.#without(field)) {
        const value = valueOf(row, field);
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      const terms = termsOf(this.text).filter((term) => term.field === field && !term.off);
      for (const term of terms)
        for (const value of term.values) if (!counts.has(value)) counts.set(value, 0);
      const values = [...counts]
        .filter(([value]) => value.toLowerCase().includes(typed.toLowerCase()))
        .sort(([, a], [, b]) => b - a)
        .map(([value, count]) => {
          const chosen = terms.find(({ values }) => values.includes(value));
          const choice = !chosen ? "none" : chosen.negated ? "excluded" : "included";
          return { value, count, choice } as const;
        });
      return {
        field,
        values: values.slice(0, most),
        distinct: values.filter(({ count }) => count > 0).length,
      };
    });
    return { generation: this.generation, facets };
  }

  #histogram(from: number | null, to: number | null, bars: number): Histogram {
    const rows = this.#without("time").filter(({ time }) => time !== null);
    const moments = rows.map(({ time }) => Date.parse(time ?? ""));
    if (rows.length === 0 && (from === null || to === null))
      return { generation: this.generation, fromMs: null, stepMs: null, bars: [], elsewhere: 0 };
    const first = from ?? Math.min(...moments);
    const last = to ?? Math.max(...moments) + 1;
    const step = Math.max(1, Math.ceil((last - first) / bars));
    const list = Array.from({ length: Math.ceil((last - first) / step) }, noCounts);
    let elsewhere = this.rows.length - rows.length;
    rows.forEach(({ severity }, i) => {
      const bar = list[Math.floor(((moments[i] ?? 0) - first) / step)];
      if (bar) bar[severity] += 1;
      else elsewhere += 1;
    });
    return { generation: this.generation, fromMs: first, stepMs: step, bars: list, elsewhere };
  }

  #next(families: SeverityFamily[], from: number, backwards: boolean): number | null {
    const step = backwards ? -1 : 1;
    const begin = from < 0 && backwards ? this.matching.length - 1 : from + step;
    for (let at = begin; at >= 0 && at < this.matching.length; at += step) {
      const row = this.matching[at];
      if (row && families.includes(row.severity)) return at;
    }
    return null;
  }

  #entry(id: unknown): LogEntry {
    const found = this.rows.find((known) => known.id === id);
    if (!found) throw refusal({ code: "noSuchRow" });
    return entry(found);
  }

  readonly answers: Answers = {
    logs_open: (args) => {
      this.#views += 1;
      this.#args = args;
      this.text = "";
      return { viewId: this.viewId, trouble: null };
    },
    logs_show: ({ range }) => {
      this.range = range as LogRange;
      return { from: "2026-11-03", to: "2026-11-03" };
    },
    logs_plan: () => this.plan,
    logs_refresh: () => null,
    logs_fetch_day: () => null,
    logs_cancel: () => null,
    logs_follow: ({ on }) => {
      this.following = Boolean(on);
      return null;
    },
    logs_in_background: () => null,
    logs_set_instance_zone: () => null,
    logs_close: () => null,
    logs_query: ({ text, anchor, rows }) => this.#filtered(String(text), anchor, Number(rows)),
    logs_edit_query: ({ text, edit }) => editText(String(text), edit as Edit),
    logs_complete: ({ text, cursor }) => proposals(String(text), Number(cursor), this.rows),
    logs_page: ({ offset, limit }) => this.#page(Number(offset), Number(limit)),
    logs_facets: ({ fields, typed, most }) =>
      this.#facets(fields as FacetField[], String(typed), Number(most)),
    logs_histogram: ({ fromMs, toMs, bars }) =>
      this.#histogram(fromMs as number | null, toMs as number | null, Number(bars)),
    logs_entry: ({ id }) => this.#entry(id),
    logs_position: ({ id }) => this.#position(id),
    logs_position_at: ({ timeMs }) => {
      const position = this.matching.findIndex(
        ({ time }) => Date.parse(time ?? "") <= Number(timeMs),
      );
      return position < 0 ? this.matching.length : position;
    },
    logs_next: ({ families, from, backwards }) =>
      this.#next(families as SeverityFamily[], Number(from), Boolean(backwards)),
    logs_same_thing: ({ id }): SameThing => {
      const { message, tenant, time } = this.#entry(id);
      const same = this.rows.filter((row) => row.message === message);
      return {
        pattern: message,
        count: same.length,
        first: time,
        last: time,
        tenants: [{ tenant, count: same.length, first: time, last: time }],
        distinctTenants: 1,
        query: `message:="${message}"`,
      };
    },
    logs_copy: ({ id }) => this.#entry(id).message,
    logs_copy_as: () => "cippctl logs",
  };
}

function editText(text: string, edit: Edit): string {
  const terms = termsOf(text);
  const sources = terms.map(({ start, end }) => text.slice(start, end));
  const join = (list: (string | null)[]) => list.filter(Boolean).join(" ");
  switch (edit.kind) {
    case "remove":
      return join(sources.map((source, i) => (i === edit.term ? null : source)));
    case "flip":
      return join(
        sources.map((source, i) =>
          i !== edit.term ? source : /^~?-/.test(source) ? source.replace("-", "") : `-${source}`,
        ),
      );
    case "switch":
      return join(
        sources.map((source, i) =>
          i !== edit.term ? source : source.startsWith("~") ? source.slice(1) : `~${source}`,
        ),
      );
    case "clearField":
      return join(sources.map((source, i) => (terms[i]?.field === edit.field ? null : source)));
    case "time":
      return join([
        editText(text, { kind: "clearField", field: "time" }),
        edit.from === null && edit.before === null
          ? null
          : `time:${edit.from ?? ""}..${edit.before ?? ""}`,
      ]);
    case "only":
      return join([
        editText(text, { kind: "clearField", field: edit.field }),
        write(edit.field, [edit.value], false),
      ]);
    case "include":
    case "exclude": {
      const negated = edit.kind === "exclude";
      const own = terms.find(
        (term) => term.field === edit.field && term.negated === negated && !term.off,
      );
      const before = own?.values ?? [];
      const values = before.includes(edit.value)
        ? before.filter((value) => value !== edit.value)
        : [...before, edit.value];
      const rest = terms
        .filter((term) => term !== own)
        .filter((term) => term.field !== edit.field || !term.values.includes(edit.value))
        .map(({ start, end }) => text.slice(start, end));
      return join([...rest, values.length > 0 ? write(edit.field, values, negated) : null]);
    }
  }
}

function write(field: QueryField, values: string[], negated: boolean): string {
  const sign = negated ? "-" : "";
  if (field === "anywhere") return `${sign}"${values[0] ?? ""}"`;
  if (field === "severity") return `${sign}sev:${values.join(",")}`;
  return `${sign}${NAMES[field] ?? field}:${values.map((value) => `="${value}"`).join(",")}`;
}

function proposals(text: string, cursor: number, rows: LogRow[]): Completion[] {
  const start = text.lastIndexOf(" ", cursor - 1) + 1;
  const word = text.slice(start, cursor);
  if (word === "") return [];
  const [name, typed] = word.split(":");
  if (typed === undefined)
    return Object.keys(FIELDS)
      .filter((field) => field.startsWith(word))
      .map((field) => ({
        start,
        end: cursor,
        insert: `${field}:`,
        label: `${field}:`,
        detail: "field",
        kind: "field",
      }));
  if (name !== "tenant") return [];
  const tenants = [...new Set(rows.map(({ tenant }) => tenant))];
  return tenants
    .filter((tenant) => tenant.includes(typed))
    .map((tenant) => ({
      start: start + name.length + 1,
      end: cursor,
      insert: tenant,
      label: tenant,
      detail: String(rows.filter((row) => row.tenant === tenant).length),
      kind: "value",
    }));
}
