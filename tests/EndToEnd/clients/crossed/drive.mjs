// Reads a job as one line of JSON from standard input, lets a client make each of its calls, and prints a line for what the client gave or raised.
import { createInterface } from 'node:readline';
import { z } from 'zod';

const { value } = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
export const job = JSON.parse(value);

/** What the structured answers are to be. */
export const Weather = z.object({ city: z.string(), degrees: z.number(), sunny: z.boolean() });

export const City = z.object({ city: z.string() });
export const Zone = z.object({ zone: z.string() });

/** The two functions of the tools loop; what they were called with is noted. */
export function functions(calls) {
  return {
    get_weather: { description: 'The weather', schema: City, run: args => (calls.push(`get_weather ${JSON.stringify(args)}`), '18 °C') },
    get_time: { description: 'The time', schema: Zone, run: args => (calls.push(`get_time ${JSON.stringify(args)}`), '12:00') },
  };
}

/** JSON schema of a zod object as clients that have no helper of their own send it. */
export const schemaOf = object => z.toJSONSchema(object);

/** Runs the calls, some at a time. */
export async function drive(claims) {
  const waiting = [...job.calls];
  const work = async () => {
    for (let call; (call = waiting.shift());) {
      const began = performance.now();
      let result;
      try {
        const claim = claims[call.claim];
        result = claim ? await claim(call) : { absent: true };
      } catch (e) {
        result = { raised: { name: e.constructor.name, status: e.status ?? e.statusCode ?? null, message: String(e.message), cause: String(e.cause ?? '') } };
      }
      console.log(JSON.stringify({ id: call.id, ms: Math.round(performance.now() - began), ...result }));
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  // LangChain leaves timers and sockets behind.
  process.exit(0);
}
