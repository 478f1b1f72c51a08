/**
 * What the parts of a run hand back, and how it is shown.
 *
 * @module
 */

import { matrix } from "./matrix.ts";
import { aligned } from "./table.ts";

/** One test, or one check, and how it went. */
export interface Case {
  /** The file it stands in, relative to the project; the part's name where there is none. */
  readonly file: string;
  /** What holds. */
  readonly name: string;
  /** How it went. */
  readonly status: "passed" | "failed" | "skipped";
  /** What went wrong, or why it was skipped. */
  readonly message?: string;
}

/** All that one part of a run (the checks, one runtime) found. */
export interface Part {
  /** Name of the part, as `--only` takes it. */
  readonly name: string;
  /** Everything that ran or was skipped. */
  readonly cases: readonly Case[];
  /** How long it took. */
  readonly seconds: number;
}

/** Counts the cases of some parts. */
export function count(parts: readonly Part[], status: Case["status"]): number {
  return parts.flatMap((part) => part.cases).filter((one) => one.status === status).length;
}

/**
 * The whole report as text; its last line is `N passed, N failed, N skipped`.
 *
 * @param parts What ran.
 * @param options Whether to show the outcome of every case of the stores' suite.
 */
export function report(
  parts: readonly Part[],
  { everyCase = false }: { readonly everyCase?: boolean } = {},
): string {
  const statuses = ["passed", "failed", "skipped"] as const;
  const table = [
    ["part", ...statuses, "seconds"],
    ...parts.map((part) => [
      part.name,
      ...statuses.map((status) => String(count([part], status))),
      part.seconds.toFixed(1),
    ]),
  ];
  return [
    ...failures(parts),
    ...aligned(table),
    "",
    ...matrix(parts, { everyCase }),
    ...skips(parts),
    statuses.map((status) => `${count(parts, status)} ${status}`).join(", "),
  ].join("\n");
}

function failures(parts: readonly Part[]): string[] {
  return parts.flatMap((part) =>
    part.cases.filter((one) => one.status === "failed").flatMap((one) => [
      `FAILED ${part.name} | ${one.file} | ${one.name}`,
      ...(one.message ?? "").trimEnd().split("\n").map((line) => `    ${line}`.trimEnd()),
      "",
    ])
  );
}

function skips(parts: readonly Part[]): string[] {
  const reasons = new Map<string, Map<string, number>>();
  for (const part of parts) {
    for (const { status, message = "no reason given" } of part.cases) {
      if (status !== "skipped") continue;
      const byPart = reasons.get(message) ?? new Map<string, number>();
      reasons.set(message, byPart.set(part.name, (byPart.get(part.name) ?? 0) + 1));
    }
  }
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, byPart]) =>
    `  ${reason}: ${[...byPart].map(([part, times]) => `${times} on ${part}`).join(", ")}`
  );
  return ["Skipped, and why:", ...lines.sort(), ""];
}
