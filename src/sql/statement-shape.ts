import { type Keyword, keywordAt } from "./keywords.ts";
import type { Lexer } from "./lexer.ts";
import { pureBeforeParenthesis } from "./pure-functions.ts";

const dot = 46;
const readingVerbs: ReadonlySet<string> = new Set(["SELECT", "VALUES", "TABLE", "SHOW", "EXPLAIN", "WITH"]);

/**
 * What kind of statement a text is, gathered token by token. Not a parser: it answers "does not only read" and
 * "holds several statements" whenever it is in doubt.
 */
export class StatementShape {
  /** The first word, in upper case; "" when the text begins with something else. */
  verb = "";
  /** Whether code follows a semicolon that ends a statement. */
  multiple = false;

  #begun = false;
  #ended = false;
  #writes = false;
  #depth = 0;
  #wentNegative = false;
  /** Whether a WITH has come to the statement that it belongs to. Before that, `name (...)` names columns. */
  #mainBegun = false;
  /** The last token, if it is a keyword. */
  #last: Keyword = "";
  /** Whether the last token is the name behind an AS: a parenthesis then holds names of columns. */
  #isAlias = false;
  /** Whether semicolons may stand inside BEGIN ... END, as in the body of a trigger. */
  #compound = false;
  #blocks = 0;

  get readOnly(): boolean {
    if (this.#writes || this.multiple || !readingVerbs.has(this.verb)) return false;
    return this.verb !== "WITH" || this.#mainBegun;
  }

  get balanced(): boolean {
    return this.#depth === 0 && !this.#wentNegative;
  }

  /** Takes a token of code that none of the methods below is for. */
  other(): void {
    this.#begun = true;
    this.#isAlias = this.#last === "AS";
    this.#last = "";
    if (this.#ended) this.multiple = true;
  }

  word(lexer: Lexer): Keyword {
    const { text, start, end } = lexer;
    const keyword = keywordAt(text, start, end);
    if (!this.#begun) this.verb = keyword === "" ? text.slice(start, end).toUpperCase() : keyword;
    else if (keyword !== "") this.#judge(keyword);
    this.#begun = true;
    this.#isAlias = this.#last === "AS";
    this.#last = keyword;
    if (this.#ended) this.multiple = true;
    return keyword;
  }

  open(lexer: Lexer): void {
    if (!this.#writes && this.#begun && this.#mayCall(lexer)) this.#writes = true;
    this.#depth++;
    this.#last = "";
    if (this.#ended) this.multiple = true;
  }

  close(): void {
    this.#depth--;
    if (this.#depth < 0) this.#wentNegative = true;
    this.other();
  }

  semicolon(): void {
    this.#last = "";
    if (this.#blocks === 0) this.#ended = true;
  }

  /** Takes `:=`, which sets a variable of MySQL's session. */
  assignment(): void {
    this.other();
    this.#writes = true;
  }

  /** Takes code that is not read: it may be run or not, and may hold anything. */
  opaque(text: string): void {
    this.other();
    this.#writes = true;
    if (/[()]/.test(text)) this.#wentNegative = true;
    if (text.includes(";")) this.multiple = true;
  }

  #judge(keyword: Keyword): void {
    switch (keyword) {
      case "INSERT":
      case "UPDATE":
      case "DELETE":
      case "MERGE":
      case "INTO":
        this.#writes = true;
        break;
      case "SHARE":
        // FOR SHARE, FOR KEY SHARE, LOCK IN SHARE MODE
        if (this.#last === "FOR" || this.#last === "KEY" || this.#last === "IN") this.#writes = true;
        break;
      case "SELECT":
      case "VALUES":
      case "TABLE":
        if (this.#depth === 0) this.#mainBegun = true;
        break;
      case "CALL":
      case "CREATE":
      case "DECLARE":
      case "EXECUTE":
      case "REFRESH":
      case "REPLACE":
        // EXPLAIN ANALYZE runs what it explains.
        if (this.verb === "EXPLAIN") this.#writes = true;
        break;
      default:
        this.#judgeBlock(keyword);
    }
  }

  #judgeBlock(keyword: Keyword): void {
    switch (keyword) {
      case "TRIGGER":
      case "PROCEDURE":
      case "FUNCTION":
      case "EVENT":
        if (this.verb === "CREATE") this.#compound = true;
        break;
      case "NOT":
        // MariaDB's BEGIN NOT ATOMIC ... END
        if (this.verb === "BEGIN" && this.#last === "BEGIN" && !this.#ended) {
          this.#compound = true;
          this.#blocks = 1;
        }
        break;
      case "BEGIN":
        if (this.#compound) this.#blocks++;
        break;
      case "CASE":
        if (this.#compound && this.#last !== "END") this.#blocks++;
        break;
      case "END":
        if (this.#blocks > 0) this.#blocks--;
        break;
      case "IF":
      case "LOOP":
      case "REPEAT":
      case "WHILE":
      case "FOR":
        // END IF closes an IF, which was not counted when it opened.
        if (this.#compound && this.#last === "END") this.#blocks++;
        break;
    }
  }

  /** Whether the parenthesis under the lexer follows a function's name that is not known to be harmless. */
  #mayCall(lexer: Lexer): boolean {
    const { text, before, beforeStart, beforeEnd } = lexer;
    if (before !== "word" && before !== "quotedName" && before !== "name") return false;
    if (!readingVerbs.has(this.verb)) return false;
    if (this.#isAlias || (this.verb === "WITH" && this.#depth === 0 && !this.#mainBegun)) return false;
    if (before !== "word" || text.charCodeAt(beforeStart - 1) === dot) return true;
    return !pureBeforeParenthesis.has(text.slice(beforeStart, beforeEnd).toUpperCase());
  }
}
