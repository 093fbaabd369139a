import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, vi } from "vitest";
import { marginMs } from "../harness/checker.ts";
import { type ClockReport, workUnderJumps } from "../harness/clock-jumps.ts";
import { measure } from "../harness/measure.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase } from "../harness/targets.ts";

const program = new URL("../harness/clock-program.ts", import.meta.url).pathname;
const faketime = findFaketime();
if (faketime === undefined)
  console.warn("row 30 in a process of its own is left out: libfaketime is missing");

/** The library that moves the wall clock of a process: Debian's package libfaketime, or FAULTS_LIBFAKETIME. */
function findFaketime(): string | undefined {
  const folders = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").map((name) => `/usr/lib/${name}/faketime`)
    : [];
  const files = [...folders, "/usr/lib/faketime", "/usr/local/lib/faketime"].map((folder) =>
    join(folder, "libfaketimeMT.so.1"),
  );
  return [process.env.FAULTS_LIBFAKETIME ?? "", ...files].find((file) => file !== "" && existsSync(file));
}

describe.each(serverBackends)("row 30: the wall clock jumps, on %s", (backend) => {
  const reason = missing(backend);
  let database: FaultDatabase | undefined;
  let folder: string | undefined;

  afterEach(async () => {
    vi.useRealTimers();
    await database?.drop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });

  function judge(how: string, report: ClockReport): void {
    measure("30", backend, {
      how,
      "timeouts of 400 ms": report.timings.map((ms) => ms.toFixed(0)).join(" "),
      recycled: report.recycled,
      ...report.failures,
      "open for ms": report.openMs,
      afterwards: report.again,
    });
    // An hour and a day, each there and back.
    expect(report.jumpedMs).toBeGreaterThan(49 * 3_600_000);
    for (const ms of report.timings) {
      expect(ms).toBeGreaterThan(390);
      expect(ms).toBeLessThan(400 + marginMs);
    }
    // Each call that ran out of time may have cost its connection; the clock costs none.
    expect(report.recycled).toBeLessThanOrEqual(report.timings.length);
    expect(report.openMs).toBeGreaterThan(400);
    expect(report.openMs).toBeLessThan(1_000);
    expect(report.again).toBe("ok");
    expect(report.versions).toEqual([1, 2, 3, 4]);
  }

  it.skipIf(reason !== undefined)("as JavaScript sees it", async () => {
    database = await sharedDatabase(backend);
    vi.useFakeTimers({ toFake: ["Date"] });
    judge("Date", await workUnderJumps(backend, database.url, (ms) => vi.setSystemTime(Date.now() + ms)));
  });

  it.skipIf(reason !== undefined || faketime === undefined)("for the whole process", async () => {
    database = await sharedDatabase(backend);
    folder = mkdtempSync(join(tmpdir(), "strata-faults-clock-"));
    const file = join(folder, "time");
    writeFileSync(file, "+0");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, JSON.stringify({ backend, url: database.url, file })],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: "",
          LD_PRELOAD: faketime,
          FAKETIME_TIMESTAMP_FILE: file,
          FAKETIME_NO_CACHE: "1",
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
        },
      },
    );
    const report: ClockReport = JSON.parse(stdout);
    judge("libfaketime", report);
  });
});
