/** The words and the filters of the details of an entry. */
import type { LogEntry, QueryEdit, QueryField } from "../../backend";
import type { TreeLine } from "../../lib/json-tree";
import { containerOf } from "../../lib/json-tree";
import { wallTime } from "../../lib/time";

/** How a value changes the filter. */
export type How = "include" | "exclude" | "only";

export interface Fact {
  name: string;
  value: string;
  mono: boolean;
  /** The field to filter by, and the exact value of it; null where there is no such filter. */
  filter: { field: QueryField; value: string } | null;
}

/** The fields of an entry that have a value, in the order people look for them. */
export function factsOf(entry: LogEntry): Fact[] {
  const fact = (name: string, value: string | null, field: QueryField | null, mono = false) => ({
    name,
    value: value ?? "",
    mono,
    filter: field === null ? null : { field, value: value ?? "" },
  });
  return [
    fact("Tenant", entry.tenant, "tenant"),
    fact("User", entry.user, "user"),
    fact("API", entry.api, "api"),
    fact("Template", entry.template, "template"),
    fact("IP address", entry.ip, "ip", true),
    fact("App ID", entry.appId, "app", true),
    fact("Tenant ID", entry.tenantId, "tenantId", true),
    fact("Row key", entry.rowKey, "rowKey", true),
  ].filter(({ value }) => value !== "");
}

/** Beyond this length nobody means exactly this value. */
const MOST_LETTERS = 500;

const isOneLine = (text: string) =>
  text.trim() !== "" && text.length <= MOST_LETTERS && !/[\r\n]/.test(text);

/** The value of a line of the data as one to filter by; null where it has none, or one that is too long. */
export function valueOf({ node, more }: TreeLine): string | null {
  if (more !== null || containerOf(node)) return null;
  const value = node.kind === "string" ? node.value : node.kind === "plain" ? node.source : "";
  return isOneLine(value) ? value : null;
}

/**
 * The change of the filter for a value of the data: by its path in LogData (places in lists left
 * out, so that every member of a list is searched). JSON within a text and the standard's
 * information have no path in the filter language: there the value is searched anywhere.
 */
export function treeEdit(line: TreeLine, how: How): QueryEdit | null {
  const value = valueOf(line);
  if (value === null) return null;
  const byPath = line.path.startsWith("LogData") && line.members.length > 0 && !line.embedded;
  return byPath
    ? { kind: how, field: "data", path: line.members, value }
    : { kind: how, field: "anywhere", path: [], value };
}

const STEPS: [number, string][] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
];

/** "3 minutes ago", "just now", "in 2 hours" where clocks differ. */
export function agoText(moment: number, now: number): string {
  const past = now - moment;
  for (const [size, word] of STEPS) {
    const count = Math.floor(Math.abs(past) / size);
    if (count >= 1) {
      const words = `${count} ${word}${count === 1 ? "" : "s"}`;
      return past >= 0 ? `${words} ago` : `in ${words}`;
    }
  }
  return "just now";
}

/**
 * The zones that a moment is shown in, with whose they are. Zones whose clocks show the same then
 * share a line.
 */
export function zonesToShow(
  moment: number,
  shown: string,
  mine: string,
  instance: string | null,
): { zone: string; words: string; names: string }[] {
  const lines: { zone: string; words: string[]; names: string[] }[] = [];
  const offset = (zone: string) => wallTime(moment, zone).offsetMinutes;
  const add = (zone: string, word: string) => {
    const line = lines.find((known) => offset(known.zone) === offset(zone));
    if (!line) lines.push({ zone, words: [word], names: [zone] });
    else if (!line.words.includes(word)) {
      line.words.push(word);
      if (!line.names.includes(zone)) line.names.push(zone);
    }
  };
  add(mine, "Mine");
  if (instance) add(instance, "CIPP");
  if (![mine, instance, "UTC"].includes(shown)) add(shown, "Shown");
  add("UTC", "UTC");
  return lines.map(({ zone, words, names }) => ({
    zone,
    words: words.join(", "),
    names: names.map((name) => name.replace(/_/g, " ")).join(", "),
  }));
}
