/** Runs the last of several calls once things are quiet for `quietMs`; `flush` runs it at once. */
export interface Debounced<A extends unknown[]> {
  (...args: A): void;
  flush(): void;
  cancel(): void;
}

export function debounce<A extends unknown[]>(
  run: (...args: A) => void,
  quietMs: number,
): Debounced<A> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: A | null = null;
  const fire = () => {
    const args = waiting;
    waiting = null;
    clearTimeout(timer);
    if (args) run(...args);
  };
  const debounced = (...args: A) => {
    waiting = args;
    clearTimeout(timer);
    timer = setTimeout(fire, quietMs);
  };
  return Object.assign(debounced, {
    flush: fire,
    cancel: () => {
      waiting = null;
      clearTimeout(timer);
    },
  });
}
