/**
 * A file that a person asks for: what kind, under which name, whether there is one already, how it
 * ended. What is in it is for whoever gives the job.
 */
import { backend, CommandFailure } from "../backend";

export interface FileJob<Kind extends string> {
  /** Path and name to propose. */
  propose: (kind: Kind) => Promise<string>;
  /** The ending of each kind: ".csv". */
  endings: Record<Kind, string>;
  write: (kind: Kind, path: string, overwrite: boolean) => Promise<void>;
}

export class FileTarget<Kind extends string> {
  kind: Kind;
  path = $state("");
  phase = $state<"asking" | "exists" | "writing" | "done">("asking");
  failure = $state.raw<CommandFailure | null>(null);
  readonly #job: FileJob<Kind>;
  /** The path is as it was proposed: another kind brings another one. */
  #proposed = "";

  constructor(first: Kind, job: FileJob<Kind>) {
    this.kind = $state(first);
    this.#job = job;
  }

  async propose(): Promise<void> {
    const { kind } = this;
    try {
      const path = await this.#job.propose(kind);
      if (kind === this.kind && this.path === this.#proposed) {
        this.path = path;
        this.#proposed = path;
      }
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  /** What is being written stays what it is: nothing here changes until that has ended. */
  choose(kind: Kind): void {
    if (this.phase === "writing") return;
    const before = this.#job.endings[this.kind];
    this.kind = kind;
    this.#askAnew();
    if (this.path === this.#proposed) void this.propose();
    else if (this.path.toLowerCase().endsWith(before)) {
      this.path = this.path.slice(0, -before.length) + this.#job.endings[kind];
    }
  }

  type(path: string): void {
    if (this.phase === "writing") return;
    this.path = path;
    this.#askAnew();
  }

  /** Asks with the system's own dialog. */
  async browse(): Promise<void> {
    try {
      const chosen = await backend.chooseExportFile(this.path || this.#proposed);
      if (chosen !== null) this.type(chosen);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  again(): void {
    this.#askAnew();
  }

  #askAnew(): void {
    this.phase = "asking";
    this.failure = null;
  }

  /** Writes it. There may be such a file already: then it is asked first. A cancelled one is no failure. */
  async run(overwrite: boolean): Promise<void> {
    const path = this.path.trim();
    if (!path || this.phase === "writing") return;
    this.phase = "writing";
    this.failure = null;
    try {
      await this.#job.write(this.kind, path, overwrite);
      this.phase = "done";
    } catch (error) {
      const failure = CommandFailure.from(error);
      this.phase = failure.code === "fileExists" ? "exists" : "asking";
      if (failure.code !== "cancelled" && failure.code !== "fileExists") this.failure = failure;
    }
  }
}
