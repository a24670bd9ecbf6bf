/**
 * Lets tests stand in for the Rust side without importing `@tauri-apps/*` themselves.
 * Command names are the wire names (`logs_open`), arguments as the bindings send them.
 */
import { Channel } from "@tauri-apps/api/core";
import { clearMocks, mockIPC } from "@tauri-apps/api/mocks";

export type Call = { command: string; args: Record<string, unknown> };
export type Answers = Record<string, (args: Record<string, unknown>) => unknown>;

let seen = 0;

/** Answers commands from the given table and records every call; an unknown command is refused. */
export function answerCommands(answers: Answers): Call[] {
  const calls: Call[] = [];
  mockIPC((command, payload) => {
    const args = (payload ?? {}) as Record<string, unknown>;
    calls.push({ command, args });
    seen += 1;
    const answer = answers[command];
    if (!answer) throw new Error(`no answer prepared for ${command}`);
    return answer(args);
  });
  return calls;
}

/**
 * Waits until nothing more is asked: on a busy machine a fixed time is too short for a question that
 * follows from an answer. What is delayed on purpose (counts, proposals) has to be waited for.
 */
export async function settled(): Promise<void> {
  let before;
  do {
    before = seen;
    await new Promise((resolve) => setTimeout(resolve, 8));
  } while (seen !== before);
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
