/** The words of the settings page; the values themselves live in the app's state. */
import type { Settings } from "../../backend";

export const THEMES: { value: NonNullable<Settings["theme"]>; word: string }[] = [
  { value: "system", word: "As the system" },
  { value: "light", word: "Light" },
  { value: "dark", word: "Dark" },
];

export interface Choice {
  value: number;
  word: string;
}

export const KEEP_DAYS: Choice[] = [
  { value: 30, word: "30 days" },
  { value: 90, word: "90 days (usual)" },
  { value: 180, word: "180 days" },
  { value: 365, word: "1 year" },
  { value: 730, word: "2 years" },
  { value: 0, word: "For ever" },
];

/** Megabytes, as all sizes here. */
export const SIZES: Choice[] = [
  { value: 250, word: "250 MB" },
  { value: 1000, word: "1 GB" },
  { value: 5000, word: "5 GB" },
  { value: 20_000, word: "20 GB" },
  { value: 0, word: "No limit (usual)" },
];

export const MEMORY: Choice[] = [
  { value: 0, word: "Usual: 1 GB, or a quarter of this computer's memory" },
  { value: 256, word: "256 MB" },
  { value: 512, word: "512 MB" },
  { value: 2048, word: "2 GB" },
  { value: 4096, word: "4 GB" },
];

/** The choices with the present value among them, however it came into the settings. */
export function withPresent(
  choices: Choice[],
  present: number,
  word: (value: number) => string,
): Choice[] {
  if (choices.some(({ value }) => value === present)) return choices;
  return [...choices, { value: present, word: word(present) }];
}

export const isGuid = (text: string) =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

/** What leaves this computer, whole. */
export const LEAVES: string[] = [
  "To Microsoft sign-in (login.microsoftonline.com, or the authority you entered): your tenant ID, client ID and client secret, to get a token.",
  "To the API address of your CIPP: that token and the days you ask for. CIPP Desk only reads; it changes nothing.",
  "To Microsoft Graph and Azure, only after you have signed in there for the checklists: the sign-in of that person, to read. It is kept in memory alone.",
  "Links in the checklists open in your browser, when you click them.",
];
