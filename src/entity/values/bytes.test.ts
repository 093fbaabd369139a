import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { base64Text, parseBase64, plainBytes } from "./bytes.ts";

describe("base64", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseBase64(base64Text(bytes))).toEqual(bytes);
      }),
    );
    expect(base64Text(new Uint8Array([255, 254, 0]))).toBe("//4A");
  });

  it("writes a view's own part of its buffer", () => {
    expect(base64Text(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toBe("AgM=");
  });

  it.each(["a", "ab", "ab=", "a b=", "__--", "AgM=\n", "AgM=AgM="])("answers null for %j", (text) => {
    expect(parseBase64(text)).toBeNull();
  });

  it("reads a megabyte without a stack overflow", () => {
    const bytes = new Uint8Array(1_000_000).fill(7);
    expect(parseBase64(base64Text(bytes))?.length).toBe(1_000_000);
  });
});

describe("plainBytes", () => {
  it("answers no Buffer, and no view of a shared slab", () => {
    const small = plainBytes(Buffer.from("abc"));
    expect(Buffer.isBuffer(small)).toBe(false);
    expect(small.buffer.byteLength).toBe(3);
    const own = plainBytes(Buffer.from(new ArrayBuffer(4)));
    expect(Buffer.isBuffer(own)).toBe(false);
    expect(own).toEqual(new Uint8Array(4));
  });
});
