import {
  AbortedError,
  CheckViolationError,
  ConnectionError,
  ConnectTimeoutError,
  DatabaseError,
  DeadlockError,
  type ErrorFacts,
  ForeignKeyViolationError,
  LockTimeoutError,
  NotNullViolationError,
  type Outcome,
  QueryTimeoutError,
  ReadOnlyError,
  SchemaConflictError,
  SerializationError,
  SqlParameterError,
  SqlSyntaxError,
  StorageError,
  TransactionStateError,
  UniqueViolationError,
} from "../../errors/index.ts";
import { readOnlyWords } from "./error-codes.ts";

export interface Rule {
  readonly make: (message: string, facts: ErrorFacts) => DatabaseError;
  readonly outcome: Outcome;
  /** What to do, where the server's words do not say it. */
  readonly advice?: string;
  /** Whether what is quoted in the server's words are names only, so that they may be shown. */
  readonly shown?: boolean;
}

type Class = new (message: string, facts: ErrorFacts) => DatabaseError;

function rule(Class: Class, outcome: Outcome, more: Pick<Rule, "advice" | "shown"> = {}): Rule {
  return { make: (message, facts) => new Class(message, facts), outcome, ...more };
}

const names = { shown: true };
const refused: Rule = {
  make: (message, facts) => new ConnectionError(message, facts, "STRATA_CONNECTION_REFUSED"),
  outcome: "not_sent",
  shown: true,
};
const unreachable = rule(ConnectionError, "not_sent", names);
const lost = rule(ConnectionError, "unknown", names);
const syntax = rule(SqlSyntaxError, "rejected", names);
const storage = rule(StorageError, "rejected", {
  ...names,
  advice: "make room on the server's disk, or repair the table",
});
const unique = rule(UniqueViolationError, "rejected");
const foreignKey = rule(ForeignKeyViolationError, "rejected", names);
const notNull = rule(NotNullViolationError, "rejected", names);
const check = rule(CheckViolationError, "rejected", names);
const busy = rule(LockTimeoutError, "rejected", {
  ...names,
  advice: "keep transactions short, or try again",
});
const readOnlyTransaction = rule(ReadOnlyError, "rejected", {
  ...names,
  advice: "begin a transaction that may write",
});
const readOnlyServer: Rule = {
  make: (message, facts) => new ReadOnlyError(message, facts, "STRATA_READ_ONLY_SERVER"),
  outcome: "rejected",
  shown: true,
  advice: "connect to the primary",
};
const parameter = rule(SqlParameterError, "rejected", names);
const state = rule(TransactionStateError, "rejected", names);
const limit = rule(SchemaConflictError, "rejected", names);
const timeout = rule(QueryTimeoutError, "rejected", names);
const denied = rule(DatabaseError, "rejected", names);
const packet = rule(SqlParameterError, "rejected", {
  ...names,
  advice: "split the statement, or raise max_allowed_packet",
});

const groups: readonly (readonly [rule: Rule, ...errnos: number[]])[] = [
  // No login: too many connections, host blocked, wrong user or password, account locked or expired, no TLS.
  [{ ...unreachable, advice: "the server has no connection to spare: use a smaller pool" }, 1040, 1203, 1226],
  [{ ...unreachable, advice: "run FLUSH HOSTS on the server" }, 1129],
  [unreachable, 1042, 1043],
  [refused, 1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 1873, 3118, 3159, 3955, 4151],
  // The whole transaction is gone.
  [rule(DeadlockError, "rolled_back", names), 1213, 1614],
  [rule(SerializationError, "rolled_back", names), 1020],
  // The statement is undone, the transaction is still open.
  [busy, 1205, 3572],
  [rule(AbortedError, "rejected", { ...names, advice: "somebody ended the statement with KILL" }), 1317],
  [timeout, 1969, 3024],
  [readOnlyTransaction, 1792],
  [readOnlyServer, 1836],
  // The connection is gone: nobody knows how far the statement came.
  [lost, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2045, 2055, 4031],
  [packet, 1153, 1162, 1301],
  [{ ...unreachable, outcome: "rejected", advice: "the cluster's node is not ready; use another one" }, 1047],
  // Rules of a table.
  [unique, 1022, 1062, 1169, 1586, 1761, 1762, 1859],
  [foreignKey, 1216, 1217, 1451, 1452, 1557],
  [notNull, 1048, 1138, 1263, 1364],
  [check, 1369, 3819, 4025],
  // Statements.
  [
    syntax,
    1046,
    1049,
    1050,
    1051,
    1052,
    1054,
    1055,
    1056,
    1058,
    1059,
    1060,
    1061,
    1063,
    1064,
    1065,
    1066,
    1067,
  ],
  [
    syntax,
    1068,
    1070,
    1072,
    1075,
    1083,
    1091,
    1101,
    1102,
    1103,
    1109,
    1110,
    1111,
    1113,
    1115,
    1120,
    1128,
    1136,
  ],
  [
    syntax,
    1140,
    1146,
    1147,
    1149,
    1176,
    1193,
    1221,
    1222,
    1231,
    1232,
    1235,
    1239,
    1241,
    1247,
    1248,
    1250,
    1253,
  ],
  [
    syntax,
    1273,
    1293,
    1294,
    1295,
    1304,
    1305,
    1318,
    1327,
    1360,
    1363,
    1415,
    1442,
    1463,
    1582,
    1583,
    1584,
    1630,
  ],
  [syntax, 3105, 3593, 3594, 4078, 4161],
  [parameter, 1210, 1390, 1414],
  [state, 1179, 1192, 1400, 1568, 1622, 1665, 1099, 1100, 1223],
  [limit, 1069, 1071, 1073, 1117, 1118, 1121, 1170, 3152, 3730],
  [denied, 1264, 1265, 1406, 1044, 1142, 1143, 1227, 1370, 1419, 1290, 1242, 1615, 1690],
  [
    {
      ...denied,
      advice: "all connections together have prepared too many statements: lower `statementCacheSize`",
    },
    1461,
  ],
  [
    storage,
    3,
    5,
    9,
    28,
    1005,
    1014,
    1016,
    1021,
    1026,
    1030,
    1034,
    1035,
    1114,
    1194,
    1195,
    1296,
    1712,
    1812,
    1874,
  ],
  // The driver's own.
  [rule(ConnectTimeoutError, "not_sent", names), 45012],
  [unreachable, 45001, 45013],
  [lost, 45004, 45009, 45011, 45014, 45015, 45019, 45020, 45021, 45026, 45032, 45042, 45065],
  [refused, 45023, 45024, 45025, 45044, 45047, 45056, 45057, 45059, 45062, 45063, 45064],
  [rule(SqlParameterError, "not_sent", names), 45016, 45017, 45018, 45043],
  [packet, 45046],
];

/**
 * What each error number means. Numbers, because SQLSTATE is too coarse here: 08S01 is a lost connection as well as a
 * statement that is too long. From the manuals' lists of errors, and from what was measured of outcomes.
 */
export const rulesByNumber: ReadonlyMap<number, Rule> = new Map(
  groups.flatMap(([shared, ...errnos]) => errnos.map((errno) => [errno, shared] as const)),
);

/** Every number as often as it is listed. */
export const listedNumbers: readonly number[] = groups.flatMap(([, ...errnos]) => errnos);

/** What Node's codes mean, where there is no number: of sockets, of the name service and of TLS. */
export const rulesByCode: readonly (readonly [pattern: RegExp, rule: Rule])[] = [
  [/^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|ENOENT|EACCES|EADDRNOTAVAIL)$/, unreachable],
  [/^(?:ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_|EPROTO)/, refused],
  // A network may also fall away while an answer is awaited. That of a connect is `not_sent` in any case.
  [
    /^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|ERR_STREAM_\w+|ERR_SOCKET_\w+)$/,
    lost,
  ],
];

/** Where only the words tell: 1290 is any option with which the server was started. */
export const rulesByWords: readonly (readonly [pattern: RegExp, rule: Rule])[] = [
  [readOnlyWords, readOnlyServer],
  [/^SAVEPOINT \S+ does not exist/i, state],
];

/** What refuses a login, and is something else afterwards: no right to the database, no such database. */
export const loginNumbers: ReadonlySet<number> = new Set([1044, 1049]);

export const loginRefused = refused;
export const nothingKnown = rule(DatabaseError, "unknown");
export const unlisted = rule(DatabaseError, "rejected");
export const connectionLost = lost;
