/** Answers as the Rust side gives them, for tests of the views. Not part of the app. */
import type {
  Checklist,
  CommandError,
  ConnectionInfo,
  KeychainStatus,
  DayState,
  LogEntry,
  LogRow,
  Settings,
} from "../bindings";
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
  sandbox: false,
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

export const checklist = (): Checklist => ({
  id: "enable-the-cipp-api",
  title: "Enable the CIPP API",
  intro: "From nothing to the first row.",
  source: "https://docs.cipp.app/",
  groups: [
    {
      title: "Today's way",
      steps: [
        {
          id: "create",
          title: "Create the API client",
          detail: ["Open the page.", "Press the button."],
          where: "CIPP > Integrations > CIPP-API",
          link: { label: "CIPP manual", url: "https://docs.cipp.app/" },
          copy: ["Contributor"],
          note: "The secret is shown once.",
          ticked: false,
          tickedAt: null,
        },
      ],
    },
  ],
});

/** What every start of the window asks for. */
export const startAnswers = (part: Answers = {}): Answers => ({
  app_info: () => ({
    version: "0.1.0",
    os: "linux",
    utcOffset: "+01:00",
    timeZone: "Europe/Amsterdam",
    connectionsFile: "/home/jo/.config/cipp-desk/connections.json",
    startOn: null,
  }),
  settings: () => settings(),
  settings_save: () => null,
  connections_list: () => [],
  keychain_status: () => keychain(),
  checklists: () => [checklist()],
  ...part,
});
