/**
 * The commands of the app, as the palette lists them. Whoever owns a command adds it while it can
 * be used (`onMount(() => palette.add(...))`); nothing here knows what a command does.
 */
import { untrack } from "svelte";
import { rank } from "./fuzzy";

export interface Command {
  /** Unique. Where lib/keys.ts has a shortcut of the same id, its keys are shown. */
  id: string;
  /** What it does, as people would look for it: "Export what I see". */
  title: string;
  /** Where it belongs: "Logs", "Go to", "Columns". */
  group: string;
  /** Keys to show where lib/keys.ts has none under this id. */
  keys?: string[];
  run: () => unknown;
  /** Left out of the list while this is false. */
  enabled?: () => boolean;
}

/** How many of the last used commands come first. */
const RECENT = 6;

export class Palette {
  open = $state(false);
  #commands = $state.raw<Command[]>([]);
  #recent = $state.raw<string[]>([]);

  /**
   * Adds commands; the answer takes them out again. What is added last is listed first: it belongs to
   * what is on the screen. A later one with the same id stands in for the earlier.
   */
  add(...commands: Command[]): () => void {
    const ids = commands.map(({ id }) => id);
    // Untracked, so that an effect may add: it must not run again because of what it added.
    untrack(() => {
      this.#commands = [...commands, ...this.#commands.filter(({ id }) => !ids.includes(id))];
    });
    return () => {
      this.#commands = this.#commands.filter((command) => !commands.includes(command));
    };
  }

  /** The commands that fit what was typed, the best first; without text the last used ones first. */
  find(typed: string): Command[] {
    const usable = this.#commands.filter(({ enabled }) => enabled?.() ?? true);
    const age = (id: string) => {
      const at = this.#recent.indexOf(id);
      return at === -1 ? RECENT : at;
    };
    if (!typed.trim()) return usable.sort((a, b) => age(a.id) - age(b.id));
    return usable
      .map((command) => ({ command, fit: rank(typed, `${command.title} ${command.group}`) }))
      .filter(({ fit }) => fit > 0)
      .sort((a, b) => b.fit - a.fit || age(a.command.id) - age(b.command.id))
      .map(({ command }) => command);
  }

  /** Runs the command and remembers that it was used. */
  run(command: Command): void {
    this.#recent = [command.id, ...this.#recent.filter((id) => id !== command.id)].slice(0, RECENT);
    command.run();
  }
}

/** The one palette of the window. */
export const palette = new Palette();
