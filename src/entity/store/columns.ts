import type { ColumnDefinition, PortableStatement } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import type { FieldType } from "../kinds/kinds.ts";

export function columnOf(name: string, type: FieldType, key = false): ColumnDefinition {
  return { name, type: type.storage, key };
}

export function runStatement(core: ConnectionCore, call: Call, statement: PortableStatement) {
  return core.execute(statement.sql, statement.params, call);
}
