/** The archive of the current connection: how it is, and what can be done with it. */
import {
  backend,
  CommandFailure,
  type ArchiveCheck,
  type ArchiveProgress,
  type ArchiveStatus,
} from "../../backend";

type Work = "none" | "verify" | "delete" | "export";

export class ArchiveState {
  status = $state.raw<ArchiveStatus | null>(null);
  failure = $state.raw<CommandFailure | null>(null);
  /** What runs now. */
  work = $state<Work>("none");
  progress = $state.raw<ArchiveProgress>({ done: 0, of: 0 });
  /** What is asked before it is done. */
  asking = $state<"none" | "delete" | "export">("none");

  check = $state.raw<ArchiveCheck | null>(null);
  /** Bytes that deleting made free. */
  freed = $state<number | null>(null);
  exported = $state.raw<{ days: number; folder: string } | null>(null);

  constructor(readonly connectionId: string) {}

  async read(): Promise<void> {
    try {
      this.status = await backend.archiveStatus(this.connectionId);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  async verify(): Promise<void> {
    await this.#do("verify", async (onProgress) => {
      this.check = await backend.archiveVerify(this.connectionId, onProgress);
    });
  }

  async delete(): Promise<void> {
    await this.#do("delete", async () => {
      this.freed = (await backend.archiveDelete(this.connectionId)) ?? 0;
    });
  }

  /** Asks for a folder and writes every day into it, in plain. */
  async export(): Promise<void> {
    await this.#do("export", async (onProgress) => {
      const folder = await backend.chooseFolder();
      if (folder === null) return;
      const days = await backend.archiveExport(this.connectionId, folder, onProgress);
      this.exported = { days, folder };
    });
  }

  async #do(
    work: Work,
    run: (onProgress: (progress: ArchiveProgress) => void) => Promise<void>,
  ): Promise<void> {
    if (this.work !== "none") return;
    this.work = work;
    this.asking = "none";
    this.failure = null;
    this.check = null;
    this.freed = null;
    this.exported = null;
    this.progress = { done: 0, of: 0 };
    try {
      await run((progress) => (this.progress = progress));
    } catch (error) {
      this.failure = CommandFailure.from(error);
    } finally {
      this.work = "none";
    }
    await this.read();
  }
}
