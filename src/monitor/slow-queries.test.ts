import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { QueryEvent } from "../observe/events.ts";
import { onSlowQuery } from "./slow-queries.ts";

function source() {
  const events = new Emitter<{ query: QueryEvent }>();
  const db = { on: (name: "query", listener: (event: QueryEvent) => void) => events.on(name, listener) };
  const query = (durationMs: number) =>
    events.emit("query", {
      database: "test",
      backend: "test",
      sql: "SELECT 1",
      operation: "execute",
      durationMs,
      rowCount: 1,
      error: undefined,
      tags: undefined,
    });
  return { db, events, query };
}

describe("onSlowQuery", () => {
  it("tells of the statements from the threshold on, until it is ended", () => {
    const { db, events, query } = source();
    const slow: number[] = [];
    const end = onSlowQuery(db, { threshold: 0.5 }, ({ durationMs }) => slow.push(durationMs));
    for (const durationMs of [499, 500, 3000]) query(durationMs);
    expect(slow).toEqual([500, 3000]);
    end();
    query(3000);
    expect(slow).toEqual([500, 3000]);
    expect(events.has("query")).toBe(false);
  });

  it("begins at two seconds by default", () => {
    const { db, query } = source();
    const slow: number[] = [];
    onSlowQuery(db, {}, ({ durationMs }) => slow.push(durationMs));
    for (const durationMs of [1999, 2000]) query(durationMs);
    expect(slow).toEqual([2000]);
  });

  it.each([{ threshold: -1 }, { threshold: Number.NaN }, { thresholdMs: 2000 }])(
    "refuses %o, and does not listen",
    (options) => {
      const { db, events } = source();
      expect(() => Reflect.apply(onSlowQuery, undefined, [db, options, () => {}])).toThrow(
        ConfigurationError,
      );
      expect(events.has("query")).toBe(false);
    },
  );
});
