/** The list of connections: testing one in place, asking before one goes, setting a damaged file aside. */
import {
  backend,
  CommandFailure,
  type ConnectionInfo,
  type TestProgress,
  type Whereabouts,
} from "../../backend";
import type { AppState } from "../../lib/app.svelte";

export class ConnectionsState {
  /** The connection whose test is shown, running or done. */
  testedId = $state<string | null>(null);
  testing = $state(false);
  stages = $state.raw<TestProgress[]>([]);
  testFailure = $state.raw<CommandFailure | null>(null);

  /** The connection that was asked to be removed. */
  removing = $state.raw<ConnectionInfo | null>(null);
  /** What of it is on this computer; null until that is known. */
  removingAbout = $state.raw<Whereabouts | null>(null);
  removeBusy = $state(false);
  removeFailure = $state.raw<CommandFailure | null>(null);

  /** Where a damaged file was put. */
  setAside = $state<string | null>(null);
  setAsideFailure = $state.raw<CommandFailure | null>(null);

  readonly #app: AppState;

  constructor(app: AppState) {
    this.#app = app;
  }

  async test(connection: ConnectionInfo): Promise<void> {
    if (this.testing) return;
    this.testedId = connection.id;
    this.testing = true;
    this.stages = [];
    this.testFailure = null;
    try {
      await backend.connectionTest(connection.id, (stage) => {
        this.stages = [...this.stages.filter((known) => known.stage !== stage.stage), stage];
      });
      // It was used just now.
      await this.#app.readConnections();
    } catch (error) {
      const failure = CommandFailure.from(error);
      if (failure.code === "cancelled") this.testedId = null;
      else this.testFailure = failure;
    } finally {
      this.testing = false;
    }
  }

  async cancelTest(): Promise<void> {
    try {
      await backend.connectionCancelTest();
    } catch (error) {
      this.testFailure = CommandFailure.from(error);
    }
  }

  closeTest(): void {
    this.testedId = null;
  }

  askRemove(connection: ConnectionInfo): void {
    this.removeFailure = null;
    this.removing = connection;
    this.removingAbout = null;
    void this.#lookAt(connection);
  }

  /** Where it cannot be looked at, the question says in general what goes. */
  async #lookAt(connection: ConnectionInfo): Promise<void> {
    try {
      const about = await backend.credentialWhere(connection.id);
      if (this.removing === connection) this.removingAbout = about;
    } catch {
      this.removingAbout = null;
    }
  }

  keep(): void {
    this.removing = null;
  }

  async remove(): Promise<void> {
    if (!this.removing) return;
    this.removeBusy = true;
    this.removeFailure = null;
    try {
      await this.#app.remove(this.removing.id);
      this.removing = null;
    } catch (error) {
      this.removeFailure = CommandFailure.from(error);
    } finally {
      this.removeBusy = false;
    }
  }

  async setDamagedAside(): Promise<void> {
    this.setAsideFailure = null;
    try {
      this.setAside = await backend.connectionsSetDamagedAside();
      await this.#app.readConnections();
    } catch (error) {
      this.setAsideFailure = CommandFailure.from(error);
    }
  }
}
