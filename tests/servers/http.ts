/**
 * Servers on loopback for tests, on Deno and Bun: one that answers with a handler, and one that says
 * just the bytes it is told, right or wrong.
 *
 * @module
 */

import { runtime } from "../harness.ts";

/** A server that runs. */
export interface LoopbackServer extends AsyncDisposable {
  /** Its address, with a slash at the end. */
  readonly url: string;
}

/** Answers a request. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Why a test with a server skips the browsers. */
export const NEEDS_SERVER = "a page cannot start a server";

interface BunServer {
  readonly port: number;
  stop(closeActive: boolean): Promise<void>;
}

/** Starts a server of the runtime's own. */
export function startServer(handler: Handler): LoopbackServer {
  if (runtime === "deno") {
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
    return {
      url: `http://127.0.0.1:${server.addr.port}/`,
      [Symbol.asyncDispose]: () => server.shutdown(),
    };
  }
  const { Bun } = globalThis as unknown as { Bun: { serve(options: unknown): BunServer } };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: handler });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** What a raw server does with a connection that has sent something. */
export interface RawConnection {
  /** Sends text as it stands. */
  write(text: string): void;
  /** Closes the connection. */
  end(): void;
  /** Breaks the connection off. */
  destroy(): void;
}

/** Starts a server that speaks as it is told, once for each connection. */
export async function startRawServer(
  speak: (connection: RawConnection) => void,
): Promise<LoopbackServer> {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): unknown };
  };
  const { createServer } = process.getBuiltinModule("node:net") as typeof import("node:net");
  const open = new Set<import("node:net").Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    socket.once("data", () => speak(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as import("node:net").AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An address at which nothing listens. */
export async function absentServer(): Promise<string> {
  const server = await startRawServer(() => {});
  await server[Symbol.asyncDispose]();
  return server.url;
}
