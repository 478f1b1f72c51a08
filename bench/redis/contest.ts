/**
 * Races the store in Redis against the bare client, for each client that this runtime has.
 *
 * @module
 */
import { type RedisClient, redisStore } from "../../lib/store/redis/mod.ts";
import { CLIENT_KINDS, startRedis } from "../../tests/servers/redis.ts";
import { alternate } from "../shared/race.ts";

/** Sizes of the values, by name. */
const SIZES: Readonly<Record<string, number>> = {
  "1 KiB": 1024,
  "64 KiB": 1 << 16,
  "1 MiB": 1 << 20,
};
/** Calls at once in the rows that measure many. */
const AT_ONCE = 50;

/** Nanoseconds of the store and of the bare client, by row. */
export type Figures = Readonly<Record<string, { readonly ours: number; readonly bare: number }>>;

/** What a bare client does for the same. */
interface Bare {
  get(key: string): Promise<unknown>;
  set(key: string, bytes: Uint8Array): Promise<unknown>;
}

function bareOf(client: RedisClient): Bare {
  const { Buffer } = globalThis as unknown as {
    Buffer: { from(buffer: ArrayBufferLike, at: number, length: number): Uint8Array };
  };
  const buffer = (bytes: Uint8Array) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ("callBuffer" in client) {
    return {
      get: (key) => client.callBuffer("GET", key),
      set: (key, bytes) => client.call("SET", key, buffer(bytes)),
    };
  }
  if ("sendCommand" in client) {
    const typeMapping = { [0x24]: Buffer };
    return {
      get: (key) => client.sendCommand(["GET", key], { typeMapping }),
      set: (key, bytes) => client.sendCommand(["SET", key, buffer(bytes)]),
    };
  }
  return {
    get: (key) => client.getBuffer(key),
    set: (key, bytes) => client.send("SET", [key, bytes]),
  };
}

/** Runs the races. */
export async function contest(): Promise<Figures> {
  const { port, stop } = await startRedis();
  const figures: Record<string, { ours: number; bare: number }> = {};
  for (const { name, open } of CLIENT_KINDS) {
    const { client, close } = open(port);
    const [store, bare] = [redisStore(client), bareOf(client)];
    const compare = async (
      row: string,
      ours: () => Promise<unknown>,
      theirs: () => Promise<unknown>,
    ) => {
      const [own, bare] = await alternate(ours, theirs);
      figures[`${name}: ${row}`] = { ours: own, bare };
    };
    for (const [label, size] of Object.entries(SIZES)) {
      const bytes = new Uint8Array(size).fill(7);
      const key = `name/${"0123456789abcdef".repeat(4)}`;
      const raw = `raw:${key}`;
      await store.set(key, bytes);
      await bare.set(raw, bytes);
      await compare(`get ${label}`, () => store.get(key), () => bare.get(raw));
      await compare(`set ${label}`, () => store.set(key, bytes), () => bare.set(raw, bytes));
      if (size > SIZES["1 KiB"]) continue;
      const many = (call: () => Promise<unknown>) => () =>
        Promise.all(Array.from({ length: AT_ONCE }, call));
      await compare(
        `${AT_ONCE} gets at once of ${label}`,
        many(() => store.get(key)),
        many(() => bare.get(raw)),
      );
      await compare(
        `${AT_ONCE} sets at once of ${label}`,
        many(() => store.set(key, bytes)),
        many(() => bare.set(raw, bytes)),
      );
    }
    await store[Symbol.asyncDispose]();
    await close();
  }
  await stop();
  return figures;
}
