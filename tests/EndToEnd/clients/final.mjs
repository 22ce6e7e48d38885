// Asks each SDK's own helper for the final answer of a stream: reads a list of calls as one line of JSON, prints what each helper gave or raised.
import { createInterface } from 'node:readline';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const { base, compat, key, calls } = JSON.parse((await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next()).value);
const openai = new OpenAI({ apiKey: key, baseURL: base + '/v1', maxRetries: 0 });
const flavoured = new OpenAI({ apiKey: key, baseURL: compat, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey: key, baseURL: base, maxRetries: 0 });
const messages = [{ role: 'user', content: 'Hello' }];

const helpers = {
  'openai chat': (model) => openai.chat.completions.stream({ model, messages }).finalChatCompletion(),
  'openai chat on compat': (model) => flavoured.chat.completions.stream({ model, messages }).finalChatCompletion(),
  'openai responses': (model) => openai.responses.stream({ model, input: 'Hello' }).finalResponse(),
  'anthropic messages': (model) => anthropic.messages.stream({ model, messages, max_tokens: 64 }).finalMessage(),
};

const results = [];
for (const { helper, model } of calls) {
  try {
    results.push({ value: await helpers[helper](model) });
  } catch (e) {
    results.push({ error: `${e.constructor.name}: ${e.message}` });
  }
}
console.log(JSON.stringify(results));
