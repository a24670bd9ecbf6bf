/** Light or dark on the root element: the choice in the settings, else the system's, followed live. */
import type { Settings } from "../backend";

export function followTheme(theme: Settings["theme"]): () => void {
  const root = document.documentElement;
  if (theme !== "system") {
    root.dataset.theme = theme;
    return () => undefined;
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => (root.dataset.theme = dark.matches ? "dark" : "light");
  apply();
  dark.addEventListener("change", apply);
  return () => dark.removeEventListener("change", apply);
}
