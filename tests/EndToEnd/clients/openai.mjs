import OpenAI from 'openai';
import { answer, request } from './call.mjs';

await answer(new OpenAI({ apiKey: request.key, baseURL: request.base, maxRetries: 0 }));
