/** The checklists of one connection: read, ticked, un-ticked. A tick is kept by the backend at once. */
import { backend, CommandFailure, type Checklist } from "../../backend";

export type Step = Checklist["groups"][number]["steps"][number];

export function progressOf(list: Checklist): { done: number; of: number } {
  const steps = list.groups.flatMap((group) => group.steps);
  return { done: steps.filter(({ ticked }) => ticked).length, of: steps.length };
}

export class SetupState {
  lists = $state.raw<Checklist[]>([]);
  chosenId = $state<string | null>(null);
  failure = $state.raw<CommandFailure | null>(null);
  loaded = $state(false);
  chosen = $derived(this.lists.find(({ id }) => id === this.chosenId) ?? this.lists[0] ?? null);

  #connectionId: string | null = null;
  #ticket = 0;

  async open(connectionId: string | null): Promise<void> {
    const ticket = ++this.#ticket;
    this.#connectionId = connectionId;
    this.failure = null;
    try {
      const lists = await backend.checklists(connectionId);
      if (ticket !== this.#ticket) return;
      this.lists = lists;
      this.loaded = true;
    } catch (error) {
      if (ticket === this.#ticket) this.failure = CommandFailure.from(error);
    }
  }

  async tick(listId: string, stepId: string, ticked: boolean): Promise<void> {
    const connectionId = this.#connectionId;
    this.failure = null;
    try {
      const list = await backend.checklistTick(connectionId, listId, stepId, ticked);
      if (connectionId !== this.#connectionId) return;
      this.lists = this.lists.map((known) => (known.id === list.id ? list : known));
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }

  async openLink(url: string): Promise<void> {
    try {
      await backend.openLink(url);
    } catch (error) {
      this.failure = CommandFailure.from(error);
    }
  }
}
