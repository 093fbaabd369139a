/**
 * The part of node-postgres that this backend uses, so that neither its types nor its presence is needed to
 * compile. Queries are sent by exchanges of our own (`exchange.ts`) through the extension point that pg-cursor and
 * pg-copy-streams use: an object with `submit`, handed to `client.query`.
 */
export interface PgModule {
  readonly Client: new (config: PgConfig) => PgClient;
}

export interface PgConfig {
  readonly host: string;
  readonly port: number;
  readonly user?: string | undefined;
  readonly database: string;
  readonly password: () => Promise<string>;
  /** False, or the options of `tls.connect`. */
  readonly ssl: false | Readonly<Record<string, unknown>>;
  readonly application_name?: string;
  /** Command-line options for the server's session: `-c search_path=app`. */
  readonly options?: string;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly types: PgTypes;
}

/** How pg's own queries, sent through `raw`, read values. */
export interface PgTypes {
  getTypeParser(oid: number, format?: string): (text: string) => unknown;
}

export interface PgClient {
  readonly connection: PgConnection;
  readonly host: string;
  readonly port: number;
  /** The keys of a CancelRequest; null until the server has told them. */
  readonly processID: number | null;
  readonly secretKey: number | null;
  connect(): Promise<unknown>;
  query(query: PgSubmittable): unknown;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
}

/** Where the server's messages are read from. */
export interface PgSource {
  on(event: "data" | "end", listener: (chunk: Uint8Array) => void): unknown;
}

/** One message a method; none waits for an answer. */
export interface PgConnection {
  readonly stream: PgStream;
  /** Hands what arrives to the parser; called once the socket, or the one of TLS, is there. */
  attachListeners?: (stream: PgSource) => void;
  /** As if the socket had failed. */
  emit(event: "error", error: Error): unknown;
  parse(message: { readonly name?: string; readonly text: string }): void;
  bind(message: {
    readonly portal?: string;
    readonly statement?: string;
    readonly values: readonly BoundValue[];
  }): void;
  describe(message: { readonly type: "P" | "S"; readonly name?: string }): void;
  execute(message?: { readonly portal?: string; readonly rows?: number }): void;
  close(message: { readonly type: "P" | "S"; readonly name: string }): void;
  sync(): void;
  flush(): void;
  /** The simple protocol: several statements, no values. */
  query(text: string): void;
  sendCopyFail(reason: string): void;
  on(event: "readyForQuery", listener: (message: { readonly status?: string }) => void): unknown;
  on(
    event: "parameterStatus",
    listener: (message: { readonly parameterName: string; readonly parameterValue: string }) => void,
  ): unknown;
  on(event: "notice", listener: (notice: PgNotice) => void): unknown;
  on(
    event: "authenticationSASL" | "authenticationSASLFinal" | "authenticationOk",
    listener: () => void,
  ): unknown;
  on(event: "end", listener: () => void): unknown;
}

/** A warning, or less, of the server's. */
export interface PgNotice {
  readonly message?: string | undefined;
  /** SQLSTATE. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  /** The function of the server that raised it: unlike the message it is never translated. */
  readonly routine?: string | undefined;
}

/** The socket. With TLS it is replaced by another one while the connection is made. */
export interface PgStream {
  cork?(): void;
  uncork?(): void;
  destroy(error?: Error): unknown;
}

export interface PgField {
  readonly name: string;
  readonly dataTypeID: number;
}

/** What pg calls for the answers of the query that is under way. */
export interface PgSubmittable {
  submit(connection: PgConnection): Error | null;
  handleRowDescription(message: { readonly fields: readonly PgField[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handlePortalSuspended(connection: PgConnection): void;
  handleEmptyQuery(connection: PgConnection): void;
  handleCommandComplete(message: { readonly text: string }, connection: PgConnection): void;
  handleReadyForQuery(connection: PgConnection): void;
  /** The server's error, after which pg forgets the query; or the loss of the connection. */
  handleError(error: Error, connection: PgConnection): void;
  handleCopyInResponse(connection: PgConnection): void;
  handleCopyData(message: unknown, connection: PgConnection): void;
}

/** What goes over the wire for a value: text, or bytes, or NULL. `bindValue` makes it. */
export type BoundValue = string | Buffer | null;
