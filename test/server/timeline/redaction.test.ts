import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { redactedEvent } from '../../../src/server/timeline/redaction.ts';
import { CONNECTION } from '../../machines/samples.ts';
import { RecordedGateway } from './recorded-gateway.ts';

const rules = { sensitiveEnvKeys: ['CUSTOM'], redactionMask: '***' };

describe('a timeline', () => {
  it('shows no secret, wherever it turns up', async () => {
    const gateway = new RecordedGateway();
    const secrets = { PG_PASSWORD: 'correct horse', MY_CUSTOM: 'battery staple', A_TOKEN: 'x'.repeat(40) };
    const id = await gateway.launch({
      env: { ...secrets, KERNEL_VISIBLE: 'as it is' },
      headers: { Authorization: 'Bearer of news' },
      argv: ['run', '--api-key=open sesame', '--token', 'speak friend', '--verbose', 'yes'],
      proxyConfig: { registry: { password: 'hunter two' } },
    });
    await gateway.answer('check', 'createPod', 'awaitHandshake');
    const error = new KernelFailure({
      code: 'RECORD_FAILED',
      message: 'could not write correct horse',
      hint: 'Look at Bearer of news.',
    });
    await gateway.fail('saveRecord', error);
    const told = JSON.stringify([gateway.entries(id), gateway.timelines.board.overview()]);
    for (const secret of [
      ...Object.values(secrets),
      'Bearer of news',
      'open sesame',
      'speak friend',
      'hunter two',
      `"${CONNECTION.key}"`,
    ]) {
      expect(told).not.toContain(secret);
    }
    expect(told).toContain('could not write ***');
    expect(gateway.entries(id)[0]?.event).toMatchObject({
      input: {
        plan: {
          env: { KERNEL_VISIBLE: 'as it is', PG_PASSWORD: '***' },
          argv: ['run', '--api-key=***', '--token', '***', '--verbose', 'yes'],
        },
      },
    });
  });
});

describe('an event', () => {
  it('of any shape is told in bounded JSON, with its type', () => {
    const event = fc
      .record({ type: fc.string() })
      .chain((typed) =>
        fc
          .dictionary(
            fc.oneof(fc.string(), fc.constantFrom('env', 'headers', 'argv', 'key', '__proto__')),
            fc.anything(),
          )
          .map((members) => ({ ...members, ...typed })),
      );
    fc.assert(
      fc.property(event, (given) => {
        const json = JSON.stringify(redactedEvent(given, [], rules));
        expect(JSON.parse(json).type).toBe(given.type);
        expect(json.length).toBeLessThan(17_000 + 2 * JSON.stringify(given.type).length);
      }),
    );
  });

  it('shows no value of a sensitive variable, whatever it is', () => {
    const name = fc.constantFrom('A_TOKEN', 'password', 'KEY_1', 'my_custom_x', 'AWS_SECRET');
    const value = fc.stringMatching(/^[g-z]{12,40}$/);
    fc.assert(
      fc.property(name, value, (key, secret) => {
        const event = { type: 'launch', plan: { env: { [key]: secret }, argv: ['x', secret] }, text: secret };
        expect(JSON.stringify(redactedEvent(event, [secret], rules))).not.toContain(secret);
      }),
    );
  });

  it('that is too large is left out, and said so', () => {
    const event = { type: 'large', texts: Array.from({ length: 100 }, () => 'x'.repeat(1000)) };
    expect(redactedEvent(event, [], rules)).toEqual({
      type: 'large',
      omitted: expect.stringContaining('characters'),
    });
  });

  it('that refers to itself is told as far as it goes', () => {
    const event: { type: string; self?: unknown } = { type: 'loop' };
    event.self = event;
    expect(redactedEvent(event, [], rules).type).toBe('loop');
  });
});
