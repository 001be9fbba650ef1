import { BrokenError } from "./errors.js";

/**
 * parseFrames gives the data of server-sent events, read as the HTML standard
 * says: comments, several data lines, and all three ends of lines. A stream
 * that ends within an event is broken, and so is one that says nothing at all
 * for silenceMs.
 */
export async function* parseFrames(body: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // drops a byte order mark
  const lines = new Lines();
  let data: string[] | undefined;
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), silenceMs);
      lines.add(done ? decoder.decode() : decoder.decode(value, { stream: true }), done);
      for (let line = lines.next(); line !== undefined; line = lines.next()) {
        if (line === "") {
          if (data !== undefined) yield data.join("\n");
          data = undefined;
        } else if (line === "data" || line.startsWith("data:")) {
          (data ??= []).push(line.slice(line.startsWith("data: ") ? 6 : 5));
        }
      }
      if (!done) continue;
      if (data !== undefined || !lines.isEmpty) throw new BrokenError("the stream ended in the middle of an event");
      return;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // it may be broken already
  }
}

/** Lines cuts text that comes in pieces, without looking at any of it twice. */
class Lines {
  #pieces: string[] = []; // of a line that has no end yet
  #text = "";
  #from = 0;
  #last = false;

  add(text: string, last: boolean): void {
    this.#text = this.#text.slice(this.#from) + text;
    this.#from = 0;
    this.#last = last;
  }

  next(): string | undefined {
    const newline = indexOrEnd(this.#text, "\n", this.#from);
    const carriage = this.#text.slice(this.#from, newline).indexOf("\r");
    let end = newline;
    let next = newline + 1;
    if (carriage >= 0) {
      end = this.#from + carriage;
      if (end + 1 === this.#text.length && !this.#last) return this.#keep(end); // a \n may follow
      next = this.#text[end + 1] === "\n" ? end + 2 : end + 1;
    } else if (newline === this.#text.length) {
      return this.#keep(newline);
    }
    const line = this.#pieces.join("") + this.#text.slice(this.#from, end);
    this.#pieces = [];
    this.#from = next;
    return line;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#from >= this.#text.length;
  }

  /** keep puts the beginning of a line aside until its end is there. */
  #keep(end: number): undefined {
    if (end > this.#from) this.#pieces.push(this.#text.slice(this.#from, end));
    this.#from = end;
  }
}

function indexOrEnd(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from);
  return index < 0 ? text.length : index;
}

/** within gives up on something that takes too long. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new BrokenError(`the stream was silent for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
