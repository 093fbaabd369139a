import { expect } from "vitest";
import { HistoryFolder } from "./history.ts";

/** Fails when anything is broken; all of it is then kept in a file, whose path is printed. */
export function expectNothingBroken(what: string, broken: readonly string[]): void {
  if (broken.length > 0) {
    const folder = new HistoryFolder();
    folder.note("broken.txt", broken.join("\n"));
    console.error(`${what}: what is broken is kept in ${folder.path}`);
  }
  expect(broken.slice(0, 20)).toEqual([]);
}
