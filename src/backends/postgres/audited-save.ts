import type { AuditedSave } from "../../backend/index.ts";
import { columnTypes } from "./column-types.ts";

const stored = '"stored"';
const saved = '"saved"';

/**
 * Saves a record and appends its version in one statement, so in one round trip and without a transaction of its own.
 *
 * Two saves of one record at once take turns at its row, and the second sees what the first has made of it: ON
 * CONFLICT DO UPDATE works on the newest version of the row (PostgreSQL manual, "Transaction Isolation").
 */
export function auditedSave(save: AuditedSave, expects: "record" | "either"): string {
  const revision = `(SELECT [type] FROM [${save.meta}] WHERE [name] = '') = :revision`;
  const columns = save.columns.map(quote).join(", ");
  // To try an INSERT first costs some 5 % of a save, of which nothing is left when the record is there.
  const write = expects === "record" ? updateRow(save, revision) : upsertRow(save, revision);
  return (
    `WITH ${saved} AS (${write}), "appended" AS (` +
    `INSERT INTO [${save.history}] ([history_timestamp], [history_user_id], [history_comment], [history_operation], ` +
    `[history_write_id], ${columns}) SELECT CAST(:at AS TIMESTAMPTZ), CAST(:user_id AS TEXT), CAST(:comment AS TEXT), ` +
    `"operation", CAST(:write_id AS TEXT), ${columns} FROM ${saved}) ` +
    `SELECT ${columns} FROM ${saved}`
  );
}

function upsertRow(save: AuditedSave, revision: string): string {
  const names = ["id", ...save.fields.map(({ name }) => name)];
  const system = ["created_at", "created_by", "updated_at", "updated_by", "deleted_at", "version"];
  const given = [":id", ...save.fields.map((_, i) => `:f${i}`), ":at", ":user_id", ":at", ":user_id", "NULL"];
  const insert = `INSERT INTO [${save.main}] AS ${stored} (${[...names, ...system].map(quote).join(", ")})`;
  if (save.isNewId) {
    return `${insert} SELECT ${given.join(", ")}, 1 WHERE ${revision} ${returning(save, "'insert'")}`;
  }
  const version = `COALESCE((SELECT MAX([version]) FROM [${save.history}] WHERE [id] = :id), 0) + 1`;
  const changes = save.fields.map(({ name }) => `${quote(name)} = EXCLUDED.${quote(name)}`);
  const conditions = [revision, ...changed(save, (name) => `EXCLUDED.${quote(name)}`)];
  return (
    `${insert} VALUES (${given.join(", ")}, ${version}) ` +
    `ON CONFLICT ([id]) DO UPDATE SET ${assignments(changes, "EXCLUDED.[updated_at]", "EXCLUDED.[updated_by]")} ` +
    // A row that was inserted by this statement has never been locked by another: its xmax is 0.
    `WHERE ${conditions.join(" AND ")} ` +
    returning(save, `CASE WHEN ${stored}.xmax = 0 THEN 'insert' ELSE 'update' END`)
  );
}

function updateRow(save: AuditedSave, revision: string): string {
  const value = (name: string) => {
    const place = save.fields.findIndex((field) => field.name === name);
    return `CAST(:f${place} AS ${columnTypes[save.fields[place]?.type ?? "text"]})`;
  };
  const changes = save.fields.map(({ name }) => `${quote(name)} = ${value(name)}`);
  const guards = save.guards.map(
    ({ name, type }, i) =>
      `${stored}.${quote(name)} IS NOT DISTINCT FROM CAST(:g${i} AS ${columnTypes[type]})`,
  );
  const conditions = [`${stored}.[id] = :id`, ...guards, revision, ...changed(save, value)];
  return (
    `UPDATE [${save.main}] AS ${stored} SET ${assignments(changes, ":at", ":user_id")} ` +
    `WHERE ${conditions.join(" AND ")} ${returning(save, "'update'")}`
  );
}

function assignments(changes: readonly string[], at: string, userId: string): string {
  const system = [`[updated_at] = ${at}`, `[updated_by] = ${userId}`, `[version] = ${stored}.[version] + 1`];
  return [...changes, ...system].join(", ");
}

/** Leaves a deleted record alone: to tell that it comes back would take a second look at it, in every save. */
function changed(save: AuditedSave, value: (name: string) => string): string[] {
  const live = `${stored}.[deleted_at] IS NULL`;
  if (save.versionUnchanged) return [live];
  const differences = save.fields.map(
    ({ name }) => `${stored}.${quote(name)} IS DISTINCT FROM ${value(name)}`,
  );
  return [live, differences.length === 0 ? "FALSE" : `(${differences.join(" OR ")})`];
}

function returning(save: AuditedSave, operation: string): string {
  const columns = save.columns.map((name) => `${stored}.${quote(name)}`).join(", ");
  return `RETURNING ${columns}, ${operation} AS "operation"`;
}

function quote(name: string): string {
  return `[${name}]`;
}
