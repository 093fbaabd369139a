import { describe, expect, it } from "vitest";
import { Call, ConnectionCore } from "../connection/index.ts";
import { AbortedError, TransactionStateError } from "../errors/index.ts";
import { runAsync } from "../operation/index.ts";
import { settled } from "../testing/fake-clock.ts";
import { FakeDriver, type FakeRows } from "../testing/fake-driver.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { openStream } from "./stream.ts";

const rows = () => [[1], [2], [3]];

function streaming(
  onCall: (call: string) => FakeRows | Promise<FakeRows> = () => undefined,
  signal?: AbortSignal,
) {
  const environment = fakeEnvironment();
  const driver = new FakeDriver((call) => (call === "SELECT 1" ? rows() : onCall(call)));
  const core = new ConnectionCore(driver, environment);
  const call = () => new Call("stream", environment.clock, 1000, signal);
  const open = () => runAsync(openStream(core, null, "SELECT 1", undefined, call()));
  const execute = () => {
    const by = new Call("execute", environment.clock, 1000);
    return runAsync(core.transactions.exclusive(null, by, () => core.execute("other", undefined, by)));
  };
  return { environment, driver, core, open, execute };
}

describe("openStream", () => {
  it("reads piece by piece from a cursor, and closes it", async () => {
    const { open, driver } = streaming();
    const { cursor, close } = await open();
    expect(cursor.columns).toEqual(["c0"]);
    expect(await runAsync(cursor.read(2))).toEqual([[1], [2]]);
    expect(await runAsync(cursor.read(2))).toEqual([[3]]);
    await runAsync(close());
    expect(driver.calls).toEqual(["SELECT 1", "FETCH", "FETCH", "CLOSE CURSOR"]);
  });

  it("has the connection to itself until the cursor is closed", async () => {
    const closing = Promise.withResolvers<undefined>();
    const { open, execute, driver } = streaming((call) =>
      call === "CLOSE CURSOR" ? closing.promise : undefined,
    );
    const { close } = await open();
    await expect(execute()).rejects.toBeInstanceOf(TransactionStateError);
    const closed = runAsync(close());
    await expect(execute()).rejects.toBeInstanceOf(TransactionStateError);
    closing.resolve(undefined);
    await closed;
    await execute();
    expect(driver.calls).toEqual(["SELECT 1", "CLOSE CURSOR", "other"]);
  });

  it("leaves the connection free when it cannot be opened, and when it cannot be closed", async () => {
    const { open, execute, core, driver } = streaming((call) => {
      if (call === "CLOSE CURSOR") throw new Error("no such portal");
      return undefined;
    });
    const { close } = await open();
    await expect(runAsync(close())).rejects.toThrow("no such portal");
    await execute();
    driver.onCall = () => {
      throw new Error("syntax");
    };
    await expect(open()).rejects.toThrow("syntax");
    expect(core.transactions.streaming).toBe(false);
  });

  it("has its whole time for each wait: how long the reader takes in between is his own affair", async () => {
    const { open, environment } = streaming();
    const { cursor, close } = await open();
    await environment.clock.advance(5000);
    expect(await runAsync(cursor.read(1))).toEqual([[1]]);
    await environment.clock.advance(5000);
    await runAsync(close());
  });

  it("is read no further once its signal has aborted, and is closed all the same", async () => {
    const controller = new AbortController();
    const { open, driver } = streaming(undefined, controller.signal);
    const { cursor, close } = await open();
    controller.abort();
    await expect(runAsync(cursor.read(1))).rejects.toBeInstanceOf(AbortedError);
    await runAsync(close());
    expect(driver.calls).toEqual(["SELECT 1", "CLOSE CURSOR"]);
  });

  it("asks nothing of a connection that is lost", async () => {
    const { open, driver, core } = streaming();
    const { close } = await open();
    driver.usable = false;
    await runAsync(close());
    await settled();
    expect(driver.calls).toEqual(["SELECT 1"]);
    expect(core.transactions.streaming).toBe(false);
  });
});
