import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PacketCheck } from "./packet-check.ts";

function packet(number: number, body: Uint8Array | string): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([head(number, bytes.length), bytes]);
}

function head(number: number, length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUIntLE(length, 0, 3);
  bytes[3] = number;
  return bytes;
}

const fullBytes = 0xff_ff_ff;

function wrongIn(pieces: readonly Uint8Array[], largestQuestionBytes?: number): string | undefined {
  const check = new PacketCheck();
  if (largestQuestionBytes !== undefined) {
    check.check(packet(0, "greeting"));
    check.loggedIn(largestQuestionBytes);
  }
  for (const piece of pieces) {
    const wrong = check.check(piece);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

const inSession = (...pieces: readonly Uint8Array[]) => wrongIn(pieces, 16_000_000);

describe("PacketCheck", () => {
  it("finds nothing wrong with a log-in and with answers, in whatever pieces they come", () => {
    const logIn = Buffer.concat([
      packet(0, "greeting"),
      packet(2, "switch"),
      packet(4, "more"),
      packet(6, "ok"),
    ]);
    expect(wrongIn([logIn, packet(1, "ok")])).toBeUndefined();
    const rows = Array.from({ length: 300 }, (_, i) => packet((i + 1) & 0xff, `row ${i}`));
    const bytes = Buffer.concat([...rows, packet(1, "ok"), packet(1, "1"), packet(2, "2")]);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
        const places = [0, ...cuts, bytes.length].sort((a, b) => a - b);
        const pieces = places.slice(1).map((place, i) => bytes.subarray(places[i], place));
        expect(inSession(...pieces)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a number that is out of turn", () => {
    expect(inSession(packet(99, "ok"))).toBe("a packet with the number 99 after one with 0");
    expect(inSession(packet(1, "1"), packet(3, "3"))).toMatch(/number 3 after one with 1/);
    expect(wrongIn([packet(0, "greeting"), packet(9, "ok")])).toMatch(/number 9 after one with 0/);
  });

  it("lets an answer begin behind the packets of a long question, and no further", () => {
    const long = 2 * fullBytes;
    expect(wrongIn([packet(3, "ok")], long)).toBeUndefined();
    expect(wrongIn([packet(4, "ok")], long)).toMatch(/number 4/);
  });

  it("refuses an empty packet, but at the end of a full one", () => {
    expect(inSession(head(1, 0))).toBe("an empty packet");
    const full = [head(1, fullBytes), Buffer.alloc(fullBytes)];
    expect(inSession(...full, head(2, 0))).toBeUndefined();
    expect(inSession(...full, head(1, 5))).toMatch(/number 1 after one with 1/);
  });
});
