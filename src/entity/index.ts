export type { FieldDifference } from "./differences.ts";
export type { EntityDescription } from "./store/entity-reader.ts";
export { EntityStore } from "./store/entity-store.ts";
export type { EntityIndex } from "./store/indexes.ts";
export type * from "./store/options.ts";
export type { HistoryOperation } from "./store/write.ts";
export type { Serializer } from "./values/serializers.ts";
