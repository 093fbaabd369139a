export { WouldBlockError } from "../operation/index.ts";
export { type CatalogueEntry, catalogue, type ErrorCode } from "./catalogue.ts";
export * from "./errors.ts";
