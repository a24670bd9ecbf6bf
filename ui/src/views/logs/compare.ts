/** Two entries side by side: which fields, which values of their data and which words differ. Pure. */
import type { LogEntry } from "../../backend";
import { parseJson, valueText } from "../../lib/json";
import { containerOf, walkTree } from "../../lib/json-tree";
import { momentOf } from "../../lib/time";

export interface Difference {
  name: string;
  left: string | null;
  right: string | null;
  same: boolean;
  mono: boolean;
}

const FIELDS: { name: string; of: (entry: LogEntry) => string | null; mono?: boolean }[] = [
  { name: "Severity", of: (entry) => entry.severityText },
  { name: "Tenant", of: (entry) => entry.tenant },
  { name: "User", of: (entry) => entry.user },
  { name: "API", of: (entry) => entry.api },
  { name: "Template", of: (entry) => entry.template },
  { name: "IP address", of: (entry) => entry.ip, mono: true },
  { name: "App ID", of: (entry) => entry.appId, mono: true },
  { name: "Tenant ID", of: (entry) => entry.tenantId, mono: true },
  { name: "Log day", of: (entry) => entry.day },
];

/** Values of one entry's data that are compared; a megabyte of data has tens of thousands. */
export const MOST_VALUES = 5000;

/** The fields of both entries, the time with its distance left to the caller. */
export function compareFields(left: LogEntry, right: LogEntry): Difference[] {
  return FIELDS.map(({ name, of, mono = false }) =>
    difference(name, of(left) || null, of(right) || null, mono),
  ).filter((field) => field.left !== null || field.right !== null);
}

const difference = (
  name: string,
  left: string | null,
  right: string | null,
  mono: boolean,
): Difference => ({ name, left, right, same: left === right, mono });

/** The values of both entries' data by path, those of the left one first. */
export function compareData(
  left: LogEntry,
  right: LogEntry,
): { values: Difference[]; cut: boolean } {
  const [a, b] = [valuesOf(left), valuesOf(right)];
  const paths = new Set([...a.values.keys(), ...b.values.keys()]);
  return {
    values: [...paths].map((path) =>
      difference(path, a.values.get(path) ?? null, b.values.get(path) ?? null, true),
    ),
    cut: a.cut || b.cut,
  };
}

function valuesOf(entry: LogEntry): { values: Map<string, string>; cut: boolean } {
  const values = new Map<string, string>();
  const roots = [
    { key: "LogData", text: entry.logData },
    { key: "StandardInfo", text: entry.standardInfo },
  ].flatMap(({ key, text }) =>
    text ? [{ key, node: parseJson(text) ?? { kind: "string" as const, value: text } }] : [],
  );
  let cut = false;
  walkTree(roots, ({ path, node }) => {
    const container = containerOf(node);
    const size =
      container?.kind === "object" ? container.entries.length : (container?.items.length ?? 0);
    if (!container || size === 0) {
      // A name may stand twice in one object.
      let unique = path;
      for (let n = 2; values.has(unique); n += 1) unique = `${path} (${n})`;
      values.set(unique, container ? (container.kind === "object" ? "{}" : "[]") : valueText(node));
    }
    cut = values.size >= MOST_VALUES;
    return !cut;
  });
  return { values, cut };
}

/** "1 min 5.2 s later", "at the same moment"; null where a time is missing. */
export function distance(left: LogEntry, right: LogEntry): string | null {
  const [a, b] = [momentOf(left.time), momentOf(right.time)];
  if (a === null || b === null) return null;
  if (a === b) return "at the same moment";
  return `${spanText(Math.abs(b - a))} ${b > a ? "later" : "earlier"}`;
}

function spanText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${(ms / 1000).toFixed(1)} s`;
  const [minutes, hours, days] = [
    Math.floor(seconds / 60),
    Math.floor(seconds / 3600),
    Math.floor(seconds / 86_400),
  ];
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${days} d ${hours % 24} h`;
}

export interface Words {
  text: string;
  /** In this text alone. */
  alone: boolean;
}

/** Beyond this many words in the part that differs, it is taken to differ as a whole. */
const MOST_WORDS = 600;

/** Both texts in pieces: those words that only one of them has are marked (longest common sequence). */
export function compareWords(left: string, right: string): { left: Words[]; right: Words[] } {
  const [a, b] = [wordsOf(left), wordsOf(right)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail += 1;
  }
  const middle = commonOf(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const pieces = (words: string[], common: Set<number>) =>
    joined(
      words.map((text, i) => ({
        text,
        alone: i >= head && i < words.length - tail && !common.has(i - head),
      })),
    );
  return { left: pieces(a, middle.left), right: pieces(b, middle.right) };
}

/** Words with their spaces and signs apart, so that "a@x" and "b@x" differ in one piece. */
const wordsOf = (text: string) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

/** The positions of a longest common sequence in both lists. */
function commonOf(a: string[], b: string[]): { left: Set<number>; right: Set<number> } {
  const [left, right] = [new Set<number>(), new Set<number>()];
  if (a.length === 0 || b.length === 0 || a.length > MOST_WORDS || b.length > MOST_WORDS) {
    return { left, right };
  }
  const width = b.length + 1;
  // longest[i * width + j]: the longest common sequence of a from i and b from j.
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) {
      left.add(i);
      right.add(j);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return { left, right };
}

function joined(words: Words[]): Words[] {
  const pieces: Words[] = [];
  words.forEach((word, i) => {
    const last = pieces.at(-1);
    // A space between two marked words is marked with them: one piece reads better than three.
    const between =
      !word.alone && word.text.trim() === "" && last?.alone && words[i + 1]?.alone === true;
    const alone = word.alone || between === true;
    if (last?.alone === alone) last.text += word.text;
    else pieces.push({ text: word.text, alone });
  });
  return pieces;
}

/** The comparison as text for a ticket or a chat. */
export function comparisonText(left: LogEntry, right: LogEntry, differences: Difference[]): string {
  const line = (name: string, a: string | null, b: string | null) =>
    `${name}\n  1: ${a ?? "(none)"}\n  2: ${b ?? "(none)"}`;
  return [
    line("Time", left.time, right.time),
    ...(left.message === right.message
      ? [`Message (both)\n  ${left.message}`]
      : [line("Message", left.message, right.message)]),
    ...differences.map(({ name, left: a, right: b, same }) =>
      same ? `${name} (both)\n  ${a ?? "(none)"}` : line(name, a, b),
    ),
  ].join("\n");
}
