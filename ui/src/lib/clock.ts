/** Time that goes by while nothing else happens: "today" is yesterday after midnight. */
import { createSubscriber } from "svelte/reactivity";

/** How long a word about time may be out of date. */
export const COARSE_MS = 30_000;

/** Whatever shows a time calls this, and is worked out again every half minute as long as it is shown. */
export const timePasses = every(COARSE_MS);

/** The same every second, for "12 s ago" and countdowns. */
export const secondsPass = every(1000);

function every(ms: number): () => void {
  return createSubscriber((update) => {
    const timer = setInterval(update, ms);
    return () => clearInterval(timer);
  });
}
