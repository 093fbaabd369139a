import { SqlParameterError } from "../../errors/index.ts";

/** For the packet's header, types and lengths, generously. */
const overheadBytes = 1024;
const bytesPerValue = 9;

/**
 * Refuses a statement that is larger than the server takes (`max_allowed_packet`). The server would close the
 * connection, often before it can say why.
 */
export function checkPacketSize(text: string, values: readonly unknown[], limitBytes: number): void {
  let units = text.length + bytesPerValue * values.length;
  for (const value of values) {
    if (typeof value === "string") units += value.length;
    else if (value instanceof Uint8Array) units += value.byteLength;
  }
  // No UTF-16 unit takes more than 3 bytes of UTF-8, so most statements need no second look.
  if (units * 3 + overheadBytes < limitBytes) return;
  const bytes = values.reduce<number>((sum, value) => sum + sizeOf(value), Buffer.byteLength(text));
  if (bytes + overheadBytes < limitBytes) return;
  throw new SqlParameterError(
    `expected a statement and values below the server's max_allowed_packet of ${limitBytes} bytes, got ${bytes}; split it, or raise that setting`,
    { backend: "mysql" },
  );
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + bytesPerValue;
  return value instanceof Uint8Array ? value.byteLength + bytesPerValue : bytesPerValue;
}
