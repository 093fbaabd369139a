import { isDigit, isNameStart, isSpace, isWordPart } from "./characters.ts";
import { quoteIdentifier } from "./identifier.ts";
import type { Keyword } from "./keywords.ts";
import { inStatement, mixedKinds, type ParameterStyle } from "./parameter-errors.ts";
import type { SqlSyntax } from "./syntax.ts";

const ampersand = 38;
const closingParenthesis = 41;

/**
 * Writes the dialect's text beside the lexer's way through the portable one. It is handed the tokens that it
 * replaces, and those that tell whether a value stands alone inside `IN (...)`.
 */
export class Rewriter {
  style: ParameterStyle = "none";
  parameterCount = 0;
  readonly names: string[] = [];
  readonly lists: number[] = [];

  readonly #source: string;
  readonly #syntax: SqlSyntax;
  readonly #lengths: ReadonlyMap<number, number> | undefined;
  readonly #numbered: boolean;
  /** The dialect's text for the source up to `#copied`. */
  #output = "";
  #copied = 0;
  /** Placeholders written so far: more than there are slots where lists are expanded. */
  #written = 0;
  /** The number that a name's placeholder has, where numbers can be used again. */
  #numbers: Map<string, number> | undefined;
  /** What the last tokens are, and where the `IN` or `NOT IN` among them starts. */
  #before: "" | "NOT" | "IN" | "IN (" = "";
  #inStart = 0;
  #negated = false;

  /** `lengths` says for a slot how many values its list has; a slot without a length is written as one value. */
  constructor(source: string, syntax: SqlSyntax, lengths?: ReadonlyMap<number, number>) {
    this.#source = source;
    this.#syntax = syntax;
    this.#lengths = lengths;
    this.#numbered = syntax.placeholder === "$n";
  }

  /** The whole text; the source itself when there was nothing to replace. */
  finish(): string {
    return this.#copied === 0 ? this.#source : this.#output + this.#source.slice(this.#copied);
  }

  word(keyword: Keyword, start: number): void {
    if (keyword === "IN") {
      this.#negated = this.#before === "NOT";
      if (!this.#negated) this.#inStart = start;
      this.#before = "IN";
    } else if (keyword === "NOT") {
      this.#inStart = start;
      this.#before = "NOT";
    } else this.#before = "";
  }

  open(): void {
    this.#before = this.#before === "IN" ? "IN (" : "";
  }

  /** Any other token of code: what follows it does not stand first inside `IN (...)`. */
  other(): void {
    this.#before = "";
  }

  name(start: number, end: number): void {
    const quoted = quoteIdentifier(this.#source.slice(start + 1, end - 1), this.#syntax);
    // PostgreSQL would read `u&"name"` as a name with escapes.
    const touchesAmpersand = this.#source.charCodeAt(start - 1) === ampersand;
    this.#replace(start, end, touchesAmpersand ? ` ${quoted}` : quoted);
    this.other();
  }

  literalMark(start: number, end: number): void {
    this.#replace(start, end, "?");
    this.other();
  }

  value(start: number, end: number): void {
    this.#use("positional");
    if (isDigit(this.#source.charCodeAt(end))) {
      throw inStatement(
        "expected ? to stand alone, got a digit behind it; for a value used twice write :name",
        this.#source,
      );
    }
    this.#slot(start, end, undefined);
  }

  namedValue(start: number, end: number): void {
    this.#use("named");
    this.#slot(start, end, this.#source.slice(start + 1, end));
  }

  nativeValue(start: number, end: number): void {
    this.#use("native");
    if (!this.#numbered) {
      this.#slot(start, end, undefined);
      return;
    }
    const number = Number(this.#source.slice(start + 1, end));
    if (number === 0) throw inStatement("expected placeholders numbered from $1, got $0", this.#source);
    this.parameterCount = Math.max(this.parameterCount, number);
    this.other();
  }

  #use(style: ParameterStyle): void {
    if (this.style === "none") this.style = style;
    else if (this.style !== style) throw mixedKinds(this.style, style, this.#source);
  }

  #slot(start: number, end: number, name: string | undefined): void {
    const listEnd = this.#before === "IN (" ? this.#closingBehind(end) : -1;
    this.other();
    const known = name !== undefined && listEnd === -1 ? this.#numbers?.get(name) : undefined;
    if (known !== undefined) {
      this.#placeholder(start, end, `$${known}`);
      return;
    }
    const slot = this.parameterCount++;
    if (name !== undefined) this.names.push(name);
    if (listEnd !== -1) {
      this.lists.push(slot);
      this.#list(start, end, listEnd, this.#lengths?.get(slot) ?? 1);
      return;
    }
    this.#placeholder(start, end, this.#next());
    if (name !== undefined && this.#numbered) {
      this.#numbers ??= new Map();
      this.#numbers.set(name, this.#written);
    }
  }

  #list(start: number, end: number, listEnd: number, length: number): void {
    if (length === 0) {
      this.#emptyList(start, end, listEnd);
      return;
    }
    let placeholders = this.#next();
    for (let index = 1; index < length; index++) placeholders += `, ${this.#next()}`;
    this.#placeholder(start, end, placeholders);
  }

  #next(): string {
    this.#written++;
    return this.#numbered ? `$${this.#written}` : "?";
  }

  /** Writes placeholders, apart from words that they would grow together with: `LIMIT?` is not `LIMIT$1`. */
  #placeholder(start: number, end: number, text: string): void {
    const source = this.#source;
    if (this.#numbered && isWordPart(source.charCodeAt(start - 1))) text = ` ${text}`;
    if (isNameStart(source.charCodeAt(end))) text += " ";
    if (text !== "?" || end - start !== 1) this.#replace(start, end, text);
  }

  #emptyList(start: number, end: number, listEnd: number): void {
    if (this.#syntax.emptyList === "subquery") this.#replace(start, end, "SELECT NULL WHERE 1=0");
    else this.#replace(this.#inStart, listEnd, this.#negated ? "<> ALL('{}')" : "= ANY('{}')");
  }

  /** The index behind the parenthesis that closes with nothing but white space before it, or -1. */
  #closingBehind(from: number): number {
    let at = from;
    while (isSpace(this.#source.charCodeAt(at))) at++;
    return this.#source.charCodeAt(at) === closingParenthesis ? at + 1 : -1;
  }

  #replace(start: number, end: number, text: string): void {
    this.#output += this.#source.slice(this.#copied, start) + text;
    this.#copied = end;
  }
}
