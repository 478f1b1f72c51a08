import {
  decode,
  DecodeError,
  encode,
  encodeAsync,
  encodeCanonical,
  EncodeError,
  stableHash,
  stableHashAsync,
} from "../../lib/codec/mod.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { assert, rejects, test } from "../harness.ts";

const back = (value: unknown): unknown => decode(encode(value));

const BOXES: readonly object[] = [
  Object(1),
  Object(-0),
  Object("text"),
  Object("\ud800"),
  Object(true),
  Object(false),
  Object(2n ** 70n),
];

test("decode() gives back boxed primitives as boxes", () => {
  for (const box of BOXES) {
    const copy = back(box) as object;
    assert.equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(box));
    assert.isTrue(Object.is(copy.valueOf(), box.valueOf()));
    assert.notEqual(toHex(encodeCanonical(box)), toHex(encodeCanonical(box.valueOf())));
  }
});

test("decode() gives back a URL, its parameters and headers", () => {
  const url = new URL("https://user@example.com:8080/ä?b=c&b=d#e");
  const copy = back([url, url, new URLSearchParams("b=c&b=d&%26=%3D")]) as [
    URL,
    URL,
    URLSearchParams,
  ];
  assert.equal(copy[0].href, url.href);
  assert.strictEqual(copy[0], copy[1]);
  assert.deepEqual([...copy[2]], [["b", "c"], ["b", "d"], ["&", "="]]);
  const headers = new Headers([["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  assert.deepEqual([...back(headers) as Headers], [...headers]);
  assert.notDeepEqual(encodeCanonical(url), encodeCanonical(url.href));
});

test("decode() gives back a DOMException", () => {
  const copy = back(new DOMException("gone", "NotFoundError")) as DOMException;
  assert.instanceOf(copy, DOMException);
  assert.deepEqual([copy.name, copy.message, copy.code], ["NotFoundError", "gone", 8]);
});

/** The tests are type-checked where `Temporal` may be missing at run time. */
type Texts = Readonly<Record<string, { from(text: unknown): { toString(): string } }>>;

const TEMPORAL: readonly (readonly [name: string, text: string])[] = [
  ["Instant", "2026-02-03T04:05:06.123456789Z"],
  ["ZonedDateTime", "2026-07-03T04:05:06.123456789+02:00[Europe/Berlin]"],
  ["PlainDate", "2026-02-03"],
  ["PlainTime", "04:05:06.123456789"],
  ["PlainDateTime", "2026-02-03T04:05:06"],
  ["PlainYearMonth", "2026-02"],
  ["PlainMonthDay", "02-29"],
  ["Duration", "P1Y2M3W4DT5H6M7.089S"],
];

for (const [name, text] of TEMPORAL) {
  test(`decode() gives back a Temporal.${name}, or says that the runtime has none`, () => {
    const { Temporal } = globalThis as { Temporal?: unknown };
    if (Temporal === undefined) {
      const bytes = [0x92, 0xd5, 1, 15, TEMPORAL.findIndex(([each]) => each === name), 0xa1, 0x31];
      assert.throws(
        () => decode(new Uint8Array(bytes)),
        DecodeError,
        /no Temporal|expected \d+ parts/,
      );
      return;
    }
    const value = (Temporal as Texts)[name].from(text);
    const copy = back(value) as object;
    assert.equal(Object.getPrototypeOf(copy), Object.getPrototypeOf(value));
    assert.equal(copy.toString(), value.toString());
    assert.notDeepEqual(encodeCanonical(value), encodeCanonical(value.toString()));
  });
}

test("decode() gives back a duration with its fields as they are", () => {
  const { Temporal } = globalThis as unknown as { Temporal?: Texts };
  if (Temporal === undefined) return;
  const value = Temporal.Duration.from({ minutes: 90, milliseconds: 1500 });
  const copy = back(value) as { minutes: number; milliseconds: number };
  assert.deepEqual([copy.minutes, copy.milliseconds], [90, 1500]);
});

test("decode() gives back a resizable buffer that can still grow", () => {
  const buffer = new ArrayBuffer(3, { maxByteLength: 64 });
  new Uint8Array(buffer).set([1, 2, 3]);
  const copy = back(buffer) as ArrayBuffer;
  assert.isTrue(copy.resizable);
  assert.deepEqual([copy.byteLength, copy.maxByteLength], [3, 64]);
  assert.deepEqual([...new Uint8Array(copy)], [1, 2, 3]);
  copy.resize(64);
  assert.notDeepEqual(encodeCanonical(buffer), encodeCanonical(buffer.slice()));
});

test("decode() gives back a view on a resizable buffer on one", () => {
  const buffer = new ArrayBuffer(8, { maxByteLength: 64 });
  new Uint8Array(buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
  const copy = back(new Uint16Array(buffer, 2, 2)) as Uint16Array;
  assert.isTrue((copy.buffer as ArrayBuffer).resizable);
  assert.deepEqual([copy.byteOffset, copy.length, copy.buffer.byteLength], [2, 2, 8]);
});

test("encode() lets views that share a buffer share one again, and stores only what they view", () => {
  const buffer = new ArrayBuffer(10_000);
  const bytes = new Uint8Array(buffer, 5001, 9);
  const doubles = new Float64Array(buffer, 5008, 2);
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const encoded = encode({ bytes, list: [doubles, bytes], other: new DataView(buffer, 5000, 4) });
  assert.isBelow(encoded.length, 120);
  const copy = decode(encoded) as {
    bytes: Uint8Array;
    list: [Float64Array, Uint8Array];
    other: DataView;
  };
  assert.deepEqual([...copy.bytes], [...bytes]);
  assert.strictEqual(copy.bytes.buffer, copy.list[0].buffer);
  assert.strictEqual(copy.bytes.buffer, copy.other.buffer);
  assert.strictEqual(copy.list[1], copy.bytes);
  assert.equal(copy.other.getUint8(1), 1);
  new Uint8Array(copy.list[0].buffer).fill(7);
  assert.deepEqual([...copy.bytes], Array(9).fill(7));
});

test("encode() keeps a buffer and a view on it together", () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  const copy = back([new Uint8Array(buffer, 1, 2), buffer]) as [Uint8Array, ArrayBuffer];
  assert.strictEqual(copy[0].buffer, copy[1]);
  assert.deepEqual([...copy[0]], [2, 3]);
  assert.equal(copy[1].byteLength, 4);
});

test("encode() keeps the stack of an error on request, and else leaves it out", () => {
  const error = new TypeError("broken");
  assert.equal((decode(encode(error, { stack: true })) as Error).stack, error.stack);
  assert.equal((back(error) as Error).stack, "TypeError: broken");
  assert.notInclude(Object.keys(decode(encode(error, { stack: true })) as Error), "stack");
});

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

class HttpError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

class List<T> extends Array<T> {}

const classes = {
  Point: {
    class: Point,
    encode: ({ x, y }: Point) => [x, y],
    decode: ([x, y]: [number, number]) => new Point(x, y),
    aliases: ["Vector"],
  },
  HttpError: {
    class: HttpError,
    encode: ({ status, message }: HttpError) => ({ status, message }),
    decode: ({ status, message }: HttpError) => new HttpError(status, message),
  },
  List: {
    class: List,
    encode: (list: List<unknown>) => Array.from(list),
    decode: (list: unknown[]) => List.from(list),
  },
};

test("registered classes come back as instances, inside one another and shared", () => {
  const point = new Point(1, -0);
  const value = [point, new Map([[point, new HttpError(404, "gone")]]), List.from([point])];
  const bytes = encode(value, { classes });
  const copy = decode(bytes, { classes }) as [Point, Map<Point, HttpError>, List<Point>];
  assert.instanceOf(copy[0], Point);
  assert.isTrue(Object.is(copy[0].y, -0));
  assert.instanceOf(copy[1].get(copy[0]), HttpError);
  assert.instanceOf(copy[2], List);
  assert.strictEqual(copy[2][0], copy[0]);
});

test("an alias reads what was written under an earlier name", () => {
  const { aliases: _, ...earlier } = classes.Point;
  const bytes = encode(new Point(1, 2), { classes: { Vector: earlier } });
  assert.deepEqual(decode(bytes, { classes }), new Point(1, 2));
});

test("a class that is not registered is an error in both directions, also when it is an array", () => {
  const bytes = encode(new Point(1, 2), { classes });
  assert.throws(() => decode(bytes), DecodeError, /class "Point" is not registered/);
  assert.throws(
    () => encode([new Point(1, 2)]),
    EncodeError,
    /a Point at \[0\].*register the class/,
  );
  assert.throws(() => encode([List.of(1)]), EncodeError, /a List at \[0\]/);
  assert.throws(() => encodeCanonical(List.of(1)), EncodeError, /a List/);
});

test("what a class of the user throws is worded as an error about the value or the bytes", () => {
  const failing = {
    Point: {
      class: Point,
      encode: (): unknown => {
        throw new Error("no");
      },
      decode: (): object => {
        throw new Error("no");
      },
    },
  };
  assert.throws(() => encode([new Point(1, 2)], { classes: failing }), EncodeError, /at \[0\]/);
  const bytes = encode(new Point(1, 2), { classes });
  assert.throws(() => decode(bytes, { classes: failing }), DecodeError, /not valid \(no\)/);
});

test("an instance whose data leads back to it is refused when it is written", () => {
  class Node {
    self = this;
  }
  const registry = {
    Node: { class: Node, encode: ({ self }: Node) => [self], decode: () => new Node() },
  };
  assert.throws(
    () => encode(new Node(), { classes: registry }),
    EncodeError,
    /inside its own data/,
  );
});

test("two classes under one name are refused", () => {
  const double = { ...classes, Vector: classes.HttpError };
  assert.throws(() => encode(1, { classes: double }), TypeError, /Two classes.*Vector/);
});

test("canonical bytes know registered classes by their name", () => {
  const canonical = encodeCanonical(new Point(1, 2), { classes });
  assert.deepEqual(canonical, encodeCanonical(new Point(1, 2), { classes }));
  assert.notDeepEqual(canonical, encodeCanonical([1, 2]));
});

test("encodeAsync() keeps the content and the type of blobs and files", async () => {
  const blob = new Blob(["hällo"], { type: "text/plain" });
  const file = new File([new Uint8Array([1, 2, 3])], "a.bin", { lastModified: 12 });
  const bytes = await encodeAsync({ blob, file, again: blob, plain: [1] });
  const copy = decode(bytes) as { blob: Blob; file: File; again: Blob; plain: number[] };
  assert.equal(await copy.blob.text(), "hällo");
  assert.equal(copy.blob.type, blob.type);
  assert.strictEqual(copy.again, copy.blob);
  assert.deepEqual([copy.file.name, copy.file.lastModified, copy.file.size], ["a.bin", 12, 3]);
  assert.deepEqual(copy.plain, [1]);
});

test("encodeAsync() keeps requests and responses, and leaves their bodies to be read", async () => {
  const request = new Request("https://example.com/a?b", {
    method: "POST",
    body: "question",
    headers: { "x-a": "1" },
  });
  const response = new Response("answer", { status: 404, headers: { "x-b": "2" } });
  const empty = new Response(null, { status: 204 });
  const copy = decode(await encodeAsync([request, response, empty])) as [
    Request,
    Response,
    Response,
  ];
  assert.deepEqual([copy[0].url, copy[0].method], [request.url, "POST"]);
  assert.equal(copy[0].headers.get("x-a"), "1");
  assert.equal(await copy[0].text(), "question");
  assert.deepEqual([copy[1].status, copy[1].headers.get("x-b")], [404, "2"]);
  assert.equal(await copy[1].text(), "answer");
  assert.deepEqual([copy[2].status, copy[2].body], [204, null]);
  assert.equal(await response.text(), "answer");
  assert.equal(await request.text(), "question");
});

test("encodeAsync() says where a body was read already", async () => {
  const response = new Response("answer");
  await response.text();
  const error = await rejects(encodeAsync({ page: [response] }), EncodeError, /read already/);
  assert.equal(error.path, ".page[0]");
});

test("encode() and encodeCanonical() name what takes a Blob when they refuse one", () => {
  const value = { blob: new Blob([]) };
  assert.throws(() => encode(value), EncodeError, /Blob at \.blob.*use encodeAsync/);
  assert.throws(() => encodeCanonical(value), EncodeError, /at \.blob.*use encodeCanonicalAsync/);
});

test("stableHashAsync() tells blobs, files, requests and responses apart by what they say", async () => {
  const makers = [
    () => new Uint8Array([97]),
    () => new Blob(["a"]),
    () => new Blob(["b"]),
    () => new Blob(["a"], { type: "text/plain" }),
    () => new File(["a"], "a.txt"),
    () => new File(["a"], "b.txt"),
    () => new File(["b"], "a.txt"),
    () => new Request("http://localhost/a"),
    () => new Request("http://localhost/b"),
    () => new Request("http://localhost/a", { method: "PUT", body: "a" }),
    () => new Request("http://localhost/a", { method: "PUT", body: "b" }),
    () => new Request("http://localhost/a", { headers: { accept: "text/plain" } }),
    () => new Response("a"),
    () => new Response("b"),
    () => new Response("a", { status: 201 }),
    () => [new Response("a")],
    () => [new Response("a"), new Response("a")],
  ];
  const hash = (make: () => unknown) => stableHashAsync({ value: make() });
  const hashes = await Promise.all(makers.map(hash));
  assert.deepEqual(await Promise.all(makers.map(hash)), hashes);
  assert.equal(new Set(hashes).size, hashes.length);
});

test("stableHashAsync() does not see when a file changed, nor who else holds a body", async () => {
  const at = (lastModified: number) => stableHashAsync(new File(["a"], "a", { lastModified }));
  assert.equal(await at(0), await at(1));
  const response = new Response("a");
  const twice = await stableHashAsync([response, response]);
  assert.equal(twice, await stableHashAsync([new Response("a"), new Response("a")]));
  assert.equal(await response.text(), "a");
});

test("stableHashAsync() gives what stableHash() gives where nothing takes time to read", async () => {
  for (const value of [1, { b: [1n], a: new Map([[1, -0]]) }, new Uint8Array(5000)]) {
    assert.equal(await stableHashAsync(value), stableHash(value));
  }
  await rejects(stableHashAsync({ a: Symbol() }), EncodeError, /symbol at \.a/);
});

test("collections without order have the same canonical bytes in any order, on request", () => {
  const unordered = (value: unknown) => toHex(encodeCanonical(value, { unordered: true }));
  const a = new Map<unknown, unknown>([["a", new Set([1, 2, { b: 3 }])], [{ c: 1 }, 2], [300, 4]]);
  const b = new Map<unknown, unknown>([[300, 4], [{ c: 1 }, 2], ["a", new Set([{ b: 3 }, 2, 1])]]);
  assert.equal(unordered([a]), unordered([b]));
  assert.notEqual(toHex(encodeCanonical(a)), toHex(encodeCanonical(b)));
  assert.notEqual(unordered(new Map([[1, 2], [3, 4]])), unordered(new Map([[1, 4], [3, 2]])));
  assert.notEqual(unordered(new Set([[1, 2]])), unordered(new Set([[2, 1]])));
});
