/**
 * What the bench of the codec encodes, and what it makes keys of.
 *
 * @module
 */

/** An object of five fields. */
const small = () => ({
  id: 4711,
  name: "Grace Hopper",
  admin: true,
  score: 0.75,
  tags: ["a", "b"],
});

/** A record of a table; all of them have the same fields. */
function record(index: number) {
  return {
    id: index,
    name: `Person number ${index}`,
    email: `person${index}@example.org`,
    age: 18 + index % 70,
    active: index % 3 !== 0,
    balance: index * 1.25,
    tags: [`t${index % 7}`, "common"],
  };
}

interface Node {
  readonly id: number;
  readonly label: string;
  readonly children: Node[];
}

function tree(depth: number, id = 1): Node {
  const children = depth === 0 ? [] : [0, 1, 2, 3].map((i) => tree(depth - 1, id * 4 + i));
  return { id, label: `n${id % 100}`, children };
}

/** About 10 kB of what an API answers. */
const answer = () => ({
  page: 3,
  total: 1234,
  next: "https://example.org/items?page=4",
  items: Array.from({ length: 74 }, (_, index) => record(index * 37)),
});

/** The rows of the table of codecs. */
export const VALUES: Readonly<Record<string, () => unknown>> = {
  "small object": small,
  "1,000 records": () => Array.from({ length: 1000 }, (_, index) => record(index)),
  "1 MB string": () => "The quick brown fox jumps over the lazy dog. ".repeat(23_302),
  "8 MB Float64Array": () => Float64Array.from({ length: 1 << 20 }, (_, i) => Math.sin(i) * 1e3),
  "Map of 10,000": () =>
    new Map(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i % 300] as const)),
  "deep tree": () => tree(6),
  "100,000 integers": () => Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 1_000_003),
};

/** The rows of the table of keys: the arguments of a call. */
export const CALLS: Readonly<Record<string, () => readonly unknown[]>> = {
  "number, 5 fields": () => [42, small()],
  "10 kB of JSON-like data": () => [answer()],
};
