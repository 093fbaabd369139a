import { describe, it } from "vitest";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import type { Face } from "../../src/face/index.ts";
import { vouchSchema } from "../../src/face/vouch.ts";
import { conformanceGroups } from "../../src/testing/conformance/index.ts";
import { runCase } from "../../src/testing/conformance/run.ts";
import { describeOnServer } from "../server-backends/database.ts";
import { connectWithoutBlocks } from "./connect-without-blocks.ts";

// On MariaDB the store's saves are blocks, so that the way that MySQL goes would be tested nowhere.
describeOnServer("records as MySQL saves them", "mysql", (place) => {
  const groups = conformanceGroups.filter(({ name }) => name === "entities" || name === "history");
  it("has cases to run", ({ expect }) => expect(groups).toHaveLength(2));
  for (const group of groups) {
    describe(group.name, () => {
      for (const testCase of group.cases) {
        it(testCase.name, async ({ skip }) => {
          const reason = testCase.skip?.(mysqlBackend.capabilities);
          if (reason !== undefined) skip(reason);
          const opened: { close(): Promise<void> }[] = [];
          await runCase(testCase, {
            face: "async",
            capabilities: mysqlBackend.capabilities,
            open: (options) => {
              const db = connectWithoutBlocks(place.database.url, options);
              opened.push(db);
              return vouchSchema<Face>(db);
            },
            close: async () => {
              for (const db of opened) await db.close();
            },
          });
        });
      }
    });
  }
});
