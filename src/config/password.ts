import { ConfigurationError, ConnectionError } from "../errors/index.ts";
import { type Awaitable, isPromiseLike } from "../operation/index.ts";
import { describe, isPlainText } from "./check.ts";
import type { PasswordSource } from "./options.ts";

/**
 * Asks for the password of one new connection. A function that throws is a `ConnectionError`, since the next try
 * may succeed; one that answers anything but text or undefined is a `ConfigurationError`.
 */
export function askPassword(password: string | PasswordSource | undefined): Awaitable<string | undefined> {
  if (typeof password !== "function") return password;
  let answer: Awaitable<unknown>;
  try {
    answer = password();
  } catch (error) {
    throw failed(error);
  }
  if (!isPromiseLike(answer)) return checked(answer);
  return answer.then(checked, (error) => {
    throw failed(error);
  });
}

function checked(answer: unknown): string | undefined {
  if (answer === undefined || (typeof answer === "string" && isPlainText(answer))) return answer;
  throw new ConfigurationError(
    `the password function: expected it to answer a string or undefined, got ${describe(answer)}`,
  );
}

function failed(cause: unknown): ConnectionError {
  return new ConnectionError("no connection was tried: the password function failed; see the cause", {
    outcome: "not_sent",
    cause,
  });
}
