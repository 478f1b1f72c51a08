/**
 * Debian's `redis-server` for tests, and the clients that talk to it. Deno and Bun only.
 *
 * @module
 */

import type { RedisClient } from "../../lib/store/redis/mod.ts";
import { runtime } from "../harness.ts";
import { ask, findProgram, freePort, type Server, startServer } from "./process.ts";

const HOST = "127.0.0.1";
/** The slots of a cluster are numbered from 0 on. */
const LAST_SLOT = 16_383;
const POLL_MS = 20;

/** A client that is connected, and how to close it. */
export interface OpenClient {
  /** The client. */
  readonly client: RedisClient;
  /** Closes it. */
  close(): void | Promise<void>;
}

/** Makes clients of one kind, which connect once and never again. */
export interface ClientKind {
  /** Name for the tests. */
  readonly name: string;
  /** Makes a client for a port on 127.0.0.1, and begins to connect it. */
  open(port: number): OpenClient;
}

const [ioredis, redis] = await Promise.all([
  load<typeof import("ioredis")>("ioredis"),
  load<typeof import("redis")>("redis"),
]);

/** Imports a package that no browser bundle is to contain; pages do without. */
async function load<T>(specifier: string): Promise<T | undefined> {
  return runtime === "deno" || runtime === "bun" ? await import(specifier) : undefined;
}

/** Why tests that need Redis skip this runtime or machine; `undefined` where they run. */
export async function whyNoRedis(): Promise<string | undefined> {
  if (runtime !== "deno" && runtime !== "bun") return "needs sockets";
  if (await findProgram("redis-server") === undefined) {
    return "redis-server is not installed (apt-get install redis-server)";
  }
}

/** Starts a server that keeps nothing on disk. */
export async function startRedis(...settings: readonly string[]): Promise<Server> {
  return await startServer({
    command: "redis-server",
    args: (port, folder) => [
      ...["--port", String(port), "--bind", HOST, "--dir", folder],
      ...["--save", "", "--appendonly", "no", ...settings],
    ],
    isReady: async (port) => /^\+PONG|^-NOAUTH/.test(await ask(port, "PING\r\n")),
  });
}

/** Every kind of client on this runtime. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  ...runtime === "bun" ? [{ name: "Bun's client", open: openBun }] : [],
  { name: "ioredis", open: (port) => openIoRedis(port) },
  { name: "redis", open: openNodeRedis },
];

function openBun(port: number): OpenClient {
  const { Bun } = globalThis as unknown as { Bun: { RedisClient: BunClientClass } };
  const options = { autoReconnect: false, connectionTimeout: 2000 };
  const client = new Bun.RedisClient(`redis://${HOST}:${port}`, options);
  return { client, close: () => client.close() };
}

type BunClientClass = new (url: string, options: object) => RedisClient & { close(): void };

/** Makes a `Redis` of `ioredis`, which may put something in front of all keys. */
export function openIoRedis(port: number, keyPrefix = ""): OpenClient {
  const settings = { keyPrefix, retryStrategy: () => null };
  const client = new ioredis!.Redis(port, HOST, settings);
  return {
    client,
    close: async () => {
      if (client.status === "end") return;
      const ended = new Promise((resolve) => client.once("end", resolve));
      client.disconnect();
      await ended;
    },
  };
}

function openNodeRedis(port: number): OpenClient {
  const socket = { host: HOST, port, reconnectStrategy: false } as const;
  const client = redis!.createClient({ socket });
  const connecting = client.connect().catch(() => {});
  return {
    client,
    close: async () => {
      if (client.isOpen) client.destroy();
      await connecting;
    },
  };
}

/** Makes clients of a cluster. */
export interface ClusterKind {
  /** Name for the tests. */
  readonly name: string;
  /** Makes a connected client for the ports of the nodes. */
  open(ports: readonly number[]): Promise<OpenClient>;
}

/** Every kind of client for a cluster; Bun's own has none. */
export const CLUSTER_KINDS: readonly ClusterKind[] = [
  {
    name: "ioredis",
    open: async (ports) => {
      const nodes = ports.map((port) => ({ host: HOST, port }));
      const client = new ioredis!.Cluster(nodes, { clusterRetryStrategy: () => null });
      await new Promise<void>((resolve, reject) => {
        client.once("ready", resolve);
        client.once("error", reject);
      });
      return { client, close: async () => void await client.quit() };
    },
  },
  {
    name: "redis",
    open: async (ports) => {
      const rootNodes = ports.map((port) => ({ socket: { host: HOST, port } }));
      const client = redis!.createCluster({ rootNodes });
      client.on("error", () => {});
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  },
];

/** Starts a cluster of two nodes, and resolves to their ports. */
export async function startRedisCluster(): Promise<number[]> {
  const servers = await Promise.all([0, 1].map(async () => {
    const bus = await freePort();
    const { port } = await startRedis("--cluster-enabled", "yes", "--cluster-port", String(bus));
    return { port, bus };
  }));
  const asked = async (port: number, command: string): Promise<string> =>
    await ask(port, `${command}\r\n`);
  const [first, second] = servers;
  await asked(first.port, `CLUSTER ADDSLOTSRANGE 0 ${LAST_SLOT >> 1}`);
  await asked(second.port, `CLUSTER ADDSLOTSRANGE ${(LAST_SLOT >> 1) + 1} ${LAST_SLOT}`);
  await asked(first.port, `CLUSTER MEET ${HOST} ${second.port} ${second.bus}`);
  for (const { port } of servers) {
    while (!(await asked(port, "CLUSTER INFO")).includes("cluster_state:ok")) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  return servers.map(({ port }) => port);
}

/** Sends a command that the store has no use for. */
export async function send(
  client: RedisClient,
  command: string,
  ...args: string[]
): Promise<unknown> {
  if ("call" in client) return await client.call(command, ...args);
  if ("sendCommand" in client) return await client.sendCommand([command, ...args]);
  return await client.send(command, args);
}
