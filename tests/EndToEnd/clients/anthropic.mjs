import Anthropic from '@anthropic-ai/sdk';
import { answer, credentials, request } from './call.mjs';

await answer(new Anthropic({ ...credentials, baseURL: request.base, maxRetries: 0 }));
