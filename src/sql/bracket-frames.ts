/**
 * Which brackets and parentheses are open, as far as it decides what a further `[` means: directly inside an array
 * it begins a row, and inside a parenthesis or a subscript it does not.
 */
export class BracketFrames {
  // Parentheses outside all brackets decide nothing, so most statements never push anything.
  readonly #open: ("parenthesis" | "subscript" | "array")[] = [];

  /** Whether the innermost open bracket or parenthesis is an array's. */
  get inArray(): boolean {
    return this.#open.at(-1) === "array";
  }

  openBracket(isArray: boolean): void {
    this.#open.push(isArray ? "array" : "subscript");
  }

  closeBracket(): void {
    if (this.#open.length !== 0 && this.#open.at(-1) !== "parenthesis") this.#open.pop();
  }

  open(): void {
    if (this.#open.length !== 0) this.#open.push("parenthesis");
  }

  close(): void {
    if (this.#open.length !== 0 && this.#open.at(-1) === "parenthesis") this.#open.pop();
  }
}
