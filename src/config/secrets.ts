import { createHash, createHmac, randomBytes } from "node:crypto";
import { isPlainObject } from "./copy.ts";

export const hidden = "***";

// Which of a backend's options are secret only the backend knows; names of these kinds are hidden without asking.
const secretName = /pass|pwd|secret|token|key|cred|auth|cert|pfx|pem|pin$|^ca$/i;

/** Whether the value of a backend's option of this name is never shown, whatever it is. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** A copy for people to read: secrets hidden, and of what is neither plain data nor short only its kind. */
export function redacted(value: unknown, name = ""): unknown {
  if (isSecretName(name)) return hidden;
  if (typeof value === "string") return /:\/\/|-----BEGIN|password=/i.test(value) ? hidden : value;
  if (Array.isArray(value)) return value.map((item) => redacted(item));
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, key)]));
  }
  if (typeof value === "object" && value !== null) return `[${value.constructor?.name ?? "object"}]`;
  return typeof value === "function" || typeof value === "symbol" || typeof value === "bigint"
    ? `[${typeof value}]`
    : value;
}

/**
 * SHA-256, in hex, of plain data whatever the order of its keys. Secret-named values go in under a key that only
 * this process has: then the hash tells them apart without giving anybody something to guess them by.
 */
export function stableHash(data: Readonly<Record<string, unknown>>): string {
  return createHash("sha256").update(canonical(data, "")).digest("hex");
}

const processKey = randomBytes(32);

function canonical(value: unknown, name: string): string {
  if (isSecretName(name)) {
    return `secret:${createHmac("sha256", processKey).update(canonical(value, "")).digest("hex")}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, "")).join(",")}]`;
  if (value instanceof Uint8Array) return `bytes:${createHash("sha256").update(value).digest("hex")}`;
  if (value instanceof Date) return `date:${value.getTime()}`;
  if (isPlainObject(value)) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, key)}`).join(",")}}`;
  }
  if ((typeof value === "object" && value !== null) || typeof value === "function") return identityOf(value);
  if (typeof value === "string") return JSON.stringify(value);
  return `${typeof value}:${String(value)}`;
}

// Two functions, or two objects with a life of their own, are the same only when they are one.
const identities = new WeakMap<object, number>();
let nextIdentity = 1;

function identityOf(thing: object): string {
  let identity = identities.get(thing);
  if (identity === undefined) {
    identity = nextIdentity++;
    identities.set(thing, identity);
  }
  return `identity:${identity}`;
}
