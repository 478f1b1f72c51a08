/**
 * The clients that a Redis store can be given, told apart by their shape, and the one way in which
 * the store talks to all of them. None of them is imported: the user brings one.
 *
 * @module
 */

import { bufferClass, toBuffer } from "./buffer.ts";

/** A command or an argument of one, as every client takes it. */
export type RedisArgument = string | Uint8Array;

/** Bun's built-in `RedisClient`, as far as it is used here. */
export interface BunRedisClient {
  /** Sends any command; bulk strings of the reply come back as text. */
  // deno-lint-ignore no-explicit-any -- it takes the arguments of several clients' types.
  send(command: string, args: any[]): Promise<any>;
  /** Reads a value as bytes. */
  getBuffer(key: string): Promise<Uint8Array | null>;
}

/** A `Redis` or a `Cluster` of `ioredis`, as far as it is used here. */
export interface IoRedisClient {
  /** Sends any command; bulk strings of the reply come back as text. */
  // deno-lint-ignore no-explicit-any -- it has overloads without number.
  call(command: string, ...args: any[]): Promise<unknown>;
  /** As `call`, but bulk strings come back as bytes. */
  // deno-lint-ignore no-explicit-any -- it has overloads without number.
  callBuffer(command: string, ...args: any[]): Promise<any>;
}

/** What `createClient`, `createClientPool` or `createCluster` of `redis` makes, as far as used. */
export interface NodeRedisClient {
  /** Sends any command; a cluster wants the key and whether the command only reads in front. */
  // deno-lint-ignore no-explicit-any -- it differs between a client and a cluster.
  sendCommand(...args: any[]): Promise<any>;
  /** A client that gives replies as other types. */
  // deno-lint-ignore no-explicit-any -- it is only looked for.
  withTypeMapping(...args: any[]): any;
}

/** A client that {@linkcode redisStore} takes. */
export type RedisClient = BunRedisClient | IoRedisClient | NodeRedisClient;

/** One node, which can be scanned. */
export interface Node {
  /** Sends a command to this node. */
  call(command: string, args: readonly RedisArgument[]): Promise<unknown>;
}

/** The one way in which the store talks to a client. */
export interface Commands {
  /** What the client puts in front of every key by itself, save in the pattern of a scan. */
  readonly keyPrefix: string;
  /**
   * Sends a command. Bulk strings of the reply may come back as text, whatever bytes they hold.
   *
   * @param key The key that decides on the node.
   * @param reads Whether it only reads.
   */
  call(
    command: string,
    key: string,
    args: readonly RedisArgument[],
    reads: boolean,
  ): Promise<unknown>;
  /** Reads a value as bytes; `null` where there is none. */
  getBytes(key: string): Promise<unknown>;
  /** Whether one command may be about several entries: not on a cluster, with its many nodes. */
  readonly together: boolean;
  /**
   * As `getBytes`, for several keys at once. Not there on a cluster, and not with a client that
   * cannot give several values as bytes.
   */
  getManyBytes?(keys: readonly string[]): Promise<unknown>;
  /** Every node that holds keys of its own. */
  nodes(): Promise<readonly Node[]>;
  /** Hears of trouble on the connection until the returned function is called. */
  hearErrors(): () => void;
}

type Callable = Readonly<Record<string, unknown>>;

/**
 * Finds out which client it is.
 *
 * @throws {TypeError} It is none that is known.
 */
export function commandsOf(client: RedisClient): Commands {
  if (typeof client === "object" && client !== null || typeof client === "function") {
    const shape = client as unknown as Callable;
    const has = (name: string) => typeof shape[name] === "function";
    if (has("callBuffer") && has("call")) return ofIoRedis(client as IoRedisClient);
    if (has("sendCommand") && has("withTypeMapping") && !has("getMasterNode")) {
      return ofNodeRedis(client as NodeRedisClient);
    }
    if (has("send") && has("getBuffer")) return ofBun(client as BunRedisClient);
  }
  throw new TypeError(
    "redisStore() needs a client: Bun's RedisClient, a Redis or Cluster of ioredis, or what " +
      "createClient(), createClientPool() or createCluster() of redis makes",
  );
}

function ofBun(client: BunRedisClient): Commands {
  const call = (command: string, args: readonly RedisArgument[]): Promise<unknown> =>
    client.send(command, args as RedisArgument[]);
  return {
    keyPrefix: "",
    together: true,
    call: (command, _key, args) => call(command, args),
    getBytes: (key) => client.getBuffer(key),
    nodes: () => Promise.resolve([{ call }]),
    // Its trouble reaches the calls and nothing else.
    hearErrors: () => () => {},
  };
}

/** What else of `ioredis` is used, all of it optional. */
interface IoRedisExtras {
  readonly isCluster?: boolean;
  readonly options?: {
    readonly keyPrefix?: string;
    readonly redisOptions?: { readonly keyPrefix?: string };
  };
  nodes?(role: "master"): IoRedisClient[];
}

function ofIoRedis(client: IoRedisClient): Commands {
  const { isCluster, options, nodes } = client as IoRedisClient & IoRedisExtras;
  const callOn =
    (node: IoRedisClient) => (command: string, args: readonly RedisArgument[]): Promise<unknown> =>
      node.call(command, ...args.map(toBuffer));
  const call = callOn(client);
  return {
    keyPrefix: options?.keyPrefix ?? options?.redisOptions?.keyPrefix ?? "",
    together: isCluster !== true,
    call: (command, _key, args) => call(command, args),
    getBytes: (key) => client.callBuffer("GET", key),
    ...isCluster === true
      ? {}
      : { getManyBytes: (keys: readonly string[]) => client.callBuffer("MGET", ...keys) },
    nodes: () => {
      const masters = isCluster === true ? nodes!.call(client, "master") : [client];
      return Promise.resolve(masters.map((node) => ({ call: callOn(node) })));
    },
    hearErrors: () => hearErrors(client),
  };
}

/** What else of a cluster of `redis` is used. */
interface NodeRedisCluster extends NodeRedisClient {
  readonly masters: readonly unknown[];
  nodeClient(node: unknown): Promise<NodeRedisClient> | NodeRedisClient;
}

/** The mark of bulk strings in the protocol, by which a reply's types are chosen. */
const BULK_STRING = 0x24;

function ofNodeRedis(client: NodeRedisClient): Commands {
  const cluster = "nodeClient" in client && "masters" in client
    ? client as NodeRedisCluster
    : undefined;
  // The type to choose is the class itself; the client compares it by identity.
  const bytesOfReply = { typeMapping: { [BULK_STRING]: bufferClass() } };
  const textOfReply = { typeMapping: {} };
  const callOn =
    (node: NodeRedisClient) =>
    (command: string, args: readonly RedisArgument[]): Promise<unknown> =>
      node.sendCommand([command, ...args.map(toBuffer)], textOfReply);
  const send = (key: string, reads: boolean, args: unknown[], options: unknown) =>
    cluster === undefined
      ? client.sendCommand(args, options)
      : cluster.sendCommand(key, reads, args, options);
  return {
    keyPrefix: "",
    together: cluster === undefined,
    call: (command, key, args, reads) =>
      send(key, reads, [command, ...args.map(toBuffer)], textOfReply),
    getBytes: (key) => send(key, true, ["GET", key], bytesOfReply),
    ...cluster === undefined
      ? {
        getManyBytes: (keys: readonly string[]) =>
          client.sendCommand(["MGET", ...keys], bytesOfReply),
      }
      : {},
    nodes: async () => {
      if (cluster === undefined) return [{ call: callOn(client) }];
      const clients = cluster.masters.map((node) => cluster.nodeClient(node));
      return (await Promise.all(clients)).map((node) => ({ call: callOn(node) }));
    },
    hearErrors: () => hearErrors(client),
  };
}

/** The part of Node's event emitters that is used here. */
interface Emitter {
  on?(event: "error", listener: () => void): unknown;
  off?(event: "error", listener: () => void): unknown;
}

/**
 * Listens for errors on the connection. Each also fails the calls that it concerns; but without a
 * listener `redis` ends the process and `ioredis` writes to the console.
 */
function hearErrors(client: object): () => void {
  const emitter = client as Emitter;
  const ignore = () => {};
  emitter.on?.("error", ignore);
  return () => void emitter.off?.("error", ignore);
}
