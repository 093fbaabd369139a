import fc from "fast-check";

/** One change of what a server sends. `at` and `to` are places, taken modulo the length. */
export type Mutation =
  | { readonly does: "set"; readonly at: number; readonly byte: number }
  | { readonly does: "flip"; readonly at: number; readonly bit: number }
  | { readonly does: "cut"; readonly at: number; readonly bytes: number }
  | { readonly does: "insert"; readonly at: number; readonly hex: string }
  | { readonly does: "repeat"; readonly at: number; readonly bytes: number; readonly to: number };

/** Which answers of a server are changed: the `packet`-th that comes, counting from 0. */
export interface Mutilation {
  readonly packet: number;
  readonly mutations: readonly Mutation[];
}

const place = fc.nat({ max: 300 });
const size = fc.integer({ min: 1, max: 40 });

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ does: fc.constant("set"), at: place, byte: fc.constantFrom(0, 1, 4, 0x7f, 0x80, 0xfe, 0xff) }),
  fc.record({ does: fc.constant("set"), at: place, byte: fc.nat({ max: 255 }) }),
  fc.record({ does: fc.constant("flip"), at: place, bit: fc.nat({ max: 7 }) }),
  fc.record({ does: fc.constant("cut"), at: place, bytes: size }),
  fc.record({
    does: fc.constant("insert"),
    at: place,
    hex: fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  }),
  fc.record({ does: fc.constant("repeat"), at: place, bytes: size, to: place }),
);

export const mutilations: fc.Arbitrary<Mutilation> = fc.record({
  packet: fc.nat({ max: 3 }),
  mutations: fc.array(mutations, { minLength: 1, maxLength: 4 }),
});

export function mutated(data: Buffer, changes: readonly Mutation[]): Buffer {
  return changes.reduce(once, Buffer.from(data));
}

function once(data: Buffer, change: Mutation): Buffer {
  if (data.length === 0) return data;
  const at = change.at % data.length;
  switch (change.does) {
    case "set":
      data[at] = change.byte;
      return data;
    case "flip":
      data[at] = (data[at] ?? 0) ^ (1 << change.bit);
      return data;
    case "cut":
      return Buffer.concat([data.subarray(0, at), data.subarray(at + change.bytes)]);
    case "insert":
      return Buffer.concat([data.subarray(0, at), Buffer.from(change.hex, "hex"), data.subarray(at)]);
    case "repeat": {
      const to = change.to % data.length;
      return Buffer.concat([data.subarray(0, to), data.subarray(at, at + change.bytes), data.subarray(to)]);
    }
  }
}
