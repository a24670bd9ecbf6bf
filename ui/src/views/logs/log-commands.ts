/** What the log view can do, as the command palette lists it. */
import type { AppState } from "../../lib/app.svelte";
import type { Command } from "../../lib/palette.svelte";
import { RANGES, rangeOf } from "../../lib/ranges";
import { FAMILIES } from "../../lib/severity";
import type { LogsState } from "./logs.svelte";

interface View {
  focusFilter: () => void;
  toggleFacets: () => void;
}

export function logCommands(app: AppState, logs: LogsState, view: View): Command[] {
  const { query, histogram } = logs;
  const group = "Logs";
  const open = () => logs.viewId !== null;
  return [
    { id: "filter.focus", title: "Filter", group, run: view.focusFilter },
    {
      id: "filter.clear",
      title: "Clear the filter",
      group,
      run: () => query.clear(),
      enabled: () => query.text !== "",
    },
    {
      id: "filter.undo",
      title: "Undo the last change of the filter",
      group,
      run: () => query.undo(),
      enabled: () => query.canUndo,
    },
    {
      id: "filter.redo",
      title: "Redo the change of the filter",
      group,
      run: () => query.redo(),
      enabled: () => query.canRedo,
    },
    ...FAMILIES.map(({ id, word }, i) => ({
      id: `severity.${id}`,
      title: `Only ${word}, on or off`,
      group: "Severity",
      keys: [`Alt+${i + 1}`],
      run: () => query.edit({ kind: "include", field: "severity", path: [], value: id }),
      enabled: open,
    })),
    ...RANGES.flatMap(({ kind, label }) =>
      kind === "custom"
        ? []
        : {
            id: `range.${kind}`,
            title: `Show ${label.toLowerCase()}`,
            group: "Time",
            run: () => logs.choose(rangeOf(kind)),
            enabled: open,
          },
    ),
    {
      id: "time.earlier",
      title: "Time window before",
      group: "Time",
      run: () => histogram.shift(-1),
      enabled: open,
    },
    {
      id: "time.later",
      title: "Time window after",
      group: "Time",
      run: () => histogram.shift(1),
      enabled: open,
    },
    {
      id: "time.reset",
      title: "Back to all of these days",
      group: "Time",
      run: () => histogram.reset(),
      enabled: () => histogram.window !== null,
    },
    { id: "zone", title: "Next time zone", group: "Time", run: () => app.toggleZone() },
    { id: "refresh", title: "Refresh", group, run: () => logs.refresh() },
    {
      id: "cancel",
      title: "Cancel loading",
      group,
      run: () => logs.cancel(),
      enabled: () => logs.loading,
    },
    { id: "follow", title: "Follow today's log, on or off", group, run: () => logs.toggleFollow() },
    { id: "facets", title: "Show or hide the values", group, run: view.toggleFacets },
    {
      id: "histogram",
      title: "Show or hide the timeline",
      group,
      run: () => histogram.toggleOpen(),
    },
  ];
}
