import type { AuditedSave, AuditedSteps, StorageType } from "../../backend/index.ts";

/**
 * Saves a record and appends its version by statements that depend on each other only through the database: each
 * does nothing when the one before it did nothing, which `ROW_COUNT()` tells. So they can be sent together, or run as
 * one block, and the last one tells whether all of it is done.
 */
export function auditedSteps(save: AuditedSave, expects: "record" | "nothing"): AuditedSteps {
  return expects === "record" ? updateSteps(save) : insertSteps(save);
}

type Step = AuditedSteps["steps"][number];

function updateSteps(save: AuditedSave): AuditedSteps {
  const assigned = save.fields.map(({ name }) => `${quote(name)} = ?`);
  const system = ["[updated_at] = ?", "[updated_by] = ?", "[version] = [version] + 1"];
  const guards = save.guards.map(({ name, type }) => `${quote(name)} <=> ${typed(type)}`);
  const conditions = ["[id] = ?", "[deleted_at] IS NULL", ...guards, `${revision(save)} = ?`];
  const values = [
    ...save.fields.map((_, i) => `f${i}`),
    "at",
    "user_id",
    "id",
    ...save.guards.map((_, i) => `g${i}`),
    "revision",
  ];
  if (!save.versionUnchanged) {
    const changes = save.fields.map(({ name, type }, i) => changed(quote(name), type, `f${i}`));
    conditions.push(`(${changes.map(({ sql }) => sql).join(" OR ") || "FALSE"})`);
    values.push(...changes.flatMap((change) => change.values));
  }
  const update = {
    sql: `UPDATE [${save.main}] SET ${[...assigned, ...system].join(", ")} WHERE ${conditions.join(" AND ")}`,
    values,
  };
  // Each column more takes the time of describing it to the client.
  const known = new Set([
    "id",
    "updated_at",
    "updated_by",
    "deleted_at",
    ...save.fields.map(({ name }) => name),
  ]);
  const answers = save.columns.filter((name) => !known.has(name));
  const answer = {
    sql: `SELECT ${answers.map(quote).join(", ")} FROM [${save.main}] WHERE [id] = ? AND ROW_COUNT() > 0`,
    values: ["id"],
  };
  return { steps: [update, append(save, "update"), answer], answers };
}

/**
 * An id that is there, or has a history, breaks a key or fails the last condition. There is no SELECT at the end: to
 * send and to receive one takes as long as one of the inserts.
 */
function insertSteps(save: AuditedSave): AuditedSteps {
  const given = ["id", ...save.fields.map(({ name }) => name)];
  const system = ["created_at", "created_by", "updated_at", "updated_by", "version"];
  const columns = [...given, ...system];
  const values = ["id", ...save.fields.map((_, i) => `f${i}`), "at", "user_id", "at", "user_id"];
  const insert = {
    sql: `INSERT INTO [${save.main}] (${columns.map(quote).join(", ")}) VALUES (${values.map(() => "?").join(", ")}, 1)`,
    values,
  };
  const { sql, values: appended } = append(save, "insert");
  const conditions = [sql, `${revision(save)} = ?`];
  if (!save.isNewId)
    conditions.push(`NOT EXISTS (SELECT 1 FROM [${save.history}] WHERE [id] = ? AND [version] > 1)`);
  const last = {
    sql: conditions.join(" AND "),
    values: [...appended, "revision", ...(save.isNewId ? [] : ["id"])],
  };
  return { steps: [insert, last], answers: [] };
}

function append(save: AuditedSave, operation: "insert" | "update"): Step {
  const own =
    "[history_timestamp], [history_user_id], [history_comment], [history_operation], [history_write_id]";
  const columns = save.columns.map(quote).join(", ");
  return {
    sql:
      `INSERT INTO [${save.history}] (${own}, ${columns}) ` +
      `SELECT ?, ?, ?, '${operation}', ?, ${columns} FROM [${save.main}] WHERE [id] = ? AND ROW_COUNT() > 0`,
    values: ["at", "user_id", "comment", "write_id", "id"],
  };
}

function revision({ meta }: AuditedSave): string {
  return `(SELECT [type] FROM [${meta}] WHERE [name] = '')`;
}

/**
 * A condition that holds only if the store would call the value another one than what is stored. Of JSON the text may
 * differ where the value does not, in the order of keys say; but never its length, so that only another length is
 * sure. A moment is compared to the millisecond, which is all that is read of it.
 */
function changed(column: string, type: StorageType, value: string): { sql: string; values: string[] } {
  switch (type) {
    case "json":
      return { sql: `NOT (LENGTH(${column}) <=> LENGTH(?))`, values: [value] };
    case "timestamp": {
      const at = typed(type);
      const same = `${column} >= ${at} AND ${column} < ${at} + INTERVAL 1000 MICROSECOND`;
      return {
        sql: `NOT COALESCE(${same}, ${column} IS NULL AND ${at} IS NULL)`,
        values: [value, value, value],
      };
    }
    default:
      return { sql: `NOT (${column} <=> ${typed(type)})`, values: [value] };
  }
}

/** As text a decimal would be compared as a double, and a moment perhaps as text. */
function typed(type: StorageType): string {
  if (type === "numeric") return "CAST(? AS DECIMAL(65,0))";
  return type === "timestamp" ? "CAST(? AS DATETIME(6))" : "?";
}

function quote(name: string): string {
  return `[${name}]`;
}
