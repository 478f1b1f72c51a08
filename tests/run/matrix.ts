/**
 * The matrix of the conformance suite: every store on every runtime, and why a case was skipped.
 *
 * @module
 */

import type { Case, Part } from "./report.ts";
import { aligned } from "./table.ts";

/** A test of the suite, by its title: the store, and the case with its group. */
const TITLE =
  /^(.+) store, ((?:bytes|keys|list|expiry|concurrency|lifecycle|persistence|abort|lease|streams|read-only): .+)$/;
/** What stands for a store that a runtime does not have. */
const ELSEWHERE = /^(.+) store: passes the conformance suite$/;

/** The outcomes of one store: by case, and then by part. */
type Outcomes = Map<string, Map<string, Case>>;

/**
 * The matrix as lines; none where no test of the suite ran.
 *
 * @param parts The parts of the run.
 * @param options Whether to show every case, or how many there were.
 */
export function matrix(
  parts: readonly Part[],
  { everyCase }: { readonly everyCase: boolean },
): string[] {
  const stores = collect(parts);
  if (stores.size === 0) return [];
  const shown = parts.filter(({ cases }) => cases.some(({ name }) => storeOf(name) !== undefined));
  const names = shown.map(({ name }) => name);
  const table = [
    ["store", ...names, "skipped, since"],
    ...[...stores].map(([store, outcomes]) => [
      store,
      ...names.map((part) => summary(outcomes, part)),
      reasons(outcomes),
    ]),
  ];
  const lines = ["Stores by the conformance suite, passed + skipped:", ...aligned(table), ""];
  return everyCase ? [...caseLines(stores, names), ...lines] : lines;
}

function storeOf(title: string): string | undefined {
  return (TITLE.exec(title) ?? ELSEWHERE.exec(title))?.[1];
}

function collect(parts: readonly Part[]): Map<string, Outcomes> {
  const stores = new Map<string, Outcomes>();
  for (const part of parts) {
    for (const one of part.cases) {
      const [, store, name] = TITLE.exec(one.name) ?? [];
      if (store === undefined) continue;
      const outcomes = stores.get(store) ?? new Map<string, Map<string, Case>>();
      stores.set(store, outcomes);
      const byPart = outcomes.get(name) ?? new Map<string, Case>();
      outcomes.set(name, byPart.set(part.name, one));
    }
  }
  return stores;
}

/** How a store fares on one runtime, such as `93 + 4`; `-` where it is not run there. */
function summary(outcomes: Outcomes, part: string): string {
  const found = [...outcomes.values()].flatMap((byPart) => byPart.get(part) ?? []);
  if (found.length === 0) return "-";
  const count = (status: Case["status"]) => found.filter((one) => one.status === status).length;
  const failed = count("failed");
  return `${count("passed")} + ${count("skipped")}${failed > 0 ? `, ${failed} FAILED` : ""}`;
}

function reasons(outcomes: Outcomes): string {
  const found = [...outcomes.values()].flatMap((byPart) => [...byPart.values()])
    .filter(({ status }) => status === "skipped")
    .map(({ message = "no reason given" }) => message);
  return [...new Set(found)].sort().join(", ");
}

function caseLines(stores: Map<string, Outcomes>, parts: readonly string[]): string[] {
  return [...stores].flatMap(([store, outcomes]) => [
    `${store} store:`,
    ...aligned([
      ["case", ...parts],
      ...[...outcomes].map(([name, byPart]) => [
        name,
        ...parts.map((part) => outcome(byPart.get(part))),
      ]),
    ]),
    "",
  ]);
}

function outcome(one: Case | undefined): string {
  if (one === undefined) return "-";
  return one.status === "skipped" ? one.message ?? "skipped" : one.status;
}
