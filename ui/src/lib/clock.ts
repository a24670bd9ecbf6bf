/** Time that goes by while nothing else happens: "today" is yesterday after midnight. */
import { createSubscriber } from "svelte/reactivity";

/** How long a word about time may be out of date. */
export const COARSE_MS = 30_000;

/** Whatever shows a time calls this, and is worked out again every half minute as long as it is shown. */
export const timePasses = createSubscriber((update) => {
  const timer = setInterval(update, COARSE_MS);
  return () => clearInterval(timer);
});
