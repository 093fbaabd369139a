/**
 * Looks at the headers of what a server sends before the driver reads it: the driver ignores the packets' numbers, and
 * waits for ever after an empty one. https://mariadb.com/docs/server/reference/clientserver-protocol/protocol-data-types
 */
export class PacketCheck {
  #state: "log-in" | "session" = "log-in";
  /** The highest number that an answer can begin with: one more than the packets of the longest question. */
  #highestFirst = 1;
  readonly #header = new Uint8Array(headerBytes);
  #headerBytes = 0;
  /** Bytes of the packet under way that have not arrived. */
  #left = 0;
  #number = -1;
  /** Whether the packet before was full, so that this one goes on with it and may be empty. */
  #continues = false;

  /** From here on answers count from 1, and from more only behind questions of up to `largestQuestionBytes`. */
  loggedIn(largestQuestionBytes: number): void {
    this.#state = "session";
    this.#highestFirst = 1 + Math.floor(largestQuestionBytes / fullBytes);
  }

  /** What is wrong with these bytes, which follow those of the last call; undefined if nothing is. */
  check(chunk: Uint8Array): string | undefined {
    const end = chunk.length;
    let at = 0;
    while (at < end) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, end - at);
        this.#left -= part;
        at += part;
        continue;
      }
      let header = chunk;
      let start = at;
      if (this.#headerBytes > 0 || end - at < headerBytes) {
        header = this.#header;
        start = 0;
        while (this.#headerBytes < headerBytes && at < end) header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (this.#headerBytes < headerBytes) return undefined;
        this.#headerBytes = 0;
      } else {
        at += headerBytes;
      }
      const length =
        (header[start] ?? 0) | ((header[start + 1] ?? 0) << 8) | ((header[start + 2] ?? 0) << 16);
      const wrong = this.#begin(length, header[start + 3] ?? 0);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #begin(length: number, number: number): string | undefined {
    if (length === 0 && !this.#continues) return "an empty packet";
    if (!this.#follows(number)) return `a packet with the number ${number} after one with ${this.#number}`;
    this.#continues = length === fullBytes;
    this.#number = number;
    this.#left = length;
    return undefined;
  }

  #follows(number: number): boolean {
    if (number === ((this.#number + 1) & 0xff)) return true;
    if (this.#continues) return false;
    // The server's and the client's packets of a log-in are counted together, and with TLS two of the client's follow.
    if (this.#state === "log-in") return number === 1 || ((number - this.#number) & 0xff) <= 3;
    return number <= this.#highestFirst;
  }
}

/** Three bytes for the length, the lowest first, and one for the number. */
const headerBytes = 4;
/** A packet of this length is continued by the next one. */
const fullBytes = 0xff_ff_ff;
