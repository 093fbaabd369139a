import { unbindable, valueBinder } from "../../backend/index.ts";

/** What the driver is given for a value. Nothing else may reach it: it would make SQL or JSON of it. */
export type BoundValue = string | number | bigint | Buffer | null;

const largestDecimal = 10n ** 65n;

/**
 * From JavaScript to the driver, exactly or not at all. See `Dialect.bindValue` for the `TypeError`.
 *
 * The driver sends whole numbers beyond 32 bits as DOUBLE, so that they would turn up in a text column as
 * `1e15`, and be compared as doubles: these are bound as bigint, which it sends as BIGINT.
 */
export const bindValue: (value: unknown) => BoundValue = valueBinder<BoundValue>({
  boolean: (value) => (value ? 1 : 0),
  number(value) {
    // Makes 0 of -0, which a BIGINT column cannot keep.
    if (value === (value | 0)) return value + 0;
    return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(value) : value;
  },
  bigint(value) {
    if (value >= largestDecimal || value <= -largestDecimal)
      throw unbindable("a bigint of more than 65 digits", "store it as text");
    // The driver sends what is above 64 bits as DECIMAL, and cannot send what is below.
    return value < -(2n ** 63n) ? String(value) : value;
  },
  // In UTC, which is the session's zone; DATETIME knows no other.
  date(value) {
    const iso = value.toISOString();
    return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`;
  },
  bytes: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength),
});
