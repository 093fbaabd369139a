/** Standard base64 with padding: the canonical text of bytes. */
export function base64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes of their base64 text; null when it is none. Node's own decoder skips what it does not understand. */
export function parseBase64(text: string): Uint8Array | null {
  return base64.test(text) ? plainBytes(Buffer.from(text, "base64")) : null;
}

/**
 * A plain Uint8Array of what a driver answered. Small Buffers share one slab of memory, so they are copied: whoever
 * reads `.buffer` must not see a neighbour's bytes, and a small value must not keep a large slab alive.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength !== bytes.buffer.byteLength) return new Uint8Array(bytes);
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer) : bytes;
}
