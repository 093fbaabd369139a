import { lineAt } from "./source-text.ts";

/** The files to look at: text by path, with forward slashes, from the repository's root. */
export type SourceTree = ReadonlyMap<string, string>;

/** A file and its view without comments and strings, position for position. */
export interface SourceFile {
  readonly path: string;
  readonly source: string;
  readonly view: string;
}

export interface Problem {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Answers what in a file breaks it. */
export type Rule = (file: SourceFile) => Problem[];

export function problem(file: SourceFile, position: number, message: string): Problem {
  return { path: file.path, line: lineAt(file.source, position), message };
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}
