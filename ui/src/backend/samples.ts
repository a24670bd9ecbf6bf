/** Answers as the Rust side gives them, for tests of the views. Not part of the app. */
import type {
  ChecklistView,
  CommandError,
  ConnectionInfo,
  DayState,
  Evidence,
  KeychainStatus,
  LogEntry,
  LogRow,
  Progress,
  SecretEndInfo,
  Settings,
  Step,
  StepProgress,
} from "../bindings";
import type {
  Diagnosis,
  DiagnosisHistory,
  Explained,
  Failure,
  Fault,
  NetworkCall,
  Rung,
  RungOutcome,
} from "./diagnosis";
import type { Answers } from "./testing";

export { FakeLog } from "./fake-log";

export const GUID = "3b9d1f70-6c2a-4e58-8d41-7a5c9e0b2d34";

export const keychain = (part: Partial<KeychainStatus> = {}): KeychainStatus => ({
  store: "GNOME Keyring (Secret Service)",
  state: "ready",
  detail: "",
  remedy: "",
  sessionOnly: false,
  ...part,
});

export const connection = (part: Partial<ConnectionInfo> = {}): ConnectionInfo => ({
  id: "c1",
  name: "Contoso MSP",
  apiUrl: "https://cipp-k7x2q.azurewebsites.net",
  tenantId: "8f2c6a1e-5b7d-4c3e-9a10-2f4d6b8c0e12",
  clientId: GUID,
  authority: "https://login.microsoftonline.com/",
  caCert: null,
  secret: "unknown",
  secretSavedAt: "2026-11-03T08:12:00Z",
  createdAt: "2026-11-03T08:12:00Z",
  lastUsedAt: null,
  secretEnd: null,
  sandbox: false,
  ...part,
});

export const secretEnd = (part: Partial<SecretEndInfo> = {}): SecretEndInfo => ({
  at: "2026-12-03T12:00:00Z",
  source: "typed",
  learnedAt: "2026-11-03T08:12:00Z",
  keyId: null,
  daysLeft: 9,
  mark: "month",
  reminder: "month",
  ...part,
});

export const settings = (part: Partial<Settings> = {}): Settings => ({
  theme: "light",
  timeZone: "mine",
  lastConnectionId: null,
  columns: {},
  columnOrder: [],
  detailWidth: 420,
  facetsOpen: true,
  facetsWidth: 220,
  histogramOpen: true,
  letterKeys: true,
  savedViews: [],
  instanceZones: {},
  archive: { enabled: true, keepDays: 0, maxMegabytes: 0 },
  memoryMegabytes: 0,
  personName: "",
  signInAppId: "",
  setupFacts: {},
  setupPlaces: {},
  ...part,
});

export const refusal = (part: Partial<CommandError> = {}): CommandError => ({
  code: "internal",
  message: "It did not work.",
  remedy: "Try again.",
  detail: null,
  field: null,
  ...part,
});

export const rowId = (index: number) => `20261103-${index.toString(16).padStart(16, "0")}`;

export const dayState = (part: Partial<DayState> = {}): DayState => ({
  day: "2026-11-03",
  state: "complete",
  source: "cipp",
  rows: 0,
  oddRows: 0,
  archived: false,
  fetchedMs: Date.UTC(2026, 10, 3, 12),
  error: null,
  archiveTrouble: null,
  ...part,
});

/** The n-th row of a list sorted newest first, one a minute. */
export const row = (index: number, part: Partial<LogRow> = {}): LogRow => ({
  id: rowId(index),
  time: new Date(Date.UTC(2026, 10, 3, 12) - index * 60_000).toISOString(),
  severity: "info",
  severityText: "Info",
  tenant: "contoso.com",
  user: "CIPP",
  api: "Standards",
  message: `Message ${index}`,
  day: "2026-11-03",
  problem: null,
  ...part,
});

export const entry = (of: LogRow, part: Partial<LogEntry> = {}): LogEntry => ({
  ...of,
  ip: "203.0.113.24",
  appId: null,
  template: null,
  tenantId: "None",
  rowKey: "0c0f8a5e-0f6e-4f6c-9f4a-1d0ad4d86f55",
  dateFilter: "20261103",
  logData: '{"NormalizedError":"AADSTS700082","RawError":"{\\"error\\":\\"invalid_grant\\"}"}',
  standardInfo: null,
  raw: JSON.stringify({ Message: of.message }),
  oddities: [],
  ...part,
});

export const step = (part: Partial<Step> = {}): Step => ({
  id: "create",
  title: "Create the API client",
  kind: "action",
  variants: [],
  actions: ["Open the page.", "Press the button."],
  place: "CIPP > Integrations > CIPP-API",
  link: { label: "CIPP manual: CIPP-API", url: "https://docs.cipp.app/api" },
  who: "CIPP admin",
  why: "The client is how the API knows us.",
  unlocks: [],
  copy: [],
  traps: [],
  replacedBy: null,
  source: "https://docs.cipp.app/",
  seed: [],
  trace: true,
  dueHours: null,
  waitMinutes: null,
  proof: {
    by: "cipp",
    checks: ["cipp-listlogs"],
    how: "GET /api/ListLogs answers 200 and a list.",
    whyNot: null,
  },
  ...part,
});

export const stepProgress = (id: string, part: Partial<StepProgress> = {}): StepProgress => ({
  id,
  state: { kind: "todo" },
  remark: null,
  note: null,
  staleDays: null,
  countdown: null,
  toCleanUp: false,
  due: null,
  conflict: null,
  history: [],
  canUndo: false,
  canRedo: false,
  ...part,
});

/** The proof of a look at the log. */
export const evidence = (part: Partial<Evidence> = {}): Evidence => ({
  requests: [
    {
      method: "GET",
      url: "https://cipp-k7x2q.azurewebsites.net/api/ListLogs",
      status: 200,
      at: "2026-11-03T08:20:00Z",
    },
  ],
  fields: [{ name: "Results", value: "a list of 12" }],
  signedInAs: "the API client",
  ...part,
});

/** A list with steps of every sort; `standing` says how some of them stand. */
export function checklistView(
  standing: Partial<Record<string, Partial<StepProgress>>> = {},
  part: Partial<Progress> = {},
): ChecklistView {
  const hand = { by: "hand" as const, checks: [], how: null, whyNot: "No request shows it." };
  const groups = [
    {
      title: "Prepare",
      steps: [
        step({
          id: "know",
          title: "Find out who hosts your CIPP",
          kind: "requirement",
          unlocks: ["create"],
          proof: hand,
        }),
      ],
    },
    {
      title: "Create",
      steps: [
        step({
          copy: ["AdminAgents"],
          traps: ["The secret is shown once."],
          unlocks: ["wait", "clean"],
        }),
        step({ id: "wait", title: "Wait for the restart", kind: "wait", waitMinutes: 15 }),
        step({
          id: "roles",
          title: "Be Global Administrator while setting up",
          proof: { by: "microsoft", checks: ["ms-setup-roles"], how: "GET /me/…", whyNot: null },
        }),
      ],
    },
    {
      title: "Clean up",
      steps: [
        step({
          id: "clean",
          title: "Remove Global Administrator",
          kind: "clean-up",
          dueHours: 24,
          replacedBy: "create",
          proof: {
            by: "microsoft",
            checks: ["ms-setup-roles-removed"],
            how: "GET /me/…",
            whyNot: null,
          },
        }),
      ],
    },
  ];
  const steps = groups
    .flatMap((group) => group.steps)
    .map(({ id }) => stepProgress(id, standing[id]));
  const of = (kind: string) => steps.filter(({ state }) => state.kind === kind).length;
  const that = (test: (step: StepProgress) => boolean) => steps.filter(test).length;
  return {
    checklist: {
      id: "enable-the-cipp-api",
      title: "Enable the CIPP API",
      intro: "From nothing to the first row.",
      source: "https://docs.cipp.app/",
      reviewed: "2026-11-22",
      manual: "CIPP manual of 24 July 2026",
      question: "Who hosts your CIPP?",
      variants: [
        { id: "hosted", title: "CyberDrain hosts our CIPP", hint: "No Function App of your own." },
        { id: "self-hosted", title: "We host it", hint: "It runs in your own subscription." },
      ],
      groups,
    },
    progress: {
      checklist: "enable-the-cipp-api",
      variant: "hosted",
      variantChosen: true,
      otherVariant: null,
      steps,
      counts: {
        steps: steps.length,
        todo: of("todo"),
        verified: of("verified"),
        confirmed: of("confirmed"),
        waiting: of("waiting"),
        failed: of("failed"),
        toCleanUp: 0,
        notApplicable: of("notApplicable"),
        couldNotCheck: that(({ remark }) => remark !== null),
        stale: that(({ staleDays }) => staleDays !== null),
        cleanUp: that(({ due }) => due !== null),
        overdue: that(({ due }) => due?.state === "overdue"),
        conflicts: that(({ conflict }) => conflict !== null),
      },
      ...part,
    },
  };
}

// ---- the ladder

const LADDER: [Rung, string][] = [
  ["address", "cipp-k7x2q.azurewebsites.net"],
  ["reach", "TLS valid, clock 0.4 s off"],
  ["rightDoor", "JSON"],
  ["signIn", "token for 60 min"],
  ["tokenFits", "audience is the client ID"],
  ["accepted", "200"],
  ["allowed", "may read the log"],
  ["logRead", "214 entries today"],
  ["versions", "CIPP 10.4.2"],
];

/** An entry of the catalogue: by itself one that waiting mends. */
export const failure = (part: Partial<Failure> = {}): Failure => ({
  id: "client-not-saved",
  numbers: [4],
  rung: "accepted",
  seen: ["client"],
  title: "The sign-in worked, but CIPP did not accept the token.",
  symptom: "401 after a good sign-in.",
  cause: "The site in front of CIPP has its own list of clients.",
  remedy: ["Press “Save to Azure”.", "Wait a minute."],
  waiting: { seconds: 60, most: 900, why: "After Save to Azure the instance restarts." },
  step: "enable-the-cipp-api/create",
  link: { label: "CIPP manual: CIPP-API", url: "https://docs.cipp.app/api" },
  source: "CyberDrain/CIPP docs",
  certain: true,
  neverRetry: false,
  ...part,
});

export const secretWrong = (): Failure =>
  failure({
    id: "secret-wrong",
    rung: "signIn",
    title: "The client secret is wrong.",
    waiting: null,
    step: null,
    neverRetry: true,
  });

export const rungOutcome = (rung: Rung, part: Partial<RungOutcome> = {}): RungOutcome => {
  const at = LADDER.findIndex(([known]) => known === rung);
  return {
    rung,
    number: at + 1,
    state: "passed",
    durationMs: 12 * (at + 1),
    proof: LADDER[at]?.[1] ?? "",
    facts: [],
    causes: [],
    notes: [],
    serverSaid: "",
    ...part,
  };
};

/** A run: broken at the rung of the first cause, without causes one that works. */
export function diagnosis(causes: Failure[] = [], part: Partial<Diagnosis> = {}): Diagnosis {
  const broken = LADDER.findIndex(([rung]) => rung === causes[0]?.rung);
  const rungs = LADDER.map(([rung], at) => {
    if (broken < 0 || at < broken) return rungOutcome(rung);
    if (at > broken) return rungOutcome(rung, { state: "notReached", proof: "", durationMs: 0 });
    return rungOutcome(rung, { state: "failed", proof: "401", causes, serverSaid: "No." });
  });
  return {
    startedAt: "2026-11-03T08:20:00Z",
    durationMs: 2100,
    rungs,
    verdict: broken < 0 ? "works" : "broken",
    setting: [{ label: "App", value: "0.1.0" }],
    ...part,
  };
}

export const diagnosisHistory = (part: Partial<DiagnosisHistory> = {}): DiagnosisHistory => ({
  runs: [],
  changed: null,
  ...part,
});

export const explained = (part: Partial<Explained> = {}): Explained => ({
  failures: [],
  unknownCodes: [],
  ...part,
});

export const networkCall = (part: Partial<NetworkCall> = {}): NetworkCall => ({
  at: "2026-11-03T08:20:00Z",
  host: "cipp-k7x2q.azurewebsites.net",
  path: "/api/ListLogs",
  status: 200,
  outcome: "",
  bytes: 48_210,
  durationMs: 904,
  reason: "reading the log",
  ...part,
});

export const FAULTS: Fault[] = [
  { name: "wrong_secret", title: "Wrong secret", teaches: "AADSTS7000215 names it." },
  { name: "not_saved", title: "Not saved to Azure", teaches: "401 after a good sign-in." },
  {
    name: "clock_off",
    title: "The clock is off",
    teaches: "Sign-in refuses what is not yet valid.",
  },
];

/** What every start of the window asks for. */
export const startAnswers = (part: Answers = {}): Answers => ({
  app_info: () => ({
    version: "0.1.0",
    os: "linux",
    utcOffset: "+01:00",
    timeZone: "Europe/Amsterdam",
    userName: "jo",
    connectionsFile: "/home/jo/.config/cipp-desk/connections.json",
    startOn: null,
  }),
  settings: () => settings(),
  settings_save: () => null,
  connections_list: () => [],
  keychain_status: () => keychain(),
  checklists: () => [checklistView()],
  signed_in: () => null,
  diagnosis_history: () => diagnosisHistory(),
  explain_text: () => explained(),
  network_calls: () => [],
  faults: () => FAULTS,
  fault_playing: () => null,
  ...part,
});
