import { assert, test } from "../harness.ts";
import { CALLS, keyOf } from "./calls.ts";

/**
 * The keys of the calls, frozen. A change of any of them is a new key version: it makes every
 * stored result a miss, so it is decided on purpose. The same file runs on every runtime, so this
 * also shows that all of them make the same keys.
 */
const GOLDEN: Readonly<Record<string, string>> = {
  "a number": "775c57f2faa339b7ffa302850de8d0632a4be7bfc3eb0629cacb1629da593082",
  "an unlike number": "23830d49f2c3687634a577b239443bb49ab398912a5fddc4db9cdd02168a3937",
  "a version": "0320049873a2f55a455c51a44e04749a3294d1d11859f4039e0dc25f63384432",
  "another name": "90e29ea15f968a4a4b76cdc9610d369341cdf7053387a841633a829fbdcfdbb8",
  "code ignored": "838feb1e8fa88742c80d6dd031d36a8e95ef9f117c070432b12fca4ca4a2f9b0",
  "a fingerprint": "c76ad56c00212ae0a4eb844b5d02e5253dbe61c85cbe427667b6bf1e7452d022",
  "a closure": "a3e0537dd04fff0dbcedd10db4ca9b9dd836ba885c926a6ea8fb0a6696866f12",
  "a function in the closure": "0669e7f49167f1ab789da0ceac05cc43300474cd9e6b36db51857a2d2d4779fa",
  "an ignored parameter": "58bb3f56a0f34c684d59bd56801ba2a98300a3ffd94993cbaf0064b37736f689",
  "a default": "078667e778caf0eba9f1c678e40084fb415d2fc4331689ca055b8ecbd3541cb1",
  "a rest parameter": "6f129b67f41af0be71eb2a496b595f2cbd54d45c7f2d8474e6c1291ff4c94bf5",
  "a generator": "81de16fc7067b229265575fb1ab51763e47dcfab028c30e4a38e13ba5b31d269",
  "no arguments": "b3e7c370665390b77bbc55c92153e2dfe84b39292ddb170b19c2cc5058aab879",
  "many kinds of data": "8bd69a1ed859ecf4b06fa7662a4c6c807e91365a34b9a3e35ae8a24b86f756e1",
  "collections": "19eb8c2d8f86e11182ed7a34bfa1620f134274537c1f0a9a2c7e748e4cdffd75",
  "views": "f61290e4da6c30921231f2915e7a1fb9f4050cf9aeda4bf8b7e50aab5e570212",
  "an object": "e70926a488245b7d026767db5f0c48a7c10660366f4ea6967fdc9431979f6bad",
  "an error": "fb0fe960053544f99673be712a003e194af1923988279c6d6bbbd646d75e5e7a",
  "a cycle": "ebd82f4db24403da33b2a941fdd7e8a8a28fd99eaa44bb15b1c0558d83e99abd",
  "a long string": "ef3201747f761506518203c44f1d79aa1ff029b30ff38c18d0a66fec681ded0c",
};

for (const call of CALLS) {
  test(`the key of a call with ${call.name} is the same everywhere and for ever`, () => {
    assert.equal(keyOf(call), GOLDEN[call.name]);
  });
}

test("every frozen key belongs to a call, and no two calls share one", () => {
  assert.sameMembers(Object.keys(GOLDEN), CALLS.map(({ name }) => name));
  assert.equal(new Set(CALLS.map(keyOf)).size, CALLS.length);
});
