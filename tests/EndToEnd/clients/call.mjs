// Reads a call as one line of JSON from standard input, lets a client make it, and prints what the client gave or raised.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export const request = JSON.parse((await lines.next()).value);

/** Without a key the client's own headers for one are left out; a client that insists on a key gets one that it does not send. */
export const credentials = request.key === null
  ? { apiKey: 'not sent', defaultHeaders: { Authorization: null, 'X-Api-Key': null } }
  : { apiKey: request.key };

/** Calls `a.b.c` of the client with the request's arguments; a stream or a page is collected into a list. */
export async function answer(client) {
  const path = request.method.split('.');
  const method = path.pop();
  const owner = path.reduce((at, name) => at[name], client);
  try {
    let value = await owner[method](...request.arguments);
    if (request.leave) return await leave(value);
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

/** Aborts a stream once it has begun, says so, and lives on until standard input ends: it is not the process's end that closes the connection. */
async function leave(stream) {
  for await (const item of stream) {
    stream.controller.abort();
    break;
  }
  console.log(JSON.stringify({ value: 'left' }));
  await lines.next();
}
