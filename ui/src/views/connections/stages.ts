/** The stages of a test, in the words of this view. */
import type { TestProgress } from "../../backend";

type Stage = { id: TestProgress["stage"]; word: string };

/** Of a connection that is stored. */
export const TESTED: Stage[] = [
  { id: "address", word: "Address answers" },
  { id: "signIn", word: "Sign-in with Microsoft" },
  { id: "accepted", word: "CIPP accepts this client" },
  { id: "logRead", word: "Today's log can be read" },
];

/** Of a new secret, which is stored at the end. */
export const STAGES: Stage[] = [...TESTED, { id: "saved", word: "The old secret is replaced" }];
