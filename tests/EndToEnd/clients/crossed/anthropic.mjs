import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { drive, functions, job, Weather } from './drive.mjs';

const patient = new Anthropic({ apiKey: job.key, baseURL: job.base });
const once = new Anthropic({ apiKey: job.key, baseURL: job.base, maxRetries: 0 });

const body = ({ model, text }, more) => ({ model, max_tokens: 4000, messages: [{ role: 'user', content: text }], ...more });
const join = (message, type) => message.content.filter(block => block.type === type).map(block => block[type]).join('');
const told = message => ({
  text: join(message, 'text'),
  ending: message.stop_reason,
  input: message.usage.input_tokens + (message.usage.cache_read_input_tokens ?? 0),
  output: message.usage.output_tokens,
  reasoning: join(message, 'thinking'),
});
const ask = async call => told(await once.messages.create(body(call)));
const askPatiently = async call => told(await patient.messages.create(body(call)));
const output_config = { format: zodOutputFormat(Weather) };
const thinking = { type: 'enabled', budget_tokens: 1024 };

// Threads keep the conversation at Anthropic, which no other upstream can continue: without them the history is sent.
function runner(call, calls, more) {
  const tools = Object.entries(functions(calls)).map(([name, { description, schema, run }]) => betaZodTool({ name, description, inputSchema: schema, run }));
  return once.beta.messages.toolRunner(body(call, { tools, max_iterations: 3, thread: false, ...more }));
}

const picture = async (call, source) =>
  told(await once.messages.create({ model: call.model, max_tokens: 100, messages: [{ role: 'user', content: [{ type: 'image', source }, { type: 'text', text: call.text }] }] }));

await drive({
  chat: ask,
  async stream(call) {
    const result = { text: '', pieces: 0 };
    for await (const event of await once.messages.create(body(call, { stream: true }))) {
      if (event.delta?.type === 'text_delta') (result.text += event.delta.text), result.pieces++;
      if (event.type === 'message_delta') {
        result.ending = event.delta.stop_reason;
        result.input = event.usage.input_tokens + (event.usage.cache_read_input_tokens ?? 0);
        result.output = event.usage.output_tokens;
      }
    }
    return result;
  },
  final: async call => told(await once.messages.stream(body(call)).finalMessage()),
  async tools(call) {
    const calls = [];
    return { text: join(await runner(call, calls).runUntilDone(), 'text'), calls };
  },
  async 'tools, streamed'(call) {
    const calls = [];
    let last;
    for await (const stream of runner(call, calls, { stream: true })) last = await stream.finalMessage();
    return { text: join(last, 'text'), calls };
  },
  schema: async call => ({ object: (await once.messages.parse(body(call, { output_config }))).parsed_output }),
  'schema, streamed': async call => ({ object: (await once.messages.stream(body(call, { output_config })).finalMessage()).parsed_output }),
  picture: call => picture(call, { type: 'base64', media_type: 'image/png', data: job.picture.split(',')[1] }),
  'picture by address': call => picture(call, { type: 'url', url: job.pictureAddress }),
  reasoning: async call => told(await once.messages.create(body(call, { thinking }))),
  'reasoning, streamed': async call => told(await once.messages.stream(body(call, { thinking })).finalMessage()),
  'Retry-After': askPatiently,
  'retry of a 503': askPatiently,
  '429': ask,
  '400': ask,
  'upstream 401': ask,
  '500': ask,
  cut: async call => told(await once.messages.stream(body(call)).finalMessage()),
});
