import type { AuditedBatch } from "../../backend/index.ts";
import { columnTypes } from "./column-types.ts";

const stored = '"stored"';
const given = '"given"';

/**
 * Saves many records and appends their versions in one statement, with an array of values for each column.
 *
 * The values cross the network once, for both tables. Measured with 10,000 records, this was never slower than COPY
 * into each of the tables, and it needs neither another way of sending nor another package.
 */
export function auditedBatch(batch: AuditedBatch): string {
  const copied = batch.copied.map(quote).join(", ");
  return (
    `WITH "saved" AS (${batch.isNew ? insertRows(batch) : updateRows(batch)} ` +
    `RETURNING ${batch.copied.map((name) => `${stored}.${quote(name)}`).join(", ")}) ` +
    `INSERT INTO [${batch.history}] ([history_timestamp], [history_user_id], [history_comment], [history_operation], ` +
    `[history_write_id], [history_fields], ${copied}) SELECT CAST(:at AS TIMESTAMPTZ), CAST(:user_id AS TEXT), ` +
    "CAST(:comment AS TEXT), CAST(:operation AS TEXT), CAST(:write_id AS TEXT), CAST(:changed AS JSONB), " +
    `${copied} FROM "saved"`
  );
}

function insertRows({ main, fields }: AuditedBatch): string {
  const names = ["id", ...fields.map(({ name }) => name)];
  const system = ["created_at", "created_by", "updated_at", "updated_by", "deleted_at", "version"];
  const values = [
    `${given}."id"`,
    ...fields.map((_, i) => `${given}."f${i}"`),
    "CAST(:at AS TIMESTAMPTZ)",
    "CAST(:user_id AS TEXT)",
    "CAST(:at AS TIMESTAMPTZ)",
    "CAST(:user_id AS TEXT)",
    "NULL",
    `${given}."version"`,
  ];
  return (
    `INSERT INTO [${main}] AS ${stored} (${[...names, ...system].map(quote).join(", ")}) ` +
    `SELECT ${values.join(", ")} FROM ${givenRows(fields)}`
  );
}

function updateRows({ main, fields }: AuditedBatch): string {
  const changes = [
    ...fields.map(({ name }, i) => `${quote(name)} = ${given}."f${i}"`),
    "[updated_at] = CAST(:at AS TIMESTAMPTZ)",
    "[updated_by] = CAST(:user_id AS TEXT)",
    "[deleted_at] = NULL",
    `[version] = ${stored}.[version] + 1`,
  ];
  return (
    `UPDATE [${main}] AS ${stored} SET ${changes.join(", ")} FROM ${givenRows(fields)} ` +
    `WHERE ${stored}.[id] = ${given}."id" AND ${stored}.[version] = ${given}."version"`
  );
}

function givenRows(fields: AuditedBatch["fields"]): string {
  const lists = [
    "CAST(:id AS TEXT[])",
    ...fields.map(({ type }, i) => `CAST(:f${i} AS ${columnTypes[type]}[])`),
    "CAST(:version AS BIGINT[])",
  ];
  const names = ['"id"', ...fields.map((_, i) => `"f${i}"`), '"version"'];
  return `unnest(${lists.join(", ")}) AS ${given} (${names.join(", ")})`;
}

function quote(name: string): string {
  return `[${name}]`;
}
