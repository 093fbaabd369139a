import type { Ending, HistoryLine } from "./history.ts";
import type { Query } from "./targets.ts";

/** T: milliseconds by which a call may be answered after its deadline. */
export const marginMs = 250;

/** What is wrong, in words: none, when the invariants hold. */
export interface Findings {
  readonly broken: readonly string[];
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of the unknown ones: how many were found to have happened. */
  readonly happened: number;
  readonly stored: number;
  /** Errors by name and outcome. */
  readonly errors: Readonly<Record<string, number>>;
  /** The longest time that a call was answered after its deadline; negative when none was late. */
  readonly latestMs: number;
}

interface Version {
  readonly id: string;
  readonly version: number;
  readonly mark: string;
}

/** Holds a history against the database: invariants A, V, T and E. `query` is a connection of the checker's own. */
export async function checkHistory(ends: readonly Ending[], query: Query): Promise<Findings> {
  const broken: string[] = [];
  const history = (await query("SELECT id, version, mark FROM ledger_history ORDER BY id, version")).map(
    toVersion,
  );
  const main = (await query("SELECT id, version, mark FROM ledger")).map(toVersion);
  checkVersions(history, main, broken);

  const byMark = new Map<string, Version[]>();
  for (const row of history) {
    const rows = byMark.get(row.mark);
    if (rows === undefined) byMark.set(row.mark, [row]);
    else rows.push(row);
  }
  const counts = { ok: 0, failed: 0, unknown: 0, happened: 0 };
  const errors: Record<string, number> = {};
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const { line, end } of ends) {
    const stored = byMark.get(line.writeId) ?? [];
    byMark.delete(line.writeId);
    checkEffect(line, end, stored, broken);
    if (end?.phase === "ok") counts.ok += 1;
    else if (end?.phase === "fail") counts.failed += 1;
    else {
      counts.unknown += 1;
      if (stored.length > 0) counts.happened += 1;
    }
    if (end === undefined) continue;
    latestMs = Math.max(latestMs, checkTime(end, broken));
    checkError(end, broken);
    if (end.err !== undefined) {
      const kind = `${end.err.name}/${end.err.outcome}`;
      errors[kind] = (errors[kind] ?? 0) + 1;
    }
  }
  for (const mark of byMark.keys())
    if (mark.startsWith("w-")) broken.push(`A: ${mark} is stored, but was never sent`);
  return { broken, ...counts, stored: history.length, errors, latestMs };
}

/** V: versions 1 to n without a gap, and the record is its last version. */
function checkVersions(history: readonly Version[], main: readonly Version[], broken: string[]): void {
  const last = new Map<string, Version>();
  for (const row of history) {
    const before = last.get(row.id)?.version ?? 0;
    if (row.version !== before + 1) broken.push(`V: ${row.id} goes from version ${before} to ${row.version}`);
    last.set(row.id, row);
  }
  for (const row of main) {
    const newest = last.get(row.id);
    if (newest?.version !== row.version || newest.mark !== row.mark) {
      broken.push(
        `V: ${row.id} is ${row.version}/${row.mark}, its history ends ${newest?.version}/${newest?.mark}`,
      );
    }
    last.delete(row.id);
  }
  for (const id of last.keys()) broken.push(`V: ${id} has a history and no record`);
}

/** A: acknowledged is stored once, failed is not stored, unknown is either; a pair is stored whole or not. */
function checkEffect(
  line: HistoryLine,
  end: HistoryLine | undefined,
  stored: readonly Version[],
  broken: string[],
): void {
  if (line.op === "read") return;
  const whole = line.op === "pair" ? 2 : 1;
  const allowed = end?.phase === "ok" ? [whole] : end?.phase === "fail" ? [0] : [0, whole];
  const what = `${line.op} ${line.key} (${end?.phase ?? "no answer"}, ${end?.err?.code ?? ""} ${end?.err?.message ?? ""})`;
  if (!allowed.includes(stored.length)) {
    broken.push(`A: ${what} is stored ${stored.length} times, expected ${allowed.join(" or ")}`);
  }
  if (end?.version !== undefined && stored[0] !== undefined && stored[0].version !== end.version) {
    broken.push(`A: ${what} was told version ${end.version}, and is version ${stored[0].version}`);
  }
}

/** T: settled within its deadline and the margin, but for the time in which the whole process stood still. */
function checkTime(end: HistoryLine, broken: string[]): number {
  // Each call in a transaction has the limit for itself: one may wait for a connection, and another for its answer.
  const limitMs = end.op === "pair" ? 2 * end.limitMs : end.limitMs;
  const late = (end.ms ?? 0) - (end.stalledMs ?? 0) - limitMs;
  if (late > marginMs) {
    broken.push(
      `T: ${end.op} ${end.key} took ${end.ms?.toFixed(0)} ms of ${end.limitMs} (${end.phase} ${end.err?.code ?? ""} ${end.err?.message ?? ""})`,
    );
  }
  return late;
}

/** E: one of the library's errors, which shows no secret. */
function checkError(end: HistoryLine, broken: string[]): void {
  if (end.err === undefined) return;
  const { typed, leaks, name, message } = end.err;
  if (!typed) broken.push(`E: ${end.op} ${end.key} threw ${name}: ${message}`);
  if (leaks) broken.push(`E: ${end.op} ${end.key} shows a secret in ${name}`);
}

function toVersion(row: readonly unknown[]): Version {
  return { id: String(row[0]), version: Number(row[1]), mark: String(row[2]) };
}
