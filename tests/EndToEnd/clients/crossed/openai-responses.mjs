import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { drive, functions, job, schemaOf, Weather } from './drive.mjs';

const patient = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1' }).responses;
const once = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', maxRetries: 0 }).responses;

const body = ({ model, text }, more) => ({ model, input: text, ...more });
const told = answer => ({
  text: answer.output_text,
  ending: answer.status,
  input: answer.usage?.input_tokens,
  output: answer.usage?.output_tokens,
  reasoning: answer.output.filter(item => item.type === 'reasoning').flatMap(item => item.summary).map(part => part.text).join(''),
});
const ask = async call => told(await once.create(body(call)));
const askPatiently = async call => told(await patient.create(body(call)));
const text = { format: zodTextFormat(Weather, 'weather') };
const thinking = { reasoning: { effort: 'low', summary: 'auto' } };

async function tools(call, send) {
  const calls = [], known = functions(calls);
  const list = Object.entries(known).map(([name, { description, schema }]) => ({ type: 'function', name, description, parameters: schemaOf(schema), strict: true }));
  const input = [{ role: 'user', content: call.text }];
  for (let turn = 0; turn < 3; turn++) {
    const answer = await send({ model: call.model, input, tools: list });
    const wanted = answer.output.filter(item => item.type === 'function_call');
    if (!wanted.length) return { text: answer.output_text, calls };
    // The stream helper's items carry what it parsed; an API would refuse that.
    input.push(...answer.output.map(({ parsed_arguments, ...item }) => item));
    for (const { name, arguments: args, call_id } of wanted)
      input.push({ type: 'function_call_output', call_id, output: known[name].run(JSON.parse(args)) });
  }
}

const picture = async (call, image_url) => told(await once.create({
  model: call.model,
  input: [{ role: 'user', content: [{ type: 'input_text', text: call.text }, { type: 'input_image', image_url, detail: 'auto' }] }],
}));

await drive({
  chat: ask,
  async stream(call) {
    const result = { text: '', pieces: 0 };
    for await (const event of await once.create(body(call, { stream: true }))) {
      if (event.type === 'response.output_text.delta') (result.text += event.delta), result.pieces++;
      if (event.type === 'response.completed') {
        result.ending = event.response.status;
        result.input = event.response.usage.input_tokens;
        result.output = event.response.usage.output_tokens;
      }
    }
    return result;
  },
  final: async call => told(await once.stream(body(call)).finalResponse()),
  tools: call => tools(call, request => once.create(request)),
  'tools, streamed': call => tools(call, request => once.stream(request).finalResponse()),
  schema: async call => ({ object: (await once.parse(body(call, { text }))).output_parsed }),
  'schema, streamed': async call => ({ object: (await once.stream(body(call, { text })).finalResponse()).output_parsed }),
  picture: call => picture(call, job.picture),
  'picture by address': call => picture(call, job.pictureAddress),
  reasoning: async call => told(await once.create(body(call, thinking))),
  async 'reasoning, streamed'(call) {
    const result = { text: '', reasoning: '' };
    for await (const event of await once.create(body(call, { ...thinking, stream: true }))) {
      if (event.type === 'response.output_text.delta') result.text += event.delta;
      if (event.type === 'response.reasoning_summary_text.delta') result.reasoning += event.delta;
    }
    return result;
  },
  'Retry-After': askPatiently,
  'retry of a 503': askPatiently,
  '429': ask,
  '400': ask,
  'upstream 401': ask,
  '500': ask,
  async cut(call) {
    const answer = await once.stream(body(call)).finalResponse();
    // The helper gives a failed response back as it is: whoever asks sees its status.
    return answer.status === 'failed' || answer.status === 'incomplete' ? { incomplete: answer.error?.message ?? answer.status } : told(answer);
  },
});
