import type { CatalogueEntry } from "../src/errors/catalogue.ts";

const head = `# Errors

<!-- Written by \`npm run docs:errors\` from src/errors/catalogue.ts: change that file, not this one. -->

Every error that the library throws has a \`code\`, which never changes its meaning, and a class to catch. All
classes but \`WouldBlockError\` extend \`DatabaseError\`, which states facts that a program can act on: \`code\`,
\`kind\`, \`outcome\`, \`retryable\`, \`backend\`, \`operation\`, \`sqlState\`, \`driverCode\`, and for constraints
\`table\` and \`columns\`. The driver's own error is the \`cause\`.

**\`outcome\`** says what is known about the effect of the failed call:

| outcome | meaning |
|---|---|
| \`not_sent\` | Nothing reached the database. |
| \`rejected\` | The database answered with an error, and the statement had no effect. |
| \`rolled_back\` | The database answered, and the whole transaction is gone. |
| \`unknown\` | Something was sent and no complete answer came: look before you do it again. |

**Retry** says what can be repeated without anything else being changed. \`retryable\` is true when that is the call
or the transaction, and the outcome is not \`unknown\`.

No message, and nothing that \`JSON.stringify\` or \`console.log\` shows of an error, holds a password or a value that
was bound to a statement. The \`cause\` is the driver's and may hold both: log it only where that is allowed.
`;

/** The page, as Markdown: one section for each class in the catalogue's order, one table row for each code. */
export function errorsPage(catalogue: Readonly<Record<string, CatalogueEntry>>): string {
  const classes = Map.groupBy(Object.entries(catalogue), ([, entry]) => entry.class);
  const sections = [...classes].map(([name, entries]) => section(name, entries));
  return [head, ...sections].join("\n");
}

function section(className: string, entries: readonly (readonly [string, CatalogueEntry])[]): string {
  const rows = entries.map(([code, { meaning, retry, remedy }]) =>
    row([`\`${code}\``, meaning, retry, remedy]),
  );
  return [
    `## ${className}\n`,
    row(["code", "meaning", "retry", "what to do"]),
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
