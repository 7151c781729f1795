import { METHODS } from 'node:http';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { expect, it } from 'vitest';
import { testGateway } from './test-gateway.ts';

const KERNEL_ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';

const part = fc.oneof(
  fc.constantFrom(
    'api',
    'kernels',
    'kernelspecs',
    'sessions',
    'status',
    'me',
    'channels',
    'interrupt',
    'restart',
  ),
  fc.constantFrom(
    'python3',
    'openapi.json',
    'logo-svg.svg',
    KERNEL_ID,
    '..',
    '.',
    '%2e%2e',
    '%',
    '%zz',
    '%00',
    '%c3',
  ),
  fc.constantFrom('__proto__', 'constructor', 'x'.repeat(600), '', ' ', ';', '*', ':id', '{id}', 'é'),
  fc.webSegment(),
);
const query = fc.oneof(
  fc.constantFrom(
    '',
    '?',
    '?token=a&token=b',
    '?user=',
    '?user=a&user=b',
    '?session_id=%0a',
    '?session_id=a&session_id=b',
  ),
  fc.webQueryParameters().map((text) => `?${text}`),
);
const known = fc.constantFrom(
  '/api/kernels',
  `/api/kernels/${KERNEL_ID}`,
  `/api/kernels/${KERNEL_ID}/channels`,
  '/api/sessions',
  '/api/sessions/x',
  '/api/kernelspecs/python3',
);
const url = fc.tuple(
  fc.oneof(
    known,
    fc.array(part, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
  ),
  query,
);
const body = fc.oneof(
  fc.constant(undefined),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc
    .record(
      {
        name: fc.oneof(fc.string(), fc.jsonValue()),
        path: fc.oneof(fc.string(), fc.jsonValue()),
        type: fc.oneof(fc.string(), fc.jsonValue()),
        env: fc.oneof(
          fc.dictionary(
            fc.constantFrom('KERNEL_ID', 'KERNEL_X', 'KERNEL_LAUNCH_TIMEOUT', '__proto__'),
            fc.jsonValue(),
          ),
          fc.jsonValue(),
        ),
        kernel: fc.oneof(
          fc.record({ id: fc.jsonValue(), name: fc.jsonValue() }, { requiredKeys: [] }),
          fc.jsonValue(),
        ),
        notebook: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'authorization',
    'origin',
    'if-none-match',
    'upgrade',
    'connection',
    'accept',
    'x-forwarded-for',
    'sec-websocket-protocol',
  ),
  fc.oneof(
    fc.constantFrom('websocket', 'upgrade', 'application/json', 'null', '*', 'close'),
    fc.stringMatching(/^[!-~]*$/),
  ),
  { maxKeys: 3, noNullPrototype: true },
);

it('any request is answered, never with a fault of the gateway, and every error in JSON', {
  timeout: 30_000,
}, async () => {
  const { app } = await testGateway({ kernelspecs: {} });
  const method = fc.oneof(
    fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE', 'HEAD'),
    fc.constantFrom(...METHODS),
  );
  await fc.assert(
    fc.asyncProperty(
      method,
      url,
      headers,
      body,
      async (anyMethod, [path, parameters], anyHeaders, payload) => {
        const request = {
          method: anyMethod,
          url: path + parameters,
          headers: anyHeaders,
          payload,
        } as InjectOptions;
        const { statusCode, headers: answered, body: text } = await app.inject(request);
        // 501 is what Jupyter clients know a missing kernelspec by.
        if (statusCode !== 501) expect(statusCode).toBeLessThan(500);
        if (statusCode < 400 || anyMethod === 'HEAD') return;
        expect(answered['content-type']).toMatch(/^application\/json/);
        const { reason, message } = JSON.parse(text);
        expect([reason, message].map((line) => typeof line)).toEqual(['string', 'string']);
        expect(`${reason}${message}`).not.toMatch(/[\r\n]/);
      },
    ),
    { numRuns: 400 },
  );
});
