import { describe, expect, it } from "vitest";
import {
  DeadlockError,
  LockTimeoutError,
  NotNullViolationError,
  SerializationError,
  UniqueViolationError,
} from "../../errors/index.ts";
import { lostRace, mostAttempts, pauseAfter } from "./races.ts";

const rejected = { outcome: "rejected" } as const;

describe("pauseAfter", () => {
  it.each([
    ["a lock that was held", new LockTimeoutError("held", rejected)],
    ["a deadlock", new DeadlockError("dead", { outcome: "rolled_back" })],
    ["a serialization failure", new SerializationError("changed", rejected)],
    [
      "a record made by somebody else",
      new UniqueViolationError("there", { table: "users", columns: ["id"] }),
    ],
    [
      "a version made by somebody else",
      new UniqueViolationError("there", { table: "users_history", columns: ["id", "version"] }),
    ],
  ])("tries again after %s", (_, error) => {
    expect(pauseAfter(error, "users", 1, 1_000, 0.5)).toBeGreaterThan(0);
  });

  it.each([
    [
      "a value that must be unique",
      new UniqueViolationError("there", { table: "users", columns: ["email"] }),
    ],
    ["another table's key", new UniqueViolationError("there", { table: "orders", columns: ["id"] })],
    ["a violation that does not name its columns", new UniqueViolationError("there", { table: "users" })],
    ["another violation", new NotNullViolationError("null")],
    ["what may have been stored", new SerializationError("lost", { outcome: "unknown" })],
    ["what was never sent", new LockTimeoutError("busy", { outcome: "not_sent" })],
    ["an error that is no database's", new Error("mine")],
  ])("does not try again after %s", (_, error) => {
    expect(pauseAfter(error, "users", 1, 1_000, 0.5)).toBeNull();
  });

  it("gives up a race that is lost again and again, but not the wait for a lock", () => {
    const race = new SerializationError("changed", rejected);
    expect(pauseAfter(race, "users", mostAttempts, 60_000, 0.5)).toBeNull();
    const lock = new LockTimeoutError("held", rejected);
    expect(pauseAfter(lock, "users", 10 * mostAttempts, 60_000, 1)).toBe(1_000);
  });

  it("waits for a lock within the time that is left", () => {
    const lock = new LockTimeoutError("held", rejected);
    expect(pauseAfter(lock, "users", 1, 60_000, 0)).toBe(100);
    expect(pauseAfter(lock, "users", 1, 50, 0)).toBeNull();
  });
});

describe("lostRace", () => {
  const where = { backend: "mysql", operation: "saveEntity" };

  it("tells a transaction that it can be run again, and keeps what is known", () => {
    const known = { sqlState: "23000", outcome: "rejected" } as const;
    const cause = new UniqueViolationError("there", { ...known, table: "users", columns: ["id"] });
    const told = lostRace(cause, "users", where);
    expect(told).toBeInstanceOf(SerializationError);
    expect(told).toMatchObject({ ...where, ...known, retryable: true, cause });
  });

  it.each([
    [
      "a value that must be unique",
      new UniqueViolationError("taken", { table: "users", columns: ["email"] }),
    ],
    ["another table's key", new UniqueViolationError("there", { table: "orders", columns: ["id"] })],
    ["a deadlock", new DeadlockError("dead")],
    ["an error that is no database's", new Error("mine")],
  ])("leaves %s as it is", (_, error) => {
    expect(lostRace(error, "users", where)).toBe(error);
  });
});
