import { copyStore, sealedStore } from "../../lib/store/mod.ts";
import { denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { httpStore, serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { redisStore } from "../../lib/store/redis/mod.ts";
import { s3Store } from "../../lib/store/s3/mod.ts";
import { tieredStore } from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test } from "../harness.ts";

const S3 = {
  endpoint: "https://example.org",
  bucket: "caches",
  credentials: { accessKeyId: "id", secretAccessKey: "secret" },
};
const SECRET = "a secret of more than 16 letters";

/** Options as a program without types passes them. */
const made: Readonly<Record<string, (options: never) => unknown>> = {
  serveStore: (options) => serveStore(memoryStore(), options),
  httpStore: (options) => httpStore("https://example.org", options),
  memoryStore: (options) => memoryStore(options),
  redisStore: (options) => redisStore({} as never, options),
  s3Store: (options: object) => s3Store({ ...S3, ...options }),
  denoKvStore: (options) => denoKvStore(":memory:", options),
  sealedStore: (options: object) => sealedStore(memoryStore(), { secret: SECRET, ...options }),
  copyStore: (options) => copyStore(memoryStore(), memoryStore(), options),
  tieredStore: (options) => tieredStore([memoryStore()], options),
  fsStore: (options) => fsStore("never opened", options),
};

const UNKNOWN: readonly (readonly [verb: string, option: string, hint: string])[] = [
  ["serveStore", "token", 'did you mean "readToken" or "writeToken"?'],
  ["serveStore", "maxbytes", 'did you mean "maxBytes"?'],
  ["serveStore", "x", "it takes readToken, writeToken, maxBytes, prefix, origin, onError"],
  ["httpStore", "writeToken", "it takes files, token"],
  ["httpStore", "readonly", 'did you mean "readOnly"?'],
  ["memoryStore", "maxEntires", 'did you mean "maxEntries"?'],
  ["memoryStore", "max", "it takes maxEntries, maxBytes, ttl, clone"],
  ["redisStore", "prefx", 'did you mean "prefix"?'],
  ["s3Store", "retrys", 'did you mean "retries"?'],
  ["denoKvStore", "timeOut", 'did you mean "timeout"?'],
  ["sealedStore", "encrypted", 'did you mean "encrypt"?'],
  ["copyStore", "onprogress", 'did you mean "onProgress"?'],
  ["tieredStore", "retry", 'did you mean "retryAfter" or "retryAtMost"?'],
  ["fsStore", "fSync", 'did you mean "fsync"?'],
];

for (const [verb, option, hint] of UNKNOWN) {
  test(`${verb}() refuses the option ${option}: ${hint}`, async () => {
    const message = `Unknown option "${option}" of ${verb}(): ${hint}`;
    const make = async () => await made[verb]({ [option]: true } as never);
    const error = await rejects(make(), TypeError);
    assert.isTrue(error.message.startsWith(message), error.message);
  });
}

for (const verb of Object.keys(made).filter((verb) => !/^(?:s3|sealed)Store$/.test(verb))) {
  test(`${verb}() refuses options that are no object`, async () => {
    for (const wrong of [null, "options", ["readOnly"]]) {
      const make = async () => await made[verb](wrong as never);
      await rejects(make(), TypeError, /Unknown option|options of \w+\(\) must be an object/);
    }
  });
}

const MISTYPED: readonly (readonly [verb: string, option: string, message: RegExp])[] = [
  ...["files", "readOnly", "lease", "expiry", "streamBodies"].map((option) =>
    ["httpStore", option, /must be true or false, received no$/] as const
  ),
  ["httpStore", "fetch", /must be a function, received no$/],
  ["memoryStore", "clone", /must be true or false, received no$/],
  ...["virtualHost", "lease", "readOnly"].map((option) =>
    ["s3Store", option, /must be true or false, received no$/] as const
  ),
  ["s3Store", "fetch", /must be a function, received no$/],
  ["s3Store", "credentials", /needs credentials: the keys, or a function/],
  ["sealedStore", "encrypt", /must be true or false, received no$/],
  ["sealedStore", "onEvent", /must be a function, received no$/],
  ["tieredStore", "onEvent", /must be a function, received no$/],
  ["fsStore", "readOnly", /must be true or false, received no$/],
  ["fsStore", "fsync", /must be true or false, received no$/],
  ["fsStore", "onUpkeep", /must be a function, received no$/],
];

for (const [verb, option, message] of MISTYPED) {
  test(`${verb}() refuses a text as ${option}`, async () => {
    const make = async () => await made[verb]({ [option]: "no" } as never);
    await rejects(make(), TypeError, message);
  });
}

test("s3Store() refuses a number of retries that never ends or is none", () => {
  for (const retries of [NaN, Infinity, -1, 0.5, "3"]) {
    const make = () => s3Store({ ...S3, retries: retries as number });
    assert.throws(make, RangeError, `integer from 0 on, received ${retries}`);
  }
});
