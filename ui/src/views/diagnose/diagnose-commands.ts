/** What the ladder can do, as the command palette lists it and the keys do it. */
import type { Command } from "../../lib/palette.svelte";
import type { DiagnoseState } from "./diagnose.svelte";

export function diagnoseCommands(ladder: DiagnoseState): Command[] {
  const group = "Diagnose";
  return [
    {
      id: "diagnose.again",
      title: "Run the diagnosis again",
      group,
      run: () => (ladder.waiting.on ? ladder.tryNow() : void ladder.start()),
      enabled: () => ladder.connectionId !== null && !ladder.run,
    },
    {
      id: "diagnose.stop",
      title: "Cancel the diagnosis, stop waiting",
      group,
      run: () => ladder.stop(),
      enabled: () => ladder.run !== null || ladder.waiting.on,
    },
    {
      id: "diagnose.copy",
      title: "Copy the report of the diagnosis (redacted)",
      group,
      run: () => void ladder.copyReport(),
      enabled: () => ladder.shown !== null,
    },
    {
      id: "diagnose.link",
      title: "Open the page about the cause",
      group,
      run: () => {
        if (ladder.cause?.link) void ladder.openLink(ladder.cause.link.url);
      },
      enabled: () => Boolean(ladder.cause?.link),
    },
    {
      id: "diagnose.step",
      title: "Open the step of the guide that mends it",
      group,
      run: () => {
        if (ladder.cause?.step) ladder.app.openStep(ladder.cause.step);
      },
      enabled: () => Boolean(ladder.cause?.step),
    },
  ];
}
