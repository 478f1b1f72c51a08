import { findFunction } from "../../../lib/cli/map/mapped_function.ts";
import { cache } from "../../../mod.ts";
import { assert, test } from "../../harness.ts";

const one = cache((x: number) => x);
const two = cache((x: number) => -x);

test("findFunction() takes the default export, or the only function that is cached", () => {
  const found = (exports: Record<string, unknown>, name?: string) =>
    findFunction("m.ts", exports, name).mapped as unknown;
  assert.equal(found({ one, limit: 1, plain: () => 1 }), one);
  assert.equal(found({ one, default: two }), two);
  assert.equal(found({ one, default: 1 }), one);
  assert.equal(found({ one, two }, "two"), two);
});

test("findFunction() says what a module has where it cannot choose", () => {
  const refused = (exports: Record<string, unknown>, name: string | undefined, message: RegExp) =>
    assert.throws(() => findFunction("m.ts", exports, name), message);
  refused({ one, two }, undefined, /^Say which function of m\.ts to map: it has one, two$/);
  refused({ a: 1 }, undefined, /^Nothing to map in m\.ts: it exports no cached function, such as /);
  refused({ one }, "toString", /^m\.ts does not export "toString": it has one$/);
  refused({ one, list: [1] }, "list", /^list of m\.ts is not a cached function: it has one$/);
});
