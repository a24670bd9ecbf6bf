/** The last calls that left this computer, as they are read when somebody asks. */
import { backend, CommandFailure, type NetworkCall } from "../../backend";
import { isoIn, momentOf } from "../../lib/time";

export class NetworkState {
  calls = $state.raw<NetworkCall[]>([]);
  loaded = $state(false);
  busy = $state(false);
  failure = $state.raw<CommandFailure | null>(null);
  #ticket = 0;

  async read(): Promise<void> {
    const ticket = ++this.#ticket;
    this.busy = true;
    try {
      const calls = await backend.networkCalls();
      if (ticket !== this.#ticket) return;
      this.calls = calls;
      this.failure = null;
      this.loaded = true;
    } catch (error) {
      if (ticket === this.#ticket) this.failure = CommandFailure.from(error);
    } finally {
      if (ticket === this.#ticket) this.busy = false;
    }
  }
}

/** "200", "no answer: time-out", "404 cut off" */
export function outcomeText({ status, outcome }: NetworkCall): string {
  return [status === null ? "" : String(status), outcome].filter(Boolean).join(" ") || "no answer";
}

/** Columns apart by tabs, with a head: for a ticket or a spreadsheet. */
export function callsText(calls: NetworkCall[], zone: string): string {
  const head = ["Time", "Host", "Path", "Status", "Bytes", "Milliseconds", "Reason"];
  const lines = calls.map((call) => {
    const moment = momentOf(call.at);
    return [
      moment === null ? call.at : isoIn(moment, zone),
      call.host,
      call.path,
      outcomeText(call),
      String(call.bytes),
      String(call.durationMs),
      call.reason,
    ];
  });
  return [head, ...lines].map((cells) => cells.join("\t")).join("\n");
}
