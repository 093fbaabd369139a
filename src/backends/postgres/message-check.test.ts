import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageCheck, notPostgres } from "./message-check.ts";

function message(kind: string, body: Uint8Array | string = ""): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(kind, "latin1");
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

/** The head of a message, without its body. */
function head(kind: string, length: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write(kind, "latin1");
  bytes.writeUInt32BE(length >>> 0, 1);
  return bytes;
}

const logIn = [
  message("R", "\0\0\0\0"),
  message("S", "TimeZone\0UTC\0"),
  message("K", "12345678"),
  message("Z", "I"),
];
const report = message("E", "SERROR\0C42601\0Msyntax error\0\0");
const answer = [message("T", "\0\0"), message("D", "\0\0"), message("C", "SELECT 1\0"), message("Z", "I")];

/** What is wrong with bytes that come in pieces; undefined if nothing is. */
function wrongIn(pieces: readonly Uint8Array[]): string | undefined {
  const check = new MessageCheck();
  for (const piece of pieces) {
    const wrong = check.check(piece);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const afterLogIn = (...pieces: readonly Uint8Array[]) => wrongIn([...logIn, ...pieces]);

function inPieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

describe("MessageCheck", () => {
  it("finds nothing wrong with a session, in whatever pieces it comes", () => {
    const bytes = Buffer.concat([...logIn, ...answer, report, message("N", "SWARNING\0\0"), ...answer]);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        expect(wrongIn(inPieces(bytes, cuts))).toBeUndefined();
      }),
    );
  });

  it("says the same of any bytes, in whatever pieces they come", () => {
    const noise = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(noise, fc.array(fc.nat(), { maxLength: 20 }), (bytes, cuts) => {
        expect(afterLogIn(...inPieces(bytes, cuts))).toBe(afterLogIn(bytes));
      }),
    );
  });

  it.each([["HTTP/1.1 400 Bad Request"], ["SSH-2.0-OpenSSH_9.2"], ["\x4a\0\0\0\x0a10.11.6-MariaDB"], ["H"]])(
    "tells a stranger from its first byte: %j",
    (greeting) => {
      expect(wrongIn([Buffer.from(greeting, "latin1")])).toBe(notPostgres);
    },
  );

  it.each([
    [0x7f_ff_ff_ff, "a row of 2 GB"],
    [2 ** 30, "a row of 1 GiB"],
    [0xff_ff_ff_ff, "a negative length"],
    [3, "a length that does not count itself"],
  ])("refuses a length of %i, %s, before anything of it has come", (length) => {
    expect(afterLogIn(head("D", length))).toMatch(`with a length of ${length}`);
    expect(afterLogIn(...inPieces(head("D", length), [2]))).toMatch(`with a length of ${length}`);
  });

  it("lets rows be long, and nothing that is always short", () => {
    expect(afterLogIn(head("D", 500_000_000))).toBeUndefined();
    expect(afterLogIn(head("C", 30_001))).toMatch(/"C" with a length of 30001/);
    expect(wrongIn([head("R", 30_001)])).toMatch(/"R" with a length/);
  });

  it.each(["R", "K", "v", "V", "B", "\x7f"])("refuses %j after the log-in", (kind) => {
    expect(afterLogIn(message(kind, "\0\0\0\x03"))).toMatch(/has no place here/);
  });

  it.each(["D", "C", "T", "G"])("refuses %j before the end of the log-in", (kind) => {
    expect(wrongIn([message("R", "\0\0\0\0"), message(kind)])).toMatch(/has no place here/);
  });

  it.each(["", "SERROR", "SERROR\0", "SERROR\0C42601\0"])(
    "refuses an error report without an end: %j",
    (body) => {
      expect(afterLogIn(message("E", body))).toMatch(/error report/);
      expect(afterLogIn(message("N", body))).toMatch(/error report/);
    },
  );
});
