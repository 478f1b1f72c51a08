import { assert, test } from "../harness.ts";
import { matrix } from "./matrix.ts";
import type { Case, Part } from "./report.ts";

function one(name: string, status: Case["status"], message?: string): Case {
  const found = { file: "a_test.ts", name, status };
  return message === undefined ? found : { ...found, message };
}

const WHY = "supports.lease is false";
const PARTS: readonly Part[] = [
  { name: "checks", seconds: 1, cases: [one("types", "passed")] },
  {
    name: "deno",
    seconds: 1,
    cases: [
      one("memory store, bytes: keeps 1 byte", "passed"),
      one("memory store, lease: leases a key", "skipped", WHY),
      one("tiered (memory, fs) store, bytes: keeps 1 byte", "passed"),
      one("tiered (memory, fs) store, lease: leases a key", "failed", "Boom"),
      one("another test", "passed"),
    ],
  },
  {
    name: "firefox",
    seconds: 1,
    cases: [
      one("memory store, bytes: keeps 1 byte", "passed"),
      one("memory store, lease: leases a key", "skipped", WHY),
      one("tiered (memory, fs) store: passes the conformance suite", "skipped", "needs files"),
    ],
  },
];

test("matrix() shows each store on each runtime, and why cases were skipped", () => {
  assert.deepEqual(matrix(PARTS, { everyCase: false }), [
    "Stores by the conformance suite, passed + skipped:",
    "store                           deno  firefox           skipped, since",
    "memory                         1 + 1    1 + 1  supports.lease is false",
    "tiered (memory, fs)  1 + 0, 1 FAILED        -",
    "",
  ]);
});

test("matrix() shows every case on request", () => {
  assert.deepEqual(matrix(PARTS, { everyCase: true }).slice(0, 9), [
    "memory store:",
    "case                                    deno                  firefox",
    "bytes: keeps 1 byte                   passed                   passed",
    "lease: leases a key  supports.lease is false  supports.lease is false",
    "",
    "tiered (memory, fs) store:",
    "case                   deno  firefox",
    "bytes: keeps 1 byte  passed        -",
    "lease: leases a key  failed        -",
  ]);
});

test("matrix() is empty where no store was tested", () => {
  assert.isEmpty(matrix(PARTS.slice(0, 1), { everyCase: true }));
});
