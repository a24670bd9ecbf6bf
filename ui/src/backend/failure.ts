/**
 * A command that did not succeed, in the form the views show it. The UI acts on `code` alone;
 * `message` and `remedy` are sentences for people, `detail` is for the foldable part.
 */
import type { CommandError, ErrorCode, Field } from "../bindings";

export class CommandFailure extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | null;
  readonly detail: string | null;
  readonly field: Field | null;

  constructor(error: CommandError) {
    super(error.message);
    this.name = "CommandFailure";
    this.code = error.code;
    this.remedy = error.remedy;
    this.detail = error.detail;
    this.field = error.field;
  }

  /**
   * Takes whatever a call was rejected with. Refusals by the framework itself (a command that is
   * not allowed, an argument that does not fit) arrive as plain strings, not as `CommandError`.
   */
  static from(thrown: unknown): CommandFailure {
    if (thrown instanceof CommandFailure) return thrown;
    if (isCommandError(thrown)) return new CommandFailure(thrown);
    return new CommandFailure({
      code: "internal",
      message: "CIPP Desk could not do that because of a fault in the program itself.",
      remedy: "Try once more. If it happens again, copy the details and report them.",
      detail: thrown instanceof Error ? thrown.message : String(thrown),
      field: null,
    });
  }
}

function isCommandError(value: unknown): value is CommandError {
  return (
    typeof value === "object" &&
    value !== null &&
    "code" in value &&
    "message" in value &&
    typeof value.message === "string"
  );
}
