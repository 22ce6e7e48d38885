// Reads a call as JSON from standard input, lets a client make it, and prints what the client gave or raised.
import { text } from 'node:stream/consumers';

export const request = JSON.parse(await text(process.stdin));

/** Calls `a.b.c` of the client with the request's arguments; a stream or a page is collected into a list. */
export async function answer(client) {
  const path = request.method.split('.');
  const method = path.pop();
  const owner = path.reduce((at, name) => at[name], client);
  try {
    let value = await owner[method](...request.arguments);
    if (value?.[Symbol.asyncIterator]) {
      const items = [];
      for await (const item of value) items.push(item);
      value = items;
    }
    console.log(JSON.stringify({ value }));
  } catch (e) {
    console.log(JSON.stringify({ error: { name: e.constructor.name, status: e.status, message: e.message, error: e.error } }));
  }
}
