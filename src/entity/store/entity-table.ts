import { crc32 } from "node:zlib";
import type { Dialect, SqlValue } from "../../backend/index.ts";
import { type Codec, equalValues } from "../codec/codec.ts";
import { type FieldType, formatFieldType } from "../kinds/index.ts";
import { type TableNames, tableNames } from "../names/names.ts";
import type { EntitySchema } from "../schema-plan.ts";
import { EntityStatements } from "./entity-statements.ts";

export type EntityRecord = Record<string, unknown>;
export type TextRecord = Record<string, string | null>;

/** One column, with the way between its stored form and its value. */
export interface EntityColumn {
  readonly name: string;
  readonly type: FieldType;
  encode(value: unknown): SqlValue;
  decode(raw: unknown): unknown;
  toText(raw: unknown): string | null;
  /** What a value reads back as once it is stored here, but for what is inside an object: enough to compare it. */
  normalise(value: unknown): unknown;
  /** What an encoded value reads back as. Shares nothing with the value that was encoded. */
  readBack(encoded: unknown): unknown;
  /** Whether two values are the same data. */
  equals(a: unknown, b: unknown): boolean;
}

const text: FieldType = { kind: "text", storage: "text" };
const date: FieldType = { kind: "date", storage: "timestamp" };
const integer: FieldType = { kind: "integer", storage: "integer" };
const json: FieldType = { kind: "json", storage: "json" };

/** Columns of every entity's table that the store fills in, behind the record's own fields. */
export const systemColumnTypes: ReadonlyMap<string, FieldType> = new Map([
  ["created_at", date],
  ["created_by", text],
  ["updated_at", date],
  ["updated_by", text],
  ["deleted_at", date],
  ["version", integer],
]);

/** Further columns of the history table. */
export const historyColumnTypes: ReadonlyMap<string, FieldType> = new Map([
  ["history_timestamp", date],
  ["history_user_id", text],
  ["history_comment", text],
  ["history_operation", text],
  ["history_write_id", text],
  ["history_fields", json],
]);

/** The part of `historyColumnTypes` that a caller sees; the others serve the store itself. */
const shownHistoryColumns = 4;

/**
 * An entity's tables as they were when they were last looked at: immutable, and made anew when the schema changes.
 * `revision` tells whether that has happened.
 */
export class EntityTable {
  readonly entity: string;
  readonly names: TableNames;
  readonly schema: EntitySchema;
  /** Counts the changes of the schema; stored with it, so that a change by another process is noticed. */
  readonly revision: number;
  /** The record's own fields. */
  readonly fields: ReadonlyMap<string, EntityColumn>;
  /** `id`, the fields, the system columns: the order in which rows are read. */
  readonly columns: readonly EntityColumn[];
  /** `columns`, and what a caller sees of a version beyond them. */
  readonly versionColumns: readonly EntityColumn[];
  readonly statements: EntityStatements;

  constructor(entity: string, schema: EntitySchema, revision: number, codec: Codec, dialect: Dialect) {
    const column = (name: string, type: FieldType) => makeColumn(name, type, codec);
    const fields = Array.from(schema.fields, ([name, type]) => column(name, type));
    const system = Array.from(systemColumnTypes, ([name, type]) => column(name, type));
    const history = Array.from(historyColumnTypes, ([name, type]) => column(name, type));
    this.entity = entity;
    this.names = tableNames(entity);
    this.schema = schema;
    this.revision = revision;
    this.fields = new Map(fields.map((field) => [field.name, field]));
    this.columns = [column("id", text), ...fields, ...system];
    this.versionColumns = [...this.columns, ...history.slice(0, shownHistoryColumns)];
    this.statements = new EntityStatements({
      names: this.names,
      columns: this.columns.map(({ name }) => name),
      systemColumns: [...systemColumnTypes.keys()],
      historyColumns: [...historyColumnTypes.keys()],
      historyParameters: Array.from(
        historyColumnTypes.values(),
        ({ storage }) => dialect.typedParameter?.(storage) ?? "?",
      ),
      shown: shownHistoryColumns,
      schemaTag: schemaTag(schema),
    });
  }

  /** Makes a record of a row in the order of `columns`. What follows in the row is left out. */
  decodeRow(row: readonly unknown[], columns: readonly EntityColumn[] = this.columns): EntityRecord {
    const record: EntityRecord = {};
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (column !== undefined) record[column.name] = column.decode(row[i]);
    }
    return record;
  }

  /** As `decodeRow`, with each value in its canonical text, or null. */
  textRow(row: readonly unknown[], columns: readonly EntityColumn[] = this.columns): TextRecord {
    const record: TextRecord = {};
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (column !== undefined) record[column.name] = column.toText(row[i]);
    }
    return record;
  }

  /** Whether a row that was read with its schema's revision shows that this object is out of date. */
  isStale(row: readonly unknown[]): boolean {
    return Number(row.at(-1)) !== this.revision;
  }
}

function schemaTag({ fields }: EntitySchema): string {
  const types = Array.from(fields, ([name, type]) => `${name} ${formatFieldType(type)}`);
  return `schema ${crc32(types.sort().join()).toString(36)}`;
}

function makeColumn(name: string, type: FieldType, codec: Codec): EntityColumn {
  const encode = codec.encoderFor(type, name);
  const decode = codec.decoderFor(type, name);
  return {
    name,
    type,
    encode,
    decode,
    toText: codec.textFormFor(type, name),
    normalise: (value) => {
      if (value === null) return null;
      return typeof value === "object" && type.kind !== "text" ? value : decode(encode(value));
    },
    readBack: (encoded) => {
      if (encoded instanceof Date) return new Date(encoded);
      return encoded instanceof Uint8Array ? new Uint8Array(encoded) : decode(encoded);
    },
    equals: (a, b) => equalValues(a, b, codec.serializers),
  };
}
