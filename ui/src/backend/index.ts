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
  ArchiveProgress,
  Change,
  ChecklistFile,
  CheckNews,
  CommandError,
  ConnectionInput,
  ConnectionScript,
  CopyForm,
  Edit as QueryEdit,
  ExportFormat,
  ExportOptions,
  ExportProgress,
  FacetField,
  Field,
  LogProgress,
  LogRange,
  RungOutcome,
  SecretInput,
  Settings,
  SeverityFamily,
  SignInAsk,
  SignInProgress,
  TestProgress,
  ViewCommand,
} from "../bindings";
import { CommandFailure } from "./failure";

export { CommandFailure } from "./failure";
export type {
  AppInfo,
  ArchiveCheck,
  ArchiveProgress,
  ArchiveSettings,
  ArchiveStatus,
  AskAbout,
  Change,
  Changed,
  Checked,
  Checklist,
  ChecklistFile,
  ChecklistView,
  CheckNews,
  CommandError,
  Completion,
  Conflict,
  ConnectionInfo,
  ConnectionInput,
  ConnectionScript,
  CopyForm,
  Countdown,
  Counts,
  DataSearch,
  DayPhase,
  DayState,
  Deciding,
  Diagnosis,
  DiagnosisHistory,
  Due,
  DueState,
  Edit as QueryEdit,
  ErrorCode,
  Evidence,
  Explained,
  ExportFormat,
  ExportOptions,
  ExportProgress,
  ExportSummary,
  Facet,
  FacetField,
  Facets,
  FacetValue,
  Fact,
  Failure,
  Fault,
  Field,
  FieldProblem,
  Filtered,
  Group,
  Histogram,
  HistoryItem,
  HistoryKind,
  Imported,
  ImportedConnection,
  InstanceZone,
  KeychainItem,
  KeychainStatus,
  Link,
  LogCounts,
  LogEntry,
  LogPage,
  LogProgress,
  LogRange,
  LogRow,
  LogView,
  Merged,
  Mistake,
  NetworkCall,
  Obstacle,
  OnDisk,
  OtherVariant,
  Plan,
  Progress,
  Proof,
  ProofBy,
  QueryField,
  QueryRead,
  QueryTerm,
  RecognisedInfo,
  Remark,
  Request,
  Rung,
  RungOutcome,
  RungState,
  SameThing,
  SavedView,
  SecretEndInfo,
  Settings,
  SetupFacts,
  SeverityCounts,
  SeverityFamily,
  ShownDays,
  Side,
  SignedIn,
  SignInAbout,
  SignInAsk,
  SignInProgress,
  Step,
  StepKind,
  StepProgress,
  StepRef,
  StepState,
  TestProgress,
  Variant,
  Verdict,
  ViewCommand,
  Whereabouts,
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

  credentialWhere: (connectionId: string) => open(commands.credentialWhere(connectionId)),
  /** Cancelled as a test is. */
  credentialReplace: (
    connectionId: string,
    secret: SecretInput,
    onProgress: (stage: TestProgress) => void,
  ) => open(commands.credentialReplace(connectionId, secret, listen(onProgress))),
  /** A day as "2027-05-31"; without one nobody knows it. */
  credentialSetEnd: (connectionId: string, day: string | null) =>
    open(commands.credentialSetEnd(connectionId, day)),
  credentialLookUpEnd: (connectionId: string) => open(commands.credentialLookUpEnd(connectionId)),
  credentialPutOff: (connectionId: string) => open(commands.credentialPutOff(connectionId)),
  connectionScript: (connectionId: string, form: ConnectionScript) =>
    open(commands.connectionScript(connectionId, form)),
  connectionFileName: (name: string) => open(commands.connectionFileName(name)),
  connectionExport: (connectionId: string, path: string, overwrite: boolean) =>
    open(commands.connectionExport(connectionId, path, overwrite)),
  chooseConnectionFile: () => open(commands.chooseConnectionFile()),
  connectionImport: (path: string) => open(commands.connectionImport(path)),

  logsOpen: (connectionId: string, onProgress: (progress: LogProgress) => void) =>
    open(commands.logsOpen(connectionId, listen(onProgress))),
  logsShow: (viewId: string, range: LogRange) => open(commands.logsShow(viewId, range)),
  logsPlan: (viewId: string, range: LogRange) => open(commands.logsPlan(viewId, range)),
  logsRefresh: (viewId: string) => open(commands.logsRefresh(viewId)),
  logsFetchDay: (viewId: string, day: string) => open(commands.logsFetchDay(viewId, day)),
  /** Without a day: stops all of them. */
  logsCancel: (viewId: string, day: string | null = null) => open(commands.logsCancel(viewId, day)),
  logsFollow: (viewId: string, on: boolean) => open(commands.logsFollow(viewId, on)),
  logsInBackground: (viewId: string, yes: boolean) => open(commands.logsInBackground(viewId, yes)),
  logsSetInstanceZone: (viewId: string, zone: string | null) =>
    open(commands.logsSetInstanceZone(viewId, zone)),
  logsClose: (viewId: string) => open(commands.logsClose(viewId)),
  /** Asked without waiting for the one before: each with a larger `turn`. */
  logsQuery: (
    viewId: string,
    text: string,
    zone: string,
    anchor: string | null,
    rows: number,
    turn: number,
  ) => open(commands.logsQuery(viewId, text, zone, anchor, rows, turn)),
  logsEditQuery: (text: string, edit: QueryEdit) => open(commands.logsEditQuery(text, edit)),
  logsComplete: (viewId: string, text: string, cursor: number) =>
    open(commands.logsComplete(viewId, text, cursor)),
  logsPage: (viewId: string, offset: number, limit: number) =>
    open(commands.logsPage(viewId, offset, limit)),
  logsFacets: (viewId: string, fields: FacetField[], typed: string, most: number) =>
    open(commands.logsFacets(viewId, fields, typed, most)),
  /** Without a range (milliseconds since 1970): all loaded rows. */
  logsHistogram: (
    viewId: string,
    range: { from: number; to: number } | null,
    bars: number,
    zone: string,
  ) => open(commands.logsHistogram(viewId, range?.from ?? null, range?.to ?? null, bars, zone)),
  logsEntry: (viewId: string, id: string) => open(commands.logsEntry(viewId, id)),
  logsPosition: (viewId: string, id: string) => open(commands.logsPosition(viewId, id)),
  logsPositionAt: (viewId: string, timeMs: number) => open(commands.logsPositionAt(viewId, timeMs)),
  logsNext: (viewId: string, families: SeverityFamily[], from: number, backwards: boolean) =>
    open(commands.logsNext(viewId, families, from, backwards)),
  logsSameThing: (viewId: string, id: string) => open(commands.logsSameThing(viewId, id)),
  logsCopy: (viewId: string, id: string, form: CopyForm, zone: string) =>
    open(commands.logsCopy(viewId, id, form, zone)),
  logsCopyAs: (viewId: string, form: ViewCommand) => open(commands.logsCopyAs(viewId, form)),

  logsExport: (
    viewId: string,
    path: string,
    options: ExportOptions,
    onProgress: (progress: ExportProgress) => void,
  ) => open(commands.logsExport(viewId, path, options, listen(onProgress))),
  logsExportCancel: (viewId: string) => open(commands.logsExportCancel(viewId)),
  exportFileName: (name: string, format: ExportFormat) =>
    open(commands.exportFileName(name, format)),
  chooseExportFile: (proposed: string) => open(commands.chooseExportFile(proposed)),
  chooseFolder: () => open(commands.chooseFolder()),
  archiveStatus: (connectionId: string) => open(commands.archiveStatus(connectionId)),
  archiveVerify: (connectionId: string, onProgress: (progress: ArchiveProgress) => void) =>
    open(commands.archiveVerify(connectionId, listen(onProgress))),
  archiveDelete: (connectionId: string) => open(commands.archiveDelete(connectionId)),
  archiveExport: (
    connectionId: string,
    folder: string,
    onProgress: (progress: ArchiveProgress) => void,
  ) => open(commands.archiveExport(connectionId, folder, listen(onProgress))),

  checklists: (connectionId: string | null) => open(commands.checklists(connectionId)),
  checklistChooseVariant: (connectionId: string | null, checklistId: string, variant: string) =>
    open(commands.checklistChooseVariant(connectionId, checklistId, variant)),
  checklistChange: (
    connectionId: string | null,
    checklistId: string,
    stepId: string,
    change: Change,
  ) => open(commands.checklistChange(connectionId, checklistId, stepId, change)),
  /** Without a step: everything that a check can prove. */
  checklistCheck: (
    connectionId: string,
    checklistId: string,
    stepId: string | null,
    onNews: (news: CheckNews) => void,
  ) => open(commands.checklistCheck(connectionId, checklistId, stepId, listen(onNews))),
  checklistCancel: () => open(commands.checklistCancel()),
  checklistFileName: (name: string, file: ChecklistFile) =>
    open(commands.checklistFileName(name, file)),
  /** `show` opens a report that is a page (`html`) in the system's browser. */
  checklistWrite: (
    connectionId: string | null,
    file: ChecklistFile,
    path: string,
    overwrite: boolean,
    show: boolean,
  ) => open(commands.checklistWrite(connectionId, file, path, overwrite, show)),
  chooseChecklistFile: () => open(commands.chooseChecklistFile()),
  checklistImport: (connectionId: string | null, path: string) =>
    open(commands.checklistImport(connectionId, path)),

  signInAbout: (connectionId: string) => open(commands.signInAbout(connectionId)),
  signIn: (connectionId: string, ask: SignInAsk, onProgress: (progress: SignInProgress) => void) =>
    open(commands.signIn(connectionId, ask, listen(onProgress))),
  signInDevice: (
    connectionId: string,
    ask: SignInAsk,
    onProgress: (progress: SignInProgress) => void,
  ) => open(commands.signInDevice(connectionId, ask, listen(onProgress))),
  signInOpenPage: () => open(commands.signInOpenPage()),
  signInCancel: () => open(commands.signInCancel()),
  signOut: () => open(commands.signOut()),
  signedIn: (connectionId: string) => open(commands.signedIn(connectionId)),

  /** Walks the ladder; each rung is told as it begins and as it ends. */
  diagnose: (connectionId: string, onProgress: (rung: RungOutcome) => void) =>
    open(commands.diagnose(connectionId, listen(onProgress))),
  diagnoseCancel: (connectionId: string) => open(commands.diagnoseCancel(connectionId)),
  diagnosisHistory: (connectionId: string) => open(commands.diagnosisHistory(connectionId)),
  diagnosisReport: (connectionId: string, startedAt: string) =>
    open(commands.diagnosisReport(connectionId, startedAt)),
  explainText: (text: string) => open(commands.explainText(text)),
  networkCalls: () => open(commands.networkCalls()),
  faults: () => open(commands.faults()),
  /** Without a name: repairs the sandbox. The connection as the technician would have it now. */
  faultPlay: (name: string | null) => open(commands.faultPlay(name)),
  faultPlaying: () => open(commands.faultPlaying()),

  setNarrow: (on: boolean) => open(commands.setNarrow(on)),

  settings: () => open(commands.settings()),
  settingsSave: (settings: Settings) => open(commands.settingsSave(settings)),
  openLink: (url: string) => open(commands.openLink(url)),
};
