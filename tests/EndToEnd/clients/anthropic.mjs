import Anthropic from '@anthropic-ai/sdk';
import { answer, request } from './call.mjs';

await answer(new Anthropic({ apiKey: request.key, baseURL: request.base, maxRetries: 0 }));
