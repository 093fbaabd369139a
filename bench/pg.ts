/** node-postgres as an application uses it. Its types are not installed, so the part that is used is named here. */
interface Query {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
  readonly rowMode?: string;
}

export interface Client {
  connect(): Promise<unknown>;
  query(query: Query): Promise<unknown>;
  end(): Promise<void>;
}

interface Pg {
  readonly default: {
    readonly Client: new (options: { readonly connectionString: string }) => Client;
    readonly Pool: new (options: {
      readonly connectionString: string;
      readonly max: number;
    }) => Omit<Client, "connect">;
  };
}

const name = "pg";
const { default: pg }: Pg = await import(name);

export const direct = {
  async connect(url: string): Promise<Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  },
  pool: (url: string, max: number) => new pg.Pool({ connectionString: url, max }),
};
