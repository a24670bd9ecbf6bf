/** The keyboard, in one list: the handlers and the overlay that explains them use the same words. */

export const isMac = (os: string) => os === "macos";

/** Ctrl elsewhere, Command on a Mac. */
export function withModifier(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey;
}

/** Whether a single letter belongs to what is being typed rather than to us. */
export function isTyping(event: Event): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input, textarea, select");
}

export const SHORTCUTS: { title: string; keys: { press: string[]; does: string }[] }[] = [
  {
    title: "Everywhere",
    keys: [
      { press: ["Mod+P"], does: "Switch connection" },
      { press: ["Mod+1…9"], does: "Go to connection 1 to 9" },
      { press: ["Alt+Shift+1…4"], does: "Logs, Setup, Connections, Settings" },
      { press: ["F6", "Shift+F6"], does: "Next, previous part of the window" },
      { press: ["?"], does: "This list" },
    ],
  },
  {
    title: "Data tree",
    keys: [
      { press: ["→", "←"], does: "Open, fold" },
      { press: ["Mod+C"], does: "Copy the value" },
    ],
  },
  {
    title: "Connection form",
    keys: [
      { press: ["Enter"], does: "Test and save" },
      { press: ["Esc"], does: "Cancel the test, or leave the form" },
    ],
  },
  {
    title: "Logs",
    keys: [
      { press: ["J", "↓"], does: "Next row" },
      { press: ["K", "↑"], does: "Previous row" },
      { press: ["PageUp", "PageDown"], does: "One screen up or down" },
      { press: ["Home", "End"], does: "Newest, oldest row" },
      { press: ["Enter"], does: "Open the details" },
      { press: ["Esc"], does: "Close the details, clear the filter" },
      { press: ["/", "Mod+F"], does: "Filter" },
      { press: ["R", "F5"], does: "Refresh" },
      { press: ["Z"], does: "My time zone or UTC" },
    ],
  },
];

/** "Mod" as this system calls it. */
export function keyName(key: string, os: string): string {
  return key.replace("Mod", isMac(os) ? "⌘" : "Ctrl");
}
