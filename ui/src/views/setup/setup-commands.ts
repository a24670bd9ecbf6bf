/** What the setup view can do, as the command palette lists it. */
import type { Command } from "../../lib/palette.svelte";
import type { SetupState } from "./setup.svelte";

export interface View {
  confirm: () => void;
  notApplicable: () => void;
  note: () => void;
  question: () => void;
  share: () => void;
  bringIn: () => void;
  facts: () => void;
  signIn: () => void;
  narrow: () => unknown;
}

export function setupCommands(setup: SetupState, view: View): Command[] {
  const group = "Setup";
  const step = () => setup.step;
  const shown = () => setup.step !== null;
  const change = (kind: "undo" | "redo" | "reopen") => {
    const id = step()?.step.id;
    if (id) void setup.change(id, { kind });
  };
  return [
    {
      id: "setup.check-all",
      title: "Check all steps",
      group,
      run: () => setup.check(null),
      enabled: () => setup.connected && !setup.look,
    },
    {
      id: "setup.cancel",
      title: "Cancel the check",
      group,
      run: () => setup.cancelCheck(),
      enabled: () => setup.look !== null,
    },
    {
      id: "setup.check",
      title: "Check this step",
      group,
      run: () => setup.check(step()?.step.id ?? null),
      enabled: () => setup.connected && !setup.look && !!step()?.step.proof.checks.length,
    },
    {
      id: "setup.confirm",
      title: "Confirm this step by hand",
      group,
      run: view.confirm,
      enabled: shown,
    },
    {
      id: "setup.na",
      title: "This step does not apply",
      group,
      run: view.notApplicable,
      enabled: shown,
    },
    { id: "setup.note", title: "Note at this step", group, run: view.note, enabled: shown },
    {
      id: "setup.undo",
      title: "Undo at this step",
      group,
      run: () => change("undo"),
      enabled: () => step()?.progress.canUndo === true,
    },
    {
      id: "setup.redo",
      title: "Redo at this step",
      group,
      run: () => change("redo"),
      enabled: () => step()?.progress.canRedo === true,
    },
    {
      id: "setup.reopen",
      title: "Set this step back to do",
      group,
      run: () => change("reopen"),
      enabled: () => shown() && step()?.progress.state.kind !== "todo",
    },
    {
      id: "setup.link",
      title: "Open the page of this step in the browser",
      group,
      run: () => {
        const url = step()?.step.link?.url;
        if (url) void setup.openLink(url);
      },
      enabled: () => step()?.step.link != null,
    },
    {
      id: "setup.open.next",
      title: "Next open step",
      group,
      run: () => setup.moveToOpen(1),
      enabled: shown,
    },
    {
      id: "setup.open.previous",
      title: "Previous open step",
      group,
      run: () => setup.moveToOpen(-1),
      enabled: shown,
    },
    {
      id: "setup.question",
      title: "Change the answer that picks the steps",
      group,
      run: view.question,
      enabled: () => setup.list?.checklist.question != null,
    },
    ...setup.lists.map(({ checklist }) => ({
      id: `setup.list.${checklist.id}`,
      title: `Checklist: ${checklist.title}`,
      group,
      run: () => setup.chooseList(checklist.id),
    })),
    {
      id: "setup.sign-in",
      title: "Sign in to Microsoft, or allow more",
      group,
      run: view.signIn,
      enabled: () => setup.connected,
    },
    {
      id: "setup.sign-out",
      title: "Sign out of Microsoft",
      group,
      run: () => setup.microsoft.signOut(),
      enabled: () => setup.signedIn,
    },
    {
      id: "setup.facts",
      title: "What I know of this set-up",
      group,
      run: view.facts,
      enabled: () => setup.connected,
    },
    { id: "setup.share", title: "Setup report, or hand over the run", group, run: view.share },
    { id: "setup.import", title: "Import a colleague's run", group, run: view.bringIn },
    { id: "setup.narrow", title: "Narrow window on top, on or off", group, run: view.narrow },
  ];
}
