/** What waits for each signal: a signal has one listener, however much waits for it. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * onAbort calls when a signal is aborted, unless what it returns is called
 * before. Platforms warn of a leak where a signal has more than ten listeners,
 * and a program may well have more streams than that.
 */
export function onAbort(signal: AbortSignal | undefined, call: () => void): () => void {
  if (!signal) return () => undefined;
  const all = waiting.get(signal) ?? listen(signal);
  const own = () => call(); // the same function may wait twice
  all.add(own);
  return () => {
    all.delete(own);
    if (all.size > 0 || waiting.get(signal) !== all) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", aborted);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(signal, all);
  signal.addEventListener("abort", aborted, { once: true });
  return all;
}

function aborted(event: Event): void {
  const signal = event.target as AbortSignal;
  const all = waiting.get(signal) ?? [];
  waiting.delete(signal);
  for (const call of [...all]) call();
}

/** Scope is aborted with the first of its signals, until it is left. */
export class Scope {
  readonly #own = new AbortController();
  readonly #undo: (() => void)[] = [];

  constructor(...signals: (AbortSignal | undefined)[]) {
    for (const signal of signals) {
      if (signal?.aborted) this.#own.abort(signal.reason);
      else this.#undo.push(onAbort(signal, () => this.#own.abort(signal?.reason)));
    }
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  leave(): void {
    for (const undo of this.#undo) undo();
  }
}
