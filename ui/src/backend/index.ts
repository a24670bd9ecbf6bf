/**
 * The one door between the window and the Rust side. Nothing outside this folder imports
 * `bindings.ts` or `@tauri-apps/*`; nothing inside it knows a view.
 *
 * The generated commands answer with `{ status, data | error }`; here that becomes a plain
 * promise that rejects with `CommandFailure`, so that callers write `await` and `catch`.
 */
import { Channel } from "@tauri-apps/api/core";
import { commands } from "../bindings";
import type {
  CommandError,
  ConnectionInput,
  Field,
  LogProgress,
  Settings,
  TestProgress,
} from "../bindings";
import { CommandFailure } from "./failure";

export { CommandFailure } from "./failure";
export type {
  AppInfo,
  Checklist,
  CommandError,
  ConnectionInfo,
  ConnectionInput,
  DayState,
  ErrorCode,
  Field,
  FieldProblem,
  KeychainStatus,
  LogCounts,
  LogEntry,
  LogPage,
  LogProgress,
  LogRow,
  LogView,
  RecognisedInfo,
  Settings,
  TestProgress,
} from "../bindings";

type Answer<T> = Promise<{ status: "ok"; data: T } | { status: "error"; error: CommandError }>;

async function open<T>(answer: Answer<T>): Promise<T> {
  let result: Awaited<Answer<T>>;
  try {
    result = await answer;
  } catch (error) {
    throw CommandFailure.from(error);
  }
  if (result.status === "ok") return result.data;
  throw CommandFailure.from(result.error);
}

function listen<T>(onMessage: (message: T) => void): Channel<T> {
  const channel = new Channel<T>();
  channel.onmessage = onMessage;
  return channel;
}

export const backend = {
  appInfo: () => open(commands.appInfo()),

  keychainStatus: () => open(commands.keychainStatus()),
  keychainRetry: () => open(commands.keychainRetry()),
  keychainUseSessionMemory: () => open(commands.keychainUseSessionMemory()),

  connectionsList: () => open(commands.connectionsList()),
  connectionsSetDamagedAside: () => open(commands.connectionsSetDamagedAside()),
  recognise: (text: string) => open(commands.recognise(text)),
  forgetDraft: (draftId: string) => open(commands.forgetDraft(draftId)),
  checkField: (field: Field, value: string) => open(commands.checkField(field, value)),
  checkSecretShape: (value: string) => open(commands.checkSecretShape(value)),
  connectionSave: (input: ConnectionInput, onProgress: (stage: TestProgress) => void) =>
    open(commands.connectionSave(input, listen(onProgress))),
  connectionTest: (id: string, onProgress: (stage: TestProgress) => void) =>
    open(commands.connectionTest(id, listen(onProgress))),
  connectionCancelTest: () => open(commands.connectionCancelTest()),
  connectionRemove: (id: string) => open(commands.connectionRemove(id)),
  sandboxStart: () => open(commands.sandboxStart()),

  logsOpen: (
    connectionId: string,
    fromDay: string,
    toDay: string,
    onProgress: (progress: LogProgress) => void,
  ) => open(commands.logsOpen(connectionId, fromDay, toDay, listen(onProgress))),
  logsCancel: (viewId: string) => open(commands.logsCancel(viewId)),
  logsRetryDay: (viewId: string, day: string) => open(commands.logsRetryDay(viewId, day)),
  logsClose: (viewId: string) => open(commands.logsClose(viewId)),
  logsPage: (viewId: string, offset: number, limit: number) =>
    open(commands.logsPage(viewId, offset, limit)),
  logsFilter: (viewId: string, text: string) => open(commands.logsFilter(viewId, text)),
  logsEntry: (viewId: string, index: number) => open(commands.logsEntry(viewId, index)),

  checklists: (connectionId: string | null) => open(commands.checklists(connectionId)),
  checklistTick: (
    connectionId: string | null,
    checklistId: string,
    stepId: string,
    ticked: boolean,
  ) => open(commands.checklistTick(connectionId, checklistId, stepId, ticked)),

  settings: () => open(commands.settings()),
  settingsSave: (settings: Settings) => open(commands.settingsSave(settings)),
  openLink: (url: string) => open(commands.openLink(url)),
};
