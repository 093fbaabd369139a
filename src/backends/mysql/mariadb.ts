/**
 * The part of the `mariadb` connector that this backend uses, so that neither its types nor its presence is needed
 * to compile. Answers have these shapes because of the options in `connect.ts` (`metaAsArray`, `rowsAsArray`).
 */
export interface MariadbModule {
  readonly version: string;
  createConnection(options: MariadbOptions): Promise<MariadbConnection>;
}

export type MariadbOptions = Readonly<Record<string, unknown>>;

export interface MariadbConnection {
  readonly info: MariadbInfo;
  /** The server's id of this session. */
  readonly threadId: number | null;
  /** Text protocol. */
  query(sql: string): Promise<MariadbAnswer>;
  /** Prepares, executes and closes; on MariaDB in one round trip. */
  execute(sql: string, values: readonly unknown[]): Promise<MariadbAnswer>;
  prepare(sql: string): Promise<MariadbStatement>;
  queryStream(sql: string): MariadbStream;
  ping(): Promise<unknown>;
  /** COM_RESET_CONNECTION. */
  reset(): Promise<unknown>;
  end(): Promise<unknown>;
  isValid(): boolean;
  on(event: "error" | "end", listener: () => void): unknown;
}

export interface MariadbInfo {
  /** The server's status flags, from its last answer. An error answer has none, and the driver makes some up. */
  readonly status: number;
  /** The default database, where the server tells it. */
  readonly database?: string | undefined;
  readonly serverVersion: {
    /** `10.11.19-MariaDB-0+deb12u1`, `8.4.3` */
    readonly raw: string;
    readonly mariaDb: boolean;
    readonly major: number;
    readonly minor: number;
    readonly patch: number;
  };
}

/** A prepared statement on the server. */
export interface MariadbStatement {
  execute(values: readonly unknown[]): Promise<MariadbAnswer>;
  executeStream(values: readonly unknown[]): MariadbStream;
  close(): void;
}

/** Rows and columns, or for a statement without rows its counts; lists of these for several results. */
export type MariadbAnswer = readonly [data: MariadbOk | unknown[], meta: readonly MariadbMeta[]];

export type MariadbMeta = MariadbColumn | readonly MariadbColumn[] | null | undefined;

export interface MariadbOk {
  readonly affectedRows: number;
}

export interface MariadbColumn {
  name(): string;
  /** See `columnTypes` in `types.ts`. */
  readonly columnType: number;
  /** 63 marks binary data. */
  readonly collation: { readonly index: number };
  isSet(): boolean;
  /** Whether MariaDB, which keeps JSON as text, says that this text is JSON. */
  isDataTypeFormatJson(): boolean;
}

/** A stream of rows. `error` may come twice; after it, or after `end`, nothing comes any more. */
export interface MariadbStream {
  on(event: "fields", listener: (columns: readonly MariadbColumn[]) => void): unknown;
  on(event: "readable" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** The next row; null when none has arrived. */
  read(): unknown;
  /** Reads on and drops what comes. */
  close(): void;
}

/** Flags of `MariadbInfo.status`. */
export const statusFlag = {
  inTransaction: 1,
  noBackslashEscapes: 1 << 9,
  /** Told by MariaDB only. */
  ansiQuotes: 1 << 15,
} as const;
