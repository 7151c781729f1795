import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answeringGateway, eventText, json, overviewOf, rowOf, stream } from './answering-gateway.ts';
import { CommandRun, run } from './command-run.ts';

const PROBLEM = {
  code: 'POD_GONE',
  message: 'it was killed',
  hint: 'Restart it.',
  at: '2025-01-02T03:04:00.000Z',
};

describe('kernelgate kernels', () => {
  it('shows each kernel with its phase, since when, how long idle, its clients, node and last problem', async () => {
    const url = await answeringGateway({
      '/api/timeline': json(overviewOf(rowOf({ last_problem: PROBLEM }))),
    });
    const { status, output } = await run(['kernels', '--url', url]);
    expect(status).toBe(0);
    expect(output.split('\n')[0]).toMatch(
      /^ID +SPEC +USER +PHASE +SINCE +IDLE +CLIENTS +NODE +LAST PROBLEM$/,
    );
    expect(output.split('\n')[1]).toMatch(
      /^11111111-\S+ +python3 +alice +connected\.running +1 min +5\.0 s +2 +node-1 +it was killed$/,
    );
  });

  it('shows those that have ended only on demand', async () => {
    const ended = [rowOf({ id: 'gone', phase: 'failed' })];
    const url = await answeringGateway({ '/api/timeline': json({ ...overviewOf(rowOf()), ended }) });
    expect((await run(['kernels', '--url', url])).output).not.toContain('gone');
    expect((await run(['kernels', '--all', '--url', url])).output).toMatch(/^gone .* failed /m);
  });

  it('says so when there is none', async () => {
    const url = await answeringGateway({ '/api/timeline': json(overviewOf()) });
    expect((await run(['kernels', '--url', url])).output).toBe('There are no kernels.\n');
  });

  it('prints what the gateway said as JSON', async () => {
    const overview = overviewOf(rowOf());
    const url = await answeringGateway({ '/api/timeline': json(overview) });
    expect(JSON.parse((await run(['kernels', '--json', '--url', url])).output)).toEqual(overview);
  });

  it('lists the kernels of a gateway that has no timeline', async () => {
    const { id, name, execution_state, last_activity, connections } = rowOf();
    const model = { id, name, execution_state, last_activity, connections };
    const url = await answeringGateway({ '/api/kernels': json([model]) });
    expect((await run(['kernels', '--url', url])).output).toMatch(
      /11111111-\S+ +python3 +- +idle +- +5\.0 s/,
    );
  });

  it('lets no name steer the terminal', async () => {
    const url = await answeringGateway({
      '/api/timeline': json(overviewOf(rowOf({ username: 'a\u001b[2Jb\n' }))),
    });
    const { output } = await run(['kernels', '--url', url]);
    expect(output).toContain('a [2Jb');
    expect(output).not.toContain('\u001b');
    expect(output.trimEnd().split('\n')).toHaveLength(2);
  });

  it('finds the gateway by its own settings, and sends its token', async () => {
    let authorization: string | undefined;
    const url = await answeringGateway({
      '/base/api/timeline': (request, response) => {
        authorization = request.headers.authorization;
        json(overviewOf())(request, response);
      },
    });
    const env = { EG_IP: '0.0.0.0', EG_PORT: new URL(url).port, EG_BASE_URL: '/base/', EG_AUTH_TOKEN: 'abc' };
    expect((await run(['kernels'], { env })).status).toBe(0);
    expect(authorization).toBe('token abc');
  });
});

describe('kernelgate kernels --watch', () => {
  it('writes one line for each change, and none for activity', async () => {
    const { promise, resolve } = Promise.withResolvers<ServerResponse>();
    const url = await answeringGateway({
      '/api/timeline': stream((response) => {
        response.write(eventText('overview', overviewOf(rowOf()), 'r-1'));
        resolve(response);
      }),
    });
    const watch = new CommandRun(['kernels', '--watch', '--url', url]);
    await watch.written(/phase=connected\.running/);
    const response = await promise;
    response.write(eventText('kernel', rowOf({ last_activity: '2025-01-02T03:04:04.000Z' }), 'r-2'));
    response.write(eventText('removed', rowOf({ phase: 'failed', last_problem: PROBLEM }), 'r-3'));
    await watch.written(/phase=failed .*problem: it was killed/);
    expect(watch.output.trimEnd().split('\n')).toHaveLength(2);
  });

  it('takes up a lost connection where it was', async () => {
    const positions: unknown[] = [];
    const url = await answeringGateway({
      '/api/timeline': stream((response, request) => {
        positions.push(request.headers['last-event-id']);
        if (positions.length === 1) response.end(eventText('overview', overviewOf(rowOf()), 'r-1'));
        else response.write(eventText('kernel', rowOf({ phase: 'connected.busy' }), 'r-2'));
      }),
    });
    const watch = new CommandRun(['kernels', '--watch', '--url', url]);
    await watch.written(/phase=connected\.busy/);
    expect(positions).toEqual([undefined, 'r-1']);
    expect(watch.remarks).toEqual([expect.stringContaining('lost')]);
  });

  it('draws no more on a terminal than fits', async () => {
    const rows = Array.from({ length: 30 }, (_, index) => rowOf({ id: `kernel-${index}` }));
    const url = await answeringGateway({
      '/api/timeline': stream((response) => {
        response.write(eventText('overview', overviewOf(...rows), 'r-1'));
      }),
    });
    const watch = new CommandRun(['kernels', '--watch', '--url', url], {
      screen: () => ({ columns: 40, rows: 10 }),
    });
    await watch.written(/and 23 more/);
    const lines = watch.output.replace('\u001b[H\u001b[2J', '').split('\n');
    expect(lines.length).toBeLessThanOrEqual(10);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });
});
