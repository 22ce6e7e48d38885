import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { drive, functions, job, schemaOf, Weather } from './drive.mjs';

const patient = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1' }).chat.completions;
const once = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', maxRetries: 0 }).chat.completions;

const body = ({ model, text }, more) => ({ model, messages: [{ role: 'user', content: text }], ...more });
const told = answer => ({
  text: answer.choices[0].message.content,
  ending: answer.choices[0].finish_reason,
  input: answer.usage?.prompt_tokens,
  output: answer.usage?.completion_tokens,
});
const ask = async call => told(await once.create(body(call)));
const askPatiently = async call => told(await patient.create(body(call)));
const format = zodResponseFormat(Weather, 'weather');

async function tools(call, more) {
  const calls = [];
  const runner = once.runTools(body(call, {
    ...more,
    tools: Object.entries(functions(calls)).map(([name, { description, schema, run }]) => ({
      type: 'function',
      function: { name, description, parameters: schemaOf(schema), parse: JSON.parse, function: run },
    })),
  }));
  return { text: await runner.finalContent(), calls };
}

async function picture(call, url) {
  const content = [{ type: 'text', text: call.text }, { type: 'image_url', image_url: { url } }];
  return told(await once.create({ model: call.model, messages: [{ role: 'user', content }] }));
}

await drive({
  chat: ask,
  async stream(call) {
    const result = { text: '', pieces: 0 };
    for await (const chunk of await once.create(body(call, { stream: true, stream_options: { include_usage: true } }))) {
      const choice = chunk.choices[0];
      if (choice?.delta.content) (result.text += choice.delta.content), result.pieces++;
      result.ending = choice?.finish_reason ?? result.ending;
      if (chunk.usage) (result.input = chunk.usage.prompt_tokens), (result.output = chunk.usage.completion_tokens);
    }
    return result;
  },
  final: async call => told(await once.stream(body(call, { stream_options: { include_usage: true } })).finalChatCompletion()),
  tools: call => tools(call),
  'tools, streamed': call => tools(call, { stream: true }),
  schema: async call => ({ object: (await once.parse(body(call, { response_format: format }))).choices[0].message.parsed }),
  'schema, streamed': async call => ({ object: (await once.stream(body(call, { response_format: format })).finalChatCompletion()).choices[0].message.parsed }),
  picture: call => picture(call, job.picture),
  'picture by address': call => picture(call, job.pictureAddress),
  async reasoning(call) {
    const answer = await once.create(body(call, { reasoning_effort: 'low' }));
    return { ...told(answer), reasoning: answer.choices[0].message.reasoning_content };
  },
  async 'reasoning, streamed'(call) {
    const result = { text: '', reasoning: '' };
    for await (const { choices: [choice] } of await once.create(body(call, { reasoning_effort: 'low', stream: true }))) {
      result.text += choice?.delta.content ?? '';
      result.reasoning += choice?.delta.reasoning_content ?? '';
    }
    return result;
  },
  'Retry-After': askPatiently,
  'retry of a 503': askPatiently,
  '429': ask,
  '400': ask,
  'upstream 401': ask,
  '500': ask,
  cut: async call => told(await once.stream(body(call)).finalChatCompletion()),
});
