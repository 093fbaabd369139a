import { connect, createServer, type Socket } from "node:net";

export interface SlowNetwork {
  readonly port: number;
  close(): void;
}

/** A port in front of another one that passes everything on `delayMs` later, in either direction. */
export async function slowNetwork(target: number, delayMs: number): Promise<SlowNetwork> {
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on("error", () => {});
    from.on("data", (data) => setTimeout(() => to.write(data), delayMs));
    from.on("close", () => setTimeout(() => to.destroy(), delayMs));
  };
  const server = createServer((client) => {
    const onward = connect(target, "127.0.0.1");
    pass(client, onward);
    pass(onward, client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("expected a port");
  return {
    port: address.port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
