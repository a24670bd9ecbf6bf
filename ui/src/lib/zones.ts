/** Time zones as people choose them. */
import type { InstanceZone } from "../backend";
import { isKnownZone, offsetText, wallTime } from "./time";

/** Every zone this engine knows, by name; some engines cannot list them. */
export const ZONES: readonly string[] = knownZones();

function knownZones(): string[] {
  try {
    return ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  } catch {
    return ["UTC"];
  }
}

/** The zones that contain what is typed, those that begin with it first; also one typed out that is not listed. */
export function zonesLike(typed: string, most: number): string[] {
  const wanted = typed.trim().toLowerCase().replace(/\s+/g, "_");
  const plain = (zone: string) => zone.toLowerCase();
  const found = ZONES.filter((zone) => plain(zone).includes(wanted));
  const begins = (zone: string) =>
    plain(zone)
      .split("/")
      .some((part) => part.startsWith(wanted));
  found.sort((a, b) => Number(begins(b)) - Number(begins(a)));
  const exact = typed.trim();
  if (found.length === 0 && exact && isKnownZone(exact)) return [exact];
  return found.slice(0, most);
}

/** "Europe/Amsterdam" as people read it. */
export function zoneWords(zone: string): string {
  return zone.replace(/_/g, " ");
}

/** "+01:00" at this moment. */
export function offsetNow(zone: string, now: number): string {
  return offsetText(wallTime(now, zone).offsetMinutes);
}

/** How the zone of an instance is known, in a few words. */
export const KNOWN_BY: Record<InstanceZone["source"], string> = {
  assumed: "assumed, CIPP's default",
  inferred: "seen from the times of the rows",
  told: "CIPP says so",
  set: "set by you",
};
