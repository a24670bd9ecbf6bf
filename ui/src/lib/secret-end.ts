/** When a secret ends, in words. Whole days are Rust's; the date is shown in the zone of this computer. */
import type { ConnectionInfo, SecretEndInfo } from "../backend";
import { dateText, momentOf } from "./time";

const date = ({ at }: SecretEndInfo, zone: string) => {
  const moment = momentOf(at);
  return moment === null ? at : dateText(moment, zone);
};

/** "ends 3 Dec 2026, in 9 days", "ended 3 Dec 2026" */
export function endText(end: SecretEndInfo, zone: string): string {
  if (end.mark === "over") {
    return end.source === "refused" ? "has expired" : `ended ${date(end, zone)}`;
  }
  return `ends ${date(end, zone)}, ${leftText(end.daysLeft)}`;
}

function leftText(days: number): string {
  if (days < 1) return "within a day";
  if (days === 1) return "in 1 day";
  return days < 60 ? `in ${days} days` : `in ${Math.floor(days / 30)} months`;
}

/** How the date is known. */
export function sourceText(end: SecretEndInfo, zone: string): string {
  const learned = momentOf(end.learnedAt);
  const when = learned === null ? "" : ` on ${dateText(learned, zone)}`;
  if (end.source === "entra") return `Entra told${when}`;
  if (end.source === "typed") return `typed${when}`;
  if (end.source === "refused") return `Entra refused the secret as expired${when}`;
  return `noted${when}`;
}

const URGENCY = { month: 0, week: 1, day: 2, over: 3 } as const;

/** The connections to remind of, most urgent first. */
export function remindersOf(
  connections: ConnectionInfo[],
  hidden: string[] = [],
): (ConnectionInfo & { secretEnd: SecretEndInfo })[] {
  const due = (
    connection: ConnectionInfo,
  ): connection is ConnectionInfo & { secretEnd: SecretEndInfo } =>
    connection.secretEnd !== null &&
    connection.secretEnd.reminder !== null &&
    !hidden.includes(connection.id);
  const urgency = ({ secretEnd }: { secretEnd: SecretEndInfo }) =>
    secretEnd.reminder === null ? -1 : URGENCY[secretEnd.reminder];
  return connections
    .filter(due)
    .sort((a, b) => urgency(b) - urgency(a) || a.secretEnd.daysLeft - b.secretEnd.daysLeft);
}
