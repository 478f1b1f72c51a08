/**
 * Reads the table of the seeds' features, and the names of tests in a file of tests.
 *
 * @module
 */

import jsTokens from "js-tokens";

/** One row of the table. */
export interface Row {
  readonly feature: string;
  readonly how: string;
  /** Files of tests below `tests/`, without `.ts`, and the names of tests in them. */
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** Ways to say why a row may have no test. */
const EXCUSES = /^(?:Not done|No need|Later): ./;

/** The rows of all tables in a Markdown text. */
export function rowsOf(markdown: string): Row[] {
  const lines = markdown.split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
  return cells.filter(([first]) => first !== "Seed feature" && !/^-+$/.test(first))
    .map(([feature, how, shown = ""]) => ({
      feature,
      how,
      tests: [...shown.matchAll(/`([^`]+)`: “([^”]+)”/g)]
        .map(([, file, name]) => ({ file, name })),
    }));
}

/** What is wrong with a row by itself: nothing, or a sentence. */
export function rowProblem({ feature, how, tests }: Row): string | undefined {
  if (feature === "" || how === "") return `A cell is empty beside ${feature || how || "nothing"}`;
  return tests.length > 0 || EXCUSES.test(how) ? undefined : `${feature} has no test and no excuse`;
}

/**
 * Finds out which names the tests in a source may have.
 *
 * @returns Whether a name is one of its strings, or what one of its templates may come to.
 */
export function testNamesIn(source: string): (name: string) => boolean {
  const names = new Set<string>();
  const templates: RegExp[] = [];
  let pattern = "";
  for (const { type, value } of jsTokens(source)) {
    if (type === "StringLiteral") names.add(value.slice(1, -1).replaceAll(/\\(.)/g, "$1"));
    else if (type === "NoSubstitutionTemplate") names.add(value.slice(1, -1));
    else if (type === "TemplateHead") pattern = `^${literal(value.slice(1, -2))}`;
    else if (type === "TemplateMiddle") pattern += `.+${literal(value.slice(1, -2))}`;
    else if (type === "TemplateTail") {
      pattern += `.+${literal(value.slice(1, -1))}$`;
      // One that is hardly more than what is put into it could come to anything.
      if (pattern.replaceAll(".+", "").length > 8) templates.push(new RegExp(pattern));
    }
  }
  return (name) => names.has(name) || templates.some((template) => template.test(name));
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
