/** Scope is aborted with the first of its signals, until it is left. */
export class Scope {
  readonly #own = new AbortController();
  readonly #outer: AbortSignal[];
  readonly #abort = (event: Event) => this.#own.abort((event.target as AbortSignal).reason);

  constructor(...signals: (AbortSignal | undefined)[]) {
    this.#outer = signals.filter((signal) => signal !== undefined);
    for (const signal of this.#outer) {
      if (signal.aborted) this.#own.abort(signal.reason);
      signal.addEventListener("abort", this.#abort, { once: true });
    }
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  leave(): void {
    for (const signal of this.#outer) signal.removeEventListener("abort", this.#abort);
  }
}
