export {
  type FieldKind,
  type FieldType,
  fieldType,
  formatFieldType,
  parseFieldType,
  sameType,
  storageOf,
} from "./field-type.ts";
export { kindOf, typeOf } from "./kind-of.ts";
export { type Widening, widen } from "./widen.ts";
