import OpenAI from 'openai';
import { answer, credentials, request } from './call.mjs';

await answer(new OpenAI({ ...credentials, baseURL: request.base, maxRetries: 0 }));
