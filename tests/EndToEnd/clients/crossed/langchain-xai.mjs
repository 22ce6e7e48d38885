import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatXAI } from '@langchain/xai';
import { drive, functions, job, Weather } from './drive.mjs';

const settings = { apiKey: job.key, baseURL: job.base + '/v1' };
const model = call => new ChatXAI({ ...settings, model: call.model, maxRetries: 0 });
const told = message => ({
  text: message.content,
  ending: message.response_metadata.finish_reason,
  input: message.usage_metadata?.input_tokens,
  output: message.usage_metadata?.output_tokens,
  reasoning: message.additional_kwargs.reasoning_content ?? '',
});
const ask = async call => told(await model(call).invoke(call.text));
const askPatiently = async call => told(await new ChatXAI({ ...settings, model: call.model }).invoke(call.text));

/** The chunks of a stream, put together as LangChain does. */
async function collect(chunks) {
  let whole, pieces = 0;
  for await (const chunk of chunks) {
    if (chunk.content) pieces++;
    whole = whole ? whole.concat(chunk) : chunk;
  }
  return { whole, pieces };
}

async function tools(call, send) {
  const calls = [], known = functions(calls);
  const bound = model(call).bindTools(Object.entries(known).map(([name, { description, schema }]) => ({ name, description, schema })));
  const messages = [new HumanMessage(call.text)];
  for (let turn = 0; turn < 3; turn++) {
    const answer = await send(bound, messages);
    if (!answer.tool_calls.length) return { text: answer.content, calls };
    messages.push(answer);
    for (const { name, args, id } of answer.tool_calls) messages.push(new ToolMessage({ content: known[name].run(args), tool_call_id: id }));
  }
}

const structured = call => model(call).withStructuredOutput(Weather, { name: 'weather' });
const picture = async (call, url) =>
  told(await model(call).invoke([new HumanMessage({ content: [{ type: 'text', text: call.text }, { type: 'image_url', image_url: { url } }] })]));

await drive({
  chat: ask,
  async stream(call) {
    const { whole, pieces } = await collect(await model(call).stream(call.text));
    return { ...told(whole), pieces };
  },
  tools: call => tools(call, (bound, messages) => bound.invoke(messages)),
  'tools, streamed': call => tools(call, async (bound, messages) => (await collect(await bound.stream(messages))).whole),
  schema: async call => ({ object: await structured(call).invoke(call.text) }),
  async 'schema, streamed'(call) {
    let object;
    for await (const piece of await structured(call).stream(call.text)) object = piece;
    return { object };
  },
  picture: call => picture(call, job.picture),
  'picture by address': call => picture(call, job.pictureAddress),
  reasoning: ask,
  'reasoning, streamed': async call => told((await collect(await model(call).stream(call.text))).whole),
  'Retry-After': askPatiently,
  'retry of a 503': askPatiently,
  '429': ask,
  '400': ask,
  'upstream 401': ask,
  '500': ask,
  cut: async call => told((await collect(await model(call).stream(call.text))).whole),
});
