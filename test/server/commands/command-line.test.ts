import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chartDefinition } from '../../../src/machines/chart-definition.ts';
import { kernelMachine } from '../../../src/machines/kernel-machine.ts';
import { commands } from '../../../src/server/commands/command-table.ts';
import { receivedEvents } from '../../../src/server/commands/received-events.ts';
import { answeringGateway, eventText, json } from './answering-gateway.ts';
import { run } from './command-run.ts';

/** An address at which nothing listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('a command line', () => {
  it.each([
    [['kernls'], 'unknown command "kernls"; did you mean kernels?'],
    [['kernels', '--wach'], 'did you mean --watch?'],
    [['kernels', '--json=yes'], '--json takes no value'],
    [['kernels', '--url'], '--url needs a value: --url=address'],
    [['kernels', '--token', '--json'], '--token needs a value'],
    [['kernels', 'extra'], 'unexpected argument "extra"'],
    [['kernels', '--url=ftp://host'], '--url is no address'],
    [['events'], 'ID is missing'],
    [['chart', 'gatway'], 'did you mean gateway?'],
    [['chart', '--format=svg'], 'must be json or mermaid'],
    [['constructor'], 'unknown command "constructor"'],
  ])('%j is refused in one line, with exit status 2', async (words, named) => {
    const { status, error, output } = await run(words);
    expect(status).toBe(2);
    expect(error).toContain(named);
    expect(error).not.toContain('\n');
    expect(output).toBe('');
  });

  it.each(Object.keys(commands))('of %s is explained, exit status included', async (verb) => {
    const { status, output } = await run([...verb.split(' '), '--help']);
    expect(status).toBe(0);
    expect(output).toContain(`Usage: kernelgate ${verb}`);
    expect(output).toContain('Exit status');
    for (const option of Object.keys(commands[verb]?.options ?? {})) expect(output).toContain(`--${option}`);
  });
});

describe('kernelgate chart', () => {
  it("prints a kernel's chart as Mermaid, and as JSON", async () => {
    expect((await run(['chart'])).output).toMatch(/^stateDiagram-v2\n/);
    const { output } = await run(['chart', 'kernel', '--format', 'json']);
    expect(JSON.parse(output)).toEqual(JSON.parse(JSON.stringify(chartDefinition(kernelMachine))));
  });

  it("prints the gateway's chart", async () => {
    expect(JSON.parse((await run(['chart', 'gateway', '--format=json'])).output).id).toBe('gateway');
  });
});

describe('a gateway that can not be asked', () => {
  it('is named in one line when nothing listens', async () => {
    const url = await deadAddress();
    const { status, error } = await run(['kernels', '--url', url]);
    expect(status).toBe(1);
    expect(error).toBe(
      `nothing listens at ${url}: start the gateway, or name another by --url or KERNELGATE_URL`,
    );
    expect((await run(['kernels', '--watch', '--url', url])).status).toBe(1);
  });

  it('tells how to give a token, and never repeats the one that was given', async () => {
    const url = await answeringGateway({ '/api/timeline': json({ message: 'No.' }, 401) });
    expect((await run(['kernels', '--url', url])).error).toMatch(/requires a token: give it by --token/);
    const { error } = await run(['kernels', '--url', `${url}/?token=hush-77`]);
    expect(error).toMatch(/does not accept the token/);
    expect(error).not.toContain('hush-77');
  });

  it('is not asked with a token that can not be sent', async () => {
    const { status, error } = await run(['kernels', '--token', 'hush\n77']);
    expect(status).toBe(2);
    expect(error).toMatch(/--token/);
    expect(error).not.toContain('hush');
  });

  it('says why it lists nothing', async () => {
    const body = { message: 'Listing is off.', reason: 'Set EG_LIST_KERNELS.' };
    const url = await answeringGateway({ '/api/timeline': json(body, 403) });
    const { status, error } = await run(['kernels', '--url', url]);
    expect([status, error]).toEqual([1, 'Listing is off. Set EG_LIST_KERNELS.']);
  });

  it.each([[['kernels']], [['kernels', '--watch']]])('is recognised as none by %j', async (words) => {
    const url = await answeringGateway({ '/api/timeline': (_, response) => response.end('<html></html>') });
    const { status, error } = await run([...words, '--url', url]);
    expect(status).toBe(1);
    expect(error).toMatch(/is it a gateway|no stream of events/);
  });
});

it('reads events however their bytes are cut, and whatever separates lines elsewhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\u2028b', '\n\n', '\u0085'))),
      fc.integer({ min: 1, max: 9 }),
      async (texts, size) => {
        const bytes = Buffer.from(
          `: hello\n\n${texts.map((text) => eventText('entry', text, 'r-1')).join('')}`,
        );
        async function* chunks() {
          for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
        }
        const data: unknown[] = [];
        for await (const event of receivedEvents(chunks())) data.push(event.data);
        expect(data).toEqual(texts);
      },
    ),
  );
});
