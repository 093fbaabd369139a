import { SchemaConflictError } from "../../errors/index.ts";

/**
 * Rich JSON: JSON text that keeps what JSON has no word for. Ordinary data stays ordinary JSON, so that a
 * database's own JSON functions work on it. The rest is an object of exactly two keys:
 *
 * | value      | written as                                                 |
 * | ---------- | ---------------------------------------------------------- |
 * | Date       | `{"$type":"date","value":"2024-05-01T10:00:00.000Z"}`      |
 * | bigint     | `{"$type":"bigint","value":"12345678901234567890"}`        |
 * | Uint8Array | `{"$type":"bytes","value":"<base64>"}`                     |
 * | Set        | `{"$type":"set","value":[…]}`                              |
 * | Map        | `{"$type":"map","value":[[key,value],…]}`                  |
 * | your type  | `{"$type":"custom:Money","value":"<its serialized text>"}` |
 * | an object of the user's that has a key `$type` itself | `{"$type":"object","value":{…}}` |
 *
 * As in JSON, a key whose value is undefined is dropped, and -0 becomes 0.
 */
export const typeKey = "$type";
export const valueKey = "value";
export const customPrefix = "custom:";

export interface RichLimits {
  /** Deepest nesting of arrays and objects as they are written, tags included. Default 64. */
  readonly maxDepth: number;
  /** Longest text in bytes of UTF-8. Default 16 MiB. */
  readonly maxBytes: number;
}

export const defaultRichLimits: RichLimits = { maxDepth: 64, maxBytes: 16 * 1024 * 1024 };

/** Whether a text is longer than `maxBytes` in UTF-8. Most texts are too short to need counting. */
export function exceeds(text: string, maxBytes: number): boolean {
  if (text.length * 3 <= maxBytes) return false;
  return text.length > maxBytes || Buffer.byteLength(text) > maxBytes;
}

/** What a stored value that its field cannot have is reported with: it was not written by this library. */
export function unreadable(path: string, expected: string, came: string): SchemaConflictError {
  return new SchemaConflictError(
    `${path}: expected the stored value to be ${expected}, came ${came}; it was written by other means`,
    { outcome: "rejected" },
  );
}
