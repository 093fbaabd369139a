export { decodeRich } from "./rich-decode.ts";
export { encodeRich } from "./rich-encode.ts";
export { defaultRichLimits, type RichLimits } from "./rich-format.ts";
