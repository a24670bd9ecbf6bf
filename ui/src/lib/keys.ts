/**
 * The keyboard, in one list: the handlers, the command palette and the overlay that explains the
 * keys all read it. Whoever acts on a key asks `isKey(event, id)`; what the key does lives there.
 */

export interface Shortcut {
  /** Names it for the handlers; a command of the palette with the same id shows these keys. */
  id: string;
  /**
   * Chords: "Mod+Shift+E", "J", "ArrowDown", "F6". Mod is Ctrl, on a Mac Command. "1…9" stands for
   * one of these digits, which `digitOf` tells.
   */
  press: string[];
  does: string;
}

export const SHORTCUTS: { title: string; keys: Shortcut[] }[] = [
  {
    title: "Everywhere",
    keys: [
      { id: "palette", press: ["Mod+K"], does: "Every command" },
      { id: "switch", press: ["Mod+P"], does: "Switch connection" },
      { id: "connection", press: ["Mod+1…9"], does: "Go to connection 1 to 9" },
      {
        id: "place",
        press: ["Alt+Shift+1…5"],
        does: "Logs, Setup, Diagnose, Connections, Settings",
      },
      { id: "diagnose", press: ["Mod+D"], does: "Why does it not connect? Diagnose now" },
      { id: "region.next", press: ["F6"], does: "Next part of the window" },
      { id: "region.previous", press: ["Shift+F6"], does: "Previous part of the window" },
      { id: "shortcuts", press: ["?"], does: "This list" },
    ],
  },
  {
    title: "List",
    keys: [
      { id: "row.next", press: ["J", "ArrowDown"], does: "Next row" },
      { id: "row.previous", press: ["K", "ArrowUp"], does: "Previous row" },
      { id: "row.page", press: ["PageUp", "PageDown"], does: "One screen up or down" },
      { id: "row.ends", press: ["Home", "End"], does: "Newest, oldest row" },
      { id: "detail.open", press: ["Enter"], does: "Open the details" },
      { id: "detail.close", press: ["Escape"], does: "Close the details, clear the filter" },
      { id: "error.next", press: ["E"], does: "Next error" },
      { id: "error.previous", press: ["Shift+E"], does: "Previous error" },
      { id: "warning.next", press: ["W"], does: "Next warning" },
      { id: "warning.previous", press: ["Shift+W"], does: "Previous warning" },
      { id: "copy.row", press: ["Mod+C"], does: "Copy the row" },
      { id: "copy.json", press: ["Mod+Shift+C"], does: "Copy the row as JSON" },
    ],
  },
  {
    title: "Filter and time",
    keys: [
      { id: "filter.focus", press: ["/", "Mod+F"], does: "Filter" },
      { id: "filter.undo", press: ["Mod+Z"], does: "Undo the last change of the filter" },
      { id: "filter.redo", press: ["Mod+Shift+Z", "Mod+Y"], does: "Redo it" },
      { id: "severity", press: ["Alt+1…7"], does: "Severity 1 to 7 on or off" },
      { id: "value.include", press: ["I"], does: "Only rows with the focused value" },
      { id: "value.exclude", press: ["X"], does: "No rows with the focused value" },
      { id: "time.earlier", press: ["["], does: "Time window before" },
      { id: "time.later", press: ["]"], does: "Time window after" },
      { id: "zone", press: ["Z"], does: "Next time zone" },
      { id: "refresh", press: ["R", "F5", "Mod+R"], does: "Refresh" },
      { id: "follow", press: ["F"], does: "Follow today's log" },
    ],
  },
  {
    title: "Investigate",
    keys: [
      { id: "surrounding", press: ["C"], does: "What happened around the entry; again: wider" },
      { id: "same", press: ["T"], does: "The same thing elsewhere" },
      { id: "mark", press: ["M"], does: "Mark the entry for comparing" },
      { id: "compare", press: ["D"], does: "Compare with the marked entry" },
      { id: "view.save", press: ["Mod+S"], does: "Save this view" },
      { id: "views", press: ["V"], does: "Saved views" },
      { id: "export", press: ["Mod+Shift+E"], does: "Export what I see" },
    ],
  },
  {
    title: "Data tree",
    keys: [
      { id: "tree.open", press: ["ArrowRight", "ArrowLeft"], does: "Open, fold" },
      { id: "tree.copy", press: ["Mod+C"], does: "Copy the value" },
      { id: "tree.find", press: ["Mod+F"], does: "Search in the data" },
      { id: "tree.hit", press: ["F3", "Shift+F3"], does: "Next, previous hit" },
    ],
  },
  {
    title: "Columns",
    keys: [
      { id: "column.move", press: ["Alt+ArrowUp", "Alt+ArrowDown"], does: "Move (in the list)" },
      { id: "column.width", press: ["ArrowLeft", "ArrowRight"], does: "Width (on the line)" },
    ],
  },
  {
    title: "Setup",
    keys: [
      { id: "setup.check", press: ["R"], does: "Check this step" },
      { id: "setup.check-all", press: ["Shift+R"], does: "Check all steps" },
      { id: "setup.confirm", press: ["Y"], does: "Confirm the step by hand" },
      { id: "setup.na", press: ["X"], does: "The step does not apply" },
      { id: "setup.note", press: ["N"], does: "Note at the step" },
      { id: "setup.undo", press: ["Mod+Z"], does: "Undo at the step" },
      { id: "setup.redo", press: ["Mod+Shift+Z", "Mod+Y"], does: "Redo it" },
      { id: "setup.link", press: ["O"], does: "Open the step's page" },
      { id: "setup.open.next", press: ["E"], does: "Next open step" },
      { id: "setup.open.previous", press: ["Shift+E"], does: "Previous open step" },
      { id: "setup.share", press: ["Mod+Shift+E"], does: "Report, hand over" },
      { id: "setup.narrow", press: ["P"], does: "Narrow window on top" },
    ],
  },
  {
    title: "Diagnose",
    keys: [
      { id: "diagnose.again", press: ["R", "F5"], does: "Run again, or try now" },
      { id: "diagnose.stop", press: ["Escape"], does: "Cancel the run, stop waiting" },
      { id: "diagnose.copy", press: ["Mod+Shift+C"], does: "Copy the report (redacted)" },
      { id: "diagnose.link", press: ["O"], does: "Open the cause's page" },
      { id: "diagnose.step", press: ["G"], does: "Open the step of the guide" },
      { id: "diagnose.rung", press: ["J", "K"], does: "Next, previous rung" },
    ],
  },
  {
    title: "Connection form",
    keys: [
      { id: "form.save", press: ["Enter"], does: "Test and save" },
      { id: "form.leave", press: ["Escape"], does: "Cancel the test, or leave the form" },
    ],
  },
];

interface Chord {
  mod: boolean;
  alt: boolean;
  shift: boolean;
  /** A letter in upper case, a sign, a name such as "F5", or "" for a range of digits. */
  key: string;
  /** The digits that fit, where the chord is a range. */
  digits: [number, number] | null;
}

const CHORDS = new Map<string, Chord[]>(
  SHORTCUTS.flatMap(({ keys }) => keys.map(({ id, press }) => [id, press.map(chordOf)])),
);

function chordOf(text: string): Chord {
  const parts = text.split("+");
  const key = parts.pop() ?? "";
  const range = /^(\d)…(\d)$/.exec(key);
  return {
    mod: parts.includes("Mod"),
    alt: parts.includes("Alt"),
    shift: parts.includes("Shift"),
    key: range ? "" : key,
    digits: range ? [Number(range[1]), Number(range[2])] : null,
  };
}

let letters = true;

/**
 * Whether single letters and signs act (WCAG 2.1.4): people who speak to their computer trigger
 * them by accident. Off, every one of them is still reached by the palette or another key.
 */
export function useLetterKeys(on: boolean): void {
  letters = on;
}

/** A key that types something by itself. */
const isLetter = ({ mod, alt, key }: Chord) => !mod && !alt && key.length === 1;

export const isMac = (os: string) => os === "macos";

/** Whether a single letter belongs to what is being typed rather than to us. */
export function isTyping(event: Event): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button])")
  );
}

/** Whether the event is one of the keys of this shortcut. Single letters never are while typing. */
export function isKey(event: KeyboardEvent, id: string): boolean {
  return (CHORDS.get(id) ?? []).some((chord) => fits(event, chord));
}

/** The digit that was pressed, for a shortcut with a range of digits; null where it is not its key. */
export function digitOf(event: KeyboardEvent, id: string): number | null {
  const fitting = (CHORDS.get(id) ?? []).some((chord) => chord.digits && fits(event, chord));
  return fitting ? digit(event) : null;
}

// By its place on the keyboard: Alt and Shift make other signs of it.
const digit = (event: KeyboardEvent) => Number(/^Digit(\d)$/.exec(event.code)?.[1] ?? NaN);

function fits(event: KeyboardEvent, chord: Chord): boolean {
  if (chord.digits) {
    const [least, most] = chord.digits;
    return modifiersFit(event, chord, true) && digit(event) >= least && digit(event) <= most;
  }
  if (isLetter(chord)) {
    if (!letters || isTyping(event)) return false;
    // Signs lie elsewhere on every keyboard, some behind Shift or AltGr.
    if (!/^[A-Z]$/.test(chord.key)) {
      const sign = event.getModifierState("AltGraph") || !(event.ctrlKey || event.altKey);
      return sign && !event.metaKey && event.key === chord.key;
    }
  }
  return modifiersFit(event, chord, true) && keyOf(event) === chord.key;
}

function modifiersFit(event: KeyboardEvent, { mod, alt, shift }: Chord, exact: boolean): boolean {
  return (
    (event.ctrlKey || event.metaKey) === mod &&
    event.altKey === alt &&
    (!exact || event.shiftKey === shift)
  );
}

/** The key as the list names it. On keyboards without Latin letters: by its place. */
function keyOf(event: KeyboardEvent): string {
  if (event.key.length !== 1) return event.key;
  const key = event.key.toUpperCase();
  if (/^[\x20-\x7e]$/.test(key)) return key;
  return /^Key([A-Z])$/.exec(event.code)?.[1] ?? key;
}

/** The keys of a shortcut as people read them; none where letters are off and it has no other. */
export function keysOf(id: string, os: string): string[] {
  const shortcut = SHORTCUTS.flatMap(({ keys }) => keys).find((known) => known.id === id);
  return (shortcut?.press ?? [])
    .filter((press) => letters || !isLetter(chordOf(press)))
    .map((press) => keyName(press, os));
}

const NAMES: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};

/** A chord as this system writes it: "Ctrl+Shift+E", on a Mac "⌘⇧E". */
export function keyName(press: string, os: string): string {
  const parts = press.split("+");
  const key = parts.pop() ?? "";
  const signs: Record<string, string> = { Mod: "⌘", Alt: "⌥", Shift: "⇧" };
  const names = parts.map((part) =>
    isMac(os) ? (signs[part] ?? part) : part === "Mod" ? "Ctrl" : part,
  );
  return [...names, NAMES[key] ?? key].join(isMac(os) ? "" : "+");
}
