import { describe, expect, it } from "vitest";
import { ConfigurationError, ConnectionError } from "../errors/index.ts";
import { DatabaseConfig } from "./database-config.ts";

const server = {
  name: "postgres",
  aliases: ["postgresql"],
  defaultPort: 5432,
  parseOptions(options: Readonly<Record<string, unknown>>) {
    const unknown = Object.keys(options).find((name) => name !== "ssl");
    if (unknown !== undefined)
      throw new ConfigurationError(`unknown option "${unknown}"; the options are ssl`);
    return { ssl: true, ...options };
  },
};
const file = { ...server, name: "sqlite", aliases: [], defaultPort: 0 };

describe("resolve", () => {
  it("joins a configuration with the backend's defaults", async () => {
    const config = new DatabaseConfig({ database: "x", user: "u", password: "p", alias: "main" });
    const { password, ...target } = config.resolve(server);
    expect(target).toEqual({
      database: "x",
      host: "localhost",
      port: 5432,
      user: "u",
      alias: "main",
      connectTimeoutMs: 15_000,
      options: { ssl: true },
    });
    expect(await password()).toBe("p");
    expect(config.with({ port: 1, ssl: false }).resolve(server)).toMatchObject({
      port: 1,
      options: { ssl: false },
    });
  });

  it("takes a temporary database and port 0 for files only", () => {
    const config = new DatabaseConfig({ database: "", port: 0 });
    expect(config.resolve(file)).toMatchObject({ database: "", port: 0, alias: "temporary" });
    expect(() => config.resolve(server)).toThrow(
      /database: expected a name[\s\S]*port: expected a whole number/,
    );
  });

  it("refuses the wrong backend", () => {
    const config = DatabaseConfig.fromUrl("postgresql://localhost/x");
    expect(config.resolve(server).database).toBe("x");
    expect(() => config.resolve(file)).toThrow('backend: the configuration is for "postgresql"');
  });

  it("adds what was probably meant when the backend refuses an option", () => {
    const misspelt = new DatabaseConfig({ database: "x", hosst: "y" });
    expect(() => misspelt.resolve(server)).toThrow(
      /unknown option "hosst".*for "hosst", did you mean "host"\?/,
    );
    const foreign = new DatabaseConfig({ database: "x", journalling: true });
    expect(() => foreign.resolve(server)).toThrow(/^unknown option "journalling"; the options are ssl$/);
  });
});

describe("a password function", () => {
  const asked = (password: () => unknown) =>
    Reflect.construct(DatabaseConfig, [{ database: "x", password }]).resolve(server).password;

  it("is asked for each connection, and not before", async () => {
    const answers = ["first", "second"];
    const password = asked(() => answers.shift());
    expect(answers).toHaveLength(2);
    expect([await password(), await password(), await password()]).toEqual(["first", "second", undefined]);
  });

  it("may answer at once, so that a blocking caller can use it, or later", async () => {
    expect(asked(() => "now")()).toBe("now");
    expect(await asked(async () => "later")()).toBe("later");
  });

  it("fails as a connection that was not tried", async () => {
    const cause = new Error("vault is down");
    for (const password of [asked(() => Promise.reject(cause)), asked(() => raise(cause))]) {
      const error = await (async () => password())().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConnectionError);
      expect(error).toMatchObject({ outcome: "not_sent", retryable: true, cause });
    }
  });

  it("must answer text, and a wrong answer is not repeated", async () => {
    expect(() => asked(() => 123)()).toThrow("expected it to answer a string or undefined, got a number");
    await expect(asked(async () => ({ password: "c4n4ry" }))()).rejects.toThrow(/got an object$/);
  });
});

function raise(error: Error): never {
  throw error;
}
