/** The words and the order of severities. CIPP writes them in many spellings; the backend folds them. */
import type { LogRow } from "../backend";

export type Family = LogRow["severity"];

export const FAMILIES: { id: Family; word: string }[] = [
  { id: "critical", word: "Critical" },
  { id: "error", word: "Error" },
  { id: "warning", word: "Warning" },
  { id: "alert", word: "Alert" },
  { id: "info", word: "Info" },
  { id: "debug", word: "Debug" },
  { id: "unknown", word: "Unknown" },
];

export function severityWord(family: Family): string {
  return FAMILIES.find((entry) => entry.id === family)?.word ?? "Unknown";
}
