import { availableParallelism, loadavg } from "node:os";
import { describe, expect, it } from "vitest";
import { saveFromProcesses } from "./processes.ts";
import { range, Scratch } from "./scratch.ts";

const meta = { backend: "sqlite/async" };

/** Starting processes is what takes the time, and on a machine that is busy already too much of it. */
const crowd = (loadavg()[0] ?? 0) > 4 * availableParallelism() ? 20 : 50;

describe("several processes", () => {
  it("save an entity for the first time at one moment: none fails, no row and no field is lost", {
    meta,
    timeout: 60_000,
  }, async () => {
    const scratch = new Scratch();
    const workers = range(crowd);
    const reports = await saveFromProcesses(
      workers.map((worker) => ({ database: scratch.path, worker, work: "first save", saves: 1 }) as const),
    );
    expect(reports.map(({ error }) => error)).toEqual(workers.map(() => null));
    expect(reports.map(({ versions }) => versions)).toEqual(workers.map(() => [1]));

    const db = scratch.open({ deserialize: true });
    const saved = await db.findEntities("things", { deserialize: true });
    const found = new Map(saved.map((record) => [record.id, record]));
    for (const worker of workers) {
      // A field that has held numbers and texts is text.
      expect(found.get(`worker ${worker}`)).toMatchObject({
        [`field_${worker % 7}`]: String(worker),
        [`field_${(worker + 1) % 7}`]: `by ${worker}`,
        all: 1,
      });
    }
    expect(saved).toHaveLength(workers.length);
    const [history] = await db.execute("SELECT COUNT(*) FROM [things_history]");
    expect(history).toEqual([workers.length]);
    const fields = (await db.describeEntity("things"))?.fields ?? {};
    expect(Object.keys(fields).sort()).toEqual(["all", ...range(7).map((n) => `field_${n}`)]);
  });

  it("and connections save one record: its versions are 1 to n, without gap or duplicate", {
    meta,
    timeout: 60_000,
  }, async () => {
    const scratch = new Scratch();
    const [processes, saves, handles] = [6, 30, 4];
    const db = scratch.open({ deserialize: true });
    const own: Promise<number>[] = [];
    const reports = await saveFromProcesses(
      range(processes).map(
        (worker) => ({ database: scratch.path, worker, work: "same record", saves }) as const,
      ),
      () => {
        for (const handle of range(handles)) {
          const other = scratch.open({ alias: `handle ${handle}` });
          for (const n of range(saves)) {
            own.push(
              other
                .saveEntity("things", { id: "counter", [`here_${handle}`]: n })
                .then(({ version }) => version),
            );
          }
        }
      },
    );
    expect(reports.map(({ error }) => error)).toEqual(range(processes).map(() => null));
    const versions = [...reports.flatMap((report) => report.versions), ...(await Promise.all(own))];
    const all = range((processes + handles) * saves).map((n) => n + 1);
    expect(versions.toSorted((a, b) => a - b)).toEqual(all);
    const history = await db.getEntityHistory("things", "counter", { deserialize: true });
    expect(history.map(({ version }) => version)).toEqual(all);
    const head = await db.getEntity("things", "counter", { deserialize: true });
    expect(head).toMatchObject({
      version: all.length,
      ...Object.fromEntries(range(processes).map((n) => [`by_${n}`, saves - 1])),
    });
    for (const { versions: one } of reports) expect(one).toEqual(one.toSorted((a, b) => a - b));
    // Whoever writes a version knows the fields of all others: none of them is missing from it.
    const fields = Object.keys((await db.describeEntity("things"))?.fields ?? {});
    const given = history.map((version) => fields.filter((field) => version[field] !== null).length);
    expect(given).toEqual(given.toSorted((a, b) => a - b));
    expect(given.at(-1)).toBe(processes + handles);
  });
});
