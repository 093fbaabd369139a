import { Serializers } from "../values/serializers.ts";
import { decodeRich, encodeRich } from "./index.ts";

/** A class that rich JSON does not know by itself. */
export class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

/** No class is registered. */
export const none = new Serializers();
/** `Money` is registered. */
export const withMoney = new Serializers();
withMoney.register(
  "Money",
  (value: Money) => String(value.cents),
  (text) => new Money(Number(text)),
);

export const encode = (value: unknown, serializers = none) => encodeRich(value, "data", serializers);
export const decode = (stored: unknown, serializers = none) => decodeRich(stored, "data", serializers);
export const roundTrip = (value: unknown, serializers = none) =>
  decode(encode(value, serializers), serializers);
