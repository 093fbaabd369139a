/** Numbers of errors that the driver's code acts on. All others matter to `errors.ts` only. */
export const errorNumber = {
  duplicateKey: 1062,
  unknownStatement: 1243,
  unsupportedPrepare: 1295,
} as const;

/** The server's error number, or the driver's own above 45000; undefined for anything else, a socket's error say. */
export function errnoOf(error: unknown): number | undefined {
  const has = typeof error === "object" && error !== null && "errno" in error;
  // Node gives its system errors a negative errno.
  return has && typeof error.errno === "number" && error.errno > 0 ? error.errno : undefined;
}

const lost = new Set([
  1053, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2045, 2055, 4031,
]);

/** How 1290, which may be about any option of the server's, says that it is about writes. */
export const readOnlyWords = /running with the --?(?:super-)?read[-_]only/i;

/** Whether the server takes no writes, so that its connections are worth nothing to who wants to write. */
export function isReadOnlyServer(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 1836 || (errno === 1290 && error instanceof Error && readOnlyWords.test(error.message));
}

/** Whether the server closes the connection with this error, even if the driver has not noticed yet. */
export function endsConnection(errno: number | undefined): boolean {
  return errno !== undefined && lost.has(errno);
}
