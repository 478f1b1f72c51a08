/**
 * Reads the JUnit reports that `deno test` and `bun test` write.
 *
 * @module
 */

import { XMLParser } from "fast-xml-parser";
import { SKIP_MARK } from "../harness.ts";
import type { Case } from "./report.ts";

interface Suite {
  readonly name: string;
  readonly testsuite?: readonly Suite[];
  readonly testcase?: readonly TestCase[];
}

interface TestCase {
  readonly name: string;
  readonly skipped?: unknown;
  readonly failure?: readonly Problem[];
  readonly error?: readonly Problem[];
}

type Problem = string | { readonly message?: string; readonly "#text"?: string };

const LISTS = ["testsuite", "testcase", "failure", "error"];

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  htmlEntities: true,
  isArray: (name) => LISTS.includes(name),
});

/** The cases of a report; `file` names them, or their suite does where `file` is missing. */
export function readJUnit(xml: string, file?: string): Case[] {
  const { testsuites } = parser.parse(xml) as { testsuites?: Suite | string };
  return typeof testsuites === "object" ? casesOf(testsuites, file) : [];
}

function casesOf(suite: Suite, file: string | undefined): Case[] {
  return [
    ...(suite.testsuite ?? []).flatMap((inner) => casesOf(inner, file)),
    ...(suite.testcase ?? []).map((test) => toCase(test, file ?? suite.name)),
  ];
}

function toCase(test: TestCase, file: string): Case {
  const problems = [...(test.failure ?? []), ...(test.error ?? [])];
  if (problems.length > 0) {
    return { file, name: test.name, status: "failed", message: problems.map(text).join("\n") };
  }
  if (test.skipped === undefined) return { file, name: test.name, status: "passed" };
  const [name, message = "no reason given"] = test.name.split(SKIP_MARK);
  return { file, name, status: "skipped", message };
}

function text(problem: Problem): string {
  if (typeof problem === "string") return problem;
  return problem["#text"] ?? problem.message ?? "";
}
