import { describe, expect, it } from "vitest";
import { parseEndpoint } from "./endpoints.ts";
import { parseDatabaseUrl } from "./url.ts";

describe("parseEndpoint", () => {
  it.each([
    ["db1", { host: "db1", port: 5432 }],
    ["db1:6000", { host: "db1", port: 6000 }],
    ["10.0.0.1:1", { host: "10.0.0.1", port: 1 }],
    ["[::1]:6000", { host: "::1", port: 6000 }],
    ["[::1]", { host: "::1", port: 5432 }],
  ])("reads %s", (text, endpoint) => {
    expect(parseEndpoint(text, 5432)).toEqual(endpoint);
  });

  it.each(["", ":1", "a b", "db1:x", "db1:70000", "a@b", "a/b", "::1"])("refuses %j", (text) => {
    expect(parseEndpoint(text, 5432)).toBeUndefined();
  });
});

describe("a URL with several hosts", () => {
  it("names them in order, with login, database and role", () => {
    expect(parseDatabaseUrl("postgres://u:p%40@db1:5433,db2/app?role=primary").options).toEqual({
      user: "u",
      password: "p@",
      hosts: ["db1:5433", "db2"],
      database: "app",
      role: "primary",
    });
  });

  it("refuses one that cannot be read", () => {
    expect(() => parseDatabaseUrl("postgres://db1,,db2/app")).toThrow(/host:port, separated by commas/);
  });
});
