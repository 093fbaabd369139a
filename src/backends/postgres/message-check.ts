/**
 * Looks at what a server sends before the driver stores and reads it: its parser waits for any length that a message
 * claims to have, and reads for ever in an error report that has no end.
 *
 * Kinds and lengths are held to what the protocol allows at this point; what is inside a row is not looked at.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class MessageCheck {
  #state: "first" | "log-in" | "session" = "first";
  /** The beginning of a message whose kind and length have not arrived in one piece. */
  readonly #header = new Uint8Array(headerBytes);
  #headerBytes = 0;
  /** Bytes of the message under way that have not arrived. */
  #left = 0;
  #report: ReportEnd | undefined;

  /** What is wrong with these bytes, which follow those of the last call; undefined if nothing is. */
  check(chunk: Uint8Array): string | undefined {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#left > 0) {
        const next = Math.min(at + this.#left, end);
        this.#report?.read(chunk, at, next);
        this.#left -= next - at;
        at = next;
        if (this.#left === 0 && this.#report?.complete === false) return "an error report without an end";
        continue;
      }
      let header = chunk;
      let start = at;
      if (this.#headerBytes > 0 || end - at < headerBytes) {
        header = this.#header;
        start = 0;
        while (this.#headerBytes < headerBytes && at < end) header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (this.#headerBytes < headerBytes)
          return this.#state === "first" ? this.#stranger(header[0]) : undefined;
        this.#headerBytes = 0;
      } else {
        at += headerBytes;
      }
      const wrong = this.#begin(header[start] ?? 0, lengthAt(header, start + 1));
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #begin(kind: number, length: number): string | undefined {
    const wrong = this.#stranger(kind);
    if (wrong !== undefined) return wrong;
    const allowed = this.#state === "session" ? ofSession : ofLogIn;
    if (allowed[kind] !== true) return `a message of kind ${nameOf(kind)} that has no place here`;
    const most = this.#state === "session" && large[kind] === true ? largestBytes : shortBytes;
    if (length < 4 || length > most) {
      return `a message of kind ${nameOf(kind)} with a length of ${length}, expected 4 to ${most}`;
    }
    this.#state = this.#state === "session" || kind === readyForQuery ? "session" : "log-in";
    this.#left = length - 4;
    this.#report = reports[kind] === true ? new ReportEnd() : undefined;
    return this.#left === 0 && this.#report !== undefined ? "an empty error report" : undefined;
  }

  /** A server of another kind speaks first, or answers the greeting in its own way. */
  #stranger(kind: number | undefined): string | undefined {
    if (this.#state !== "first" || kind === undefined || first[kind] === true) return undefined;
    return notPostgres;
  }
}

export const notPostgres = "what answers does not speak PostgreSQL's protocol: check host and port";

/** One byte for the kind, four for the length, which counts itself. */
const headerBytes = 5;

// As libpq has it (pqParseInput3): of the rest nothing is long. No server makes a message of 1 GiB.
const shortBytes = 30_000;
const largestBytes = 2 ** 30 - 1;

const readyForQuery = "Z".charCodeAt(0);
const first = kinds("RENv");
const ofLogIn = kinds("RSKENvZ");
const ofSession = kinds("123ACDEGHINSTWZcdnst");
const large = kinds("ADENTdt");
const reports = kinds("EN");

function nameOf(kind: number): string {
  return JSON.stringify(String.fromCharCode(kind));
}

function kinds(letters: string): readonly boolean[] {
  const known = new Array<boolean>(256).fill(false);
  for (const letter of letters) known[letter.charCodeAt(0)] = true;
  return known;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const high = (bytes[at] ?? 0) * 2 ** 24;
  return high + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
}

/** Follows the fields of an error report or a notice, each a letter and a text that ends with 0, up to the last 0. */
class ReportEnd {
  #inText = false;
  complete = false;

  read(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to && !this.complete; at++) {
      const isZero = bytes[at] === 0;
      if (this.#inText) this.#inText = !isZero;
      else if (isZero) this.complete = true;
      else this.#inText = true;
    }
  }
}
