/** The words of the settings page; the values themselves live in the app's state. */
import type { Settings } from "../../backend";

export const THEMES: { value: Settings["theme"]; word: string }[] = [
  { value: "system", word: "As the system" },
  { value: "light", word: "Light" },
  { value: "dark", word: "Dark" },
];

/** What leaves this computer, whole. */
export const LEAVES: string[] = [
  "To Microsoft sign-in (login.microsoftonline.com, or the authority you entered): your tenant ID, client ID and client secret, to get a token.",
  "To the API address of your CIPP: that token and the days you ask for. CIPP Desk only reads; it changes nothing.",
  "Links in the checklists open in your browser, when you click them.",
];
