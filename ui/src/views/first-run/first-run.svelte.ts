/** The three doors: where each leads, and what it says. */
import type { AppState } from "../../lib/app.svelte";

export class FirstRun {
  readonly #app: AppState;

  constructor(app: AppState) {
    this.#app = app;
  }

  readonly doors = [
    {
      id: "sandbox",
      title: "Try the sandbox",
      text: "Made-up tenants and a month of log. No network, one click.",
      open: () => void this.#app.startSandbox(),
    },
    {
      id: "connect",
      title: "Connect to CIPP",
      text: "You have the API address, tenant ID, client ID and secret.",
      open: () => this.#app.connect(),
    },
    {
      id: "setup",
      title: "Set up the CIPP API first",
      text: "A checklist, step by step, for whoever may change CIPP.",
      open: () => this.#app.go("setup"),
    },
  ] as const;
}
