import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { DriverResult, NativeStatement } from "./driver.ts";
import { StandardConnection } from "./standard-connection.ts";

const nothing: DriverResult = { columns: [], rows: [], rowCount: 1 };
const statement = (text: string): NativeStatement => ({ text, readOnly: false, reusable: false });

/** A driver that writes down what it is asked, and waits at the word WAIT until it is interrupted in earnest. */
class ScriptedConnection extends StandardConnection<number> {
  readonly raw = null;
  readonly calls: string[] = [];
  /** How many interrupts come too early. */
  deaf = 0;
  #stop: (() => void) | undefined;

  protected async send(text: string, values: readonly number[]): Promise<DriverResult> {
    this.calls.push([text, ...values].join(" "));
    if (text === "FAIL") throw new Error("it failed");
    if (text !== "WAIT") return nothing;
    await new Promise<void>((_resolve, reject) => {
      this.#stop = () => reject(new Error("interrupted"));
    });
    return nothing;
  }

  protected interrupt(): void {
    this.calls.push("interrupt");
    if (this.deaf-- <= 0) this.#stop?.();
  }

  protected end(): void {
    this.calls.push("end");
  }

  version() {
    return { serverVersion: "Scripted 1", driver: "scripted 1" };
  }
}

describe("StandardConnection", () => {
  it("begins and ends transactions by SQL", async () => {
    const connection = new ScriptedConnection();
    await connection.begin({});
    expect(connection.inTransaction).toBe(true);
    await connection.commit();
    expect(connection.inTransaction).toBe(false);
    await connection.begin({ isolation: "repeatable read", readOnly: true });
    await connection.rollback();
    await connection.rollback();
    expect(connection.calls).toEqual([
      "START TRANSACTION",
      "COMMIT",
      "START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
      "ROLLBACK",
    ]);
  });

  it.each([
    ["begin", true],
    [" /* why */ -- so\n START TRANSACTION", true],
    ["BEGIN;SELECT 1", true],
    ["beginning", false],
    ["SELECT 'BEGIN'", false],
  ])("notices that %j opens a transaction: %s", async (text, opens) => {
    const connection = new ScriptedConnection();
    await connection.execute(statement(text), []);
    expect(connection.inTransaction).toBe(opens);
  });

  it.each([
    ["commit work", false],
    ["ROLLBACK", false],
    ["end", false],
    ["ROLLBACK TO a", true],
    ["rollback transaction to savepoint a", true],
    ["ROLLBACK TRANSACTION", false],
    ["SELECT 1", true],
  ])("notices whether a transaction is still open after %j: %s", async (text, open) => {
    const connection = new ScriptedConnection();
    await connection.begin({});
    await connection.execute(statement(text), []);
    expect(connection.inTransaction).toBe(open);
  });

  it("takes a transaction for open while its end has failed", async () => {
    const connection = new ScriptedConnection();
    await connection.begin({});
    await expect(connection.execute(statement("FAIL"), [])).rejects.toThrow("it failed");
    expect(connection.inTransaction).toBe(true);
  });

  it("runs a statement for each set of values, and counts the rows", async () => {
    const connection = new ScriptedConnection();
    expect(await connection.executeMany(statement("INSERT"), [[1], [2]])).toBe(2);
    expect(connection.calls).toEqual(["INSERT 1", "INSERT 2"]);
  });

  it("streams the rows of a driver that has no cursors", async () => {
    const connection = new (class extends ScriptedConnection {
      protected override async send(): Promise<DriverResult> {
        return { columns: ["n"], rows: [[1], [2], [3]], rowCount: 3 };
      }
    })();
    const cursor = await connection.stream(statement("SELECT"), []);
    expect(cursor.columns).toEqual(["n"]);
    expect(await cursor.read(2)).toEqual([[1], [2]]);
    expect(await cursor.read(2)).toEqual([[3]]);
    await cursor.close();
  });

  it("interrupts until the call has ended, and answers only then", async () => {
    const connection = new ScriptedConnection();
    connection.deaf = 2;
    const waiting = connection.execute(statement("WAIT"), []).catch((error: Error) => error.message);
    await connection.cancel();
    expect(await waiting).toBe("interrupted");
    expect(connection.calls).toEqual(["WAIT", "interrupt", "interrupt", "interrupt"]);
  });

  it("closes once, and is not usable from then on", async () => {
    const connection = new ScriptedConnection();
    expect(connection.usable).toBe(true);
    await connection.close();
    await connection.close();
    connection.destroy();
    expect(connection.usable).toBe(false);
    expect(connection.calls).toEqual(["end"]);
  });

  it("is destroyed at once, and ends the connection behind the call that was under way", async () => {
    const connection = new ScriptedConnection();
    const waiting = connection.execute(statement("WAIT"), []).catch((error: Error) => error.message);
    connection.destroy();
    expect(connection.usable).toBe(false);
    expect(await waiting).toBe("interrupted");
    await sleep(1);
    expect(connection.calls).toEqual(["WAIT", "interrupt", "end"]);
  });

  it("stops interrupting when it is destroyed", async () => {
    const connection = new ScriptedConnection();
    connection.deaf = 1_000;
    const waiting = connection.execute(statement("WAIT"), []);
    const cancelled = connection.cancel();
    connection.destroy();
    await cancelled;
    connection.deaf = 0;
    waiting.catch(() => {});
    expect(connection.calls.filter((call) => call === "interrupt").length).toBeLessThan(5);
  });
});
