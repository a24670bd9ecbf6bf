/**
 * Lets tests stand in for the Rust side without importing `@tauri-apps/*` themselves.
 * Command names are the wire names (`logs_open`), arguments as the bindings send them.
 */
import { Channel } from "@tauri-apps/api/core";
import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";

export type Call = { command: string; args: Record<string, unknown> };
export type Answers = Record<string, (args: Record<string, unknown>) => unknown>;

/** Answers commands from the given table and records every call; an unknown command is refused. */
export function answerCommands(answers: Answers): Call[] {
  const calls: Call[] = [];
  mockIPC((command, payload) => {
    const args = (payload ?? {}) as Record<string, unknown>;
    calls.push({ command, args });
    const answer = answers[command];
    if (!answer) throw new Error(`no answer prepared for ${command}`);
    return answer(args);
  });
  return calls;
}

export function stopAnswering(): void {
  clearMocks();
}

/** Sends a message through the channel a command was called with, whatever the argument's name. */
export function tell(args: Record<string, unknown>, message: unknown): void {
  const channel = Object.values(args).find((value) => value instanceof Channel);
  if (!channel) throw new Error("this command was called without a channel");
  channel.onmessage(message);
}
