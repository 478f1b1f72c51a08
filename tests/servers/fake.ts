/**
 * Servers that misbehave on purpose. Deno and Bun only.
 *
 * @module
 */

import type { Socket } from "node:net";

/** What a server does with a connection on which something came in. */
export type Misbehaviour = (socket: Socket) => void;

/** The ways to misbehave, by what the server does. */
export const MISBEHAVIOURS: Readonly<Record<string, Misbehaviour>> = {
  "hangs": () => {},
  "answers rubbish": (socket) => void socket.write("<html>\r\nnothing here\r\n\r\n\0\xff$-9\r\n"),
  "hangs up": (socket) => void socket.destroy(),
};

/** Runs `body` with the port of a server on 127.0.0.1 that misbehaves. */
export async function withFakeServer<T>(
  misbehave: Misbehaviour,
  body: (port: number) => Promise<T>,
): Promise<T> {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: "node:net"): typeof import("node:net") };
  };
  const sockets = new Set<Socket>();
  const server = process.getBuiltinModule("node:net").createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", () => misbehave(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await body((server.address() as { port: number }).port);
  } finally {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}
