import { parseArray } from "./arrays.ts";

/** Reads a value's text as the server writes it. */
export type TextParser = (text: string) => unknown;

/**
 * From the wire to JavaScript, by the type's object id (`SELECT oid, typname FROM pg_type`). Exactly, or as text:
 * - int2, int4, oid: number; int8: number where that is exact, else bigint; float4, float8: number;
 * - numeric: the server's text, for no number holds it; money and intervals: text;
 * - timestamptz: Date, cut to milliseconds; outside of what a Date holds (infinity): text;
 * - timestamp, date, time: text as the server writes it, for they name no moment;
 * - json, jsonb: parsed, with JSON.parse's precision; cast to text where more is needed;
 * - bytea: Uint8Array; arrays: arrays of the element's kind; everything else, uuid and enums included: text.
 */
export function parserFor(oid: number): TextParser {
  return parsers.get(oid) ?? asText;
}

const asText: TextParser = (text) => text;
const asNumber: TextParser = Number;
const asBoolean: TextParser = (text) => text === "t";
const asJson: TextParser = (text) => JSON.parse(text);

const asBigInteger: TextParser = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};

const timestamp =
  /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?( BC)?$/;

/** `2024-05-06 07:08:09.123456+05:30`. Old zones have seconds in their offset; years before 1 are marked BC. */
export function parseTimestamp(text: string): Date | string {
  const [whole, year, month, day, hour, minute, second, fraction, sign, ...offset] =
    timestamp.exec(text) ?? [];
  if (whole === undefined) return text;
  const [hours, minutes, seconds, era] = offset;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(era === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(
    Number(hour),
    Number(minute),
    Number(second),
    Number((fraction ?? "").padEnd(3, "0").slice(0, 3)),
  );
  const shift = (Number(hours) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds ?? 0);
  const time = date.getTime() - (sign === "-" ? -shift : shift) * 1000;
  return Number.isNaN(new Date(time).getTime()) ? text : new Date(time);
}

/** Both of the server's formats: `\x6869`, and the older `hi\\000` of `bytea_output = escape`. */
export function parseBytes(text: string): Uint8Array {
  if (text.startsWith("\\x")) return new Uint8Array(Buffer.from(text.slice(2), "hex"));
  const bytes = text.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === "\\" ? "\\" : String.fromCharCode(Number.parseInt(code, 8)),
  );
  return new Uint8Array(Buffer.from(bytes, "latin1"));
}

const parsers = new Map<number, TextParser>([
  [16, asBoolean],
  [17, parseBytes],
  [20, asBigInteger],
  [21, asNumber],
  [23, asNumber],
  [26, asNumber],
  [114, asJson],
  [700, asNumber],
  [701, asNumber],
  [1184, parseTimestamp],
  [3802, asJson],
]);

/** Arrays by the id of their type, with the id of their element's. All of these part elements with a comma. */
const elementOf = new Map([
  [1000, 16], // bool[]
  [1001, 17], // bytea[]
  [1016, 20], // int8[]
  [1005, 21], // int2[]
  [1007, 23], // int4[]
  [1028, 26], // oid[]
  [199, 114], // json[]
  [1021, 700], // float4[]
  [1022, 701], // float8[]
  [1185, 1184], // timestamptz[]
  [3807, 3802], // jsonb[]
  [1002, 18], // "char"[]
  [1003, 19], // name[]
  [1009, 25], // text[]
  [1014, 1042], // bpchar[]
  [1015, 1043], // varchar[]
  [1041, 869], // inet[]
  [651, 650], // cidr[]
  [1182, 1082], // date[]
  [1183, 1083], // time[]
  [1270, 1266], // timetz[]
  [1115, 1114], // timestamp[]
  [1187, 1186], // interval[]
  [1231, 1700], // numeric[]
  [791, 790], // money[]
  [2951, 2950], // uuid[]
]);

for (const [array, element] of elementOf) {
  const parseElement = parserFor(element);
  parsers.set(array, (text) => parseArray(text, parseElement));
}
