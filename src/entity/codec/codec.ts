import type { SqlValue } from "../../backend/values.ts";
import type { FieldType } from "../kinds/field-type.ts";
import type { Serializers } from "../values/serializers.ts";
import { type Decoder, makeDecoder } from "./decoders.ts";
import { type Encoder, makeEncoder } from "./encoders.ts";
import { makeTextForm, type TextForm } from "./text-forms.ts";

export { equalValues } from "../values/equality.ts";
export type { Decoder, Encoder, TextForm };

interface Converters {
  readonly encode: Encoder;
  readonly decode: Decoder;
  readonly toText: TextForm;
}

/**
 * The ways between a field's value, what a statement binds, what a driver answers, and text. For a table that is
 * used often, make each field's functions once with `encoderFor`, `decoderFor` and `textFormFor`: they also name
 * the field in messages.
 */
export class Codec {
  readonly serializers: Serializers;
  readonly #byType = new WeakMap<FieldType, Converters>();

  constructor(serializers: Serializers) {
    this.serializers = serializers;
  }

  encode(value: unknown, type: FieldType): SqlValue {
    return this.#convertersOf(type).encode(value);
  }

  decode(raw: unknown, type: FieldType): unknown {
    return this.#convertersOf(type).decode(raw);
  }

  /** The canonical text of what a driver answered: what a record read without `deserialize` holds. */
  toText(raw: unknown, type: FieldType): string | null {
    return this.#convertersOf(type).toText(raw);
  }

  /** What `value` reads back as once a field of `type` has stored it: 5 as 5n in a bigint field. Shares nothing with it. */
  storedForm(value: unknown, type: FieldType): unknown {
    const { encode, decode } = this.#convertersOf(type);
    const stored = encode(value);
    if (stored instanceof Date) return new Date(stored);
    return stored instanceof Uint8Array ? new Uint8Array(stored) : decode(stored);
  }

  encoderFor(type: FieldType, field = "value"): Encoder {
    return makeEncoder(type, field, this.serializers);
  }

  decoderFor(type: FieldType, field = "value"): Decoder {
    return makeDecoder(type, field, this.serializers);
  }

  textFormFor(type: FieldType, field = "value"): TextForm {
    return makeTextForm(type, field, this.serializers);
  }

  #convertersOf(type: FieldType): Converters {
    const known = this.#byType.get(type);
    if (known !== undefined) return known;
    const made: Converters = {
      encode: this.encoderFor(type),
      decode: this.decoderFor(type),
      toText: this.textFormFor(type),
    };
    this.#byType.set(type, made);
    return made;
  }
}
