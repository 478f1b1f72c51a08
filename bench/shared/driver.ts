/**
 * What a contest may ask of the bench that drives it, from whatever runtime it is in.
 *
 * @module
 */

/** Answers a contest's question, which is a text and some numbers; `null` where it cannot. */
export type Answer = (question: string, ...values: number[]) => Promise<number | null>;

/** Name of the function in a page that asks. */
export const PAGE_FUNCTION = "askDriver";
/** How the argument of a process begins that says at what address it can ask. */
export const ADDRESS_ARGUMENT = "--driver=";

/** Asks the driver; gives `undefined` where there is none, or no answer. */
export async function askDriver(
  question: string,
  ...values: number[]
): Promise<number | undefined> {
  const { askDriver, process } = globalThis as {
    [PAGE_FUNCTION]?: Answer;
    process?: { readonly argv: readonly string[] };
  };
  if (askDriver !== undefined) return await askDriver(question, ...values) ?? undefined;
  const address = process?.argv.find((argument) => argument.startsWith(ADDRESS_ARGUMENT));
  if (address === undefined) return undefined;
  const body = JSON.stringify([question, ...values]);
  const response = await fetch(address.slice(ADDRESS_ARGUMENT.length), { method: "POST", body });
  return await response.json() ?? undefined;
}

/** Serves the answers to processes on this machine, at an address of which it makes an argument. */
export function serveAnswers(answer: Answer): { readonly argument: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const [question, ...values] = await request.json();
    return Response.json(await answer(question, ...values));
  });
  return {
    argument: `${ADDRESS_ARGUMENT}http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
