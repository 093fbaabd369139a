/** The words that `StatementShape` and `translate` act on. */
export type Keyword =
  | "IN"
  | "NOT"
  | "AS"
  | "FOR"
  | "KEY"
  | "SHARE"
  | "INTO"
  | "INSERT"
  | "UPDATE"
  | "DELETE"
  | "MERGE"
  | "SELECT"
  | "VALUES"
  | "TABLE"
  | "CALL"
  | "CREATE"
  | "DECLARE"
  | "EXECUTE"
  | "REFRESH"
  | "REPLACE"
  | "TRIGGER"
  | "PROCEDURE"
  | "FUNCTION"
  | "EVENT"
  | "BEGIN"
  | "END"
  | "CASE"
  | "IF"
  | "LOOP"
  | "REPEAT"
  | "WHILE"
  | "";

const keywords = new Map<string, Keyword>();
const longest = 9;
// Most words of a statement are none of these. The length and the first letter tell so without cutting the word out.
const mayBeKeyword = new Uint8Array((longest + 1) * 32);

for (const word of [
  ...(["IN", "NOT", "AS", "FOR", "KEY", "SHARE", "INTO", "INSERT", "UPDATE", "DELETE", "MERGE"] as const),
  ...(["SELECT", "VALUES", "TABLE", "CALL", "CREATE", "DECLARE", "EXECUTE", "REFRESH", "REPLACE"] as const),
  ...(["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "BEGIN", "END", "CASE"] as const),
  ...(["IF", "LOOP", "REPEAT", "WHILE"] as const),
]) {
  keywords.set(word, word);
  mayBeKeyword[word.length * 32 + (word.charCodeAt(0) & 31)] = 1;
}

/** The keyword at `text.slice(start, end)` in upper case, or "" when it is none of those above. */
export function keywordAt(text: string, start: number, end: number): Keyword {
  const length = end - start;
  if (length > longest || mayBeKeyword[length * 32 + (text.charCodeAt(start) & 31)] !== 1) return "";
  const word = text.slice(start, end);
  return keywords.get(word) ?? keywords.get(word.toUpperCase()) ?? "";
}
