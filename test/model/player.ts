import { deepStrictEqual } from "node:assert/strict";
import { vi } from "vitest";
import type { Capabilities } from "../../src/backend/index.ts";
import type { Face, Queries } from "../../src/face/index.ts";
import { DatabaseError, withContext } from "../../src/index.ts";
import { type Awaitable, type Operation, wait } from "../../src/operation/index.ts";
import { type Command, type Id, ids } from "./commands.ts";
import { type Author, ReferenceStore, Refused } from "./reference-store.ts";

type Db = Queries<Face>;
type Values = Record<string, unknown>;
type Result = { readonly answer: unknown } | { readonly refused: string };

/** What callbacks throw to have their transaction rolled back. */
class Deliberate extends Error {}

export interface Stage {
  readonly db: Db;
  readonly entity: string;
  readonly capabilities: Capabilities;
  readonly settings: { readonly unchangedSaves: "skip" | "version"; readonly history: "full" | "delta" };
  /** Runs the callback of a transaction in the way of the face. */
  run<T>(body: () => Operation<T>): Awaitable<T>;
}

const firstMoment = Date.UTC(2024, 1, 28, 23, 59, 50);

/** Plays commands on a database and on the reference, and compares what they answer and what they hold. */
export class Player {
  readonly #stage: Stage;
  readonly #reference: ReferenceStore;
  /** Typed records as they were read for `save as read`. */
  readonly #kept = new Map<string, Values>();
  /** Whether the last `save as read` saved a record that had been kept, and read none. */
  #tookKept = false;
  #made = "none yet";
  #ticks = 0;

  constructor(stage: Stage) {
    const { capabilities, settings } = stage;
    this.#stage = stage;
    this.#reference = new ReferenceStore({ ...settings, transactionalDdl: capabilities.transactionalDdl });
  }

  *play(commands: readonly Command[]): Operation<void> {
    for (const command of commands) yield* this.#step(this.#stage.db, command);
  }

  *#step(db: Db, command: Command): Operation<void> {
    const at = this.#tick();
    if (command.do === "transaction") yield* this.#transaction(db, command);
    else {
      const actual = yield* this.#attempt(() => this.#real(db, command, at));
      const expected = this.#expect(command, at, actual);
      equal(actual, expected, `the answer of ${command.do}`);
    }
    yield* this.#compareAll(db);
  }

  /** Time moves on only here, so that every moment that is stored is known. */
  #tick(): Date {
    this.#ticks += 1;
    vi.setSystemTime(firstMoment + this.#ticks * 1000);
    return new Date();
  }

  #id(id: Id): string {
    return id === "made" ? this.#made : id;
  }

  *#attempt(work: () => Operation<unknown>): Operation<Result> {
    try {
      return { answer: yield* work() };
    } catch (error) {
      if (error instanceof DatabaseError) return { refused: error.code };
      if (error instanceof Deliberate) return { refused: "deliberately" };
      throw error;
    }
  }

  *#transaction(
    db: Db,
    { commands, end, outerHandle }: Extract<Command, { do: "transaction" }>,
  ): Operation<void> {
    const { run } = this.#stage;
    const reference = this.#reference;
    const begun = expectation(() => reference.begin());
    const step = (inner: Db, command: Command) => this.#step(outerHandle ? db : inner, command);
    const actual = yield* this.#attempt(() =>
      wait(
        db.transaction((tx) =>
          run(function* () {
            for (const command of commands) yield* step(tx, command);
            if (end === "throw") throw new Deliberate();
          }),
        ),
      ),
    );
    if ("refused" in begun) return equal(actual, begun, "the refusal to begin");
    const ended = end === "commit" ? expectation(() => reference.commit()) : { refused: "deliberately" };
    if (end === "throw") reference.rollBack();
    equal(actual, ended, "the end of a transaction");
  }

  // --- the real thing ---

  #real(db: Db, command: Exclude<Command, { do: "transaction" }>, at: Date): Operation<unknown> {
    if (!("ambient" in command)) return this.#call(db, command, at, {});
    const who = {
      ...(command.by !== undefined && { userId: command.by }),
      ...(command.comment !== undefined && { comment: command.comment }),
    };
    const options = { ...(command.expected !== undefined && { expectedVersion: command.expected }) };
    if (!command.ambient) return this.#call(db, command, at, { ...options, ...who });
    return this.#inContext(who, () => this.#call(db, command, at, options));
  }

  /** An operation is left and entered again, so each of its steps is run in the context by itself. */
  *#inContext(who: object, begin: () => Operation<unknown>): Operation<unknown> {
    const operation = withContext(who, begin);
    let step = withContext(who, () => operation.next());
    while (!step.done) {
      const pause = step.value;
      try {
        const value = yield* wait(pause);
        step = withContext(who, () => operation.next(value));
      } catch (error) {
        step = withContext(who, () => operation.throw(error));
      }
    }
    return step.value;
  }

  *#call(
    db: Db,
    command: Exclude<Command, { do: "transaction" }>,
    at: Date,
    options: { readonly expectedVersion?: number },
  ): Operation<unknown> {
    const { entity, settings } = this.#stage;
    switch (command.do) {
      case "save": {
        const { id, values } = command;
        const record = id === undefined ? values : { id: this.#id(id), ...values };
        return yield* wait(db.saveEntity(entity, record, options));
      }
      case "save many":
        return yield* wait(db.saveEntities(entity, this.#records(command), options));
      case "save as read": {
        const record = yield* this.#asRead(db, command.id, command.old);
        if (record === null) return null;
        return yield* wait(db.saveEntity(entity, { ...record, ...command.values }, options));
      }
      case "delete": {
        const { permanent } = command;
        const purgeHistory = permanent && command.purgeHistory;
        return yield* wait(
          db.deleteEntity(entity, this.#id(command.id), { ...options, permanent, purgeHistory }),
        );
      }
      case "restore":
        return yield* wait(db.restoreEntity(entity, this.#id(command.id), options));
      case "revert":
        return yield* wait(db.revertEntity(entity, this.#id(command.id), command.version, options));
      case "make u unique":
        return yield* wait(db.ensureIndex(entity, ["u"], { unique: true }));
      case "prune": {
        const { keep, batch, until } = command;
        const olderThan = until === undefined ? {} : { olderThan: this.#moment(until, at) };
        return yield* wait(db.pruneHistory(entity, { keepVersions: keep, batchSize: batch, ...olderThan }));
      }
      case "read version":
        return yield* wait(
          db.getEntityByVersion(entity, this.#id(command.id), command.version, { deserialize: true }),
        );
      case "read past": {
        const { id, until, includeDeleted } = command;
        const then = this.#moment(until, at);
        const typed = { deserialize: true, includeDeleted } as const;
        const one = yield* wait(db.getEntityAsOf(entity, this.#id(id), then, typed));
        const all = yield* wait(db.findEntitiesAsOf(entity, then, { ...typed, orderBy: "id" }));
        if (settings.history === "delta") return [one, all];
        const where = { where: "[id] = ?", params: [this.#id(id)] };
        return [one, all, yield* wait(db.findEntitiesAsOf(entity, then, { ...typed, ...where }))];
      }
      case "compare": {
        const { id, from, to } = command;
        const found = yield* wait(db.diffEntityVersions(entity, this.#id(id), from, to));
        return found.map(({ field, before, after }) => [field, before, after]).sort();
      }
      case "find":
        return yield* this.#find(db, command);
    }
  }

  *#find(db: Db, command: Extract<Command, { do: "find" }>): Operation<unknown> {
    const { least, descending, limit, offset, includeDeleted } = command;
    const { entity } = this.#stage;
    // A condition on a field that no record has had yet is an SQL error, so the reference says when it is there.
    const hasField = this.#reference.describe()?.fields.k !== undefined;
    const filter = hasField
      ? { where: "[k] >= ? OR [k] IS NULL", params: [least], includeDeleted }
      : { includeDeleted };
    const orderBy = hasField ? `k ${descending ? "DESC" : "ASC"}` : "id";
    const found = yield* wait(
      db.findEntities(entity, { ...filter, orderBy, limit, offset, deserialize: true }),
    );
    return [found, yield* wait(db.countEntities(entity, filter))];
  }

  #records(command: Extract<Command, { do: "save many" }>): Values[] {
    return command.records.map(({ id, values }) =>
      id === undefined ? values : { id: this.#id(id), ...values },
    );
  }

  *#asRead(db: Db, name: Id, old: boolean): Operation<Values | null> {
    const id = this.#id(name);
    const kept = this.#kept.get(id);
    this.#tookKept = old && kept !== undefined;
    if (this.#tookKept && kept !== undefined) return kept;
    const options = { deserialize: true, includeDeleted: true } as const;
    const record: Values | null = yield* wait(db.getEntity(this.#stage.entity, id, options));
    if (record !== null) this.#kept.set(id, record);
    return record;
  }

  /** A moment between two ticks, from the beginning on; never one in the future. */
  #moment(until: number, now: Date): Date {
    return new Date(Math.min(firstMoment + until * 1000 + 500, now.getTime()));
  }

  // --- what it should have done ---

  #expect(command: Exclude<Command, { do: "transaction" }>, at: Date, actual: Result): Result {
    const reference = this.#reference;
    const expected = "expected" in command ? command.expected : undefined;
    const author: Author =
      "ambient" in command
        ? { at, userId: command.by ?? null, comment: command.comment ?? null }
        : { at, userId: null, comment: null };
    return expectation(() => {
      switch (command.do) {
        case "save": {
          const { id, values } = command;
          if (id !== undefined) return reference.save({ id: this.#id(id), ...values }, author, expected, "");
          const newId = this.#learnId("answer" in actual ? actual.answer : undefined);
          return reference.save(values, author, expected, newId);
        }
        case "save many": {
          const records = this.#records(command);
          const answers = "answer" in actual && Array.isArray(actual.answer) ? actual.answer : [];
          const newIds = records.map((record, i) =>
            record.id === undefined ? this.#learnId(answers[i], `refused ${i}`) : "",
          );
          const wasRefused = "refused" in actual && actual.refused === "STRATA_UNIQUE_VIOLATION";
          return reference.saveMany(records, author, expected, newIds, wasRefused);
        }
        case "save as read":
          return this.#expectAsRead(command, author);
        case "delete": {
          const { id, permanent, purgeHistory } = command;
          return reference.delete(this.#id(id), { permanent, purgeHistory }, author, expected);
        }
        case "restore":
          return reference.restore(this.#id(command.id), author, expected);
        case "revert":
          return reference.revert(this.#id(command.id), command.version, author, expected);
        case "make u unique":
          return reference.ensureUnique();
        case "prune":
          return reference.prune(
            command.keep,
            command.until === undefined ? undefined : this.#moment(command.until, at),
          );
        case "read version":
          return reference.version(this.#id(command.id), command.version);
        case "read past": {
          const id = this.#id(command.id);
          const then = this.#moment(command.until, at);
          reference.history(id);
          const one = reference.asOf(id, then, command.includeDeleted);
          const all = reference.findAsOf(then, command.includeDeleted);
          if (this.#stage.settings.history === "delta") return [one, all];
          return [one, all, one === null ? [] : [one]];
        }
        case "compare": {
          const id = this.#id(command.id);
          reference.history(id);
          return reference.diff(id, command.from, command.to).map((difference) => [...difference]);
        }
        case "find":
          return this.#expectFound(command);
      }
    });
  }

  #expectAsRead(command: Extract<Command, { do: "save as read" }>, author: Author): unknown {
    const id = this.#id(command.id);
    if (!this.#tookKept && this.#reference.get(id, true) === null) return null;
    // What is kept now was either kept before, or is what the reference holds, as the comparison has shown.
    const kept = this.#kept.get(id);
    return this.#reference.save({ ...kept, ...command.values }, author, command.expected, "");
  }

  #expectFound({
    least,
    descending,
    limit,
    offset,
    includeDeleted,
  }: Extract<Command, { do: "find" }>): unknown {
    const number = (record: Values) => (typeof record.k === "number" ? record.k : null);
    const found = this.#reference.find(includeDeleted).filter((record) => (number(record) ?? least) >= least);
    const rank = (record: Values) => (descending ? -1 : 1) * (number(record) ?? -1000);
    const sorted = found.toSorted((a, b) => rank(a) - rank(b));
    const start = offset ?? 0;
    return [sorted.slice(start, limit === undefined ? undefined : start + limit), found.length];
  }

  #learnId(saved: unknown, otherwise = "refused"): string {
    const id = typeof saved === "object" && saved !== null && "id" in saved ? saved.id : undefined;
    if (typeof id !== "string") return otherwise;
    this.#made = id;
    return id;
  }

  // --- everything that is stored ---

  *#compareAll(db: Db): Operation<void> {
    const reference = this.#reference;
    if (reference.doomed) return;
    const { entity } = this.#stage;
    const described = yield* wait(db.describeEntity(entity));
    const found = described && { fields: described.fields, indexes: described.indexes.length };
    equal(found, reference.describe(), "the schema");
    const everything = { includeDeleted: true, orderBy: "id", deserialize: true } as const;
    equal(yield* wait(db.findEntities(entity, everything)), reference.find(true), "all records");
    equal(yield* wait(db.countEntities(entity)), reference.find(false).length, "the count");
    for (const id of new Set([...reference.ids(), ...ids])) {
      const history = yield* wait(db.getEntityHistory(entity, id, { deserialize: true }));
      equal(history, reference.history(id), `the history of ${id}`);
      const typed = yield* wait(db.getEntity(entity, id, { deserialize: true }));
      equal(typed, reference.get(id, false), `the record ${id}`);
      const text = yield* wait(db.getEntity(entity, id, { deserialize: false, includeDeleted: true }));
      const expected = reference.get(id, true);
      equal(withoutJson(text), expected && ReferenceStore.asText(withoutJson(expected)), `${id} as text`);
    }
  }
}

/** JSON has no one text; its values are compared where they are typed. */
function withoutJson<T extends Values | null>(record: T): T {
  return record && { ...record, j: null };
}

function expectation(work: () => unknown): Result {
  try {
    return { answer: work() };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code };
    throw error;
  }
}

function equal(actual: unknown, expected: unknown, what: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`;
    throw error;
  }
}
